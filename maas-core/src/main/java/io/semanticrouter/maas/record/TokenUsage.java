// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

/**
 * Token counts of one exchange in canonical form: {@code prompt} and {@code completion} are the
 * billable totals, everything else is a part <em>of</em> them and never added again.
 *
 * <p>Each count is 0 to 2<sup>53</sup>−1 or {@link #UNKNOWN}. Unknown is not zero.
 *
 * @param prompt input tokens: cached ones, those written to a cache and those of tools included
 * @param completion output tokens: reasoning, rejected predictions and unattributed ones included
 * @param cacheRead part of {@code prompt} read from the provider's prompt cache
 * @param cacheWrite part of {@code prompt} written to the provider's prompt cache
 * @param cacheWrite5m part of {@code cacheWrite} that is kept for five minutes
 * @param cacheWrite1h part of {@code cacheWrite} that is kept for an hour; what is neither has a
 *     lifetime that nobody stated
 * @param reasoning part of {@code completion} spent on reasoning
 * @param promptAudio part of {@code prompt} that is audio
 * @param promptImage part of {@code prompt} that is images
 * @param completionAudio part of {@code completion} that is audio
 * @param completionImage part of {@code completion} that is images
 * @param toolUse part of {@code prompt} that the provider's own tools put there
 * @param acceptedPrediction part of {@code completion} taken from a predicted output
 * @param rejectedPrediction part of {@code completion} predicted in vain, billed all the same
 * @param unattributed part of {@code completion} that only the provider's total accounts for
 * @param providerTotal the total as the provider stated it, for reconciliation only
 */
public record TokenUsage(
    long prompt,
    long completion,
    long cacheRead,
    long cacheWrite,
    long cacheWrite5m,
    long cacheWrite1h,
    long reasoning,
    long promptAudio,
    long promptImage,
    long completionAudio,
    long completionImage,
    long toolUse,
    long acceptedPrediction,
    long rejectedPrediction,
    long unattributed,
    long providerTotal) {
  /** A count that nobody stated. */
  public static final long UNKNOWN = -1;

  /** The counts that nearly every provider states; the other parts are {@link #UNKNOWN}. */
  public TokenUsage(
      long prompt,
      long completion,
      long cacheRead,
      long cacheWrite,
      long reasoning,
      long providerTotal) {
    this(
        prompt,
        completion,
        cacheRead,
        cacheWrite,
        UNKNOWN,
        UNKNOWN,
        reasoning,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        providerTotal);
  }

  /** Only the two totals. */
  public static TokenUsage of(long prompt, long completion) {
    return new TokenUsage(prompt, completion, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN);
  }

  /** The same parts of other totals. */
  public TokenUsage withTotals(long newPrompt, long newCompletion) {
    return new TokenUsage(
        newPrompt,
        newCompletion,
        cacheRead,
        cacheWrite,
        cacheWrite5m,
        cacheWrite1h,
        reasoning,
        promptAudio,
        promptImage,
        completionAudio,
        completionImage,
        toolUse,
        acceptedPrediction,
        rejectedPrediction,
        unattributed,
        UNKNOWN);
  }

  /** Whether neither total is known. */
  public boolean isEmpty() {
    return prompt < 0 && completion < 0;
  }
}
