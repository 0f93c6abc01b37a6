// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.request;
import static io.semanticrouter.maas.extproc.Messages.requestBody;
import static io.semanticrouter.maas.extproc.Messages.response;
import static io.semanticrouter.maas.extproc.Messages.trailers;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.extproc.ExtProcStats.End;
import io.semanticrouter.maas.extproc.ExtProcStats.ReplyKind;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the section server.ext_proc changes, and what an operator sees of it. */
class StreamOptionsTest {
  private static final String USER = "x-auth-request-user";
  private static final String TIER = "x-auth-request-tier";
  private static final Map<String, ?> NOTED =
      Map.of(
          "by", "metadata",
          "namespace", "authz",
          "user", "auth.identity.name",
          "tier", "auth.identity.plan");
  private static final Map<String, ?> EVALUATED =
      Map.of("by", "attributes", "user", "filter_state['auth.user']", "tier", "auth.plan");

  private final RecordingSink sink = new RecordingSink();
  private MaasProcessor processor = processor(ExtProcConfig.DEFAULT);
  private @Nullable FakeEnvoy envoy;

  private MaasProcessor processor(ExtProcConfig config) {
    return processor(config, Map.of());
  }

  private MaasProcessor trusting(List<Map<String, ?>> sources) {
    return processor(ExtProcConfig.DEFAULT, Map.of("trust", sources));
  }

  private MaasProcessor processor(ExtProcConfig config, Map<String, ?> authentication) {
    Map<String, ?> maas =
        Map.of("maas_integration", Map.of("enabled", true, "authentication", authentication));
    return new MaasProcessor(
        Metering.builder(MaasConfig.from(maas)).sink(sink).instanceId("test").build(), config);
  }

  private static ExtProcConfig early(boolean earlyCompletion) {
    return new ExtProcConfig(earlyCompletion, "n");
  }

  private FakeEnvoy.Stream open() {
    FakeEnvoy opened = FakeEnvoy.beside(processor);
    envoy = opened;
    return opened.open();
  }

  @AfterEach
  void close() {
    if (envoy != null) {
      envoy.close();
    }
    assertThat(processor.openStreams()).isZero();
  }

  // Sources of identity

  private static ProcessingRequest known(
      ProcessingRequest message, Map<String, String> attributes, @Nullable String user) {
    ProcessingRequest.Builder known = message.toBuilder();
    Struct.Builder struct = Struct.newBuilder();
    attributes.forEach(
        (name, value) -> struct.putFields(name, Value.newBuilder().setStringValue(value).build()));
    known.putAttributes("envoy.filters.http.ext_proc", struct.build());
    if (user != null) {
      Struct name = struct("name", Value.newBuilder().setStringValue(user).build());
      known.setMetadataContext(
          Metadata.newBuilder()
              .putFilterMetadata(
                  "authz",
                  struct("auth.identity", Value.newBuilder().setStructValue(name).build())));
    }
    return known.build();
  }

  private static Struct struct(String name, Value value) {
    return Struct.newBuilder().putFields(name, value).build();
  }

  @Test
  void identityIsWhatAnEarlierFilterNotedWhateverTheClientSays() {
    processor = trusting(List.of(NOTED));
    open().send(known(chat(USER, "mallory", TIER, "gold"), Map.of(), "alice")).cancel();
    assertThat(sink.single().identity())
        .isEqualTo(
            Identity.of("alice", "free")
                .withSources(Identity.Source.METADATA, Identity.Source.ABSENT));
  }

  @Test
  void identityIsWhatEnvoyEvaluatesWhateverTheClientSays() {
    processor = trusting(List.of(NOTED, EVALUATED));
    open()
        .send(
            known(
                chat(USER, "mallory", TIER, "free"),
                Map.of("filter_state['auth.user']", "alice", "auth.plan", "gold"),
                null))
        .cancel();
    assertThat(sink.single().identity())
        .isEqualTo(
            Identity.of("alice", "gold")
                .withSources(Identity.Source.METADATA, Identity.Source.METADATA));
  }

  @Test
  void identityThatNobodyNotedIsTheFallbackWhateverTheClientSays() {
    processor = trusting(List.of(NOTED, EVALUATED));
    open().send(known(chat(USER, "mallory", TIER, "gold"), Map.of(), null)).cancel();
    assertThat(sink.single().identity().user()).isEqualTo("unknown");
    assertThat(sink.single().identity().untrusted()).isEqualTo(Identity.Untrusted.NO_METADATA);
  }

