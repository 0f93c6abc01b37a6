// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

/**
 * What an exchange used that is billed by the piece and not by the token. Each count is 0 or more,
 * or {@link TokenUsage#UNKNOWN}.
 *
 * @param audioSeconds seconds of audio that were transcribed
 * @param images images that were generated
 * @param searchUnits units of a rerank, as Cohere counts them
 * @param toolCalls calls of the provider's own tools, such as web searches
 */
public record UnitUsage(long audioSeconds, long images, long searchUnits, long toolCalls) {
  /** Nothing of all that. */
  public static final UnitUsage NONE =
      new UnitUsage(TokenUsage.UNKNOWN, TokenUsage.UNKNOWN, TokenUsage.UNKNOWN, TokenUsage.UNKNOWN);
}
