// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;

/**
 * What the rate card lacks for an exchange. With {@link #PRICE_FALLBACK} it has a cost all the
 * same, with all others it has none: unpriced is not free. A constant never changes its name.
 */
public enum PriceGap {
  /**
   * A part without a price of its own passes at the price of what contains it, which is not lower
   * where providers price it apart: the cost is at most this.
   */
  PRICE_FALLBACK,
  /** The rate card has no price for the model. */
  NO_PRICE,
  /** The rate card has prices for the model, and none at the end of the exchange. */
  NOT_VALID,
  /** The exchange was served on terms that the model has no prices for. */
  SERVICE_TIER,
  /** An answer of the response cache, for which there is no price. */
  RESPONSE_CACHE,
  /** The sum of what several models used, of which none is known by itself. */
  LOOPER,
  /** The model is priced by the piece only, and used tokens. */
  TOKENS,
  /** Tokens were written to a cache for an hour, which costs more than what has a price. */
  CACHE_WRITE,
  /** Audio was sent or generated, which costs more than text, and has no price. */
  AUDIO,
  /** Images were generated, which costs more than text, and has no price. */
  IMAGE,
  /** Something is billed by the piece (calls of tools, seconds, images), and has no price. */
  PIECES,
  /** No count is known that a price could be multiplied with. */
  UNKNOWN_USAGE,
  /** Several models served the exchange, priced in different currencies. */
  CURRENCIES,
  /** The exchange has a cost, and nothing by which to charge it to the customer. */
  CHARGE,
  /** The cost exceeds 2<sup>63</sup>−1 units of its currency, or could not be calculated. */
  OUT_OF_RANGE;

  private final String label = Labels.of(this);

  /** Whether the exchange has no cost for it. */
  public boolean isUnpriced() {
    return this != PRICE_FALLBACK;
  }

  /** The metric label value. */
  public String label() {
    return label;
  }
}