  @Test
  void whatAnEarlierFilterNotedIsReadAsTextWholeNumberOrList() {
    Map<Object, List<String>> read = new HashMap<>();
    Value list =
        Value.newBuilder()
            .setListValue(
                ListValue.newBuilder()
                    .addValues(Value.newBuilder().setStringValue("red"))
                    .addValues(Value.newBuilder().setBoolValue(true))
                    .addValues(Value.newBuilder().setNumberValue(7)))
            .build();
    read.put("list", noted(list));
    for (double number : new double[] {42, -1, 1.5, 1e300, Double.NaN}) {
      read.put(number, noted(Value.newBuilder().setNumberValue(number).build()));
    }
    assertThat(read)
        .containsEntry("list", List.of("red", "7"))
        .containsEntry(42.0, List.of("42"))
        .containsEntry(-1.0, List.of("-1"))
        .containsEntry(1.5, List.of())
        .containsEntry(1e300, List.of())
        .containsEntry(Double.NaN, List.of());
  }

  private static List<String> noted(Value value) {
    Metadata untyped = Metadata.newBuilder().putFilterMetadata("n", struct("k", value)).build();
    Metadata typed =
        Metadata.newBuilder().putTypedFilterMetadata("n", Any.pack(struct("k", value))).build();
    List<String> read = NotedHeaders.of(Headers.EMPTY, message(untyped)).noted("n", "k");
    assertThat(NotedHeaders.of(Headers.EMPTY, message(typed)).noted("n", "k")).isEqualTo(read);
    return read;
  }

  private static ProcessingRequest message(Metadata metadata) {
    return ProcessingRequest.newBuilder().setMetadataContext(metadata).build();
  }

  @Test
  void streamThatBeginsWithTheResponseIsMeteredByTheAttributesOfItsRequest() {
    processor = trusting(List.of(EVALUATED));
    open()
        .send(
            known(
                response(200, "application/json"),
                Map.of(
                    "request.path", "/v1/chat/completions",
                    "request.method", "POST",
                    "filter_state['auth.user']", "alice",
                    "auth.plan", "gold"),
                null),
            body(JSON_ANSWER, true));
    assertThat(sink.single().operation()).isEqualTo(Operation.CHAT);
    assertThat(sink.single().identity().user()).isEqualTo("alice");
    assertThat(sink.single().identity().tier()).isEqualTo("gold");
    assertThat(sink.single().measurement().usage()).isNotNull();
    assertThat(processor.stats().unknownRequests()).isZero();
  }

  @Test
  void streamThatBeginsWithTheResponseOfAnUnknownRequestIsCountedOnce() {
    FakeEnvoy.Stream stream =
        open().send(response(200, "application/json"), body(JSON_ANSWER, false), trailers());
    assertThat(stream.replies()).hasSize(3);
    assertThat(sink.records()).isEmpty();
    assertThat(processor.stats().unknownRequests()).isEqualTo(1);
    assertThat(processor.failures()).isZero();
  }

  // Early completion

  @Test
  void streamThatIsNotNeededIsCompletedOnceTheDataPlaneShowsMoreThanItWasAskedFor() {
    processor = processor(early(true));
    FakeEnvoy.Stream stream = open().send(request("GET", "/healthz"));
    assertThat(stream.isCompleted()).isFalse();
    stream.send(response(200, "text/html"));
    assertThat(stream.replies()).hasSize(2);
    assertThat(stream.isCompleted()).isTrue();
  }

