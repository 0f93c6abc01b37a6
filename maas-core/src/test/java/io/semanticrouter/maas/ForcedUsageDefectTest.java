// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.engine.RequestHead;
import io.semanticrouter.maas.internal.engine.UsageForcing;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Defects in the edit of bodies, made by breaking it from the inside: bodies stay whole. */
class ForcedUsageDefectTest {
  private static final String REQUEST =
      "{\"stream\":true,\"stream_options\":{\"include_usage\":false}}";
  private static final String RESPONSE =
      """
      data: {"choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}

      data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":8}}

      data: [DONE]

      """;
  private static final String SSE = "text/event-stream";

  private final Metering metering =
      Metering.builder(MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true))))
          .build();
  private final DrivenExchange exchange =
      DrivenExchange.of(metering.begin("POST", "/v1/chat/completions", FakeHeaders.of()));
  private final ByteArrayOutputStream passed = new ByteArrayOutputStream();

  /** Takes the parser out of an edit under way, so that its next step fails. */
  private void breakParserOf(String edit) throws ReflectiveOperationException {
    Object head = field(Exchange.class, "head").get(exchange.exchange());
    Object forcing = field(RequestHead.class, "forcing").get(head);
    Object broken = Objects.requireNonNull(field(UsageForcing.class, edit).get(forcing));
    field(broken.getClass(), "walk").set(broken, null);
  }

  private static Field field(Class<?> type, String name) throws ReflectiveOperationException {
    Field field = type.getDeclaredField(name);
    field.setAccessible(true);
    return field;
  }

  private void request(String piece) {
    byte[] bytes = ("??" + piece).getBytes(UTF_8);
    exchange.request(bytes, 2, bytes.length - 2, passed::write);
  }

  private void response(String piece) {
    byte[] bytes = ("??" + piece).getBytes(UTF_8);
    exchange.response(bytes, 2, bytes.length - 2, passed::write);
  }

  @Test
  void requestGoesOnWithWhatWasHeld() throws Exception {
    for (int cut = 1; cut < REQUEST.length(); cut++) {
      ForcedUsageDefectTest fresh = new ForcedUsageDefectTest();
      fresh.request(REQUEST.substring(0, cut));
      fresh.breakParserOf("splice");
      fresh.request(REQUEST.substring(cut, cut + 1));
      fresh.request(REQUEST.substring(cut + 1));
      fresh.exchange.endRequest(fresh.passed::write);
      String original = fresh.passed.toString(UTF_8).replace("\":true}}", "\":false}}");
      assertThat(original).as("cut at %d", cut).isEqualTo(REQUEST);
      assertThat(fresh.metering.defects()).isEqualTo(1);
      assertThat(fresh.exchange.wantsRequest()).isTrue();
      assertThat(fresh.exchange.isRequestOpen()).isFalse();
    }
  }

  @Test
  void responseGoesOnWithWhatWasHeldAndIsMetered() throws Exception {
    for (int cut = 1; cut < RESPONSE.length(); cut++) {
      ForcedUsageDefectTest fresh = new ForcedUsageDefectTest();
      fresh.request(REQUEST);
      fresh.exchange.endRequest(fresh.passed::write);
      fresh.passed.reset();
      fresh.exchange.respond(200, FakeHeaders.of("content-type", SSE));
      fresh.response(RESPONSE.substring(0, cut));
      String before = fresh.passed.toString(UTF_8);
      fresh.breakParserOf("strip");
      fresh.response(RESPONSE.substring(cut));
      fresh.exchange.end(fresh.passed::write);
      fresh.exchange.end();
      // What has been taken out by then is gone; everything else is there, in its order.
      String after = fresh.passed.toString(UTF_8).substring(before.length());
      assertThat(RESPONSE).as("cut at %d", cut).endsWith(after);
      assertThat(after.length()).isGreaterThanOrEqualTo(RESPONSE.length() - cut);
      assertThat(fresh.metering.defects()).isEqualTo(1);
      assertThat(fresh.exchange.editsResponse()).isFalse();
      assertThat(Objects.requireNonNull(fresh.exchange.record()).outcome())
          .isEqualTo(Outcome.COMPLETE);
    }
  }

  @Test
  void whatASinkThrowsIsForTheCaller() {
    BodySink closed =
        (bytes, offset, length) -> {
          throw new UncheckedIOException(new java.io.IOException("closed"));
        };
    byte[] bytes = REQUEST.getBytes(UTF_8);
    assertThatThrownBy(() -> exchange.request(bytes, 0, bytes.length, closed))
        .isInstanceOf(UncheckedIOException.class);
    exchange.respond(200, FakeHeaders.of("content-type", SSE));
    byte[] answer = RESPONSE.getBytes(UTF_8);
    assertThatThrownBy(() -> exchange.response(answer, 0, answer.length, closed))
        .isInstanceOf(UncheckedIOException.class);
    assertThat(metering.defects()).isZero();
  }

  @Test
  void responseWhoseMeasurementFailedIsStrippedAllTheSame() {
    request(REQUEST);
    exchange.endRequest(passed::write);
    passed.reset();
    Headers broken =
        name -> {
          if (name.startsWith("x-")) {
            throw new IllegalStateException("broken");
          }
          return name.equals("content-type") ? SSE : null;
        };
    exchange.respond(200, broken);
    assertThat(metering.defects()).isEqualTo(1);
    assertThat(exchange.editsResponse()).isTrue();
    response(RESPONSE);
    assertThat(passed.toString(UTF_8)).doesNotContain("usage").contains("[DONE]");
    exchange.end();
    assertThat(Objects.requireNonNull(exchange.record()).outcome()).isEqualTo(Outcome.FAILED);
  }
}
