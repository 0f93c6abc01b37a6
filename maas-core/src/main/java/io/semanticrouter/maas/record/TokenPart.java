// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;
import org.jspecify.annotations.Nullable;

/**
 * A part of the tokens of an exchange, contained in the prompt or the completion and never added to
 * them. What lists parts (metrics, metadata, the journal) goes through all constants in their
 * order, so that a new part is one constant here. Parts of one side may overlap: a cached token can
 * be one of an image.
 *
 * <p>A constant never changes its name: {@link #label()} is a contract with dashboards and readers
 * of records.
 */
public enum TokenPart {
  /** Read from the provider's prompt cache. */
  CACHE_READ(Side.PROMPT),
  /** Written to the provider's prompt cache. */
  CACHE_WRITE(Side.PROMPT),
  /** Written to a cache that keeps it for five minutes. */
  CACHE_WRITE_5M(CACHE_WRITE),
  /** Written to a cache that keeps it for an hour; what is neither has a lifetime nobody stated. */
  CACHE_WRITE_1H(CACHE_WRITE),
  /** Spent on reasoning. */
  REASONING(Side.COMPLETION),
  /** Audio that was sent. */
  PROMPT_AUDIO(Side.PROMPT),
  /** Images that were sent. */
  PROMPT_IMAGE(Side.PROMPT),
  /** Audio that was generated. */
  COMPLETION_AUDIO(Side.COMPLETION),
  /** Images that were generated. */
  COMPLETION_IMAGE(Side.COMPLETION),
  /** Put into the prompt by the provider's own tools. */
  TOOL_USE(Side.PROMPT),
  /** Taken from a predicted output. */
  ACCEPTED_PREDICTION(Side.COMPLETION),
  /** Predicted in vain, billed all the same. */
  REJECTED_PREDICTION(Side.COMPLETION),
  /** Accounted for by the provider's total only. */
  UNATTRIBUTED(Side.COMPLETION);

  /** What a part is counted in. */
  public enum Side {
    /** Input tokens. */
    PROMPT,
    /** Output tokens. */
    COMPLETION
  }

  private final Side side;
  private final @Nullable TokenPart container;
  private final String label = Labels.of(this);

  TokenPart(Side side) {
    this.side = side;
    this.container = null;
  }

  TokenPart(TokenPart container) {
    this.side = container.side;
    this.container = container;
  }

  /** Which of the two totals contains it. */
  public Side side() {
    return side;
  }

  /** The part that contains it; null when only its side does. */
  public @Nullable TokenPart container() {
    return container;
  }

  /**
   * The spelling in metrics and records, such as {@code cache_read}; in metadata {@code _tokens}
   * follows.
   */
  public String label() {
    return label;
  }
}
