// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.config.Price;
import io.semanticrouter.maas.config.PriceUnit;
import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.record.Identity;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.function.Supplier;

/**
 * The prices of the models that the configuration itself names: books have hundreds of models that
 * nobody asks for.
 */
final class PriceMetrics {
  private PriceMetrics() {}

  static void register(PrometheusRegistry registry, Supplier<RateCard> card) {
    GaugeWithCallback.builder()
        .name("semantic_router_price")
        .help("Standard price of one token or piece now, of the models of pricing.models.")
        .labelNames("model", "unit", "currency")
        .callback(callback -> prices(card.get(), callback))
        .register(registry);
  }

  private static void prices(RateCard card, GaugeWithCallback.Callback callback) {
    long now = Instant.now().getEpochSecond();
    for (String model : card.models()) {
      Price price = card.price(model, Identity.ANONYMOUS, null, false, 0, now);
      for (PriceUnit unit : PriceUnit.values()) {
        BigDecimal one = price.of(unit);
        if (one != null) {
          callback.call(one.doubleValue(), model, unit.label(), price.currency());
        }
      }
    }
  }
}
