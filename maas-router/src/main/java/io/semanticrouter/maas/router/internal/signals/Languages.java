// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import java.lang.Character.UnicodeScript;
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
  /** The language of scripts that one language has, or that are mostly used for it. */
  private static final Map<UnicodeScript, String> OF_SCRIPT =
      Map.of(
          UnicodeScript.CYRILLIC, "ru",
          UnicodeScript.GREEK, "el",
          UnicodeScript.ARABIC, "ar",
          UnicodeScript.HEBREW, "he",
          UnicodeScript.DEVANAGARI, "hi",
          UnicodeScript.THAI, "th",
          UnicodeScript.HANGUL, "ko",
          UnicodeScript.HIRAGANA, "ja",
          UnicodeScript.HAN, "zh");

  /** The frequent words of each language that has them, in a fixed order. */
  static final Map<String, List<String>> FREQUENT_WORDS = frequentWords();

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
    all.addAll(OF_SCRIPT.values());
    return all;
  }

  /** The script of a letter; Japanese has one, and halves of pairs are mostly Han. */
  static UnicodeScript scriptOf(char c) {
    if (c < 0x250) {
      return UnicodeScript.LATIN;
    }
    UnicodeScript script = Character.isSurrogate(c) ? UnicodeScript.HAN : UnicodeScript.of(c);
    return script == UnicodeScript.KATAKANA ? UnicodeScript.HIRAGANA : script;
  }

  /**
   * The language, or null when nothing tells it.
   *
   * @param letters how many words, or characters that stand as words, there are of each script
   * @param words how many different frequent words there are of each language that has them, from
   *     {@code from} on
   */
  static @Nullable String of(Map<UnicodeScript, Integer> letters, int[] words, int from) {
    UnicodeScript most = UnicodeScript.UNKNOWN;
    int count = 0;
    for (Map.Entry<UnicodeScript, Integer> entry : letters.entrySet()) {
      if (entry.getValue() > count) {
        most = entry.getKey();
        count = entry.getValue();
      }
    }
    // Japanese has Han between its Kana, Chinese has no Kana.
    if (most == UnicodeScript.HAN
        && letters.getOrDefault(UnicodeScript.HIRAGANA, 0) * 10L >= count) {
      return "ja";
    }
    String best = OF_SCRIPT.get(most);
    if (most != UnicodeScript.LATIN && most != UnicodeScript.CYRILLIC) {
      return best;
    }
    int bestWords = 0;
    boolean tie = false;
    int group = from;
    for (String language : FREQUENT_WORDS.keySet()) {
      int found = words[group++];
      if (found > bestWords) {
        best = language;
        bestWords = found;
        tie = false;
      } else if (found == bestWords) {
        tie = true;
      }
    }
    return tie ? OF_SCRIPT.get(most) : best;
  }
}
