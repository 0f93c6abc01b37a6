// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.FakeKeeper;
import io.semanticrouter.maas.testkit.FakeRouter;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What ends early, comes twice or breaks: bytes go on, keepers are closed once, and what is held
 * back is given up.
 */
class RoutedLifecycleTest {
  private static final String BODY = "{\"model\":\"gpt-4\",\"stream\":true}";
  private static final int LIMIT = 1000;
  private static final RoutedRequest ANSWERED =
      RoutedRequest.answered(
          Routing.UNKNOWN,
          RouterReport.of(Result.CACHED),
          new RoutedRequest.Answer(
              200,
              "application/json",
              "{}".getBytes(UTF_8),
              Measurement.of(Status.COMPLETE, Set.of(), TokenUsage.of(1, 1))));

  private final RecordingSink sink = new RecordingSink();

  private Metering metering(RequestRouter router) {
    Map<String, Object> maas = Map.of("enabled", true, "usage", Map.of("force_usage", false));
    return Metering.builder(MaasConfig.from(Map.of("maas_integration", maas)))
        .sink(sink)
        .router(router)
        .build();
  }

  private Metering metering(Function<RoutableRequest, RoutedRequest> decision) {
    return metering(new FakeRouter(LIMIT, decision));
  }

  private static RoutedRequest unchanged() {
    return RoutedRequest.unchanged(Routing.UNKNOWN, RouterReport.of(Result.DEFAULT));
  }

  private static DrivenExchange begin(Metering metering, String... headers) {
    return DrivenExchange.of(
        metering.begin("POST", "/v1/chat/completions", FakeHeaders.of(headers)));
  }

  private static String send(DrivenExchange exchange, String body) {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    exchange.request(body.getBytes(UTF_8), 0, body.length(), sent::write);
    return sent.toString(UTF_8);
  }

  private static String end(DrivenExchange exchange) {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    exchange.endRequest(sent::write);
    return sent.toString(UTF_8);
  }

  private static void answer(DrivenExchange exchange, int status) {
    exchange.respond(status, FakeHeaders.of("content-type", "application/json"));
    String body = "{\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}";
    exchange.response(body.getBytes(UTF_8), 0, body.length());
  }

  // The exchange ends before its request does

  @Test
  void requestThatOutlivesItsExchangeIsNotRoutedAndGoesOn() {
    FakeRouter router = new FakeRouter(LIMIT, request -> ANSWERED);
    DrivenExchange exchange = begin(metering(router));
    String sent = send(exchange, BODY.substring(0, 9));
    exchange.abort(AbortReason.IDLE_TIMEOUT);
    sent += send(exchange, BODY.substring(9)) + end(exchange);
    assertThat(sent).isEqualTo(BODY);
    assertThat(router.bodies()).isEmpty();
    assertThat(sink.single().router().result()).isEqualTo(Result.UNSEEN);
  }

  // A router that breaks wherever it is asked

  private enum Break {
    ROUTES,
    MAX_BODY_BYTES,
    MAX_HELD_BYTES,
    HEADERS,
    ROUTE,
    NULL
  }

  private static RequestRouter broken(Break where) {
    return new RequestRouter() {
      private <T> T unless(Break here, T value) {
        if (here == where) {
          throw new NoClassDefFoundError("a class is missing");
        }
        return value;
      }

      @Override
      public boolean routes(Operation operation) {
        return unless(Break.ROUTES, true);
      }

      @Override
      public int maxBodyBytes() {
        return unless(Break.MAX_BODY_BYTES, LIMIT);
      }

      @Override
      public long maxHeldBytes() {
        return unless(Break.MAX_HELD_BYTES, 10L * LIMIT);
      }

      @Override
      public List<String> headers() {
        return unless(Break.HEADERS, List.of());
      }

      @Override
      @SuppressWarnings("NullAway") // the defect
      public RoutedRequest route(RoutableRequest request) {
        return unless(Break.ROUTE, where == Break.NULL ? null : unchanged());
      }
    };
  }

