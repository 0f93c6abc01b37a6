// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All phrases of all signals: each token of a text is looked up once, in one table of words, and
 * the words drive one automaton of phrases. Immutable and thread-safe.
 */
final class PhraseIndex {
  private static final int UNKNOWN = -1;

  private final boolean folds;
  private final Automaton automaton;
  private final String[] words;
  private final int[] hashes;
  private final int[] ids;
  private final int mask;

  private PhraseIndex(boolean folds, Automaton automaton, Map<String, Integer> vocabulary) {
    this.folds = folds;
    this.automaton = automaton;
    int capacity = Integer.highestOneBit(Math.max(4, vocabulary.size()) * 4 - 1);
    this.words = new String[capacity];
    this.hashes = new int[capacity];
    this.ids = new int[capacity];
    this.mask = capacity - 1;
    for (Map.Entry<String, Integer> word : vocabulary.entrySet()) {
      int hash = hash(word.getKey(), 0, word.getKey().length());
      int slot = hash & mask;
      while (words[slot] != null) {
        slot = (slot + 1) & mask;
      }
      words[slot] = word.getKey();
      hashes[slot] = hash;
      ids[slot] = word.getValue();
    }
  }

  /** The state after one more token. */
  int next(int state, String text, int start, int end) {
    int word = idOf(text, start, end);
    return word == UNKNOWN ? Automaton.ROOT : automaton.next(state, word);
  }

  Automaton automaton() {
    return automaton;
  }

  private int idOf(String text, int start, int end) {
    int hash = hash(text, start, end);
    int slot = hash & mask;
    while (words[slot] != null) {
      if (hashes[slot] == hash && isSame(words[slot], text, start, end)) {
        return ids[slot];
      }
      slot = (slot + 1) & mask;
    }
    return UNKNOWN;
  }

  private boolean isSame(String word, String text, int start, int end) {
    if (word.length() != end - start) {
      return false;
    }
    for (int i = 0; i < word.length(); i++) {
      char c = text.charAt(start + i);
      if (word.charAt(i) != (folds ? Characters.folded(c) : c)) {
        return false;
      }
    }
    return true;
  }

  private int hash(String text, int start, int end) {
    int hash = end - start;
    for (int i = start; i < end; i++) {
      char c = text.charAt(i);
      hash = hash * 31 + (folds ? Characters.folded(c) : c);
    }
    return hash ^ (hash >>> 15);
  }

  /** Collects the phrases. */
  static final class Builder {
    private final boolean folds;
    private final Automaton.Builder automaton = new Automaton.Builder();
    private final Map<String, Integer> vocabulary = new HashMap<>();

    /**
     * @param folds whether case does not count
     */
    Builder(boolean folds) {
      this.folds = folds;
    }

    /** Reports {@code entry} wherever the tokens of the phrase follow each other. */
    void add(String phrase, int entry) {
      List<Integer> symbols = new ArrayList<>();
      TextScan.scan(
          phrase,
          (text, start, end, kind) -> {
            String word = folds ? folded(text, start, end) : text.substring(start, end);
            symbols.add(vocabulary.computeIfAbsent(word, w -> vocabulary.size()));
          });
      if (!symbols.isEmpty()) {
        automaton.add(symbols.stream().mapToInt(Integer::intValue).toArray(), entry);
      }
    }

    private static String folded(String text, int start, int end) {
      StringBuilder word = new StringBuilder(end - start);
      for (int i = start; i < end; i++) {
        word.append(Characters.folded(text.charAt(i)));
      }
      return word.toString();
    }

    boolean isEmpty() {
      return vocabulary.isEmpty();
    }

    PhraseIndex build() {
      return new PhraseIndex(folds, automaton.build(), vocabulary);
    }
  }

  /** Whether a phrase has any token. */
  static boolean hasTokens(String phrase) {
    boolean[] any = new boolean[1];
    TextScan.scan(phrase, (text, start, end, kind) -> any[0] = true);
    return any[0];
  }
}
