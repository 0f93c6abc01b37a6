// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.extproc.minienvoy.Direction;
import io.semanticrouter.maas.extproc.minienvoy.Ending;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.MiniEnvoy;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Our processor behind a mini-Envoy, with real gRPC on one thread; and traffic for both. */
final class MeteredEnvoy implements AutoCloseable {
  static final String USER = "x-auth-request-user";

  /** The request of a chat that wants an event stream. */
  static final String STREAM_REQUEST = "{\"model\":\"m\",\"stream\":true}";

  /** The overrides that config/envoy.yaml allows. */
  static final List<ProcessingMode> ALLOWED =
      List.of(
          mode(BodySendMode.STREAMED, true, BodySendMode.NONE),
          mode(BodySendMode.BUFFERED_PARTIAL, true, BodySendMode.NONE),
          mode(BodySendMode.NONE, true, BodySendMode.STREAMED),
          mode(BodySendMode.STREAMED, true, BodySendMode.STREAMED),
          mode(BodySendMode.NONE, false, BodySendMode.NONE));

  /** The filter of config/envoy.yaml. */
  static final Filter ENVOY_YAML = Filter.builder(Modes.HEADERS_ONLY).allowing(ALLOWED).build();

  static final HttpMessage CHAT = chat(End.LAST_CHUNK, "{\"model\":\"m\",", "\"messages\":[]}");

  static final HttpMessage JSON =
      HttpMessage.response(200, "content-type", "application/json")
          .body(
              End.LAST_CHUNK,
              Messages.JSON_ANSWER.substring(0, 30),
              Messages.JSON_ANSWER.substring(30));

  static final HttpMessage SSE =
      HttpMessage.response(200, "content-type", "text/event-stream")
          .body(End.EMPTY_CHUNK, Messages.SSE_ANSWER.toArray(new String[0]));

  private final Metering metering;
  private final MaasProcessor processor;
  private final Server server;
  private final ManagedChannel channel;
  private final boolean answers;

  private MeteredEnvoy(
      boolean forcesUsage,
      UsageSink sink,
      Map<String, ?> authentication,
      @Nullable RequestRouter router) {
    Metering.Builder builder =
        Metering.builder(
                MaasConfig.from(
                    Map.of(
                        "maas_integration",
                        Map.of(
                            "enabled",
                            true,
                            "authentication",
                            authentication,
                            "usage",
                            // Only what is measured.
                            Map.of(
                                "force_usage",
                                forcesUsage,
                                "unmeasurable",
                                "pass",
                                "on_disconnect",
                                "last-snapshot")))))
            .instanceId("test")
            .sink(sink);
    metering = (router == null ? builder : builder.router(router)).build();
    answers = router != null;
    processor = new MaasProcessor(metering, ExtProcConfig.DEFAULT);
    String name = InProcessServerBuilder.generateName();
    try {
      server =
          InProcessServerBuilder.forName(name)
              .directExecutor()
              .addService(processor)
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    channel = InProcessChannelBuilder.forName(name).directExecutor().build();
  }

  /** A meter that only looks on. */
  static MeteredEnvoy metering(UsageSink sink) {
    return metering(sink, Map.of());
  }

  /** The same with another section on identity. */
  static MeteredEnvoy metering(UsageSink sink, Map<String, ?> authentication) {
    return new MeteredEnvoy(false, sink, authentication, null);
  }

  /** A meter that asks backends for usage, and takes it out again for those who did not. */
  static MeteredEnvoy forcingUsage(UsageSink sink) {
    return new MeteredEnvoy(true, sink, Map.of(), null);
  }

  /** The same with a router inside. */
  static MeteredEnvoy routing(UsageSink sink, RequestRouter router) {
    return new MeteredEnvoy(true, sink, Map.of(), router);
  }

  /** A router in a meter that only looks on. */
  static MeteredEnvoy routingOnly(UsageSink sink, RequestRouter router) {
    return new MeteredEnvoy(false, sink, Map.of(), router);
  }

  static HttpMessage chat(End end, String... body) {
    return HttpMessage.request(
            "POST",
            "/v1/chat/completions",
            "content-type",
            "application/json",
            "content-length",
            Integer.toString(String.join("", body).length()),
            USER,
            "alice",
            "x-request-id",
            "r1")
        .body(end, body);
  }

  private static ProcessingMode mode(
      BodySendMode requestBody, boolean responseHeaders, BodySendMode responseBody) {
    return Modes.of(
        true,
        requestBody,
        requestBody == BodySendMode.STREAMED,
        responseHeaders,
        responseBody,
        responseBody == BodySendMode.STREAMED);
  }

  MaasProcessor processor() {
    return processor;
  }

  ManagedChannel channel() {
    return channel;
  }

  Played play(Filter filter, HttpExchange exchange) {
    return play(filter, exchange, Ending.RESET);
  }

  Played play(Filter filter, HttpExchange exchange, Ending ending) {
    return play(filter, exchange, exchange.length(), ending);
  }

  /** Plays an exchange up to an event, and looks whether the server kept to the protocol. */
  Played play(Filter filter, HttpExchange exchange, int events, Ending ending) {
    Played played = MiniEnvoy.beside(channel, filter).play(exchange, events, ending);
    assertKept(played);
    return played;
  }

  /** The protocol was kept, and nothing went wrong inside. */
  void assertKept(Played played) {
    assertThat(played.violations()).isEmpty();
    if (!answers) {
      assertThat(played.immediate()).isNull();
    }
    if (!played.isCompletedByServer()) {
      assertThat(played.unanswered()).isZero();
    }
    assertThat(processor.failures()).isZero();
    assertThat(metering.defects()).isZero();
    assertThat(processor.openStreams()).isZero();
  }

  /** Both messages went on as they came, to their ends. */
  static void assertPassedOn(Played played, HttpExchange exchange) {
    assertThat(played.upstream().body()).isEqualTo(exchange.request().body());
    assertThat(played.downstream().body()).isEqualTo(exchange.response().body());
    assertThat(played.upstream().complete()).isTrue();
    assertThat(played.downstream().complete()).isTrue();
  }

  /** One record, with all of the usage. */
  static UsageRecord assertBilled(RecordingSink sink) {
    UsageRecord record = sink.single();
    TokenUsage usage = Objects.requireNonNull(record.measurement().usage());
    assertThat(usage.prompt()).isEqualTo(7);
    assertThat(usage.completion()).isEqualTo(5);
    assertThat(record.identity().user()).isEqualTo("alice");
    return record;
  }

  /** How many of the messages begin an exchange that has to be recorded. */
  static long begun(List<ProcessingRequest> messages) {
    return messages.stream()
        .filter(ProcessingRequest::hasRequestHeaders)
        .filter(message -> message.getRequestHeaders().toString().contains("/chat/completions"))
        .count();
  }

  /** Whether the server could see the whole of a response with usage. */
  static boolean showsUsage(Played played, HttpExchange exchange) {
    return played.sentKinds().contains("RESPONSE_HEADERS")
        && played.shown(Direction.RESPONSE).equals(exchange.response().body());
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.shutdownNow();
  }
}
