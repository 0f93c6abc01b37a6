// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.Metering;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The truth about one exchange: who, where, what, how surely, for how much. Settled exactly once.
 *
 * @param id unique among all records of all {@link Metering} instances, from the gateway's own
 *     sources; never derived from anything a client sends
 * @param startedAt when the exchange began
 * @param duration from begin to settlement
 * @param operation the LLM operation
 * @param identity whom to bill; {@link Identity#ANONYMOUS} in Standalone mode
 * @param routing what the router decided
 * @param httpStatus the response status, 0 when there was no response
 * @param forcedUsage whether the backend was asked for usage on behalf of the client
 * @param router what the embedded router did; {@link RouterReport#OFF} where there is none
 * @param serviceTier the terms that the provider served it on
 * @param measurement the usage and its certainty
 * @param cost the money, null when cost is not calculated here, when no usage is known or when the
 *     exchange is {@linkplain #unpriced() unpriced}
 * @param unpriced whether cost was asked for, usage is known, and no price exists for it, also
 *     because the {@linkplain ServiceTier#isSpecial() tier is special}: unpriced is not free
 */
public record UsageRecord(
    String id,
    Instant startedAt,
    Duration duration,
    Operation operation,
    Identity identity,
    Routing routing,
    int httpStatus,
    ForcedUsage forcedUsage,
    RouterReport router,
    ServiceTier serviceTier,
    Measurement measurement,
    @Nullable Cost cost,
    boolean unpriced) {

  /** The model to bill. */
  public String model() {
    return routing.model();
  }

  /** How the exchange counts among the requests. */
  public Outcome outcome() {
    return Outcome.of(measurement);
  }

  /** Why the backend's usage is not known; null when it is, or when there is none to know. */
  public @Nullable Unmeasured unmeasured() {
    return Unmeasured.of(forcedUsage, measurement);
  }

  /** Whether the answer came from the router's response cache. */
  public boolean isCacheHit() {
    return Boolean.TRUE.equals(routing.cacheHit());
  }
}
