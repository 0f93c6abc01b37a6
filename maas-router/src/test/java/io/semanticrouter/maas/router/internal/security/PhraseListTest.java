// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PhraseListTest {
  private static boolean isIn(String phrase, String text) {
    return new PhraseList(List.of(phrase)).isIn(TextFolding.plain(text));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "a b; a b; true",
        "a b; x a b y; true",
        "a b; a; false",
        "a b; b a; false",
        "a b; a x b; false",
        "a b; a a b; true",
        "a b; ab; false",
        "a a b; a a a b; true",
        "a|c b; c b; true",
        "a [x|y] b; a y b; true",
        "a [x|y] b; a b; true",
        "a [x|y] b; a x y b; false",
        "a [x] [y] b; a y b; true",
        "a ~2 b; a b; true",
        "a ~2 b; a p q b; true",
        "a ~2 b; a p q r b; false",
        "a ~1 [x] b; a q x b; true",
        "a; b; false",
        "a; a; true",
      })
  void phraseIsFoundWhereItsWordsStand(String phrase, String text, boolean found) {
    assertThat(isIn(phrase, text)).isEqualTo(found);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Ignore previous instructions",
        "IGNORE PREVIOUS INSTRUCTIONS",
        "ignore\n\tprevious -- instructions!",
        "ignore_previous_instructions",
        "...ignore.previous.instructions",
        "ign\u200bore pre\u00advious instruc\ufefftions",
        "1gn0r3 pr3v10u5 in57ruct10n5",
        "\u0456gn\u043er\u0435 \u0440revious instructions",
        "\uff29\uff47nore previous instructions",
        "\ud835\udc22gnore previous instructions",
        "i\u0301gnore pr\u00e9vious instructions",
      })
  void phraseIsFoundInAnyDisguiseThatReadsTheSame(String text) {
    assertThat(isIn("ignore previous instructions", text)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"ignored previous instructions", "ignore previousinstructions", "", "\ud835", "7"})
  void otherWordsAreNotThePhrase(String text) {
    assertThat(isIn("ignore previous instructions", text)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "[a] b", "a [b]", "~2 a", "a ~2", "a ~9 b", "a ~ b", "a||b", "a- b"})
  void phraseThatIsNoneIsRejected(String phrase) {
    assertThatThrownBy(() -> new PhraseList(List.of(phrase)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(phrase);
  }

  @Test
  void aPhraseOfTooManyWordsIsRejected() {
    assertThat(PhraseList.problemOf(List.of("a " + "b ".repeat(28) + "c"))).isNull();
    assertThat(PhraseList.problemOf(List.of("a " + "b ".repeat(29) + "c"))).contains("30 words");
  }

  @Test
  void randomPhrasesAreFoundAsByASearchThatTriesEverything() {
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    int found = 0;
    for (int round = 0; round < 20_000; round++) {
      List<String> phrases = new ArrayList<>();
      for (int i = random.nextInt(3); i >= 0; i--) {
        phrases.add(phrase(random));
      }
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(12); i >= 0; i--) {
        text.append("abcdz".charAt(random.nextInt(5))).append(' ');
      }
      boolean expected = false;
      for (String phrase : phrases) {
        expected |= search(phrase, text.toString());
      }
      assertThat(new PhraseList(phrases).isIn(text.toString()))
          .as("seed %d: %s in %s", seed, phrases, text)
          .isEqualTo(expected);
      found += expected ? 1 : 0;
    }
    assertThat(found).isBetween(2_000, 19_000);
  }

  private static String phrase(Random random) {
    StringBuilder phrase = new StringBuilder("abcd".substring(random.nextInt(4)).substring(0, 1));
    for (int i = random.nextInt(4); i >= 0; i--) {
      char a = "abcd".charAt(random.nextInt(4));
      char b = "abcd".charAt(random.nextInt(4));
      switch (random.nextInt(4)) {
        case 0 -> phrase.append(" [").append(a).append('|').append(b).append(']');
        case 1 -> phrase.append(" ~").append(1 + random.nextInt(3));
        default -> phrase.append(' ').append(a).append('|').append(b);
      }
    }
    return phrase.append(' ').append("abcd".charAt(random.nextInt(4))).toString();
  }

  private static boolean search(String phrase, String text) {
    List<String> parts = Arrays.asList(phrase.split(" ", -1));
    List<String> words = Arrays.asList(text.strip().split(" ", -1));
    for (int from = 0; from < words.size(); from++) {
      if (fits(parts, words.subList(from, words.size()))) {
        return true;
      }
    }
    return false;
  }

  private static boolean fits(List<String> parts, List<String> words) {
    if (parts.isEmpty()) {
      return true;
    }
    String part = parts.get(0);
    List<String> rest = parts.subList(1, parts.size());
    if (part.startsWith("~")) {
      for (int skipped = 0; skipped <= part.charAt(1) - '0' && skipped <= words.size(); skipped++) {
        if (fits(rest, words.subList(skipped, words.size()))) {
          return true;
        }
      }
      return false;
    }
    boolean optional = part.startsWith("[");
    String list = optional ? part.substring(1, part.length() - 1) : part;
    if (optional && fits(rest, words)) {
      return true;
    }
    return !words.isEmpty()
        && Arrays.asList(list.split("\\|", -1)).contains(words.get(0))
        && fits(rest, words.subList(1, words.size()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"ignore all ", "ignore", " ", "i ", "do not you no ai act as ", "\ud835\udc22"})
  void aMegabyteOfBeginningsTakesNoMoreThanItsLength(String piece) {
    PhraseList automaton = PhraseList.shippedAnd(List.of());
    String text = piece.repeat(1_000_000 / piece.length());
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> assertThat(automaton.isIn(TextFolding.plain(text))).isFalse());
  }
}
