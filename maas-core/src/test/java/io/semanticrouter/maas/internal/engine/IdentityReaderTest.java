// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.CapturedLog;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
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

  /**
   * What a name gains that somebody could have chosen, or a gateway could have sent: nothing. It is
   * billed as it is, under a hash of its own, or as nobody and counted (null).
   */
  static List<Arguments> values() {
    return List.of(
        row("alice", "alice", Source.HEADER),
        row("system:serviceaccount:llm:bob@x", "system:serviceaccount:llm:bob@x", Source.HEADER),
        row("two words", "two words", Source.HEADER),
        row("é", "é", Source.HEADER),
        row("CORP\\alice", "CORP\\alice", Source.HEADER),
        row("__overflow__", "__overflow__", Source.HEADER),
        row("x".repeat(256), "x".repeat(256), Source.HEADER),
        row("é".repeat(128), "é".repeat(128), Source.HEADER),
        row("x" + "€".repeat(85), "x" + "€".repeat(85), Source.HEADER),
        row("🌍".repeat(64), "🌍".repeat(64), Source.HEADER),
        // The same user: spaces and tabs around a value are not part of it.
        row("  alice ", "alice", Source.HEADER),
        row("\talice\t ", "alice", Source.HEADER),
        row(" \t alice", "alice", Source.HEADER),
        row(" " + "x".repeat(256) + "\t", "x".repeat(256), Source.HEADER),
        // Other users: no other white space is taken away, and no case or form is changed.
        row("\u2003alice\u2003", "\u2003alice\u2003", Source.HEADER),
        row("alice\u2003", "alice\u2003", Source.HEADER),
        row("alice\u00A0", "alice\u00A0", Source.HEADER),
        row("alice\u1680", "alice\u1680", Source.HEADER),
        row("alice\u2000", "alice\u2000", Source.HEADER),
        row("alice\u2007", "alice\u2007", Source.HEADER),
        row("alice\u2009", "alice\u2009", Source.HEADER),
        row("alice\u200A", "alice\u200A", Source.HEADER),
        row("alice\u2028", "alice\u2028", Source.HEADER),
        row("alice\u2029", "alice\u2029", Source.HEADER),
        row("alice\u202F", "alice\u202F", Source.HEADER),
        row("alice\u205F", "alice\u205F", Source.HEADER),
        row("alice\u3000", "alice\u3000", Source.HEADER),
        row("\u3000alice", "\u3000alice", Source.HEADER),
        row("alice\u180E", "alice\u180E", Source.HEADER),
        row("alice\u200B", "alice\u200B", Source.HEADER),
        row("ali\u200Dce", "ali\u200Dce", Source.HEADER),
        row("alice\u2060", "alice\u2060", Source.HEADER),
        row("\uFEFFalice", "\uFEFFalice", Source.HEADER),
        row("alice\u00AD", "alice\u00AD", Source.HEADER),
        row("\u202Eecila", "\u202Eecila", Source.HEADER),
        row("alice\uFE0F", "alice\uFE0F", Source.HEADER),
        row("alice\uE000", "alice\uE000", Source.HEADER),
        row("alice\uDB40\uDC01", "alice\uDB40\uDC01", Source.HEADER),
        row("\u2003", "\u2003", Source.HEADER),
        row("\u00A0", "\u00A0", Source.HEADER),
        row("\u200B", "\u200B", Source.HEADER),
        row("\u2800", "\u2800", Source.HEADER),
        row("\u3164", "\u3164", Source.HEADER),
        row("Alice", "Alice", Source.HEADER),
        row("ALICE", "ALICE", Source.HEADER),
        row("e\u0301", "e\u0301", Source.HEADER),
        row("ａｌｉｃｅ", "ａｌｉｃｅ", Source.HEADER),
        row("\u0430lice", "\u0430lice", Source.HEADER),
        row("\"alice\"", "\"alice\"", Source.HEADER),
        row("'alice'", "'alice'", Source.HEADER),
        row("alice,", "alice,", Source.HEADER),
        row("%61lice", "%61lice", Source.HEADER),
        row("&#97;lice", "&#97;lice", Source.HEADER),
        row("=?utf-8?q?alice?=", "=?utf-8?q?alice?=", Source.HEADER),
        // A claim that is a list: as Envoy (base64 of its JSON) and Authorino (JSON) write it.
        row("WyJhIiwiYiJd", "WyJhIiwiYiJd", Source.HEADER),
        row("[\"a\",\"b\"]", "[\"a\",\"b\"]", Source.HEADER),
        row("[\"b\",\"a\"]", "[\"b\",\"a\"]", Source.HEADER),
        row("[a b]", "[a b]", Source.HEADER),
        row("a,b", "a,b", Source.HEADER),
        row("{\"a\":1}", hashed("{\"a\":1}"), Source.BRACKETED),
        // Nobody.
        row(null, null, Source.ABSENT),
        row("", null, Source.BLANK),
        row("   ", null, Source.BLANK),
        row("\t", null, Source.BLANK),
        row(" \t ", null, Source.BLANK),
        row("<nil>", null, Source.PLACEHOLDER),
        row(" <nil> ", null, Source.PLACEHOLDER),
        row("%!s(<nil>)", null, Source.PLACEHOLDER),
        row("%!v(<nil>)", null, Source.PLACEHOLDER),
        row("<no value>", null, Source.PLACEHOLDER),
        row("null", null, Source.PLACEHOLDER),
        row("<null>", null, Source.PLACEHOLDER),
        row("undefined", null, Source.PLACEHOLDER),
        row("[object Undefined]", null, Source.PLACEHOLDER),
        row("[object Null]", null, Source.PLACEHOLDER),
        row("[object Object]", null, Source.PLACEHOLDER),
        row("None", null, Source.PLACEHOLDER),
        row("nil", null, Source.PLACEHOLDER),
        row("userdata: NULL", null, Source.PLACEHOLDER),
        row("userdata: (nil)", null, Source.PLACEHOLDER),
        row("-", null, Source.PLACEHOLDER),
        row("(null)", null, Source.PLACEHOLDER),
        row("(nil)", null, Source.PLACEHOLDER),
        row("<none>", null, Source.PLACEHOLDER),
        row("Optional.empty", null, Source.PLACEHOLDER),
        row("[]", null, Source.PLACEHOLDER),
        row("{}", null, Source.PLACEHOLDER),
        row("\"\"", null, Source.PLACEHOLDER),
        // People can have these.
        row("Null", "Null", Source.HEADER),
        row("NULL", "NULL", Source.HEADER),
        row("none", "none", Source.HEADER),
        row("Nil", "Nil", Source.HEADER),
        row("nullable", "nullable", Source.HEADER),
        row("<alice>", "<alice>", Source.HEADER),
        row("--", "--", Source.HEADER),
        row("0", "0", Source.HEADER),
        row("false", "false", Source.HEADER),
        row("anonymous", "anonymous", Source.HEADER),
        row("system:anonymous", "system:anonymous", Source.HEADER),
        row("null\u2003", "null\u2003", Source.HEADER),
        // Templates that nobody expanded.
        row("{auth.identity.username}", null, Source.UNEXPANDED_TEMPLATE),
        row("user-{auth.identity.username}-x", null, Source.UNEXPANDED_TEMPLATE),
        row("{auth.identity.metadata.annotations.tier}", null, Source.UNEXPANDED_TEMPLATE),
        row("{auth.identity.sub.@case:lower}", null, Source.UNEXPANDED_TEMPLATE),
        row("{context.request.http.headers.x-user}", null, Source.UNEXPANDED_TEMPLATE),
        row("{request.headers.x-user}", null, Source.UNEXPANDED_TEMPLATE),
        row("{{ .Values.user }}", null, Source.UNEXPANDED_TEMPLATE),
        row("{{.User}}", null, Source.UNEXPANDED_TEMPLATE),
        row("{{ user | default(\"x\") }}", null, Source.UNEXPANDED_TEMPLATE),
        row(" ${USER} ", null, Source.UNEXPANDED_TEMPLATE),
        row("${USER:-nobody}", null, Source.UNEXPANDED_TEMPLATE),
        row("${jwt.claims['sub']}", null, Source.UNEXPANDED_TEMPLATE),
        row("$(USER)", null, Source.UNEXPANDED_TEMPLATE),
        row("$(headers[\"x-user\"])", null, Source.UNEXPANDED_TEMPLATE),
        row("%REQ(x-user)%", null, Source.UNEXPANDED_TEMPLATE),
        row("%REQ(x-user?y-user):64%", null, Source.UNEXPANDED_TEMPLATE),
        row("%DYNAMIC_METADATA(a:b)%", null, Source.UNEXPANDED_TEMPLATE),
        row("%DOWNSTREAM_PEER_SUBJECT%", null, Source.UNEXPANDED_TEMPLATE),
        // What only looks like one is somebody: under a hash, and never as nobody.
        row("{x}", hashed("{x}"), Source.BRACKETED),
        row("{alice}", hashed("{alice}"), Source.BRACKETED),
        row("{{7*7}}", hashed("{{7*7}}"), Source.BRACKETED),
        row("{{}}", hashed("{{}}"), Source.BRACKETED),
        row("${jndi:ldap://x/y}", hashed("${jndi:ldap://x/y}"), Source.BRACKETED),
        row("${}", hashed("${}"), Source.BRACKETED),
        row("$(rm -rf *)", hashed("$(rm -rf *)"), Source.BRACKETED),
        row("%x%", hashed("%x%"), Source.BRACKETED),
        row("%ADMIN%", hashed("%ADMIN%"), Source.BRACKETED),
        row("%%%", hashed("%%%"), Source.BRACKETED),
        row("alice{auth.", hashed("alice{auth."), Source.BRACKETED),
        row("{auth.alice}", hashed("{auth.alice}"), Source.BRACKETED),
        row("{", "{", Source.HEADER),
        row("%", "%", Source.HEADER),
        row("%%", "%%", Source.HEADER),
        row("100%", "100%", Source.HEADER),
        row("$USER", "$USER", Source.HEADER),
        row("a{b}", "a{b}", Source.HEADER),
        // Too long, or nothing that can be shown: the same.
        row("x".repeat(257), hashed("x".repeat(257)), Source.TOO_LONG),
        row("x" + "é".repeat(128), hashed("x" + "é".repeat(128)), Source.TOO_LONG),
        row("xx" + "€".repeat(85), hashed("xx" + "€".repeat(85)), Source.TOO_LONG),
        row("x" + "🌍".repeat(64), hashed("x" + "🌍".repeat(64)), Source.TOO_LONG),
        row("x".repeat(1_000_000), hashed("x".repeat(1_000_000)), Source.TOO_LONG),
        row("x".repeat(999_999) + "y", hashed("x".repeat(999_999) + "y"), Source.TOO_LONG),
        row("a\tb", hashed("a\tb"), Source.CONTROL_CHARACTER),
        row("a\r\nx-admin: 1", hashed("a\r\nx-admin: 1"), Source.CONTROL_CHARACTER),
        row("a\u0000", hashed("a\u0000"), Source.CONTROL_CHARACTER),
        row("\n", hashed("\n"), Source.CONTROL_CHARACTER),
        row("a\u007F", hashed("a\u007F"), Source.CONTROL_CHARACTER),
        row("a\u0085", hashed("a\u0085"), Source.CONTROL_CHARACTER),
        row("a\uFFFD", hashed("a\uFFFD"), Source.INVALID_UTF8),
        row("a\uD83C", hashed("a?"), Source.INVALID_UTF8),
        row("\uD83Cx", hashed("?x"), Source.INVALID_UTF8),
        row("\uDF0D\uD83C", hashed("??"), Source.INVALID_UTF8),
        // A hash is nobody's name, so that nobody adds to the bill of another one.
        row(hashed("{x}"), hashed(hashed("{x}")), Source.RESERVED),
        row("hmac:" + "1a".repeat(16), hashed("hmac:" + "1a".repeat(16)), Source.RESERVED),
        row("hmac:" + "a".repeat(31), "hmac:" + "a".repeat(31), Source.HEADER),
        row("sha256:" + "a".repeat(31), "sha256:" + "a".repeat(31), Source.HEADER),
        row("sha256:" + "A".repeat(32), "sha256:" + "A".repeat(32), Source.HEADER),
        row("SHA256:" + "a".repeat(32), "SHA256:" + "a".repeat(32), Source.HEADER));
  }

  private static Arguments row(@Nullable String value, @Nullable String expected, Source source) {
    return Arguments.of(value, expected, source);
  }

  /** As {@code printf %s NAME | sha256sum | cut -c-32} has it. */
  private static String hashed(String name) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(UTF_8));
      return "sha256:" + HexFormat.of().formatHex(digest).substring(0, 32);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @MethodSource("values")
  void nameIsBilledAsItIsOrUnderItsHashAndNothingElseIsNobody(
      @Nullable String value, @Nullable String expected, Source source) {
    Identity asUser = reader("missing").read(name -> name.equals(USER) ? value : "gold");
    assertThat(asUser)
        .isEqualTo(
            Identity.of(expected == null ? "nobody" : expected, "gold")
                .withSources(source, Source.HEADER));
    Identity asTier = reader("missing").read(name -> name.equals(TIER) ? value : "alice");
    assertThat(asTier)
        .isEqualTo(
            Identity.of("alice", expected == null ? "bronze" : expected)
                .withSources(Source.HEADER, source));
    assertThat(source.isFallback()).isEqualTo(expected == null);
    assertThat(source.isHash()).isEqualTo(source != Source.HEADER && expected != null);
  }

  /** No two names are billed as one, but where what differs is lost already. */
  @Test
  void differentNamesAreBilledApart() {
    Map<String, String> names = new HashMap<>();
    for (Arguments row : values()) {
      String value = (String) row.get()[0];
      Source source = requireNonNull((Source) row.get()[2]);
      if (value == null || source.isFallback() || source == Source.INVALID_UTF8) {
        continue;
      }
      String billed = reader("missing").read(name -> value).user();
      String before = names.put(billed, Texts.trimmed(value));
      assertThat(before).isIn(null, Texts.trimmed(value));
    }
    assertThat(names).hasSizeGreaterThan(80);
  }

  @Test
  void aUserWhoIsCalledLikeNobodyIsNotBilledAsNobody() {
    Identity identity = reader("missing").read(name -> name.equals(USER) ? "nobody" : "bronze");

    assertThat(identity)
        .isEqualTo(
            Identity.of(hashed("nobody"), "bronze").withSources(Source.RESERVED, Source.HEADER));
  }

  @Test
  void severalLinesAreAmbiguousUnlessTheLastIsSaidToWin() {
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
        .isEqualTo(Identity.of("nobody", "last").withSources(Source.AMBIGUOUS, Source.HEADER));
    assertThat(reader("last").read(twice)).isEqualTo(Identity.of("last", "last"));
  }

  @Test
  void eachReasonIsWarnedOfOncePerHeaderAndNeverWithTheValue() {
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
            .authentication(),
        token -> {
          throw new AssertionError("there are no tokens here");
        });
  }
}
