// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
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

  /** What usage costs; null when it has no price here, or cost is not calculated. */
  public @Nullable Cost cost(
      Routing routing, ServiceTier tier, TokenUsage usage, List<UsageLine> otherLines) {
    if (!config.mode().calculatesCost()) {
      return null;
    }
    // vLLM knows no tiers, and repeats what the client asked for.
    if (tier.isSpecial() && config.usage().backend() != UsageConfig.Backend.VLLM) {
      return null;
    }
    try {
      return price(routing, usage, otherLines);
    } catch (Throwable e) {
      // The record goes out unpriced; without it the usage would be lost too.
      defects.add(e);
      return null;
    }
  }

  /**
   * The price of the selected model, else of the model that the response names. An answer from the
   * response cache cost no generation; it has no price of its own yet, so it is unpriced. So is an
   * exchange of which one of several models has no price, and one that a looper spread over models
   * of which only the sum is known.
   */
  private @Nullable Cost price(Routing routing, TokenUsage usage, List<UsageLine> otherLines) {
    if (usage.isEmpty()
        || Boolean.TRUE.equals(routing.cacheHit())
        || routing.responsePath() == ResponsePath.LOOPER) {
      return null;
    }
    RateCard card = config.rateCard();
    Cost cost = card.cost(routing.model(), usage);
    String responseModel = routing.responseModel();
    if (cost == null && responseModel != null) {
      cost = card.cost(responseModel, usage);
    }
    for (int i = 0; i < otherLines.size() && cost != null; i++) {
      Cost other = card.cost(otherLines.get(i).model(), otherLines.get(i).usage());
      cost = other == null ? null : cost.plus(other);
    }
    return cost;
  }
}
