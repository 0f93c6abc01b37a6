// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Price;
import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ResponsePath;
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
    return config.mode().calculatesCost()
        ? price(config.rateCard(), payer, routing, tier, usage, pieces, otherLines, at, null)
        : null;
  }

  /** Adds cost and charge of a measurement to its record, or what the rate card lacks for it. */
  public void price(
      UsageRecord.Builder record,
      Identity payer,
      Routing routing,
      ServiceTier tier,
      Measurement measurement,
      long at) {
    TokenUsage usage = measurement.usage();
    if (usage == null || !config.mode().calculatesCost()) {
      return;
    }
    UnitUsage pieces = measurement.units();
    List<UsageLine> lines = measurement.otherLines();
    RateCard card = config.rateCard();
    Cost cost = price(card, payer, routing, tier, usage, pieces, lines, at, record);
    record.cost(cost);
    RateCard charges = card.charge();
    if (charges != null) {
      Cost charge = price(charges, payer, routing, tier, usage, pieces, lines, at, null);
      record.charge(charge);
      if (charge == null && cost != null) {
        record.priceGap(PriceGap.CHARGE);
      }
    }
  }

  /**
   * The price of the selected model, else of the model that the response names. An exchange of
   * which one of several models has no price is unpriced, and so is one that a looper spread over
   * models of which only the sum is known.
   *
   * @param record receives which price it was, and what it lacks; null when nobody asks
   */
  private @Nullable Cost price(
      RateCard card,
      Identity payer,
      Routing routing,
      ServiceTier tier,
      TokenUsage usage,
      UnitUsage pieces,
      List<UsageLine> otherLines,
      long at,
      UsageRecord.@Nullable Builder record) {
    if (routing.responsePath() == ResponsePath.LOOPER) {
      return lacks(PriceGap.LOOPER, record);
    }
    // vLLM knows no tiers, and repeats what the client asked for.
    boolean special = tier.isSpecial() && config.usage().backend() != UsageConfig.Backend.VLLM;
    String terms = special ? tier.served() : null;
    boolean cached = Boolean.TRUE.equals(routing.cacheHit());
    try {
      Price price = card.price(routing.model(), payer, terms, cached, usage.prompt(), at);
      String responseModel = routing.responseModel();
      if (price.applied() == null && responseModel != null) {
        Price other = card.price(responseModel, payer, terms, cached, usage.prompt(), at);
        price = other.applied() == null ? price : other;
      }
      PriceGap gap = price.gap(usage, pieces);
      if (gap != null && gap.isUnpriced()) {
        return lacks(gap, record);
      }
      Cost cost = price.cost(usage, pieces);
      for (int i = 0; i < otherLines.size(); i++) {
        UsageLine line = otherLines.get(i);
        long prompt = line.usage().prompt();
        Price other = card.price(line.model(), payer, terms, cached, prompt, at);
        PriceGap otherGap = other.gap(line.usage(), UnitUsage.NONE);
        boolean priced = otherGap == null || !otherGap.isUnpriced();
        if (priced && !other.currency().equals(price.currency())) {
          otherGap = PriceGap.CURRENCIES;
        }
        if (otherGap != null && otherGap.isUnpriced()) {
          return lacks(otherGap, record);
        }
        gap = gap == null ? otherGap : gap;
        cost = cost.plus(other.cost(line.usage(), UnitUsage.NONE));
      }
      lacks(gap, record);
      if (record != null) {
        record.appliedPrice(price.applied());
      }
      return cost;
    } catch (ArithmeticException e) {
      return lacks(PriceGap.OUT_OF_RANGE, record);
    } catch (Throwable e) {
      // The record goes out unpriced; without it the usage would be lost too.
      defects.add(e);
      return lacks(PriceGap.OUT_OF_RANGE, record);
    }
  }

  /** No cost, and why. */
  private static @Nullable Cost lacks(
      @Nullable PriceGap gap, UsageRecord.@Nullable Builder record) {
    if (record != null && gap != null) {
      record.priceGap(gap);
    }
    return null;
  }
}
