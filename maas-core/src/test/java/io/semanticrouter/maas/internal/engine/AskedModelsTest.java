// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.CapturedLog;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A backend that refuses to be asked for usage is not asked for a while. */
class AskedModelsTest {
  private static final String PATH = "/v1/chat/completions";
  private static final long MINUTE = 60_000_000_000L;

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - MINUTE); // it may overflow
  private final AskedModels models = new AskedModels(now::get);
  private final Metering metering =
      Metering.builder(MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true))))
          .ticker(now::get)
          .build();

  /** What a backend gets that answers so. */
  private String send(String model, int status) {
    DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", PATH, FakeHeaders.of()));
    byte[] body = ("{\"model\":\"" + model + "\",\"stream\":true}").getBytes(UTF_8);
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    exchange.request(body, 0, body.length, sent::write);
    exchange.endRequest(sent::write);
    exchange.respond(status, FakeHeaders.of("content-type", "text/event-stream"));
    exchange.end();
    boolean asked = sent.toString(UTF_8).contains("include_usage");
    return asked + " " + Objects.requireNonNull(exchange.record()).forcedUsage();
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 422})
  void fourthRequestToABackendThatRefusesToBeAskedIsTheClientsOwn(int status) {
    for (int i = 0; i < 3; i++) {
      assertThat(send("m" + status, status)).isEqualTo("true REFUSED");
    }
    assertThat(send("m" + status, 200)).isEqualTo("false NOT_ASKED");
    assertThat(send("other", 200)).isEqualTo("true EDITED");
    assertThat(CapturedLog.MESSAGES.stream().filter(line -> line.contains("model m" + status)))
        .hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 422})
  void itIsAskedAgainAfterTenMinutes(int status) {
    for (int i = 0; i < 3; i++) {
      send("m", status);
    }
    now.addAndGet(AskedModels.PAUSE_NANOS - 1);
    assertThat(send("m", 200)).isEqualTo("false NOT_ASKED");
    now.addAndGet(1);
    assertThat(send("m", status)).isEqualTo("true REFUSED");
    assertThat(send("m", 200)).as("one is enough then").isEqualTo("false NOT_ASKED");
    now.addAndGet(AskedModels.PAUSE_NANOS);
    assertThat(send("m", 200)).isEqualTo("true EDITED");
    assertThat(send("m", status)).isEqualTo("true REFUSED");
    assertThat(send("m", status)).isEqualTo("true REFUSED");
    assertThat(send("m", status)).isEqualTo("true REFUSED");
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404, 413, 429, 500, 503})
  void anotherStatusIsNoRefusalToBeAsked(int status) {
    for (int i = 0; i < 5; i++) {
      assertThat(send("m", status)).isEqualTo("true EDITED");
    }
  }

  @Test
  void aSuccessBetweenThemBeginsAnew() {
    models.refused(PATH, "m");
    models.refused(PATH, "m");
    models.taken(PATH, "m");
    now.addAndGet(AskedModels.PAUSE_NANOS);
    models.refused(PATH, "m");
    models.refused(PATH, "m");
    assertThat(models.asks(PATH, "m")).isTrue();
    models.refused(PATH, "m");
    assertThat(models.asks(PATH, "m")).isFalse();
    assertThat(models.asks("/other", "m")).isTrue();
    assertThat(models.asks(PATH, null)).isTrue();
  }

  @Test
  void aClientThatSendsWhatEveryBackendRefusesDoesNotStopTheAsking() {
    models.taken(PATH, "m");
    for (int i = 0; i < 100; i++) {
      models.refused(PATH, "m");
    }
    assertThat(models.asks(PATH, "m")).as("taken lately").isTrue();
    now.addAndGet(AskedModels.PAUSE_NANOS);
    models.refused(PATH, "m");
    assertThat(models.asks(PATH, "m")).as("taken long ago").isFalse();
    models.refusedUnasked(PATH, "m");
    assertThat(models.asks(PATH, "m")).as("it was not the asking").isTrue();
  }

  @Test
  void aRequestThatDidNotAskAndIsRefusedShowsThatItWasNotTheAsking() {
    for (int i = 0; i < 3; i++) {
      send("m", 400);
    }
    assertThat(send("m", 400)).isEqualTo("false NOT_ASKED");
    assertThat(send("m", 200)).isEqualTo("true EDITED");
  }

  @ParameterizedTest
  @CsvSource({"-2, false", "-1, false", "0, true"})
  void modelsAreKnownApartUpToTheirBound(int more, boolean asked) {
    for (int i = 0; i < AskedModels.MAX_MODELS + more; i++) {
      models.refused(PATH, "m" + i);
    }
    for (int i = 0; i < 3; i++) {
      models.refused(PATH, "next");
    }
    assertThat(models.asks(PATH, "next")).isEqualTo(asked);
  }

  @Test
  void namesWithoutNumberAreNotKeptApartForEver() {
    for (int i = 0; i < 2 * AskedModels.MAX_MODELS; i++) {
      models.refused(PATH, "m" + i);
    }
    for (int i = 0; i < 3; i++) {
      models.refused(PATH, "late");
    }
    assertThat(models.asks(PATH, "late")).as("no room").isTrue();
    now.addAndGet(AskedModels.PAUSE_NANOS);
    for (int i = 0; i < 3; i++) {
      models.refused(PATH, "late");
    }
    assertThat(models.asks(PATH, "late")).isFalse();
  }
}
