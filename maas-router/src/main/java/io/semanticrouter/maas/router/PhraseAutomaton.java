// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds any of a list of phrases in a text, in one pass that looks at each character once, whatever
 * the text is: all phrases are followed at the same time, as sets of the places that the text has
 * come to. A phrase is a row of words between spaces:
 *
 * <ul>
 *   <li>{@code ignore|forget} one of several words;
 *   <li>{@code [all|any]} a word that may be left out;
 *   <li>{@code ~3} up to three words, whatever they are.
 * </ul>
 *
 * <p>Words are compared as {@link TextFolding#word} folds them; whatever is neither letter nor
 * digit separates them. Digits within a word also stand for the letters that they look like.
 * Immutable and thread-safe.
 */
final class PhraseAutomaton {
  private static final String SHIPPED = "jailbreak-phrases.txt";
  private static final int MAX_WORDS = 30;
  private static final int MAX_GAP = 5;

  /** The most places of all phrases together, gaps counted by their words. */
  private static final int MAX_PLACES = 10_000;

  /** The word that is in no phrase. */
  private static final int OTHER = 0;

  private static final long HASH_START = 0xcbf29ce484222325L;
  private static final long HASH_FACTOR = 0x100000001b3L;

  /** 0 to 9 as letters, where they look like one. */
  private static final String LETTERS_OF_DIGITS = "oi2eas6t89";

  private final long[] hashes;
  private final short[] wordOfHash;

  /** The places that each word fits, as sets of bits; those of gaps fit all. */
  private final long[][] placesOfWord;

  /** Which of them begin a phrase. */
  private final long[][] startsOfWord;

  private final boolean[] canStart;

  /** The last place that can come behind each; the ones in between may be left out. */
  private final int[] lastBehind;

  /** The places behind the last word of a phrase. */
  private final long[] ends;

  private PhraseAutomaton(
      long[] hashes,
      short[] wordOfHash,
      long[][] placesOfWord,
      long[][] startsOfWord,
      int[] lastBehind,
      long[] ends) {
    this.hashes = hashes;
    this.wordOfHash = wordOfHash;
    this.placesOfWord = placesOfWord;
    this.startsOfWord = startsOfWord;
    this.lastBehind = lastBehind;
    this.ends = ends;
    this.canStart = new boolean[startsOfWord.length];
    for (int word = 0; word < canStart.length; word++) {
      canStart[word] = Arrays.stream(startsOfWord[word]).anyMatch(bits -> bits != 0);
    }
  }

  /**
   * An automaton of phrases.
   *
   * @throws IllegalArgumentException when a phrase is none, or all together are too many
   */
  static PhraseAutomaton of(List<String> phrases) {
    return new Builder(phrases).build();
  }

  /** The phrases that come with the router, and further ones. */
  static PhraseAutomaton shippedAnd(List<String> phrases) {
    List<String> all = new ArrayList<>(shipped());
    all.addAll(phrases);
    return of(all);
  }

  /** What is wrong with further phrases; null when nothing is. */
  static @Nullable String problemOf(List<String> phrases) {
    try {
      shippedAnd(phrases);
      return null;
    } catch (IllegalArgumentException e) {
      return e.getMessage();
    }
  }

  private static List<String> shipped() {
    InputStream resource = PhraseAutomaton.class.getResourceAsStream(SHIPPED);
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

  /** Whether a phrase is in the text. */
  boolean isIn(CharSequence text) {
    int length = text.length();
    Progress progress = null;
    long hash = HASH_START;
    long lettersHash = HASH_START;
    boolean hasDigit = false;
    for (int i = 0; i <= length; i++) {
      char c = i == length ? TextFolding.BETWEEN : wordCharAt(text, i);
      if (c == TextFolding.INVISIBLE) {
        continue;
      }
      if (c != TextFolding.BETWEEN) {
        boolean digit = c <= '9';
        hasDigit |= digit;
        hash = (hash ^ c) * HASH_FACTOR;
        lettersHash = (lettersHash ^ (digit ? LETTERS_OF_DIGITS.charAt(c - '0') : c)) * HASH_FACTOR;
      } else if (hash != HASH_START) {
        int word = wordOf(hash);
        if (word == OTHER && hasDigit) {
          word = wordOf(lettersHash);
        }
        if (progress == null ? canStart[word] : canStart[word] || progress.isAnywhere) {
          progress = progress == null ? new Progress() : progress;
          if (progress.isCompletedBy(word)) {
            return true;
          }
        }
        hash = HASH_START;
        lettersHash = HASH_START;
        hasDigit = false;
      }
    }
    return false;
  }

  /** The folded character; the second half of a pair is invisible. */
  private static char wordCharAt(CharSequence text, int i) {
    char c = text.charAt(i);
    if (!Character.isSurrogate(c)) {
      return TextFolding.word(c);
    }
    if (Character.isHighSurrogate(c)) {
      boolean pair = i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1));
      return pair ? TextFolding.word(c, text.charAt(i + 1)) : TextFolding.BETWEEN;
    }
    boolean pair = i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    return pair ? TextFolding.INVISIBLE : TextFolding.BETWEEN;
  }

  private int wordOf(long hash) {
    int mask = hashes.length - 1;
    int slot = slot(hash) & mask;
    while (wordOfHash[slot] != OTHER) {
      if (hashes[slot] == hash) {
        return wordOfHash[slot];
      }
      slot = (slot + 1) & mask;
    }
    return OTHER;
  }

  private static int slot(long hash) {
    return (int) (hash ^ (hash >>> 32));
  }

  /** How far the phrases have come in one text. */
  private final class Progress {
    private long[] expected = new long[ends.length];
    private long[] following = new long[ends.length];
    private boolean isAnywhere;

    boolean isCompletedBy(int word) {
      long[] fitting = placesOfWord[word];
      long[] starts = startsOfWord[word];
      Arrays.fill(following, 0);
      isAnywhere = false;
      for (int i = 0; i < fitting.length; i++) {
        long hits = (expected[i] & fitting[i]) | starts[i];
        while (hits != 0) {
          expectBehind((i << 6) + Long.numberOfTrailingZeros(hits));
          hits &= hits - 1;
        }
      }
      long[] old = expected;
      expected = following;
      following = old;
      if (isAnywhere) {
        for (int i = 0; i < ends.length; i++) {
          if ((expected[i] & ends[i]) != 0) {
            return true;
          }
        }
      }
      return false;
    }

    private void expectBehind(int place) {
      isAnywhere = true;
      for (int p = place + 1; p <= lastBehind[place]; p++) {
        following[p >> 6] |= 1L << p;
      }
    }
  }

  /** What stands at one place of a phrase; no words mean any word. */
  private record Place(Set<Integer> words, boolean optional) {
    boolean isAny() {
      return words.isEmpty();
    }
  }

  /** Numbers the words and the places. */
  private static final class Builder {
    private final Map<Long, Integer> wordOfHash = new HashMap<>();

    /** All phrases one after the other; null ends each. */
    private final List<@Nullable Place> places = new ArrayList<>();

    private final BitSet starts = new BitSet();

    Builder(List<String> phrases) {
      for (String phrase : phrases) {
        starts.set(places.size());
        addPhrase(phrase);
      }
      if (places.size() > MAX_PLACES || wordOfHash.size() >= Short.MAX_VALUE) {
        throw new IllegalArgumentException("must have at most " + MAX_PLACES + " words together");
      }
    }

    private void addPhrase(String phrase) {
      List<Place> row = new ArrayList<>();
      for (String part : phrase.strip().split("\\s+", -1)) {
        if (part.startsWith("~")) {
          addGap(row, part, phrase);
        } else {
          boolean optional = part.startsWith("[") && part.endsWith("]");
          String list = optional ? part.substring(1, part.length() - 1) : part;
          Set<Integer> alternatives = new HashSet<>();
          for (String word : list.split("\\|", -1)) {
            alternatives.add(wordNumber(word, phrase));
          }
          row.add(new Place(alternatives, optional));
        }
      }
      boolean anchored =
          !row.isEmpty() && !row.get(0).optional() && !row.get(row.size() - 1).optional();
      if (!anchored || row.size() > MAX_WORDS) {
        throw new IllegalArgumentException(
            "each must begin and end with a word, and have at most "
                + MAX_WORDS
                + " words: \""
                + phrase
                + "\"");
      }
      places.addAll(row);
      places.add(null);
    }

    private static void addGap(List<Place> row, String part, String phrase) {
      char count = part.length() == 2 ? part.charAt(1) : '0';
      if (count < '1' || count > '0' + MAX_GAP) {
        throw new IllegalArgumentException(
            "a gap must be ~1 to ~" + MAX_GAP + ": \"" + phrase + "\"");
      }
      for (int i = count; i > '0'; i--) {
        row.add(new Place(Set.of(), true));
      }
    }

    private int wordNumber(String word, String phrase) {
      long hash = HASH_START;
      for (int i = 0; i < word.length(); i++) {
        char c = wordCharAt(word, i);
        if (c == TextFolding.BETWEEN) {
          throw new IllegalArgumentException(
              "words must have only letters and digits: \"" + phrase + "\"");
        }
        if (c != TextFolding.INVISIBLE) {
          hash = (hash ^ c) * HASH_FACTOR;
        }
      }
      if (hash == HASH_START) {
        throw new IllegalArgumentException("a word is missing: \"" + phrase + "\"");
      }
      return wordOfHash.computeIfAbsent(hash, h -> wordOfHash.size() + 1);
    }

    PhraseAutomaton build() {
      int words = wordOfHash.size() + 1;
      int size = (places.size() + 63) / 64;
      long[][] placesOfWord = new long[words][size];
      long[][] startsOfWord = new long[words][size];
      int[] lastBehind = new int[places.size()];
      long[] ends = new long[size];
      for (int p = 0; p < lastBehind.length; p++) {
        Place place = places.get(p);
        long bit = 1L << p;
        if (place == null) {
          ends[p >> 6] |= bit;
          continue;
        }
        lastBehind[p] = lastBehind(p);
        for (int word = 0; word < words; word++) {
          if (place.isAny() || place.words().contains(word)) {
            placesOfWord[word][p >> 6] |= bit;
            startsOfWord[word][p >> 6] |= starts.get(p) ? bit : 0;
          }
        }
      }
      return hashed(placesOfWord, startsOfWord, lastBehind, ends);
    }

    private int lastBehind(int place) {
      int p = place + 1;
      for (Place at = places.get(p); at != null && at.optional(); at = places.get(p)) {
        p++;
      }
      return p;
    }

    private PhraseAutomaton hashed(
        long[][] placesOfWord, long[][] startsOfWord, int[] lastBehind, long[] ends) {
      int size = Integer.highestOneBit(placesOfWord.length * 4) * 2;
      long[] hashes = new long[size];
      short[] table = new short[size];
      for (Map.Entry<Long, Integer> entry : wordOfHash.entrySet()) {
        int slot = slot(entry.getKey()) & (size - 1);
        while (table[slot] != OTHER) {
          slot = (slot + 1) & (size - 1);
        }
        hashes[slot] = entry.getKey();
        table[slot] = entry.getValue().shortValue();
      }
      return new PhraseAutomaton(hashes, table, placesOfWord, startsOfWord, lastBehind, ends);
    }
  }
}