  @Test
  void responseThatIsNotNeededIsCompletedLikewise() {
    processor = processor(early(true));
    FakeEnvoy.Stream stream = open().send(chat(), response(500, "application/json"));
    assertThat(stream.isCompleted()).isFalse();
    stream.send(body("oops", false));
    assertThat(stream.replies()).hasSize(3);
    assertThat(stream.isCompleted()).isTrue();
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void responseWhoseFirstBytesHoldNoUsageIsSettledAndCompletedLikewise() {
    processor = processor(early(true));
    FakeEnvoy.Stream stream =
        open().send(chat(), response(200, "application/octet-stream"), body("\u0089PNG\0", false));
    assertThat(sink.records()).hasSize(1);
    assertThat(stream.isCompleted()).isFalse();
    stream.send(body("more", false));
    assertThat(stream.replies()).hasSize(4);
    assertThat(stream.isCompleted()).isTrue();
  }

  @Test
  void streamThatIsNeededIsNotCompletedEarly() {
    processor = processor(early(true));
    FakeEnvoy.Stream stream =
        open().send(chat(), response(200, "application/json"), body(JSON_ANSWER, false));
    assertThat(stream.isCompleted()).isFalse();
    stream.send(body("", true));
    assertThat(stream.isCompleted()).isFalse();
    assertThat(stream.replies()).hasSize(4);
  }

  @Test
  void nothingIsCompletedEarlyUnlessAskedFor() {
    processor = processor(early(false));
    FakeEnvoy.Stream stream =
        open().send(request("GET", "/healthz"), response(200, "text/html"), body("x", true));
    assertThat(stream.replies()).hasSize(3);
    assertThat(stream.isCompleted()).isFalse();
  }

  @Test
  void fullDuplexIsNeverCompletedEarlyBecauseWhatIsOnItsWayWouldBeLost() {
    processor = processor(early(true));
    ProcessingRequest head =
        request("GET", "/healthz").toBuilder()
            .setProtocolConfig(
                ProtocolConfiguration.newBuilder()
                    .setResponseBodyMode(BodySendMode.FULL_DUPLEX_STREAMED))
            .build();
    FakeEnvoy.Stream stream =
        open().send(head, response(200, "text/html"), body("ab", false), body("c", true));
    assertThat(stream.replies()).hasSize(4);
    assertThat(stream.isCompleted()).isFalse();
    assertThat(
            stream
                .lastReply()
                .getResponseBody()
                .getResponse()
                .getBodyMutation()
                .getStreamedResponse()
                .getEndOfStream())
        .isTrue();
  }

  // Idle streams

  @Test
  void exchangeOnWhichNothingComesBetweenTwoCallsIsSettledAndItsStreamCompleted() {
    FakeEnvoy.Stream stream = open().send(chat(USER, "alice"), response(200, "application/json"));
    processor.settleIdle();
    assertThat(sink.records()).isEmpty();
    stream.send(body("{", false));
    processor.settleIdle();
    assertThat(sink.records()).isEmpty();
    processor.settleIdle();
    assertThat(sink.single().measurement().reasons()).contains(Reason.IDLE_TIMEOUT);
    assertThat(stream.isCompleted()).isTrue();
    assertThat(processor.stats().ends(End.IDLE_TIMEOUT)).isEqualTo(1);
  }

  // What an operator sees

  @Test
  void statisticsTellWhatHappened() {
    processor = processor(new ExtProcConfig(false, "n"));
    open()
        .send(
            chat(USER, "alice", "x-vsr-debug", "1"),
            response(200, "application/json"),
            body(JSON_ANSWER, true));
    ExtProcStats stats = processor.stats();
    Map<String, Long> messages = new HashMap<>();
    stats.forEachPhase(messages::put);
    assertThat(messages)
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "request_headers", 1L,
                "response_headers", 1L,
                "request_body", 0L,
                "response_body", 1L,
                "request_trailers", 0L,
                "response_trailers", 0L,
                "unknown", 0L));
    assertThat(stats.replies(ReplyKind.MODE_OVERRIDE)).isEqualTo(2);
    assertThat(stats.replies(ReplyKind.METADATA)).isEqualTo(1);
    assertThat(stats.ends(End.END_OF_RESPONSE)).isEqualTo(1);
    assertThat(stats.bodyBytes()).isEqualTo(JSON_ANSWER.length());
    assertThat(stats.streamsStarted()).isEqualTo(1);
    assertThat(processor.openStreams()).isEqualTo(1);
    long handled = 0;
    for (long count : stats.handlingTimes()) {
      handled += count;
    }
    assertThat(handled).isEqualTo(3);
    assertThat(stats.handlingSeconds()).isPositive();
    assertThat(ExtProcStats.handlingBounds()).hasSameSizeAs(stats.handlingTimes());
  }

  /** How the stream of a chat can end. */
  private enum Ends {
    END_OF_STREAM,
    TRAILERS,
    HALF_CLOSE,
    CANCEL,
    IDLE
  }

  /** Pieces of bodies are counted together, and none of them gets lost at the end. */
  @ParameterizedTest
  @EnumSource(Ends.class)
  void sumsAreThoseOfAllMessagesHoweverTheStreamEnds(Ends end) {
    int pieces = 2 * 64 + 7;
    FakeEnvoy.Stream stream = open().send(chat(USER, "alice"));
    stream.send(requestBody("{", false), response(200, "application/json"));
    for (int i = 0; i < pieces; i++) {
      stream.send(body(" ", false));
    }
    long more = 0;
    switch (end) {
      case END_OF_STREAM -> {
        more = 1;
        stream.send(body(" ", true));
      }
      case TRAILERS -> stream.send(trailers());
      case HALF_CLOSE -> stream.halfClose();
      case CANCEL -> stream.cancel();
      case IDLE -> {
        processor.settleIdle();
        processor.settleIdle();
      }
    }
    ExtProcStats stats = processor.stats();
    Map<String, Long> messages = new HashMap<>();
    stats.forEachPhase(messages::put);
    assertThat(messages)
        .containsEntry("request_headers", 1L)
        .containsEntry("request_body", 1L)
        .containsEntry("response_headers", 1L)
        .containsEntry("response_body", pieces + more)
        .containsEntry("response_trailers", end == Ends.TRAILERS ? 1L : 0L);
    assertThat(stats.bodyBytes()).isEqualTo(pieces + more);
    long replies = 0;
    for (ReplyKind kind : ReplyKind.values()) {
      replies += stats.replies(kind);
    }
    assertThat(replies)
        .isEqualTo(messages.values().stream().mapToLong(Long::longValue).sum())
        .isEqualTo(stream.replies().size());
    long settled = 0;
    for (End each : End.values()) {
      settled += stats.ends(each);
    }
    assertThat(settled).isEqualTo(1);
    assertThat(sink.records()).hasSize(1);
  }
}
