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
  void nothing_stated_is_not_known() {
    ChoiceUsage usage = of();
    assertThat(usage.completion()).isEqualTo(Tally.ABSENT);
    assertThat(usage.prompt(0)).isEqualTo(Tally.ABSENT);
    assertThat(usage.prompt(2)).isEqualTo(Tally.ABSENT);
    assertThat(usage.size()).isZero();
  }

  @Test
  void zero_is_known() {
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
  void last_completion_of_each_choice_is_added_up() {
    ChoiceUsage usage = of(0, 5, 1, 1, 5, 1, 0, 5, 4, 2, 5, -1);
    assertThat(usage.completion()).isEqualTo(5);
    assertThat(usage.size()).isEqualTo(3);
  }

  @Test
  void count_that_is_not_repeated_stays() {
    assertThat(put(of(1, 5, 7), 1, -1, 8).prompt(0)).isEqualTo(5);
    assertThat(put(of(1, 5, 7), 1, 6, -1).completion()).isEqualTo(7);
  }

  @Test
  void prompt_counts_once_for_all_choices_of_one_prompt_and_several_add_up() {
    ChoiceUsage usage = of(0, 10, 1, 1, 10, 1, 2, 7, 1, 3, 7, 1, 5, 3, 1);
    assertThat(usage.prompt(0)).isEqualTo(10);
    assertThat(usage.prompt(1)).isEqualTo(37);
    assertThat(usage.prompt(2)).isEqualTo(20);
    assertThat(usage.prompt(6)).isEqualTo(10);
    assertThat(of(0, 3, 1, 1, 9, 1).prompt(0)).isEqualTo(9);
    assertThat(of(1, 4, 1).prompt(1)).isEqualTo(4);
  }

  @Test
  void sums_end_where_counts_end() {
    ChoiceUsage usage = of(0, Counts.MAX, Counts.MAX, 1, 5, 5);
    assertThat(usage.completion()).isEqualTo(Counts.MAX);
    assertThat(usage.prompt(1)).isEqualTo(Counts.MAX);
  }

  @Test
  void choices_up_to_the_limit_are_kept_apart_and_more_are_flagged() {
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
  void choice_far_up_needs_none_below_it() {
    assertThat(of(127, 4, 5).completion()).isEqualTo(5);
    assertThat(of(127, 4, 5).prompt(1)).isEqualTo(4);
    assertThat(of(3, 4, 5).size()).isEqualTo(1);
    assertThat(of(4, 4, 5).size()).isEqualTo(1);
  }

  @Test
  void merging_takes_what_the_other_states_and_keeps_the_rest() {
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
