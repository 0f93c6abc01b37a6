// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code authentication.unusable: refuse} refuses, and how the client is answered. */
class IdentityRefusalTest {
  private static final String CHAT = "/v1/chat/completions";

  private final List<UsageRecord> records = new ArrayList<>();

  private DrivenExchange begin(
      String unusable, String path, @Nullable String user, @Nullable String tier) {
    Map<String, Object> section =
        Map.of("enabled", true, "authentication", Map.of("unusable", unusable));
    return DrivenExchange.of(
        Metering.builder(MaasConfig.from(Map.of("maas_integration", section)))
            .sink(records::add)
            .build()
            .begin(
                "POST",
                path,
                name ->
                    name.equals("x-auth-request-user")
                        ? user
                        : name.equals("x-auth-request-tier") ? tier : null));
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "absent",
      value = {
        "alice, gold, false",
        "alice, absent, false",
        "alice, '', false",
        "alice, <nil>, false",
        "alice, {auth.identity.tier}, true",
        "alice, {gold}, true",
        "absent, gold, true",
        "' ', gold, true",
        "<nil>, gold, true",
        "{auth.identity.sub}, gold, true",
        "{x}, gold, true",
        "unknown, gold, true",
        "'a\u0007', gold, true",
      })
  void whatCannotBeBilledAsItIsStatedIsRefused(
      @Nullable String user, @Nullable String tier, boolean refused) {
    DrivenExchange exchange = begin("refuse", CHAT, user, tier);

    LocalAnswer answer = exchange.refuse();

    assertThat(answer != null).isEqualTo(refused);
    assertThat(exchange.answer()).isSameAs(answer);
    assertThat(records).hasSize(refused ? 1 : 0);
    assertThat(begin("fallback", CHAT, user, tier).refuse()).isNull();
  }

  @Test
  void refusedExchangeHasARecordThatSaysWhyAndIsSettledOnce() {
    DrivenExchange exchange = begin("refuse", CHAT, null, "gold");
    exchange.refuse();
    exchange.refuse();
    exchange.respond(200, Headers.EMPTY);
    exchange.end();

    UsageRecord record = records.get(0);
    assertThat(records).hasSize(1);
    assertThat(record.httpStatus()).isEqualTo(403);
    assertThat(record.outcome()).isEqualTo(Outcome.ERROR);
    assertThat(record.measurement().reasons())
        .containsExactlyInAnyOrder(Reason.HTTP_ERROR, Reason.IDENTITY_REFUSED);
    assertThat(record.identity().userSource()).isEqualTo(Identity.Source.ABSENT);
  }

  @Test
  void gatewayThatCannotAnswerItselfBillsTheFallback() {
    begin("refuse", CHAT, null, "gold").end();

    assertThat(records).hasSize(1);
    assertThat(records.get(0).identity().user()).isEqualTo("unknown");
    assertThat(records.get(0).measurement().reasons()).doesNotContain(Reason.IDENTITY_REFUSED);
  }

  @Test
  void whatBelongsToNoApiIsNotRefused() {
    assertThat(begin("refuse", "/healthz", null, null).refuse()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        CHAT
            + "|{\"error\":{\"message\":\"$\",\"type\":\"invalid_request_error\",\"param\":null,"
            + "\"code\":\"identity_unusable\"}}",
        "/v1/messages|{\"type\":\"error\",\"error\":{\"type\":\"permission_error\","
            + "\"message\":\"$\"}}",
        "/v1beta/models/g:generateContent|{\"error\":{\"code\":403,\"message\":\"$\","
            + "\"status\":\"PERMISSION_DENIED\"}}",
        "/model/m/converse|{\"message\":\"$\"}",
        "/v2/chat|{\"message\":\"$\"}",
      })
  void answerHasTheShapeOfTheApi(String path, String body) {
    LocalAnswer answer = Objects.requireNonNull(begin("refuse", path, null, null).refuse());

    assertThat(answer.status()).isEqualTo(403);
    assertThat(new String(answer.body(), UTF_8))
        .isEqualTo(
            body.replace(
                "$",
                "The request was refused: the gateway states no user or tier that can be billed."));
    assertThat(answer.headers().sets("content-type")).isTrue();
  }
}
