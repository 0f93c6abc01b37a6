// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class AutomatonTest {
  @Test
  void findsWhatAComparisonAtEveryPlaceFinds() {
    long seed = Long.getLong("maas.seed", new Random().nextLong());
    System.out.println("AutomatonTest seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 2000; round++) {
      List<int[]> sequences = new ArrayList<>();
      Automaton.Builder builder = new Automaton.Builder();
      for (int i = 0; i < 1 + random.nextInt(8); i++) {
        int[] sequence = symbols(random, 1 + random.nextInt(4));
        sequences.add(sequence);
        builder.add(sequence, i);
      }
      int[] text = symbols(random, random.nextInt(30));
      assertThat(found(builder.build(), text))
          .as("seed %d, round %d", seed, round)
          .isEqualTo(compared(sequences, text));
    }
  }

  @Test
  void withoutSequencesNothingIsFound() {
    assertThat(found(new Automaton.Builder().build(), new int[] {0, 1, 70_000})).isEmpty();
  }

  private static int[] symbols(Random random, int length) {
    return random.ints(length, 0, 3).toArray();
  }

  private static Set<String> found(Automaton automaton, int[] text) {
    Set<String> found = new TreeSet<>();
    int state = Automaton.ROOT;
    for (int i = 0; i < text.length; i++) {
      state = automaton.next(state, text[i]);
      int ending = automaton.firstEnding(state);
      while (ending != Automaton.ROOT) {
        for (int entry : automaton.entries(ending)) {
          found.add(entry + " ends at " + i);
        }
        ending = automaton.nextEnding(ending);
      }
    }
    return found;
  }

  private static Set<String> compared(List<int[]> sequences, int[] text) {
    Set<String> found = new TreeSet<>();
    for (int entry = 0; entry < sequences.size(); entry++) {
      int[] sequence = sequences.get(entry);
      for (int end = sequence.length - 1; end < text.length; end++) {
        boolean same = true;
        for (int j = 0; j < sequence.length; j++) {
          same &= sequence[j] == text[end - sequence.length + 1 + j];
        }
        if (same) {
          found.add(entry + " ends at " + end);
        }
      }
    }
    return found;
  }
}
