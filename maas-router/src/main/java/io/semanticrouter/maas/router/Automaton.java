// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds all of many sequences of symbols in one pass over a stream of symbols, in time linear in
 * the length of the stream (Aho and Corasick, "Efficient string matching: an aid to bibliographic
 * search", 1975). Symbols are whole numbers from 0: words of a {@link PhraseIndex}, or characters.
 * Immutable and thread-safe.
 */
final class Automaton {
  static final int ROOT = 0;
  private static final long NO_KEY = -1;

  private final long[] keys;
  private final int[] targets;
  private final int mask;
  private final int[] fromRoot;
  private final int[] fail;
  private final int[][] entries;
  private final int[] shorter;

  private Automaton(List<Map<Integer, Integer>> edges, int[] fail, int[][] entries, int[] shorter) {
    int count = 0;
    int largest = 0;
    for (Map<Integer, Integer> from : edges) {
      count += from.size();
    }
    for (int symbol : edges.get(ROOT).keySet()) {
      largest = Math.max(largest, symbol);
    }
    int capacity = Integer.highestOneBit(Math.max(4, count) * 4 - 1);
    this.keys = new long[capacity];
    this.targets = new int[capacity];
    this.mask = capacity - 1;
    this.fromRoot = new int[largest + 1];
    this.fail = fail;
    this.entries = entries;
    this.shorter = shorter;
    Arrays.fill(keys, NO_KEY);
    for (int state = 0; state < edges.size(); state++) {
      for (Map.Entry<Integer, Integer> edge : edges.get(state).entrySet()) {
        if (state == ROOT) {
          fromRoot[edge.getKey()] = edge.getValue();
        } else {
          long key = key(state, edge.getKey());
          int slot = slot(key);
          while (keys[slot] != NO_KEY) {
            slot = (slot + 1) & mask;
          }
          keys[slot] = key;
          targets[slot] = edge.getValue();
        }
      }
    }
  }

  /** The state after one more symbol. */
  int next(int state, int symbol) {
    int from = state;
    while (from != ROOT) {
      int target = target(from, symbol);
      if (target != ROOT) {
        return target;
      }
      from = fail[from];
    }
    return symbol < fromRoot.length ? fromRoot[symbol] : ROOT;
  }

  /** The state that holds what ends here: {@code state} itself or a shorter one; ROOT: nothing. */
  int firstEnding(int state) {
    return entries[state].length > 0 ? state : shorter[state];
  }

  /** What else ends here; ROOT: nothing. */
  int nextEnding(int state) {
    return shorter[state];
  }

  /** The entries of the sequences that lead to a state. Not to be changed. */
  int[] entries(int state) {
    return entries[state];
  }

  private int target(int state, int symbol) {
    long key = key(state, symbol);
    int slot = slot(key);
    while (keys[slot] != NO_KEY) {
      if (keys[slot] == key) {
        return targets[slot];
      }
      slot = (slot + 1) & mask;
    }
    return ROOT;
  }

  private static long key(int state, int symbol) {
    return ((long) state << 32) | symbol;
  }

  private int slot(long key) {
    long mixed = key * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> 40) & mask;
  }

  /** Collects the sequences. */
  static final class Builder {
    private final List<Map<Integer, Integer>> edges = new ArrayList<>();
    private final List<int[]> entries = new ArrayList<>();

    Builder() {
      addState();
    }

    private int addState() {
      edges.add(new HashMap<>());
      entries.add(new int[0]);
      return edges.size() - 1;
    }

    /** Reports {@code entry} wherever the sequence, which is not empty, occurs. */
    void add(int[] symbols, int entry) {
      int state = ROOT;
      for (int symbol : symbols) {
        Integer target = edges.get(state).get(symbol);
        if (target == null) {
          target = addState();
          edges.get(state).put(symbol, target);
        }
        state = target;
      }
      int[] before = entries.get(state);
      int[] after = Arrays.copyOf(before, before.length + 1);
      after[before.length] = entry;
      entries.set(state, after);
    }

    Automaton build() {
      int states = edges.size();
      int[] fail = new int[states];
      int[] shorter = new int[states];
      Deque<Integer> breadthFirst = new ArrayDeque<>(edges.get(ROOT).values());
      while (!breadthFirst.isEmpty()) {
        int state = breadthFirst.remove();
        int ending = fail[state];
        shorter[state] = entries.get(ending).length > 0 ? ending : shorter[ending];
        for (Map.Entry<Integer, Integer> edge : edges.get(state).entrySet()) {
          int target = edge.getValue();
          int from = fail[state];
          while (from != ROOT && !edges.get(from).containsKey(edge.getKey())) {
            from = fail[from];
          }
          fail[target] = edges.get(from).getOrDefault(edge.getKey(), ROOT);
          breadthFirst.add(target);
        }
      }
      return new Automaton(edges, fail, entries.toArray(new int[0][]), shorter);
    }
  }
}
