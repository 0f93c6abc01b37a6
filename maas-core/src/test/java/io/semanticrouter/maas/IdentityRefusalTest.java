// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.VerifiedToken;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

  private static LocalAnswer refusalOf(String path, String... by) {
    Map<String, Object> source =
        by[0].equals("jwt")
            ? Map.of("by", "jwt", "jwks", "keys.json", "issuer", "https://idp", "user", "sub")
            : Map.of("proof_header", "x-proof", "secrets", List.of("0123456789abcdef"));
    Map<String, Object> section =
        Map.of(
            "enabled",
            true,
            "authentication",
            Map.of("untrusted", "refuse", "trust", List.of(source)));
    Metering metering =
        Metering.builder(MaasConfig.from(Map.of("maas_integration", section)))
            .tokens(issuer -> token -> VerifiedToken.refused(Identity.Untrusted.WRONG_SIGNATURE))
            .build();
    return Objects.requireNonNull(metering.begin("POST", path, Headers.EMPTY).refuse());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        CHAT
            + "|401|jwt|{\"error\":{\"message\":\"The request was refused: it has no valid token.\","
            + "\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"identity_untrusted\"}}",
        "/v1/messages|401|jwt|{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\","
            + "\"message\":\"The request was refused: it has no valid token.\"}}",
        "/v1/messages|403|headers|{\"type\":\"error\",\"error\":{\"type\":\"permission_error\","
            + "\"message\":\"The request was refused: nothing proves that it came through the"
            + " gateway.\"}}",
        "/v1beta/models/g:generateContent|401|jwt|{\"error\":{\"code\":401,\"message\":\"The request"
            + " was refused: it has no valid token.\",\"status\":\"UNAUTHENTICATED\"}}",
        "/model/m/converse|401|jwt|{\"message\":\"The request was refused: it has no valid token.\"}",
      })
  void whatNothingVouchesForIsAnsweredInTheShapeOfTheApi(
      String path, int status, String by, String body) {
    LocalAnswer answer = refusalOf(path, by);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(new String(answer.body(), UTF_8)).isEqualTo(body);
  }

  @Test
  void tokensAreNotTrustedWithoutSomethingThatVerifiesThem() {
    Map<String, Object> source =
        Map.of("by", "jwt", "jwks", "keys.json", "issuer", "https://idp", "user", "sub");
    Map<String, Object> section =
        Map.of("enabled", true, "authentication", Map.of("trust", List.of(source)));
    Metering.Builder builder =
        Metering.builder(MaasConfig.from(Map.of("maas_integration", section)));

    assertThatIllegalStateException().isThrownBy(builder::build).withMessageContaining("by: jwt");
  }

  @ParameterizedTest
  @ValueSource(strings = {CHAT, "/healthz", "/v1/models"})
  void proofOfTheGatewayDoesNotReachTheBackend(String path) {
    Map<String, Object> source =
        Map.of("proof_header", "x-proof", "secrets", List.of("0123456789abcdef"));
    Map<String, Object> section =
        Map.of("enabled", true, "authentication", Map.of("trust", List.of(source)));
    Metering metering =
        Metering.builder(MaasConfig.from(Map.of("maas_integration", section))).build();
    Headers request = name -> name.equals("x-proof") ? "whatever the client sent" : null;

    Exchange exchange = metering.begin("POST", path, request);

    assertThat(exchange.request().pass().toRemove()).contains("x-proof");
    exchange.close();
  }
}
