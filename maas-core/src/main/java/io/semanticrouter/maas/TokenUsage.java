// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

/**
 * Token counts of one exchange in canonical form: {@code prompt} and {@code completion} are the
 * billable totals, everything else is a part <em>of</em> them and never added again.
 *
 * <p>Each count is 0 to 2<sup>53</sup>−1 or {@link #UNKNOWN}. Unknown is not zero.
 *
 * @param prompt input tokens, cached ones included
 * @param completion output tokens, reasoning included
 * @param cacheRead part of {@code prompt} read from the provider's prompt cache
 * @param cacheWrite part of {@code prompt} written to the provider's prompt cache
 * @param reasoning part of {@code completion} spent on reasoning
 * @param providerTotal the total as the provider stated it, for reconciliation only
 */
public record TokenUsage(
    long prompt,
    long completion,
    long cacheRead,
    long cacheWrite,
    long reasoning,
    long providerTotal) {
  /** A count that nobody stated. */
  public static final long UNKNOWN = -1;
}
