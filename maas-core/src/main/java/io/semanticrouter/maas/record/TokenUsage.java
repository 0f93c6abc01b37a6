// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Token counts of one exchange in canonical form: {@link #prompt()} and {@link #completion()} are
 * the billable totals, every {@link TokenPart} is a part <em>of</em> them and never added again.
 * Immutable.
 *
 * <p>Each count is 0 to 2<sup>53</sup>−1 or {@link #UNKNOWN}. Unknown is not zero.
 */
public final class TokenUsage {
  /** A count that nobody stated. */
  public static final long UNKNOWN = -1;

  private static final TokenPart[] PARTS = TokenPart.values();

  /** Shared by all that know no part. */
  private static final long[] NO_PARTS = new long[PARTS.length];

  static {
    Arrays.fill(NO_PARTS, UNKNOWN);
  }

  private final long prompt;
  private final long completion;
  private final long providerTotal;

  /** By the position of the part; never written to. */
  private final long[] parts;

  private TokenUsage(long prompt, long completion, long[] parts, long providerTotal) {
    this.prompt = prompt;
    this.completion = completion;
    this.parts = parts;
    this.providerTotal = providerTotal;
  }

  /**
   * Only the two totals.
   *
   * @throws IllegalArgumentException when one is less than {@link #UNKNOWN}
   */
  public static TokenUsage of(long prompt, long completion) {
    return builder(prompt, completion).build();
  }

  /**
   * A builder with the two totals; the rest is {@link #UNKNOWN}.
   *
   * @throws IllegalArgumentException when one is less than {@link #UNKNOWN}
   */
  public static Builder builder(long prompt, long completion) {
    return new Builder(count(prompt), count(completion), NO_PARTS, UNKNOWN);
  }

  /**
   * The same with one part set.
   *
   * @throws IllegalArgumentException when the count is less than {@link #UNKNOWN}
   */
  public TokenUsage with(TokenPart part, long count) {
    return new Builder(prompt, completion, parts, providerTotal).part(part, count).build();
  }

  /**
   * The same parts of other totals, of which the provider stated no sum.
   *
   * @throws IllegalArgumentException when one is less than {@link #UNKNOWN}
   */
  public TokenUsage withTotals(long newPrompt, long newCompletion) {
    return new TokenUsage(count(newPrompt), count(newCompletion), parts, UNKNOWN);
  }

  /** Input tokens: cached ones, those written to a cache and those of tools included. */
  public long prompt() {
    return prompt;
  }

  /** Output tokens: reasoning, rejected predictions and unattributed ones included. */
  public long completion() {
    return completion;
  }

  /** How many of the tokens are such a part. */
  public long part(TokenPart part) {
    return parts[index(part)];
  }

  /** The total as the provider stated it, for reconciliation only. */
  public long providerTotal() {
    return providerTotal;
  }

  /** Whether neither total is known. */
  public boolean isEmpty() {
    return prompt < 0 && completion < 0;
  }

  @SuppressWarnings("EnumOrdinal") // never leaves the process
  private static int index(TokenPart part) {
    return part.ordinal();
  }

  private static long count(long count) {
    if (count < UNKNOWN) {
      throw new IllegalArgumentException(count + " is no count of tokens");
    }
    return count;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TokenUsage that
        && prompt == that.prompt
        && completion == that.completion
        && providerTotal == that.providerTotal
        && Arrays.equals(parts, that.parts);
  }

  @Override
  public int hashCode() {
    int hash = 31 * Long.hashCode(prompt) + Long.hashCode(completion);
    return 31 * (31 * hash + Long.hashCode(providerTotal)) + Arrays.hashCode(parts);
  }

  /** All counts that are known, as in {@code TokenUsage[prompt=12, completion=8, reasoning=3]}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("TokenUsage[");
    append(text, "prompt", prompt);
    append(text, "completion", completion);
    for (TokenPart part : PARTS) {
      append(text, part.label(), part(part));
    }
    append(text, "provider_total", providerTotal);
    return text.append(']').toString();
  }

  private static void append(StringBuilder text, String name, long count) {
    if (count >= 0) {
      text.append(text.charAt(text.length() - 1) == '[' ? "" : ", ");
      text.append(name).append('=').append(count);
    }
  }

  /** Builds a usage part by part. Not thread-safe. */
  public static final class Builder {
    private final long prompt;
    private final long completion;
    private long providerTotal;

    /** Shared until a part is set. */
    private long[] parts;

    private boolean owned;

    private Builder(long prompt, long completion, long[] parts, long providerTotal) {
      this.prompt = prompt;
      this.completion = completion;
      this.parts = parts;
      this.providerTotal = providerTotal;
    }

    /**
     * Sets a part; returns this.
     *
     * @throws IllegalArgumentException when the count is less than {@link #UNKNOWN}
     */
    public Builder part(TokenPart part, long count) {
      int index = index(part);
      if (parts[index] != count(count)) {
        if (!owned) {
          parts = parts.clone();
          owned = true;
        }
        parts[index] = count;
      }
      return this;
    }

    /**
     * Sets the total as the provider stated it; returns this.
     *
     * @throws IllegalArgumentException when it is less than {@link #UNKNOWN}
     */
    public Builder providerTotal(long total) {
      providerTotal = count(total);
      return this;
    }

    /** The usage so far. */
    public TokenUsage build() {
      owned = false;
      return new TokenUsage(prompt, completion, parts, providerTotal);
    }
  }
}
