// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.AnswerKeeper;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.FakeRouter;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.io.ByteArrayOutputStream;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A router inside the gateway sees whole requests; whatever keeps it from that, they go on. */
class RequestRoutingTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String BODY = "{\"model\":\"gpt-4\",\"stream\":true}";
  private static final String ROUTED = "{\"model\":\"qwen3\",\"stream\":true}";
  private static final String ASKED =
      "{\"model\":\"qwen3\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}";
  private static final String USAGE = "{\"prompt_tokens\":12,\"completion_tokens\":8}";
  private static final Routing MATH =
      Routing.builder()
          .selectedModel("qwen3")
          .routingDecision("math")
          .category("math")
          .reasoning(false)
          .cacheHit(false)
          .systemPromptInjected(false)
          .build();
  private static final int LIMIT = 1000;

  private final RecordingSink sink = new RecordingSink();

  private Metering metering(
      Map<String, Object> maas, Function<RoutableRequest, RoutedRequest> decision) {
    return metering(maas, new FakeRouter(LIMIT, decision));
  }

  private Metering metering(Map<String, Object> maas, FakeRouter router) {
    return Metering.builder(MaasConfig.from(Map.of("maas_integration", maas)))
        .sink(sink)
        .router(router)
        .build();
  }

  private static RoutedRequest toMath(RoutableRequest request) {
    byte[] body = FakeRouter.text(request).replace("gpt-4", "qwen3").getBytes(UTF_8);
    return RoutedRequest.edited(
        MATH, RouterReport.of(Result.ROUTED).withPiiTypes(Set.of(PiiType.EMAIL)), body);
  }

  private static Map<String, Object> enabled(boolean forceUsage) {
    return Map.of("enabled", true, "usage", Map.of("force_usage", forceUsage));
  }

  private static DrivenExchange begin(Metering metering, String... headers) {
    return DrivenExchange.of(metering.begin("POST", CHAT, FakeHeaders.of(headers)));
  }

  /** What goes on, in pieces of a size. */
  private static String send(DrivenExchange exchange, String body, int size) {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    byte[] bytes = body.getBytes(UTF_8);
    for (int from = 0; from < bytes.length; from += size) {
      exchange.request(bytes, from, Math.min(size, bytes.length - from), sent::write);
    }
    return sent.toString(UTF_8);
  }

  private static String end(DrivenExchange exchange) {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    exchange.endRequest(sent::write);
    return sent.toString(UTF_8);
  }

  private UsageRecord only() {
    assertThat(sink.records()).hasSize(1);
    return sink.records().get(0);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000})
  void bodyIsRoutedOnceItIsWholeHoweverItIsCut(int size) {
    DrivenExchange exchange = begin(metering(enabled(false), RequestRoutingTest::toMath));
    assertThat(exchange.wantsRequest()).isTrue();
    assertThat(exchange.holdsRequest()).isTrue();
    assertThat(send(exchange, BODY, size)).isEmpty();
    assertThat(exchange.isRequestOpen()).isTrue();
    assertThat(end(exchange)).isEqualTo(ROUTED);
    assertThat(exchange.holdsRequest()).isFalse();
    HeaderEdits edits =
        exchange.respond(
            200, FakeHeaders.of("content-type", "application/json", "x-vsr-decision", "other"));
    assertThat(edits.toSet())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "x-vsr-model-selected", "qwen3",
                "x-vsr-decision", "math",
                "x-vsr-category", "math",
                "x-vsr-reasoning-enabled", "off",
                "x-vsr-system-prompt-injected", "false",
                "x-vsr-cache-hit", "false"));
    exchange.response(("{\"usage\":" + USAGE + "}").getBytes(UTF_8), 0, 53);
    exchange.end();
    assertThat(only().model()).isEqualTo("qwen3");
    assertThat(only().router().result()).isEqualTo(Result.ROUTED);
    assertThat(only().router().piiTypes()).containsExactly(PiiType.EMAIL);
  }

  /** Then trailers behind it cannot keep it from going on. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000})
  void bodyOfAStatedLengthIsRoutedWithItsLastByte(int size) {
    Metering metering = metering(enabled(false), RequestRoutingTest::toMath);
    DrivenExchange exchange = begin(metering, "content-length", String.valueOf(BODY.length()));
    assertThat(exchange.edits().toRemove()).containsExactly("content-length");
    assertThat(send(exchange, BODY, size)).isEqualTo(ROUTED);
    assertThat(end(exchange)).isEmpty();
  }

  @Test
  void usageIsAskedForInWhatTheRouterMadeOfTheRequest() {
    DrivenExchange exchange = begin(metering(enabled(true), RequestRoutingTest::toMath));
    assertThat(send(exchange, BODY, 5) + end(exchange)).isEqualTo(ASKED);
    exchange.abort(AbortReason.CANCELLED);
    assertThat(only().forcedUsage()).isEqualTo(ForcedUsage.EDITED);
  }

  @Test
  void requestThatTheRouterLeavesAloneIsTheSameBytes() {
    Metering metering =
        metering(
            enabled(false),
            request -> RoutedRequest.unchanged(MATH, RouterReport.of(Result.DEFAULT)));
    DrivenExchange exchange = begin(metering, "content-length", String.valueOf(BODY.length()));
    byte[] bytes = BODY.getBytes(UTF_8);
    exchange.request(
        bytes,
        0,
        bytes.length,
        (b, from, length) -> assertThat(b).as("not copied").isSameAs(bytes));
  }

  @Test
  void bodyBeyondTheLimitGoesOnAsItCameAndIsCounted() {
    FakeRouter router = new FakeRouter(LIMIT, RequestRoutingTest::toMath);
    DrivenExchange exchange = begin(metering(enabled(false), router));
    String large = "{\"model\":\"gpt-4\",\"x\":\"" + "y".repeat(LIMIT) + "\"}";
    assertThat(send(exchange, large, 300) + end(exchange)).isEqualTo(large);
    exchange.abort(AbortReason.CANCELLED);
    assertThat(only().router().result()).isEqualTo(Result.TOO_LARGE);
    assertThat(router.bodies()).isEmpty();
  }

  @Test
  void bodyThatTheRouterCannotReadIsNotHeldBack() {
    Map<Result, FakeHeaders> heads =
        Map.of(
            Result.ENCODED, FakeHeaders.of("content-encoding", "gzip"),
            Result.NOT_JSON, FakeHeaders.of("content-type", "multipart/form-data"),
            Result.TOO_LARGE, FakeHeaders.of("content-length", "1001"));
    heads.forEach(
        (result, head) -> {
          DrivenExchange exchange =
              DrivenExchange.of(
                  metering(enabled(false), RequestRoutingTest::toMath).begin("POST", CHAT, head));
          assertThat(exchange.holdsRequest()).as(result.label()).isFalse();
          assertThat(exchange.edits().toRemove()).isEmpty();
          exchange.abort(AbortReason.CANCELLED);
          assertThat(Objects.requireNonNull(exchange.record()).router().result()).isEqualTo(result);
        });
  }

  @Test
  void operationThatIsNotRoutedIsNotHeldBack() {
    DrivenExchange exchange =
        DrivenExchange.of(
            metering(enabled(false), RequestRoutingTest::toMath)
                .begin("POST", "/v1/embeddings", FakeHeaders.of()));
    assertThat(exchange.holdsRequest()).isFalse();
    exchange.abort(AbortReason.CANCELLED);
    assertThat(only().router()).isEqualTo(RouterReport.OFF);
  }

  @Test
  void defectOfTheRouterIsCountedAndTheRequestGoesOn() {
    Metering metering =
        metering(
            enabled(false),
            request -> {
              throw new IllegalStateException("a defect");
            });
    DrivenExchange exchange = begin(metering);
    assertThat(send(exchange, BODY, 5) + end(exchange)).isEqualTo(BODY);
    exchange.abort(AbortReason.CANCELLED);
    assertThat(metering.defects()).isEqualTo(1);
    assertThat(only().router().result()).isEqualTo(Result.FAILED);
    assertThat(only().measurement().status()).isEqualTo(Status.NONE);
  }

  @Test
  void gatewayThatCannotHoldTheBodyLosesNothingOfIt() {
    DrivenExchange exchange = begin(metering(enabled(false), RequestRoutingTest::toMath));
    String sent = send(exchange, BODY.substring(0, 9), 4);
    ByteArrayOutputStream rest = new ByteArrayOutputStream();
    exchange.releaseRequest(rest::write);
    sent += rest.toString(UTF_8) + send(exchange, BODY.substring(9), 4) + end(exchange);
    assertThat(sent).isEqualTo(BODY);
    exchange.abort(AbortReason.CANCELLED);
    assertThat(only().router().result()).isEqualTo(Result.UNSEEN);
  }

  @Test
  void responseThatBeginsFirstLeavesTheRequestAsItIs() {
    DrivenExchange exchange = begin(metering(enabled(false), RequestRoutingTest::toMath));
    String sent = send(exchange, BODY.substring(0, 9), 4);
    exchange.respond(401, FakeHeaders.of());
    sent += send(exchange, BODY.substring(9), 4) + end(exchange);
    assertThat(sent).isEqualTo(BODY);
    assertThat(exchange.answer()).isNull();
  }

  /** It looked, and left the choice to a router behind, whose word then counts. */
  @Test
  void factsOfARouterBehindAreTakenWhereOursChoseNothing() {
    Routing seen = Routing.builder().cacheHit(false).piiDetected(true).build();
    Metering metering =
        metering(
            enabled(false),
            request -> RoutedRequest.unchanged(seen, RouterReport.of(Result.PINNED)));
    DrivenExchange exchange = begin(metering);
    assertThat(send(exchange, BODY, 1000) + end(exchange)).isEqualTo(BODY);
    exchange.respond(
        200,
        FakeHeaders.of(
            "content-type", "application/json",
            "x-vsr-selected-decision", "their-rule",
            "x-vsr-cache-hit", "true"));
    exchange.end();
    assertThat(only().isCacheHit()).isTrue();
    assertThat(only().routing().routingDecision()).isEqualTo("their-rule");
    assertThat(only().routing().piiDetected()).isTrue();
  }

  @Test
  void standaloneRoutesAndExportsNoHeaders() {
    DrivenExchange exchange = begin(metering(Map.of("enabled", false), RequestRoutingTest::toMath));
    assertThat(send(exchange, BODY, 5) + end(exchange)).isEqualTo(ROUTED);
    assertThat(exchange.respond(200, FakeHeaders.of("content-type", "text/plain")))
        .isEqualTo(HeaderEdits.EMPTY);
    exchange.end();
    assertThat(only().routing().routingDecision()).isEqualTo("math");
  }

  // Local answers

  private static RoutedRequest answer(int status, Routing routing, Measurement measurement) {
    return RoutedRequest.answered(
        routing,
        RouterReport.of(status == 200 ? Result.CACHED : Result.BLOCKED),
        new RoutedRequest.Answer(status, "application/json", "{}".getBytes(UTF_8), measurement));
  }

  @Test
  void answerOfTheCacheSettlesWithItsTokensAndReachesNoBackend() {
    Routing hit =
        Routing.builder()
            .responseModel("qwen3")
            .routingDecision("math")
            .category("math")
            .reasoning(false)
            .cacheHit(true)
            .systemPromptInjected(false)
            .build();
    Measurement usage = Measurement.of(Status.COMPLETE, Set.of(), TokenUsage.of(12, 8));
    DrivenExchange exchange = begin(metering(enabled(true), request -> answer(200, hit, usage)));
    assertThat(send(exchange, BODY, 5) + end(exchange)).isEmpty();
    LocalAnswer answer = Objects.requireNonNull(exchange.answer());
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers().toSet())
        .containsEntry("x-vsr-cache-hit", "true")
        .containsEntry("content-type", "application/json");
    assertThat(only().isCacheHit()).isTrue();
    assertThat(only().measurement()).isEqualTo(usage);
    assertThat(only().forcedUsage()).isEqualTo(ForcedUsage.OFF);
    assertThat(only().model()).isEqualTo("qwen3");
    exchange.end();
    exchange.abort(AbortReason.CANCELLED);
    assertThat(sink.records()).as("settled once").hasSize(1);
  }

  @Test
  void refusedRequestIsNotBilledAndIsNoGapInTheMetering() {
    Measurement refused =
        Measurement.of(Status.NONE, EnumSet.of(Reason.HTTP_ERROR, Reason.BLOCKED), null);
    DrivenExchange exchange = begin(metering(enabled(true), request -> answer(403, MATH, refused)));
    assertThat(send(exchange, BODY, 1000) + end(exchange)).isEmpty();
    assertThat(only().httpStatus()).isEqualTo(403);
    assertThat(only().outcome()).isEqualTo(Outcome.ERROR);
  }

  // What a client got can be kept

  private static final class Kept implements AnswerKeeper {
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private final boolean wants;
    private final boolean fails;
    private String ended = "";
    private int abandoned;

    Kept(boolean wants, boolean fails) {
      this.wants = wants;
      this.fails = fails;
    }

    @Override
    public boolean begin(int status, Headers headers) {
      return wants;
    }

    @Override
    public void accept(byte[] bytes, int offset, int length) {
      if (fails) {
        throw new IllegalStateException("a defect");
      }
      body.write(bytes, offset, length);
    }

    @Override
    public void end(Measurement measurement, String model) {
      ended = model + " " + measurement;
    }

    @Override
    public void abandon() {
      abandoned++;
    }
  }

  private Metering keeping(Kept kept, boolean forceUsage) {
    return metering(
        enabled(forceUsage),
        request ->
            RoutedRequest.edited(MATH, RouterReport.of(Result.ROUTED), ROUTED.getBytes(UTF_8))
                .withKeeper(kept));
  }

  private static final String TEXT = "data: {\"choices\":[{\"index\":0,\"delta\":{}}]}\n\n";
  private static final String STATED = "data: {\"choices\":[],\"usage\":" + USAGE + "}\n\n";
  private static final String DONE = "data: [DONE]\n\n";

  private static String receive(DrivenExchange exchange, String body) {
    exchange.respond(200, FakeHeaders.of("content-type", "text/event-stream"));
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    byte[] bytes = body.getBytes(UTF_8);
    for (int from = 0; from < bytes.length; from += 11) {
      int length = Math.min(11, bytes.length - from);
      if (exchange.editsResponse()) {
        exchange.response(bytes, from, length, received::write);
      } else {
        exchange.response(bytes, from, length);
        received.write(bytes, from, length);
      }
    }
    exchange.releaseResponse(received::write);
    return received.toString(UTF_8);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatIsKeptIsWhatTheClientGot(boolean forceUsage) {
    Kept kept = new Kept(true, false);
    DrivenExchange exchange = begin(keeping(kept, forceUsage));
    send(exchange, BODY, 1000);
    end(exchange);
    String received = receive(exchange, TEXT + STATED + DONE);
    exchange.end();
    assertThat(received).isEqualTo(forceUsage ? TEXT + DONE : TEXT + STATED + DONE);
    assertThat(kept.body.toString(UTF_8)).isEqualTo(received);
    assertThat(kept.ended).startsWith("qwen3 COMPLETE").contains("prompt=12");
    assertThat(kept.abandoned).isZero();
  }

  @Test
  void answerThatBrokeOffIsNotKept() {
    Kept kept = new Kept(true, false);
    DrivenExchange exchange = begin(keeping(kept, false));
    send(exchange, BODY, 1000);
    end(exchange);
    receive(exchange, TEXT + STATED + DONE);
    exchange.abort(AbortReason.CANCELLED);
    assertThat(kept.ended).isEmpty();
    assertThat(kept.abandoned).isEqualTo(1);
  }

  @Test
  void answerThatNeverCameIsAbandonedToo() {
    Kept kept = new Kept(true, false);
    DrivenExchange exchange = begin(keeping(kept, false));
    send(exchange, BODY, 1000);
    end(exchange);
    exchange.close();
    exchange.close();
    assertThat(kept.abandoned).isEqualTo(1);
  }

  @Test
  void headersThatTheRouterNamesAreThereWhenTheBodyIsWhole() {
    StringBuilder seen = new StringBuilder();
    RequestRouter router =
        new RequestRouter() {
          @Override
          public boolean routes(Operation operation) {
            return true;
          }

          @Override
          public int maxBodyBytes() {
            return LIMIT;
          }

          @Override
          public List<String> headers() {
            return List.of("anthropic-beta", "absent");
          }

          @Override
          public RoutedRequest route(RoutableRequest request) {
            for (String name : new String[] {"anthropic-beta", "absent", "cookie"}) {
              seen.append(name).append('=').append(request.headers().get(name)).append(' ');
            }
            return toMath(request);
          }
        };
    Metering metering =
        Metering.builder(MaasConfig.from(Map.of("maas_integration", enabled(false))))
            .router(router)
            .build();
    DrivenExchange exchange = begin(metering, "anthropic-beta", "b1", "cookie", "secret");
    send(exchange, BODY, 7);
    end(exchange);
    assertThat(seen).hasToString("anthropic-beta=b1 absent=null cookie=null ");
  }

  @Test
  void answerThatIsNotWantedOrNotMeasuredIsNotGiven() {
    Kept unwanting = new Kept(false, false);
    DrivenExchange exchange = begin(keeping(unwanting, false));
    send(exchange, BODY, 1000);
    end(exchange);
    receive(exchange, TEXT);
    assertThat(unwanting.body.size()).isZero();
    assertThat(unwanting.abandoned).isEqualTo(1);
    Kept error = new Kept(true, false);
    DrivenExchange refused = begin(keeping(error, false));
    send(refused, BODY, 1000);
    end(refused);
    refused.respond(500, FakeHeaders.of("content-type", "application/json"));
    refused.response("{}".getBytes(UTF_8), 0, 2);
    refused.end();
    assertThat(error.body.size()).isZero();
    assertThat(error.ended).isEmpty();
    assertThat(error.abandoned).isEqualTo(1);
  }

  @Test
  void defectOfTheKeeperCostsNeitherTheUsageNorTheBytes() {
    Kept failing = new Kept(true, true);
    Metering metering = keeping(failing, true);
    DrivenExchange exchange = begin(metering);
    send(exchange, BODY, 1000);
    end(exchange);
    assertThat(receive(exchange, TEXT + STATED + DONE)).isEqualTo(TEXT + DONE);
    exchange.end();
    assertThat(metering.defects()).isEqualTo(1);
    assertThat(only().measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(failing.ended).isEmpty();
    assertThat(failing.abandoned).isEqualTo(1);
  }
}
