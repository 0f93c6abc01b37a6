// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What exchanges cost by the rate card of the configuration. Thread-safe. */
public final class Pricing {
  private final MaasConfig config;
  private final Defects defects;

  public Pricing(MaasConfig config, Defects defects) {
    this.config = config;
    this.defects = defects;
  }

  /**
   * What usage costs so far; null when it has no price here, or cost is not calculated.
   *
   * @param at the end of the exchange, in seconds since 1970
   */
  public @Nullable Cost cost(
      Identity payer,
      Routing routing,
      ServiceTier tier,
      TokenUsage usage,
      UnitUsage pieces,
      List<UsageLine> otherLines,
      long at) {
    if (!config.mode().calculatesCost()) {
      return null;
    }
    try {
      return config.rateCard().cost(payer, routing, terms(tier), usage, pieces, otherLines, at);
    } catch (Throwable e) {
      defects.add(e);
      return null;
    }
  }

  /** Adds cost and charge of a measurement to its record, or what the rate card lacks for it. */
  public void price(
      UsageRecord.Builder record,
      Identity payer,
      Routing routing,
      ServiceTier tier,
      Measurement measurement,
      long at) {
    if (!config.mode().calculatesCost()) {
      return;
    }
    try {
      config.rateCard().rate(record, payer, routing, terms(tier), measurement, at);
    } catch (Throwable e) {
      // The record goes out unpriced; without it the usage would be lost too.
      defects.add(e);
      record.cost(null).charge(null).appliedPrice(null).priceGap(PriceGap.OUT_OF_RANGE);
    }
  }

  /** vLLM knows no tiers, and repeats what the client asked for. */
  private @Nullable String terms(ServiceTier tier) {
    return tier.isSpecial() && config.usage().backend() != UsageConfig.Backend.VLLM
        ? tier.served()
        : null;
  }
}