  @ParameterizedTest
  @EnumSource(Break.class)
  void routerThatBreaksAnywhereCostsTheRoutingAndNothingElse(Break where) {
    Metering metering = metering(broken(where));
    DrivenExchange exchange = begin(metering);
    assertThat(send(exchange, BODY) + end(exchange)).isEqualTo(BODY);
    answer(exchange, 200);
    exchange.end();
    assertThat(sink.single().router().result()).isEqualTo(Result.FAILED);
    assertThat(sink.single().measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(metering.defects()).isEqualTo(1);
  }

  // Keepers

  private DrivenExchange kept(FakeKeeper keeper) {
    DrivenExchange exchange = begin(metering(request -> unchanged().withKeeper(keeper)));
    assertThat(send(exchange, BODY) + end(exchange)).isEqualTo(BODY);
    return exchange;
  }

  @Test
  void keeperWithoutAResponseIsAbandonedAlsoWhereTheGatewaySaysThatAllIsWell() {
    FakeKeeper keeper = new FakeKeeper();
    DrivenExchange exchange = kept(keeper);
    exchange.end();
    assertThat(keeper.calls()).isEqualTo("abandon");
  }

  @Test
  void keeperGetsAllOfABodyThatHoldsNoUsage() {
    FakeKeeper keeper = new FakeKeeper();
    DrivenExchange exchange = kept(keeper);
    exchange.respond(200, FakeHeaders.of("content-type", "application/octet-stream"));
    byte[] picture = {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10};
    exchange.response(picture, 0, picture.length);
    assertThat(exchange.wantsResponse()).isTrue();
    exchange.response(picture, 0, picture.length);
    exchange.end();
    assertThat(keeper.calls()).doesNotContain("abandon");
  }

  @Test
  void keeperGetsNoBodyOfAResponseThatHasNotBegun() {
    FakeKeeper keeper = new FakeKeeper();
    DrivenExchange exchange = kept(keeper);
    exchange.response("{}".getBytes(UTF_8), 0, 2);
    exchange.close();
    assertThat(keeper.calls()).isEqualTo("abandon");
  }

  @Test
  void keeperIsAbandonedWhenTheResponseHeadersCannotBeRead() {
    FakeKeeper keeper = new FakeKeeper();
    DrivenExchange exchange = kept(keeper);
    exchange.respond(
        200,
        name -> {
          throw new IllegalStateException("a defect of the gateway");
        });
    exchange.response("{}".getBytes(UTF_8), 0, 2);
    assertThat(keeper.calls()).isEqualTo("abandon");
    exchange.end();
    assertThat(keeper.calls()).isEqualTo("abandon");
  }

  @Test
  void keeperIsAbandonedWhenASecondResponseBegins() {
    FakeKeeper keeper = new FakeKeeper();
    DrivenExchange exchange = kept(keeper);
    answer(exchange, 200);
    answer(exchange, 200);
    exchange.end();
    assertThat(keeper.calls()).isEqualTo("begin accept abandon");
  }

  @Test
  void keeperIsAbandonedWhenTheBytesCannotGoOn() {
    FakeKeeper keeper = new FakeKeeper();
    DrivenExchange exchange = begin(metering(request -> unchanged().withKeeper(keeper)));
    send(exchange, BODY);
    assertThatThrownBy(
            () ->
                exchange.endRequest(
                    (b, from, length) -> {
                      throw new IllegalStateException("the gateway's");
                    }))
        .hasMessage("the gateway's");
    exchange.close();
    assertThat(keeper.calls()).isEqualTo("abandon");
  }

  @ParameterizedTest
  @ValueSource(strings = {"begin", "accept", "end", "abandon"})
  void keeperThatBreaksIsClosedOnceAndCostsNothing(String where) {
    FakeKeeper keeper = FakeKeeper.breakingAt(where);
    DrivenExchange exchange = kept(keeper);
    answer(exchange, where.equals("abandon") ? 500 : 200);
    exchange.end();
    exchange.close();
    assertThat(keeper.timesClosed()).isEqualTo(1);
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void answerHasNoKeeper() {
    assertThatThrownBy(() -> ANSWERED.withKeeper(new FakeKeeper()))
        .isInstanceOf(IllegalStateException.class);
  }

  // What is held back is bounded over all exchanges

  private RequestRouter crowded(long maxHeldBytes) {
    return new RequestRouter() {
      @Override
      public boolean routes(Operation operation) {
        return true;
      }

      @Override
      public int maxBodyBytes() {
        return LIMIT;
      }

      @Override
      public long maxHeldBytes() {
        return maxHeldBytes;
      }

      @Override
      public RoutedRequest route(RoutableRequest request) {
        return unchanged();
      }
    };
  }

  @Test
  void requestForWhichThereIsNoRoomGoesOnUnroutedAndIsCounted() {
    Metering metering = metering(crowded(LIMIT));
    DrivenExchange slow = begin(metering);
    assertThat(send(slow, BODY)).isEmpty();
    assertThat(metering.heldRequestBytes()).isPositive();
    DrivenExchange crowded = begin(metering);
    assertThat(send(crowded, BODY) + end(crowded)).isEqualTo(BODY);
    crowded.abort(AbortReason.CANCELLED);
    assertThat(Objects.requireNonNull(crowded.record()).router().result())
        .isEqualTo(Result.CROWDED);
    DrivenExchange whole = begin(metering, "content-length", String.valueOf(BODY.length()));
    assertThat(send(whole, BODY)).as("in one piece it takes no room").isEqualTo(BODY);
    assertThat(end(slow)).isEqualTo(BODY);
    assertThat(metering.heldRequestBytes()).isZero();
    whole.close();
    slow.close();
    assertThat(Objects.requireNonNull(slow.record()).router().result()).isEqualTo(Result.DEFAULT);
  }

  @Test
  void roomOfARequestIsGivenBackHoweverItEnds() {
    Metering metering = metering(crowded(100 * LIMIT));
    for (int i = 0; i < 6; i++) {
      DrivenExchange exchange = begin(metering);
      send(exchange, BODY);
      assertThat(metering.heldRequestBytes()).isPositive();
      switch (i) {
        case 0 -> assertThat(end(exchange)).isEqualTo(BODY);
        case 1 -> exchange.releaseRequest((b, from, length) -> {});
        case 2 -> exchange.close();
        case 3 -> exchange.abort(AbortReason.IDLE_TIMEOUT);
        case 4 -> assertThat(send(exchange, "y".repeat(LIMIT))).hasSize(LIMIT + BODY.length());
        default -> {
          answer(exchange, 401);
          exchange.end();
        }
      }
      assertThat(metering.heldRequestBytes()).as("%s", i).isZero();
      exchange.close();
      exchange.close();
      assertThat(metering.heldRequestBytes()).as("%s, closed", i).isZero();
    }
  }
}
