// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Identity.Source;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class IdentityReaderTest {
  private static final String USER = "x-auth-request-user";
  private static final String TIER = "x-auth-request-tier";

  static List<Arguments> values() {
    return List.of(
        row("alice", "alice", Source.HEADER),
        row("system:serviceaccount:llm:bob@x", "system:serviceaccount:llm:bob@x", Source.HEADER),
        row("two words", "two words", Source.HEADER),
        row("  alice ", "alice", Source.HEADER),
        row("\u2003alice\u2003", "alice", Source.HEADER),
        row("é", "é", Source.HEADER),
        row("x".repeat(256), "x".repeat(256), Source.HEADER),
        row("é".repeat(128), "é".repeat(128), Source.HEADER),
        row("x" + "€".repeat(85), "x" + "€".repeat(85), Source.HEADER),
        row("🌍".repeat(64), "🌍".repeat(64), Source.HEADER),
        row(null, null, Source.ABSENT),
        row("", null, Source.BLANK),
        row("   ", null, Source.BLANK),
        row("\u2003", null, Source.BLANK),
        row("x".repeat(257), null, Source.TOO_LONG),
        row("x" + "é".repeat(128), null, Source.TOO_LONG),
        row("xx" + "€".repeat(85), null, Source.TOO_LONG),
        row("x" + "🌍".repeat(64), null, Source.TOO_LONG),
        row("x".repeat(1_000_000), null, Source.TOO_LONG),
        row("a\tb", null, Source.CONTROL_CHARACTER),
        row("\t", null, Source.CONTROL_CHARACTER),
        row("a\r\nx-admin: 1", null, Source.CONTROL_CHARACTER),
        row("a\u0000", null, Source.CONTROL_CHARACTER),
        row("a\u007F", null, Source.CONTROL_CHARACTER),
        row("a\u0085", null, Source.CONTROL_CHARACTER),
        row("a\uFFFD", null, Source.INVALID_UTF8),
        row("a\uD83C", null, Source.INVALID_UTF8),
        row("\uD83Cx", null, Source.INVALID_UTF8),
        row("\uDF0D\uD83C", null, Source.INVALID_UTF8),
        row("{auth.identity.username}", null, Source.UNEXPANDED_TEMPLATE),
        row("user-{auth.identity.username}-x", null, Source.UNEXPANDED_TEMPLATE),
        row("{{ .Values.user }}", null, Source.UNEXPANDED_TEMPLATE),
        row(" ${USER} ", null, Source.UNEXPANDED_TEMPLATE),
        row("$(USER)", null, Source.UNEXPANDED_TEMPLATE),
        row("%REQ(x-user)%", null, Source.UNEXPANDED_TEMPLATE),
        row("%", "%", Source.HEADER),
        row("100%", "100%", Source.HEADER),
        row("a{b}", "a{b}", Source.HEADER));
  }

  private static Arguments row(@Nullable String value, @Nullable String expected, Source source) {
    return Arguments.of(value, expected, source);
  }

  @ParameterizedTest
  @MethodSource("values")
  void value_is_taken_or_replaced_by_the_fallback_for_a_stated_reason(
      @Nullable String value, @Nullable String expected, Source source) {
    Identity asUser = reader("missing").read(name -> name.equals(USER) ? value : "gold");
    assertThat(asUser)
        .isEqualTo(
            new Identity(expected == null ? "nobody" : expected, "gold", source, Source.HEADER));
    Identity asTier = reader("missing").read(name -> name.equals(TIER) ? value : "alice");
    assertThat(asTier)
        .isEqualTo(
            new Identity("alice", expected == null ? "bronze" : expected, Source.HEADER, source));
    assertThat(source.isFallback()).isEqualTo(expected == null);
  }

  @Test
  void several_lines_are_ambiguous_unless_the_last_is_said_to_win() {
    Headers twice =
        new Headers() {
          @Override
          public String get(String name) {
            return "last";
          }

          @Override
          public int count(String name) {
            return name.equals(USER) ? 2 : 1;
          }
        };
    assertThat(reader("missing").read(twice))
        .isEqualTo(new Identity("nobody", "last", Source.AMBIGUOUS, Source.HEADER));
    assertThat(reader("last").read(twice))
        .isEqualTo(new Identity("last", "last", Source.HEADER, Source.HEADER));
  }

  @Test
  void each_reason_is_warned_of_once_per_header_and_never_with_the_value() {
    int before = CapturedLog.MESSAGES.size();
    IdentityReader reader = reader("missing");
    for (int i = 0; i < 3; i++) {
      reader.read(name -> "secret\u0007");
      reader.read(name -> name.equals(USER) ? "secret\uFFFD" : "gold");
    }
    List<String> messages = CapturedLog.MESSAGES.subList(before, CapturedLog.MESSAGES.size());
    assertThat(messages).hasSize(3).noneMatch(message -> message.contains("secret"));
    assertThat(messages).filteredOn(message -> message.contains(USER)).hasSize(2);
    assertThat(messages).filteredOn(message -> message.contains("control_character")).hasSize(2);
  }

  private static IdentityReader reader(String multipleValues) {
    Map<String, Object> authentication =
        Map.of(
            "fallback_user",
            "nobody",
            "fallback_tier",
            "bronze",
            "multiple_values",
            multipleValues);
    return new IdentityReader(
        MaasConfig.from(Map.of("maas_integration", Map.of("authentication", authentication)))
            .authentication());
  }
}
