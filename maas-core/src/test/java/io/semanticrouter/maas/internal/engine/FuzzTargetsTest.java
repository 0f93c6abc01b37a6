// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.semanticrouter.maas.config.Authentication;
import io.semanticrouter.maas.config.IdentitySource;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.spi.TokenVerifier;
import io.semanticrouter.maas.spi.VerifiedToken;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What has to hold of the identity of a request with any headers at all. In a build this reads the
 * inputs that are kept beside it; {@code tools/fuzz identity} looks for new ones.
 */
class FuzzTargetsTest {
  private static final String SECRET = "0123456789abcdef";
  private static final String NOTE = "!";
  private static final Map<String, String> ATTRIBUTES = Map.of("cost_center", "x-cost");

  private static final Map<String, ?> PROVEN =
      Map.of("proof_header", "x-proof", "secrets", List.of(SECRET));
  private static final Map<String, ?> NOTED =
      Map.of(
          "by",
          "metadata",
          "namespace",
          "auth",
          "user",
          "id",
          "tier",
          "plan",
          "attributes",
          Map.of("groups", "groups"));
  private static final Map<String, ?> SIGNED =
      Map.of(
          "by",
          "jwt",
          "jwks",
          "keys.json",
          "issuer",
          "https://idp",
          "user",
          "sub",
          "attributes",
          Map.of("cost_center", "cost"));

  /** A token whose second part is what it says about {@code sub}. */
  private static final TokenVerifier SECOND_PART =
      token ->
          token.startsWith("a")
              ? VerifiedToken.of(
                  Map.of("sub", token.split("\\.", -1)[1], "cost", List.of("4", "7")))
              : VerifiedToken.refused(Untrusted.WRONG_SIGNATURE);

  private static final List<Authentication> CONFIGS =
      List.of(
          config(Map.of()),
          config(Map.of("multiple_values", "last", "attributes", ATTRIBUTES)),
          config(Map.of("preset", "maas", "tiers", List.of("gold", "free"))),
          config(Map.of("trust", List.of(PROVEN), "unusable", "refuse")),
          config(Map.of("trust", List.of(NOTED), "tiers", List.of("gold", "silver", "free"))),
          config(Map.of("trust", List.of(SIGNED, PROVEN), "untrusted", "refuse")),
          config(Map.of("preset", "kuadrant")));

  private static Authentication config(Map<String, ?> authentication) {
    return MaasConfig.from(Map.of("maas_integration", Map.of("authentication", authentication)))
        .authentication();
  }

  @FuzzTest(maxDuration = "24h")
  @DictionaryEntries({
    "x-auth-request-user: ",
    "x-auth-request-tier: ",
    "x-maas-username: ",
    "x-maas-subscription: ",
    "x-proof: ",
    "x-cost: ",
    "authorization: Bearer a.",
    "!auth id ",
    "!auth plan ",
    "!auth groups ",
    "! filter_state['wasm.kuadrant.auth.identity.userid'] ",
    "unknown",
    "sha256:0123456789abcdef0123456789abcdef",
    "{auth.identity.sub}",
    "%REQ(x)%",
    "$(user)",
    "<nil>",
    "null",
    "\u0085",
    "\uFFFD"
  })
  void identity(byte[] data) {
    if (data.length == 0) {
      return;
    }
    Authentication config = CONFIGS.get((data[0] & 0xFF) % CONFIGS.size());
    String text = new String(data, 1, data.length - 1, StandardCharsets.UTF_8);
    Headers notes = headers(text, false);
    Headers request = headers(text, true);

    IdentityReader reader = new IdentityReader(config, issuer -> SECOND_PART);
    Identity identity = reader.read(request);

    assertThat(reader.read(request)).isEqualTo(identity);
    assertShown(identity.user(), identity.userSource(), config.fallbackUser(), text);
    assertShown(identity.tier(), identity.tierSource(), config.fallbackTier(), text);
    assertThat(identity.userSource().isFallback())
        .isEqualTo(identity.user().equals(config.fallbackUser()));
    assertThat(
            config.tiers().isEmpty()
                || config.tiers().contains(identity.tier())
                || identity.tierSource().isHash())
        .isTrue();
    identity
        .attributes()
        .forEach((name, value) -> assertThat(Texts.check(value)).isEqualTo(Source.HEADER));
    boolean untrusted = identity.untrusted() != null;
    assertThat(identity.userSource() == Source.UNTRUSTED).isEqualTo(untrusted);
    if (untrusted && config.untrusted() == Authentication.Untrusted.REFUSE) {
      assertThat(reader.refuses(identity)).isTrue();
    }
    List<IdentitySource> trust = config.trust();
    if (trust.stream().allMatch(FuzzTargetsTest::isNoted)) {
      assertThat(reader.read(notes)).as("whatever a client says").isEqualTo(identity);
    }
    if (trust.stream().allMatch(source -> source.proofHeader() != null)) {
      assertThat(untrusted || text.contains(SECRET)).as("proven").isTrue();
    }
  }

  private static boolean isNoted(IdentitySource source) {
    return source.by() == IdentitySource.By.METADATA || source.by() == IdentitySource.By.ATTRIBUTES;
  }

  private static void assertShown(String value, Source source, String fallback, String text) {
    assertThat(Texts.check(value)).isEqualTo(Source.HEADER);
    if (source.isFallback()) {
      assertThat(value).isEqualTo(fallback);
    } else if (source.isHash()) {
      assertThat(value).matches("sha256:[0-9a-f]{32}");
    } else {
      assertThat(text).contains(value);
      assertThat(value).doesNotStartWith(" ").doesNotEndWith(" ");
    }
  }

  /** Lines of {@code name: value}, and what the gateway notes: {@code !namespace key value}. */
  private static Headers headers(String text, boolean withLines) {
    List<Map.Entry<String, String>> lines = new ArrayList<>();
    List<String[]> notes = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      int colon = line.indexOf(':');
      if (line.startsWith(NOTE)) {
        String[] parts = line.substring(1).split(" ", 3);
        if (parts.length == 3) {
          notes.add(parts);
        }
      } else if (colon > 0 && withLines) {
        lines.add(Map.entry(line.substring(0, colon), line.substring(colon + 1)));
      }
    }
    return Headers.of(lines)
        .withNotes(
            (namespace, key) ->
                notes.stream()
                    .filter(note -> note[0].equals(namespace) && note[1].equals(key))
                    .map(note -> note[2])
                    .toList());
  }
}
