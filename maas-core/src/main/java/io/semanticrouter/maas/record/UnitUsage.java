// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What an exchange used that is billed by the piece and not by the token. Each count is 0 or more,
 * or {@link TokenUsage#UNKNOWN}.
 *
 * @param audioSeconds seconds of audio that were transcribed
 * @param images images that were generated
 * @param searchUnits units of a rerank, as Cohere counts them
 * @param tools calls of the provider's own tools, of each kind that there were; unmodifiable
 */
public record UnitUsage(
    long audioSeconds, long images, long searchUnits, Map<ProviderTool, Long> tools) {
  /** Nothing of all that. */
  public static final UnitUsage NONE =
      new UnitUsage(TokenUsage.UNKNOWN, TokenUsage.UNKNOWN, TokenUsage.UNKNOWN, Map.of());

  /** Takes a copy of the tools. */
  public UnitUsage {
    tools = tools.isEmpty() ? Map.of() : Collections.unmodifiableMap(new EnumMap<>(tools));
  }

  /** Calls of tools that providers charge for by the call. */
  public long toolCalls() {
    return calls(true);
  }

  /** Calls of tools that providers do not charge for. */
  public long freeToolCalls() {
    return calls(false);
  }

  private long calls(boolean charged) {
    long sum = TokenUsage.UNKNOWN;
    for (Map.Entry<ProviderTool, Long> tool : tools.entrySet()) {
      if (tool.getKey().isCharged() == charged) {
        sum = Math.max(0, sum) + tool.getValue();
      }
    }
    return sum;
  }
}
