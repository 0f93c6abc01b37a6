// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** A gateway that calls in a wrong order is stopped by an exception that names the right one. */
class WrongOrderTest {
  private static final byte[] ASKS = "{\"model\":\"m\",\"stream\":true}".getBytes(UTF_8);
  private static final byte[] USAGE =
      ("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":1,"
              + "\"total_tokens\":12}}\n\ndata: [DONE]\n\n")
          .getBytes(UTF_8);
  private static final Headers EVENTS = FakeHeaders.of("content-type", "text/event-stream");

  private final RecordingSink sink = new RecordingSink();
  private final ByteArrayOutputStream passed = new ByteArrayOutputStream();
  private final BodySink out = passed::write;
  private final Metering metering =
      Metering.builder(MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true))))
          .sink(sink)
          .build();
  private final Exchange exchange =
      metering.begin("POST", Wire.CHAT, FakeHeaders.of("content-length", "27"));
  private final RequestBody request = exchange.request();

  private ResponseBody asked() {
    request.edits();
    request.write(ASKS, 0, ASKS.length, out);
    request.end(out);
    passed.reset();
    return exchange.response(200, EVENTS);
  }

  private static void assertOrder(ThrowingCallable call, String rule) {
    assertThatThrownBy(call).isInstanceOf(IllegalStateException.class).hasMessageContaining(rule);
  }

  @Test
  void aResponseBeforeTheEditsOfTheRequestIsRefused() {
    assertOrder(() -> exchange.response(200, EVENTS), "comes before response()");
    request.write(ASKS, 0, ASKS.length, out);
    assertOrder(() -> exchange.response(200, EVENTS), "comes before response()");
    request.edits();
    assertThat(exchange.response(200, EVENTS).mode()).isEqualTo(ResponseBody.Mode.EDIT);
  }

  @Test
  void aRequestThatWentOnUnseenIsNotHandedIn() {
    assertThat(request.pass().toRemove()).doesNotContain("content-length");
    assertOrder(request::edits, "take edits() instead");
    assertOrder(() -> request.write(ASKS, 0, ASKS.length, out), "take edits() instead");
    assertOrder(() -> request.end(out), "take edits() instead");
    assertThat(request.pass()).isNotNull();
    assertThat(exchange.response(200, EVENTS).mode()).isEqualTo(ResponseBody.Mode.WATCH);
  }

  @Test
  void aRequestThatIsHandedInDoesNotGoOnUnseen() {
    assertThat(request.edits().toRemove()).contains("content-length");
    assertOrder(request::pass, "write() it and end() it");
  }

  @Test
  void aRequestThatNobodyWantsCanBeTakenEitherWay() {
    Exchange free = metering.begin("GET", "/v1/models", FakeHeaders.of());
    assertThat(free.request().mode()).isEqualTo(RequestBody.Mode.PASS);
    assertThat(free.request().edits()).isEqualTo(free.request().pass());
    free.request().write(ASKS, 0, ASKS.length, out);
    assertThat(passed.toByteArray()).isEqualTo(ASKS);
  }

  @Test
  void whatComesAfterTheEndOfTheRequestGoesOnAsItIs() {
    request.edits();
    request.end(out);
    assertThat(request.end(out)).isNull();
    request.write(ASKS, 0, ASKS.length, out);
    assertThat(passed.toByteArray()).isEqualTo(ASKS);
  }

  @Test
  void anEndingThatComesBeforeTheLastBytesHaveGoneOnIsTheOneThatCounts() {
    ResponseBody body = asked();
    byte[] held = "data: {\"choices\":[]".getBytes(UTF_8);
    body.write(held, 0, held.length, out);
    body.end((bytes, offset, length) -> exchange.abort(AbortReason.CANCELLED));
    assertThat(sink.single().measurement().reasons()).contains(AbortReason.CANCELLED.reason());
  }

  @Test
  void aResponseAfterTheSettlementLeavesWhatWasMeasured() {
    ResponseBody body = asked();
    body.write(USAGE, 0, USAGE.length, out);
    body.end(out);
    Exchange.SoFar before = exchange.soFar();
    exchange.response(502, FakeHeaders.of());
    assertThat(exchange.soFar()).isEqualTo(before);
    assertThat(before.usage()).isNotNull();
    assertThat(exchange.hasFinalUsage()).isTrue();
  }

  @Test
  void nothingComesAfterTheEndOfTheResponse() {
    ResponseBody body = asked();
    body.write(USAGE, 0, USAGE.length, out);
    body.end(out);
    body.end(out);
    assertOrder(() -> body.write(USAGE, 0, USAGE.length, out), "end() comes last");
    assertOrder(() -> body.release(out), "end() comes last");
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  void aBodyThatIsEditedIsNotOnlyWatched() {
    ResponseBody body = asked();
    assertThat(body.mode()).isEqualTo(ResponseBody.Mode.EDIT);
    assertOrder(() -> body.watch(USAGE, 0, USAGE.length), "pass through write()");
    assertOrder(() -> body.watch(ByteBuffer.wrap(USAGE)), "pass through write()");
    assertOrder(body::end, "pass through write()");
    body.write(USAGE, 0, USAGE.length, out);
    body.end(out);
    assertThat(passed.toString(UTF_8)).isEqualTo("data: [DONE]\n\n");
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  void aResponseThatAnotherReplacedIsNotWrittenTo() {
    ResponseBody first = asked();
    first.write(USAGE, 0, USAGE.length, out);
    ResponseBody second = exchange.response(500, FakeHeaders.of());
    assertThat(first.mode()).isEqualTo(ResponseBody.Mode.PASS);
    assertOrder(() -> first.write(USAGE, 0, USAGE.length, out), "returned last");
    assertOrder(() -> first.end(out), "returned last");
    second.end(out);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.ERROR);
  }

  @Test
  void bytesOfATrafficThatIsOverGoOnUnmeasured() {
    ResponseBody body = asked();
    exchange.abort(AbortReason.CANCELLED);
    body.write(USAGE, 0, USAGE.length, out);
    body.end(out);
    assertThat(passed.toString(UTF_8)).isEqualTo("data: [DONE]\n\n");
    assertThat(sink.single().outcome()).isNotEqualTo(Outcome.COMPLETE);
    assertThat(metering.defects()).isZero();
  }

  @Test
  void anEndingFromAnotherThreadDoesNotWaitForASinkAndCountsAfterIt() throws Exception {
    ResponseBody body = asked();
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch aborted = new CountDownLatch(1);
    Thread other =
        new Thread(
            () -> {
              try {
                assertThat(writing.await(10, TimeUnit.SECONDS)).isTrue();
                exchange.abort(AbortReason.IDLE_TIMEOUT);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              } finally {
                aborted.countDown();
              }
            });
    other.start();
    body.write(
        USAGE,
        0,
        USAGE.length,
        (bytes, offset, length) -> {
          writing.countDown();
          try {
            assertThat(aborted.await(10, TimeUnit.SECONDS)).isTrue();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          assertThat(exchange.record()).isNull();
        });
    other.join();
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(exchange.record()).isSameAs(sink.single());
  }

  @Test
  void aSinkThatEndsTheExchangeEndsItAfterItsPiece() {
    ResponseBody body = asked();
    body.write(
        USAGE, 0, USAGE.length, (bytes, offset, length) -> exchange.abort(AbortReason.CANCELLED));
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
  }
}
