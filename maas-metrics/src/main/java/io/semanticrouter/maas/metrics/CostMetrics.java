// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Money, where it is calculated here, and what puts it at risk. */
final class CostMetrics implements SeriesMetrics {
  private static final ClosedLabels REASONS =
      ClosedLabels.of("reason", Arrays.stream(PriceGap.values()).map(PriceGap::label).toList());

  private final MoneyCounter costs;

  /** What providers state, and what the same exchanges cost here. */
  private final MoneyCounter stated;

  private final MoneyCounter compared;

  /** Null when charges are the costs. */
  private final @Nullable MoneyCounter charges;

  private final SeriesCounter unpriced;
  private final SeriesCounter unpricedTokens;
  private final SeriesCounter fallbacks;
  private final SeriesCounter fallbackTokens;

  CostMetrics(PrometheusRegistry registry, LabelSpace exchanges, boolean hasCharges) {
    unpriced =
        exchanges.counter(
            "semantic_router_unpriced_requests",
            "Exchanges with known usage and no price for it: unpriced is not free.",
            REASONS);
    unpricedTokens =
        exchanges.counter(
            "semantic_router_unpriced_tokens", "Tokens of these exchanges.", ClosedLabels.NONE);
    fallbacks =
        exchanges.counter(
            "semantic_router_price_fallback_requests",
            "Exchanges that cost at most what was calculated: a part has no price of its own.",
            ClosedLabels.NONE);
    fallbackTokens =
        exchanges.counter(
            "semantic_router_price_fallback_tokens",
            "Tokens of these exchanges.",
            ClosedLabels.NONE);
    costs =
        MoneyCounter.register(
            registry,
            exchanges,
            "semantic_router_cost",
            "Cost of known usage, as far as it has a price; summed exactly, rounded when shown.");
    stated =
        MoneyCounter.register(
            registry,
            exchanges,
            "semantic_router_provider_cost",
            "What providers state that exchanges cost which have a cost here in the same"
                + " currency.");
    compared =
        MoneyCounter.register(
            registry,
            exchanges,
            "semantic_router_compared_cost",
            "Cost of these exchanges as it is calculated here.");
    charges =
        hasCharges
            ? MoneyCounter.register(
                registry,
                exchanges,
                "semantic_router_charge",
                "What customers are charged for known usage; summed exactly, rounded when shown.")
            : null;
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    Cost cost = record.cost();
    if (cost != null) {
      costs.add(series, cost, sign);
      compare(series, cost, record.measurement().statedCost(), sign);
    }
    Cost charge = record.charge();
    if (charge != null && charges != null) {
      charges.add(series, charge, sign);
    }
    PriceGap gap = record.priceGap();
    if (gap == null) {
      return;
    }
    if (gap.isUnpriced()) {
      unpriced.add(series, ClosedLabels.index(gap), sign);
      unpricedTokens.add(series, 0, sign * tokens(record));
    } else {
      fallbacks.add(series, 0, sign);
      fallbackTokens.add(series, 0, sign * tokens(record));
    }
  }

  private void compare(Series series, Cost cost, @Nullable Cost provider, int sign) {
    if (provider != null && provider.currency().equals(cost.currency())) {
      stated.add(series, provider, sign);
      compared.add(series, cost, sign);
    }
  }

  private static long tokens(UsageRecord record) {
    TokenUsage usage = record.measurement().usage();
    long sum = usage == null ? 0 : tokens(usage);
    List<UsageLine> lines = record.measurement().otherLines();
    for (int i = 0; i < lines.size(); i++) {
      sum += tokens(lines.get(i).usage());
    }
    return sum;
  }

  private static long tokens(TokenUsage usage) {
    return Math.max(0, usage.prompt()) + Math.max(0, usage.completion());
  }
}
