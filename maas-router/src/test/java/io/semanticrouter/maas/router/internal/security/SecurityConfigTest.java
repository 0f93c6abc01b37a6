// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.router.internal.security.SecurityConfig.Action;
import io.semanticrouter.maas.router.internal.security.SecurityConfig.Jailbreak;
import io.semanticrouter.maas.router.internal.security.SecurityConfig.Pii;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SecurityConfigTest {
  private final List<ConfigError> errors = new ArrayList<>();

  private SecurityConfig read(Map<String, ?> security) {
    return SecurityConfig.from(
        ConfigSection.root(Map.of("security", security), errors).section("security"));
  }

  private List<String> lines() {
    return errors.stream().map(ConfigError::toString).toList();
  }

  @Test
  void sectionThatIsAbsentLooksForNothing() {
    SecurityConfig config = read(Map.of());
    assertThat(errors).isEmpty();
    assertThat(config)
        .isEqualTo(
            new SecurityConfig(
                new Pii(
                    false,
                    Action.TRACK,
                    EnumSet.allOf(PiiType.class),
                    EnumSet.allOf(NationalId.class)),
                new Jailbreak(false, Action.TRACK, List.of(), List.of())));
  }

  @Test
  void everyKeyIsRead() {
    SecurityConfig config =
        read(
            Map.of(
                "pii",
                Map.of(
                    "enabled",
                    true,
                    "action",
                    "block",
                    "types",
                    List.of("iban", "payment_card"),
                    "national_ids",
                    "us_ssn"),
                "jailbreak",
                Map.of(
                    "enabled",
                    true,
                    "action",
                    "track",
                    "phrases",
                    List.of("open ~2 sesame"),
                    "patterns",
                    List.of("<\\|im_(start|end)\\|>"))));
    assertThat(errors).isEmpty();
    assertThat(config)
        .isEqualTo(
            new SecurityConfig(
                new Pii(
                    true,
                    Action.BLOCK,
                    EnumSet.of(PiiType.PAYMENT_CARD, PiiType.IBAN),
                    EnumSet.of(NationalId.US_SSN)),
                new Jailbreak(
                    true,
                    Action.TRACK,
                    List.of("open ~2 sesame"),
                    List.of("<\\|im_(start|end)\\|>"))));
  }

  @Test
  void allErrorsComeAtOnceWithWhatWasMeant() {
    read(
        Map.of(
            "pii",
            Map.of(
                "enabld",
                true,
                "action",
                "blok",
                "types",
                List.of("emial", "phone"),
                "national_ids",
                List.of("us_snn")),
            "jailbrake",
            Map.of()));
    assertThat(lines())
        .containsExactly(
            "security.pii.action = \"blok\": must be one of block, track; did you mean \"block\"?",
            "security.pii.types = \"emial\": must be some of email, iban, ip_address, national_id,"
                + " payment_card, phone; did you mean \"email\"?",
            "security.pii.national_ids = \"us_snn\": must be some of be_rijksregisternummer,"
                + " br_cpf, ch_ahv, de_steuer_id, es_dni, fr_nir, it_codice_fiscale, nl_bsn,"
                + " pl_pesel, se_personnummer, uk_nino, us_ssn; did you mean \"us_ssn\"?",
            "security.pii.enabld: unknown key; did you mean \"enabled\"?",
            "security.jailbrake: unknown key; did you mean \"jailbreak\"?");
  }

  @Test
  void nothingToLookForIsAnErrorAndNotOff() {
    read(Map.of("pii", Map.of("enabled", true, "types", List.of())));
    assertThat(lines())
        .containsExactly("security.pii.types = [...]: must have at least one element");
  }

  @Test
  void patternsThatCannotBeUsedAreNamedByTheirPlace() {
    read(
        Map.of(
            "jailbreak",
            Map.of(
                "patterns",
                List.of(
                    "fine",
                    "(open",
                    "(?=ahead)",
                    "x*",
                    "a".repeat(1001),
                    "(?:a{900}){1}",
                    "(?:a{99}){99}"))));
    assertThat(lines())
        .containsExactly(
            "security.jailbreak.patterns = [...]: must be a pattern of RE2 (missing closing )):"
                + " pattern 2",
            "security.jailbreak.patterns = [...]: must be a pattern of RE2 (invalid or unsupported"
                + " Perl syntax): pattern 3",
            "security.jailbreak.patterns = [...]: must not match an empty text: pattern 4",
            "security.jailbreak.patterns = [...]: must have at most 1000 characters: pattern 5",
            "security.jailbreak.patterns = [...]: must be a pattern of RE2 (repeats are nested too"
                + " often): pattern 7");
  }

  @Test
  void patternsThatTogetherAreTooLargeOrClashAreRejected() {
    read(
        Map.of(
            "jailbreak",
            Map.of(
                "patterns",
                List.of("(?P<n>a{990})", "(?P<n>b{990})", "c{900}d{900}", "e{900}f{900}"))));
    assertThat(lines()).hasSize(2);
    assertThat(lines().get(0))
        .startsWith("security.jailbreak.patterns = [...]: are too large:")
        .endsWith("instructions of 5000");
    assertThat(lines().get(1))
        .startsWith("security.jailbreak.patterns = [...]: must go together (duplicate");
  }

  @Test
  void phrasesThatCannotBeUsedAreRejected() {
    read(Map.of("jailbreak", Map.of("phrases", List.of("good one", "[bad] one"))));
    assertThat(lines())
        .containsExactly(
            "security.jailbreak.phrases = [...]: each must begin and end with a word, and have at"
                + " most 30 words: \"[bad] one\"");
  }
}
