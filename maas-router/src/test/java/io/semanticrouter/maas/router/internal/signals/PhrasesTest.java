// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PhrasesTest {
  private static List<String> found(List<String> phrases, String text) {
    Phrases<String> tree = new Phrases<>();
    phrases.forEach(phrase -> tree.add(List.of(phrase.split(" ", -1)), phrase));
    List<String> found = new ArrayList<>();
    Phrases.Reader<String> reader = new Phrases.Reader<>(tree, found::add);
    for (String token : text.split(" ", -1)) {
      reader.token(token);
    }
    return found;
  }

  @Test
  void phrasesThatOverlapOrContainEachOtherAreAllFound() {
    List<String> phrases = List.of("a b", "b", "b c", "a b c d", "c");
    assertThat(found(phrases, "x a b c b")).containsExactly("a b", "b", "b c", "c", "b");
    assertThat(found(phrases, "a b c d")).containsExactly("a b", "b", "b c", "c", "a b c d");
  }

  @Test
  void brokenPhraseIsNotFound() {
    assertThat(found(List.of("a b c"), "a b x c a b")).isEmpty();
    assertThat(found(List.of("a a b"), "a a a b")).containsExactly("a a b");
  }

  @Test
  void phraseWithoutTokensIsNowhere() {
    Phrases<String> tree = new Phrases<>();
    tree.add(List.of(), "nothing");
    assertThat(tree.isEmpty()).isTrue();
  }

  @Test
  void randomPhrasesAreFoundAsBySearchingForEach() {
    long seed = Long.getLong("maas.seed", new Random().nextLong());
    System.out.println("PhrasesTest seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 5_000; round++) {
      List<String> phrases = new ArrayList<>();
      for (int i = random.nextInt(5); i >= 0; i--) {
        phrases.add(words(random, 1 + random.nextInt(4)));
      }
      String text = words(random, 1 + random.nextInt(20));
      List<String> found = found(phrases, text);
      for (String phrase : phrases) {
        assertThat(found.contains(phrase))
            .as("seed %d: %s in %s", seed, phrase, text)
            .isEqualTo((" " + text + " ").contains(" " + phrase + " "));
      }
    }
  }

  private static String words(Random random, int count) {
    StringBuilder words = new StringBuilder();
    for (int i = 0; i < count; i++) {
      words.append(i == 0 ? "" : " ").append("abc".charAt(random.nextInt(3)));
    }
    return words.toString();
  }
}
