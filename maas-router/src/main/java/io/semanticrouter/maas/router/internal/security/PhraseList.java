// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds any of a list of phrases in a text. A phrase is a row of words between spaces:
 *
 * <ul>
 *   <li>{@code ignore|forget} one of several words;
 *   <li>{@code [all|any]} a word that may be left out;
 *   <li>{@code ~3} up to three words, whatever they are.
 * </ul>
 *
 * <p>Words are compared as {@link TextFolding#folded} folds them; whatever is neither letter nor
 * digit separates them. Digits within a word also stand for the letters that they look like.
 *
 * <p>At each word of the text, the phrases that begin with it are laid on what follows. What may be
 * left out does not multiply: a bit for each number of words stands for all ways to come that far.
 * So a phrase takes at most {@value #MAX_WORDS} times {@value #MAX_WORDS} steps at a word.
 * Immutable and thread-safe.
 */
final class PhraseList {
  private static final String SHIPPED = "jailbreak-phrases.txt";
  private static final int MAX_WORDS = 30;
  private static final int MAX_GAP = 5;

  /** 0 to 9 as letters, where they look like one. */
  private static final String LETTERS_OF_DIGITS = "oi2eas6t89";

  /** What stands at one place of a phrase; no words mean any word. */
  private record Place(Set<String> words, boolean optional) {
    boolean fits(String word) {
      return words.isEmpty() || words.contains(word);
    }
  }

  private final Map<String, List<List<Place>>> byFirstWord = new HashMap<>();
  private final Set<String> vocabulary = new HashSet<>();
  private final int longestWord;

  /**
   * A list of phrases.
   *
   * @throws IllegalArgumentException when a phrase is none
   */
  PhraseList(List<String> phrases) {
    for (String phrase : phrases) {
      List<Place> places = places(phrase);
      for (String word : places.get(0).words()) {
        byFirstWord.computeIfAbsent(word, w -> new ArrayList<>()).add(places);
      }
      places.forEach(place -> vocabulary.addAll(place.words()));
    }
    longestWord = vocabulary.stream().mapToInt(String::length).max().orElse(0);
  }

  /** The phrases that come with the router, and further ones. */
  static PhraseList shippedAnd(List<String> phrases) {
    List<String> all = new ArrayList<>(shipped());
    all.addAll(phrases);
    return new PhraseList(all);
  }

  /** What is wrong with further phrases; null when nothing is. */
  static @Nullable String problemOf(List<String> phrases) {
    try {
      new PhraseList(phrases);
      return null;
    } catch (IllegalArgumentException e) {
      return e.getMessage();
    }
  }

  private static List<String> shipped() {
    InputStream resource = PhraseList.class.getResourceAsStream(SHIPPED);
    if (resource == null) {
      throw new IllegalStateException(SHIPPED + " is missing in the jar");
    }
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(resource, StandardCharsets.UTF_8))) {
      return reader.lines().filter(line -> !line.isBlank() && line.charAt(0) != '#').toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Place> places(String phrase) {
    List<Place> places = new ArrayList<>();
    for (String part : phrase.strip().split("\\s+", -1)) {
      if (part.startsWith("~")) {
        addGap(places, part, phrase);
      } else {
        boolean optional = part.startsWith("[") && part.endsWith("]");
        String list = optional ? part.substring(1, part.length() - 1) : part;
        Set<String> words = new HashSet<>();
        for (String word : list.split("\\|", -1)) {
          words.add(word(word, phrase));
        }
        places.add(new Place(Set.copyOf(words), optional));
      }
    }
    boolean anchored = !places.get(0).optional() && !places.get(places.size() - 1).optional();
    if (!anchored || places.size() > MAX_WORDS) {
      throw new IllegalArgumentException(
          "each must begin and end with a word, and have at most "
              + MAX_WORDS
              + " words: \""
              + phrase
              + "\"");
    }
    return List.copyOf(places);
  }

  private static void addGap(List<Place> places, String part, String phrase) {
    char count = part.length() == 2 ? part.charAt(1) : '0';
    if (count < '1' || count > '0' + MAX_GAP) {
      throw new IllegalArgumentException(
          "a gap must be ~1 to ~" + MAX_GAP + ": \"" + phrase + "\"");
    }
    for (int i = count; i > '0'; i--) {
      places.add(new Place(Set.of(), true));
    }
  }

  private static String word(String word, String phrase) {
    String folded = TextFolding.folded(TextFolding.plain(word));
    if (!folded.chars().allMatch(Character::isLetterOrDigit)) {
      throw new IllegalArgumentException(
          "words must have only letters and digits: \"" + phrase + "\"");
    }
    if (folded.isEmpty()) {
      throw new IllegalArgumentException("a word is missing: \"" + phrase + "\"");
    }
    return folded;
  }

  /** Whether a phrase is in a {@linkplain TextFolding#plain plain} text. */
  boolean isIn(String plain) {
    List<String> words = words(TextFolding.folded(plain));
    for (int i = 0; i < words.size(); i++) {
      List<List<Place>> phrases = byFirstWord.get(words.get(i));
      for (int p = 0; phrases != null && p < phrases.size(); p++) {
        if (isAt(phrases.get(p), words, i)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isAt(List<Place> phrase, List<String> words, int from) {
    // Bit n: the places so far can be n words of the text.
    long taken = 1;
    for (int p = 0; p < phrase.size() && taken != 0; p++) {
      Place place = phrase.get(p);
      long further = place.optional() ? taken : 0;
      for (long ways = taken; ways != 0; ways &= ways - 1) {
        int count = Long.numberOfTrailingZeros(ways);
        if (from + count < words.size() && place.fits(words.get(from + count))) {
          further |= 2L << count;
        }
      }
      taken = further;
    }
    return taken != 0;
  }

  private List<String> words(String folded) {
    List<String> words = new ArrayList<>();
    int length = folded.length();
    int start = 0;
    while (start < length) {
      int end = start;
      while (end < length && Tokens.isLetterOrDigit(folded.charAt(end))) {
        end++;
      }
      if (end > start) {
        words.add(known(folded.substring(start, end)));
      }
      start = end + 1;
    }
    return words;
  }

  /** The word, or as its digits look; empty when it is in no phrase. */
  private String known(String word) {
    if (vocabulary.contains(word)) {
      return word;
    }
    if (word.length() > longestWord) {
      return "";
    }
    String letters = word;
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      if (c >= '0' && c <= '9') {
        letters = letters.replace(c, LETTERS_OF_DIGITS.charAt(c - '0'));
      }
    }
    return vocabulary.contains(letters) ? letters : "";
  }
}
