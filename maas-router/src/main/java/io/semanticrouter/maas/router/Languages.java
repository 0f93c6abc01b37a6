// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which language a text is probably in: the script tells most of them, the most frequent words tell
 * those of the Latin and the Cyrillic script. A hint and no more: a text of a few words may have
 * none, and code among prose counts as prose.
 */
final class Languages {
  /** The scripts that are told apart. */
  enum Script {
    LATIN(0, null),
    CYRILLIC(1, "ru"),
    GREEK(2, "el"),
    ARABIC(3, "ar"),
    HEBREW(4, "he"),
    DEVANAGARI(5, "hi"),
    THAI(6, "th"),
    HANGUL(7, "ko"),
    KANA(8, "ja"),
    HAN(9, "zh"),
    OTHER(10, null);

    /** Its place in an array of counts. */
    final int index;

    /** The language of a text in which no frequent word of another one occurs; null: unknown. */
    final @Nullable String language;

    Script(int index, @Nullable String language) {
      this.index = index;
      this.language = language;
    }
  }

  static final List<Script> SCRIPTS = List.of(Script.values());

  /** The frequent words of each language that has them, in a fixed order. */
  static final Map<String, List<String>> FREQUENT_WORDS = frequentWords();

  static final List<String> WITH_FREQUENT_WORDS = List.copyOf(FREQUENT_WORDS.keySet());

  /** All languages that can be told, ISO 639-1. */
  static final Set<String> ALL = all();

  private Languages() {}

  private static Map<String, List<String>> frequentWords() {
    Map<String, List<String>> words = new LinkedHashMap<>();
    for (Domains.Line line : Domains.lines("languages.txt")) {
      words.put(line.key(), line.phrases());
    }
    return words;
  }

  private static Set<String> all() {
    Set<String> all = new TreeSet<>(FREQUENT_WORDS.keySet());
    for (Script script : Script.values()) {
      if (script.language != null) {
        all.add(script.language);
      }
    }
    return all;
  }

  /** The script of a letter. */
  static Script scriptOf(char c) {
    if (c < 0x0250 || (c >= 0x1E00 && c < 0x1F00)) {
      return Script.LATIN;
    }
    if (c < 0x0E80) {
      return scriptBelowLao(c);
    }
    if ((c >= 0x1100 && c < 0x1200) || (c >= 0xAC00 && c < 0xD7B0)) {
      return Script.HANGUL;
    }
    if ((c >= 0x3040 && c < 0x3100) || (c >= 0xFF66 && c < 0xFFA0)) {
      return Script.KANA;
    }
    boolean han =
        (c >= 0x2E80 && c < 0x3040)
            || (c >= 0x3400 && c < 0xA000)
            || (c >= 0xF900 && c < 0xFB00)
            || Character.isHighSurrogate(c);
    return han ? Script.HAN : Script.OTHER;
  }

  private static Script scriptBelowLao(char c) {
    if (c < 0x0370) {
      return Script.OTHER;
    }
    if (c < 0x0400) {
      return Script.GREEK;
    }
    if (c < 0x0530) {
      return Script.CYRILLIC;
    }
    if (c >= 0x0590 && c < 0x0700) {
      return c < 0x0600 ? Script.HEBREW : Script.ARABIC;
    }
    if (c >= 0x0900 && c < 0x0980) {
      return Script.DEVANAGARI;
    }
    return c >= 0x0E00 ? Script.THAI : Script.OTHER;
  }

  /**
   * The language, or null when nothing tells it.
   *
   * @param letters how many words, or characters that stand as words, there are of each script
   * @param words how many different frequent words there are of each language that has them, from
   *     {@code from} on
   */
  static @Nullable String of(int[] letters, int[] words, int from) {
    Script most = Script.OTHER;
    for (Script script : SCRIPTS) {
      if (letters[script.index] > letters[most.index]) {
        most = script;
      }
    }
    // Japanese has Han between its Kana, Chinese has no Kana.
    if (most == Script.HAN && letters[Script.KANA.index] * 10L >= letters[most.index]) {
      return Script.KANA.language;
    }
    if (most != Script.LATIN && most != Script.CYRILLIC) {
      return most.language;
    }
    String best = most.language;
    int bestWords = 0;
    boolean tie = false;
    for (int i = 0; i < WITH_FREQUENT_WORDS.size(); i++) {
      int found = words[from + i];
      if (found > bestWords) {
        best = WITH_FREQUENT_WORDS.get(i);
        bestWords = found;
        tie = false;
      } else if (found == bestWords) {
        tie = true;
      }
    }
    return tie ? most.language : best;
  }
}
