// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an exchange costs by a card. */
final class Rating {
  private Rating() {}

  /**
   * The price of the selected model, else of the model that the response names. An exchange of
   * which one of several models has no price is unpriced, and so is one that a looper spread over
   * models of which only the sum is known.
   *
   * @param record receives which price it was, and what it lacks; null when nobody asks
   */
  static @Nullable Cost cost(
      RateCard card,
      Identity payer,
      Routing routing,
      @Nullable String serviceTier,
      TokenUsage usage,
      UnitUsage pieces,
      List<UsageLine> otherLines,
      long at,
      UsageRecord.@Nullable Builder record) {
    if (routing.responsePath() == ResponsePath.LOOPER) {
      return lacks(PriceGap.LOOPER, record);
    }
    boolean cached = Boolean.TRUE.equals(routing.cacheHit());
    try {
      Price price = card.price(routing.model(), payer, serviceTier, cached, usage.prompt(), at);
      String responseModel = routing.responseModel();
      if (price.applied() == null && responseModel != null) {
        Price other = card.price(responseModel, payer, serviceTier, cached, usage.prompt(), at);
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
        Price other = card.price(line.model(), payer, serviceTier, cached, prompt, at);
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
