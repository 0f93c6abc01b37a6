// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.json.Counts;
import org.junit.jupiter.api.Test;

class ChoiceUsageTest {
  private static ChoiceUsage put(ChoiceUsage usage, long choice, long prompt, long completion) {
    Tally tally = new Tally();
    if (prompt >= 0) {
      tally.put(Slots.INPUT, prompt);
    }
    if (completion >= 0) {
      tally.put(Slots.OUTPUT, completion);
    }
    usage.put(choice, tally);
    return usage;
  }

  private static ChoiceUsage of(long... choicePromptCompletion) {
    ChoiceUsage usage = new ChoiceUsage();
    for (int i = 0; i < choicePromptCompletion.length; i += 3) {
      put(
          usage,
          choicePromptCompletion[i],
          choicePromptCompletion[i + 1],
          choicePromptCompletion[i + 2]);
    }
    return usage;
  }

  @Test
  void nothingStatedIsNotKnown() {
    ChoiceUsage usage = of();
    assertThat(usage.completion()).isEqualTo(Tally.ABSENT);
    assertThat(usage.prompt(0)).isEqualTo(Tally.ABSENT);
    assertThat(usage.prompt(2)).isEqualTo(Tally.ABSENT);
    assertThat(usage.size()).isZero();
  }

  @Test
  void zeroIsKnown() {
    ChoiceUsage usage = of(0, 0, 0);
    assertThat(usage.completion()).isZero();
    assertThat(usage.prompt(0)).isZero();
    assertThat(usage.prompt(1)).isZero();
    assertThat(usage.size()).isEqualTo(1);
    assertThat(of(0, 0, -1).size()).isEqualTo(1);
    assertThat(of(0, -1, 0).size()).isEqualTo(1);
    ChoiceUsage merged = of();
    merged.merge(of(0, 0, -1, 1, -1, 0));
    assertThat(merged.size()).isEqualTo(2);
  }

  @Test
  void lastCompletionOfEachChoiceIsAddedUp() {
    ChoiceUsage usage = of(0, 5, 1, 1, 5, 1, 0, 5, 4, 2, 5, -1);
    assertThat(usage.completion()).isEqualTo(5);
    assertThat(usage.size()).isEqualTo(3);
  }

  @Test
  void countThatIsNotRepeatedStays() {
    assertThat(put(of(1, 5, 7), 1, -1, 8).prompt(0)).isEqualTo(5);
    assertThat(put(of(1, 5, 7), 1, 6, -1).completion()).isEqualTo(7);
  }

  @Test
  void promptCountsOnceForAllChoicesOfOnePromptAndSeveralAddUp() {
    ChoiceUsage usage = of(0, 10, 1, 1, 10, 1, 2, 7, 1, 3, 7, 1, 5, 3, 1);
    assertThat(usage.prompt(0)).isEqualTo(10);
    assertThat(usage.prompt(1)).isEqualTo(37);
    assertThat(usage.prompt(2)).isEqualTo(20);
    assertThat(usage.prompt(6)).isEqualTo(10);
    assertThat(of(0, 3, 1, 1, 9, 1).prompt(0)).isEqualTo(9);
    assertThat(of(1, 4, 1).prompt(1)).isEqualTo(4);
  }

  @Test
  void sumsEndWhereCountsEnd() {
    ChoiceUsage usage = of(0, Counts.MAX, Counts.MAX, 1, 5, 5);
    assertThat(usage.completion()).isEqualTo(Counts.MAX);
    assertThat(usage.prompt(1)).isEqualTo(Counts.MAX);
  }

  @Test
  void choicesUpToTheLimitAreKeptApartAndMoreAreFlagged() {
    ChoiceUsage usage = new ChoiceUsage();
    for (int choice = 0; choice < ChoiceUsage.MAX_CHOICES; choice++) {
      put(usage, choice, 2, 3);
      assertThat(usage.completion()).isEqualTo(3L * (choice + 1));
    }
    assertThat(usage.isOverflown()).isFalse();
    put(usage, ChoiceUsage.MAX_CHOICES, 2, 3);
    put(usage, Counts.MAX, 2, 3);
    assertThat(usage.isOverflown()).isTrue();
    assertThat(usage.completion()).isEqualTo(3L * ChoiceUsage.MAX_CHOICES);
    assertThat(usage.size()).isEqualTo(ChoiceUsage.MAX_CHOICES);
  }

  @Test
  void choiceFarUpNeedsNoneBelowIt() {
    assertThat(of(127, 4, 5).completion()).isEqualTo(5);
    assertThat(of(127, 4, 5).prompt(1)).isEqualTo(4);
    assertThat(of(3, 4, 5).size()).isEqualTo(1);
    assertThat(of(4, 4, 5).size()).isEqualTo(1);
  }

  @Test
  void mergingTakesWhatTheOtherStatesAndKeepsTheRest() {
    ChoiceUsage usage = of(0, 1, 2, 1, 3, 4);
    usage.merge(of(1, 0, 9, 2, -1, 0, 3, 5, -1));
    assertThat(usage.completion()).isEqualTo(2 + 9 + 0);
    assertThat(usage.prompt(1)).isEqualTo(1 + 0 + 5);
    assertThat(usage.size()).isEqualTo(4);
    assertThat(usage.isOverflown()).isFalse();
    usage.merge(of(200, 1, 1));
    assertThat(usage.isOverflown()).isTrue();
    usage.merge(of());
    assertThat(usage.isOverflown()).isTrue();
  }
}
