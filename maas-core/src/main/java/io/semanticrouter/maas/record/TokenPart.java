// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;
import org.jspecify.annotations.Nullable;

/**
 * A part of the tokens of an exchange, contained in the prompt or the completion and never added to
 * them. What lists parts (metrics, metadata, prices, the journal) goes through all constants in
 * their order, so that a new part is one constant here. Parts of one side may overlap: a cached
 * token can be one of an image.
 *
 * <p>A constant never changes its name: {@link #label()} is a contract with dashboards and readers
 * of records.
 */
public enum TokenPart {
  /** Read from the provider's prompt cache. */
  CACHE_READ(Side.PROMPT, "cached_input_per_1m"),
  /** Written to the provider's prompt cache. */
  CACHE_WRITE(Side.PROMPT, "cache_write_per_1m"),
  /** Written to a cache that keeps it for five minutes. */
  CACHE_WRITE_5M(CACHE_WRITE),
  /** Written to a cache that keeps it for an hour; what is neither has a lifetime nobody stated. */
  CACHE_WRITE_1H(CACHE_WRITE),
  /** Spent on reasoning. */
  REASONING(Side.COMPLETION, null),
  /** Audio that was sent. */
  PROMPT_AUDIO(Side.PROMPT, null),
  /** Images that were sent. */
  PROMPT_IMAGE(Side.PROMPT, null),
  /** Audio that was generated. */
  COMPLETION_AUDIO(Side.COMPLETION, null),
  /** Images that were generated. */
  COMPLETION_IMAGE(Side.COMPLETION, null),
  /** Put into the prompt by the provider's own tools. */
  TOOL_USE(Side.PROMPT, null),
  /** Taken from a predicted output. */
  ACCEPTED_PREDICTION(Side.COMPLETION, null),
  /** Predicted in vain, billed all the same. */
  REJECTED_PREDICTION(Side.COMPLETION, null),
  /** Accounted for by the provider's total only. */
  UNATTRIBUTED(Side.COMPLETION, null);

  /** What a part is counted in. */
  public enum Side {
    /** Input tokens. */
    PROMPT,
    /** Output tokens. */
    COMPLETION
  }

  private final Side side;
  private final @Nullable TokenPart container;
  private final @Nullable String priceKey;
  private final String label = Labels.of(this);

  TokenPart(Side side, @Nullable String priceKey) {
    this.side = side;
    this.container = null;
    this.priceKey = priceKey;
  }

  TokenPart(TokenPart container) {
    this.side = container.side;
    this.container = container;
    this.priceKey = null;
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

  /**
   * The key of its price in a rate card; null when it is charged as what contains it. Parts that
   * have a price of their own share no token with each other.
   */
  public @Nullable String priceKey() {
    return priceKey;
  }
}
