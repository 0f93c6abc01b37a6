// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The terms of service of one exchange, as OpenAI ({@code service_tier}: {@code flex}, {@code
 * priority}), Anthropic, Gemini and Bedrock name them: the same tokens cost half of the standard
 * price, or twice as much. A place that Anthropic states ({@code inference_geo}) is one of the
 * terms, after the tier when there is one: {@code us}, {@code fast-us}. In a record each is safe to
 * print and has at most 256 bytes of UTF-8. It belongs into no metric label: a client can choose
 * the first one.
 *
 * @param requested what the client asked for; null when it did not, or its body was not looked at
 * @param served what the answer states; null when it states none
 */
public record ServiceTier(@Nullable String requested, @Nullable String served) {
  /** Nothing is known of it. */
  public static final ServiceTier UNKNOWN = new ServiceTier(null, null);

  /**
   * Whether the answer was served on other terms than the standard ones, so that the standard
   * prices are not its prices. What was only asked for proves nothing.
   */
  public boolean isSpecial() {
    if (served == null) {
      return false;
    }
    return switch (served.toLowerCase(Locale.ROOT)) {
      case "standard", "default", "auto", "on_demand", "on-demand", "" -> false;
      default -> true;
    };
  }
}
