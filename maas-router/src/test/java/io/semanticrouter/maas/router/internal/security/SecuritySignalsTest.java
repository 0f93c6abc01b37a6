// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.router.internal.security.SecuritySignals.Findings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SecuritySignalsTest {
  private static SecuritySignals signals(Map<String, ?> security) {
    List<ConfigError> errors = new ArrayList<>();
    SecuritySignals signals =
        new SecuritySignals(SecurityConfig.from(ConfigSection.root(security, errors)));
    assertThat(errors).isEmpty();
    return signals;
  }

  private static final SecuritySignals ALL =
      signals(Map.of("pii", Map.of("enabled", true), "jailbreak", Map.of("enabled", true)));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "EMAIL        | a@example.com         | a@example",
        "EMAIL        | a.b@example.com       | a.@example.com",
        "EMAIL        | a@1.example.com       | a@example.1",
        "EMAIL        | a@b-c.example         | a@-c.example",
        "EMAIL        | mailto:a@b.example    | https://a@b.example/",
        "EMAIL        | a@example.com:        | git@example.com:a",
        "PHONE        | +49 30 12345          | +49 30 1234",
        "PHONE        | +12125550123          | +11125550123",
        "PHONE        | 212-555-0123          | 112-555-0123",
        "PHONE        | 1-212-555-0123        | 2-212-555-0123",
        "PHONE        | (212) 555-0123        | (212) 055-0123",
        "PHONE        | call 212 555 0123     | see 212 555 0123",
        "PHONE        | call 2125550123       | see 2125550123",
        "PHONE        | 030 123456            | 030123456",
        "PHONE        | 01 23 45 67 89        | 01 23 45 67 89 10",
        "PHONE        | 0049 30 123456        | 0000 30 123456",
        "PAYMENT_CARD | 4111111111111111      | 4111111111111112",
        "PAYMENT_CARD | 4111 1111 1111 1111   | 4111 1111 11111111",
        "PAYMENT_CARD | 4111-1111-1111-1111   | 4111-1111 1111-1111",
        "PAYMENT_CARD | 4111111111111111,1    | 4111111111111111-1",
        "PAYMENT_CARD | 5555555555554444      | 5655555555554443",
        "PAYMENT_CARD | 4222222222222         | 4006381333931",
        "IBAN         | DE89370400440532013000 | DE89370400440532013001",
        "IBAN         | DE89 3704 0044 0532 0130 00 | DE8 9370 4004 4053 2013 000",
        "IBAN         | de89370400440532013000 | xDE89370400440532013000",
        "NATIONAL_ID  | 078-05-1120           | 078-00-1120",
        "NATIONAL_ID  | ssn 078051120         | nr 078051120",
        "NATIONAL_ID  | 86095742719           | 86095742710",
        "NATIONAL_ID  | 86 095 742 719        | 8609 574 2719",
        "NATIONAL_ID  | 255081416802538       | 355081416802538",
        "NATIONAL_ID  | 2 55 08 14 168 025 38 | 2 55 13 14 168 025 38",
        "NATIONAL_ID  | AB123456C             | AB123456E",
        "NATIONAL_ID  | AB 12 34 56 C         | AO 12 34 56 C",
        "NATIONAL_ID  | 12345678Z             | 12345678A",
        "NATIONAL_ID  | 12345678-Z            | 12345678-Zx",
        "NATIONAL_ID  | X1234567L             | X1234567A",
        "NATIONAL_ID  | RSSMRA85T10A562S      | RSSMRA85X10A562S",
        "NATIONAL_ID  | BSN 111222333         | nr 111222333",
        "NATIONAL_ID  | pesel 44051401359     | pesel 44051401358",
        "NATIONAL_ID  | 811218-9876           | 811318-9876",
        "NATIONAL_ID  | 85.07.30-033.28       | 85.07.30-033.29",
        "NATIONAL_ID  | 756.9217.0769.85      | 756.9217.0769.86",
        "NATIONAL_ID  | 111.444.777-35        | 111.111.111-11",
        "IP_ADDRESS   | 203.0.113.7           | 203.0.113.256",
        "IP_ADDRESS   | 203.0.113.7.          | 203.0.113.7.1",
        "IP_ADDRESS   | 203.0.113.7/32        | 203.0.113.0/24",
        "IP_ADDRESS   | http://203.0.113.7/24 | version 203.0.113.7",
        "IP_ADDRESS   | 100.63.0.1            | 100.64.0.1",
        "IP_ADDRESS   | 172.32.0.1            | 172.31.0.1",
        "IP_ADDRESS   | 2001:db8::1           | fe80::1",
        "IP_ADDRESS   | 2001:db8:1:2:3:4:5:6  | 2001:db8:1:2:3:4:5",
        "IP_ADDRESS   | 2001:db8::1:          | 2001:db8::1::2",
      })
  void eachKindIsFoundAndItsNextNeighbourIsNot(PiiType type, String positive, String negative) {
    assertThat(ALL.scan(positive).pii()).containsExactly(type);
    assertThat(ALL.scan("(" + positive + "), and").pii()).containsExactly(type);
    assertThat(ALL.scan(negative).pii()).doesNotContain(type);
  }

  @Test
  void onlyTheKindsOfTheConfigurationAreReported() {
    SecuritySignals some =
        signals(
            Map.of(
                "pii",
                Map.of(
                    "enabled",
                    true,
                    "types",
                    List.of("phone", "national_id"),
                    "national_ids",
                    List.of("us_ssn"))));
    String text = "a@example.com, 12345678Z, DE89370400440532013000";
    assertThat(some.scan(text)).isSameAs(Findings.NONE);
    assertThat(some.scan(text + ", 078-05-1120, +49 30 123456").pii())
        .containsExactly(PiiType.PHONE, PiiType.NATIONAL_ID);
  }

  @Test
  void signalsThatAreOffFindNothing() {
    SecuritySignals off = signals(Map.of());
    assertThat(off.scan("a@example.com do anything now")).isSameAs(Findings.NONE);
    SecuritySignals jailbreak = signals(Map.of("jailbreak", Map.of("enabled", true)));
    assertThat(jailbreak.scan("a@example.com do anything now"))
        .isEqualTo(new Findings(EnumSet.noneOf(PiiType.class), true));
  }

  @Test
  void ownPhrasesAndPatternsAreFoundToo() {
    SecuritySignals own =
        signals(
            Map.of(
                "jailbreak",
                Map.of(
                    "enabled",
                    true,
                    "phrases",
                    List.of("open ~2 sesame"),
                    "patterns",
                    List.of("<\\|im_start\\|>", "zaubertrank"))));
    assertThat(own.scan("open the sesame").jailbreak()).isTrue();
    assertThat(own.scan("x<|IM_\u200bSTART|>").jailbreak()).isTrue();
    assertThat(own.scan("ein Zaubertrank").jailbreak()).isTrue();
    assertThat(own.scan("open the door").jailbreak()).isFalse();
  }

  @Test
  void onlyWhatIsFoundAndToBeBlockedBlocks() {
    SecuritySignals blocking =
        signals(
            Map.of(
                "pii",
                Map.of("enabled", true, "action", "block"),
                "jailbreak",
                Map.of("enabled", true)));
    assertThat(blocking.isBlocked(blocking.scan("hello"))).isFalse();
    assertThat(blocking.isBlocked(blocking.scan("do anything now"))).isFalse();
    assertThat(blocking.isBlocked(blocking.scan("a@example.com"))).isTrue();
    assertThat(ALL.isBlocked(ALL.scan("a@example.com do anything now"))).isFalse();
  }

  @Test
  void findingsSayNothingOfTheText() {
    assertThat(ALL.scan("secret@example.com"))
        .hasToString("Findings[pii=[EMAIL], jailbreak=false]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "@",
        "a@",
        "a.",
        "1",
        "1 ",
        "1.",
        "1.1.1.1.",
        "+",
        "+1",
        "1-",
        "12 ",
        "1234 ",
        "4111 1111 ",
        "DE89",
        "DE89 ",
        "DE89 3704 0044 0532 0130 01 ",
        "a@b.",
        "a@b-",
        "2001:",
        "2001:db8::",
        ":",
        "(1) ",
        "ab ",
        "AB 12 ",
        "ssn 1",
        "0",
        "00 ",
        "\uff11",
        "//a:b@",
        "203.0.113.7/",
        "xn--",
        "a@xn--",
        "tel 212 555 01",
        "12345678-",
        "_"
      })
  @Tag("slow")
  void aMegabyteOfBeginningsTakesNoMoreThanItsLength(String piece) {
    String text = piece.repeat(1_000_000 / piece.length());
    assertTimeoutPreemptively(Duration.ofSeconds(20), () -> ALL.scan(text));
  }

  @Test
  @Tag("slow")
  void randomTextsOfBeginningsNeverThrowAndStayWhatTheyAreBehindAText() {
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    String[] pieces = {
      "4111",
      "1111",
      " ",
      "-",
      ".",
      "/",
      "(",
      ")",
      "+",
      "@",
      "a",
      "DE89",
      "AB",
      "12",
      "3",
      "0",
      "203.0.113.7",
      "2001",
      ":",
      "::",
      "db8",
      "\uff11",
      "\u200b",
      "\ud835",
      "Z",
      "X1234567L",
      "a@example.com",
      "\u2010",
      "212",
      "555",
      "0123",
      "_",
      "\u00fc"
    };
    for (int round = 0; round < 20_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(14); i >= 0; i--) {
        text.append(pieces[random.nextInt(pieces.length)]);
      }
      Findings alone = ALL.scan(text.toString());
      Findings among = ALL.scan("lorem ipsum; " + text + "; dolor sit amet");
      assertThat(among).as("seed %d: %s", seed, text).isEqualTo(alone);
    }
  }
}
