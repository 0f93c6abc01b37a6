// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;

/** The router's response cache: hits and misses, and the tokens that no backend had to spend. */
final class CacheMetrics implements SeriesMetrics {
  private static final int HIT = 0;
  private static final int MISS = 1;
  private static final int UNKNOWN = 2;

  private final SeriesCounter requests;
  private final SeriesCounter tokens;

  CacheMetrics(LabelSpace exchanges) {
    requests =
        exchanges.counter(
            "semantic_router_cache_requests",
            "Exchanges by what the router's response cache had.",
            ClosedLabels.of("result", "hit", "miss", "unknown"));
    tokens =
        exchanges.counter(
            "semantic_router_cache_tokens",
            "Measured tokens of response cache hits; never part of semantic_router_tokens_total.",
            TokenMetrics.TYPES);
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    Boolean hit = record.routing().cacheHit();
    requests.add(series, hit == null ? UNKNOWN : hit ? HIT : MISS, sign);
    TokenUsage usage = record.measurement().usage();
    if (record.isCacheHit() && usage != null && record.measurement().status() != Status.ESTIMATED) {
      TokenMetrics.addTotals(tokens, series, usage, sign);
    }
  }
}
