// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import io.semanticrouter.maas.router.internal.edits.Prompt;
import org.jspecify.annotations.Nullable;

/**
 * What one request shows of the signals. A text is read when a condition first asks for it. Not
 * thread-safe.
 *
 * <p>Signals look at what the user wrote last. Only when that has no domain or no language of its
 * own ("and why?"), the domain and the language are those of all that the user wrote.
 */
public final class Evidence {
  private static final int CHARACTERS_PER_TOKEN = 4;

  private final Signals signals;
  private final Prompt prompt;
  private final String tier;
  private final TextEvidence last;
  private @Nullable TextEvidence all;

  public Evidence(Signals signals, Prompt prompt, String tier) {
    this.signals = signals;
    this.prompt = prompt;
    this.tier = tier;
    this.last = new TextEvidence(signals, prompt.lastText());
  }

  Prompt prompt() {
    return prompt;
  }

  public String tier() {
    return tier;
  }

  /** What the user wrote last. */
  TextEvidence last() {
    return last;
  }

  public @Nullable String domain() {
    String domain = last.domain();
    return domain == null && hasMore() ? all().domain() : domain;
  }

  @Nullable String language() {
    String language = last.language();
    return language == null && hasMore() ? all().language() : language;
  }

  private boolean hasMore() {
    return !prompt.text().equals(prompt.lastText());
  }

  private TextEvidence all() {
    if (all == null) {
      all = new TextEvidence(signals, prompt.text());
    }
    return all;
  }

  /** The length of the whole request, estimated. */
  long estimatedTokens() {
    return prompt.characters() / CHARACTERS_PER_TOKEN
        + (prompt.characters() % CHARACTERS_PER_TOKEN == 0 ? 0 : 1);
  }
}
