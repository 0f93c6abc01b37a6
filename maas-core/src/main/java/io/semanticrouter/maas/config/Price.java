// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import java.math.BigDecimal;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The prices of one model on one set of terms, or the reason why there are none. Immutable; all
 * factors are folded in.
 *
 * <p>Parts of tokens replace their share of the prompt or the completion and are never added to it.
 * Audio and images that are priced apart are taken first, then what was read from a cache, then
 * what was written to it; what exceeds its total is cut. Which tokens are of two parts at once
 * (cached audio) is not stated by any provider for sure: they count as different tokens as long as
 * the total has room, which is the highest cost that they can have.
 */
public final class Price {
  private static final PriceUnit[] UNITS = PriceUnit.values();
  private static final EnumMap<PriceGap, Price> MISSING = new EnumMap<>(PriceGap.class);

  static {
    for (PriceGap gap : PriceGap.values()) {
      MISSING.put(gap, new Price(gap));
    }
  }

  /** Why there are no prices; null when there are. */
  private final @Nullable PriceGap missing;

  private final @Nullable AppliedPrice applied;
  private final String currency;

  /** By the position of the unit: whole currency units of one token or piece. */
  private final long[] units = new long[UNITS.length];

  /** The 10<sup>-18</sup> parts beside them. */
  private final long[] attos = new long[UNITS.length];

  /** A bit for each unit that has a price of its own. */
  private final int stated;

  /** Audio that is shorter is billed as if it had so many seconds. */
  private final long minimumAudioSeconds;

  private final boolean audioApart;
  private final boolean imageApart;

  private Price(PriceGap missing) {
    this.missing = missing;
    applied = null;
    currency = "";
    stated = 0;
    minimumAudioSeconds = 0;
    audioApart = false;
    imageApart = false;
  }

  /**
   * Prices.
   *
   * @param perOne of one token or piece, each with at most {@link Cost#SCALE} decimal places
   */
  Price(
      AppliedPrice applied,
      String currency,
      Map<PriceUnit, BigDecimal> perOne,
      long minimumAudioSeconds) {
    missing = null;
    this.applied = applied;
    this.currency = currency;
    this.minimumAudioSeconds = minimumAudioSeconds;
    int bits = 0;
    for (PriceUnit unit : UNITS) {
      BigDecimal price = perOne.get(unit);
      if (price != null) {
        bits |= bit(unit);
      } else {
        price = perOne.getOrDefault(fallback(unit), BigDecimal.ZERO);
      }
      BigDecimal whole = new BigDecimal(price.toBigInteger());
      units[index(unit)] = whole.longValueExact();
      attos[index(unit)] = price.subtract(whole).movePointRight(Cost.SCALE).longValueExact();
    }
    stated = bits;
    audioApart = differs(PriceUnit.AUDIO_INPUT, PriceUnit.PROMPT);
    imageApart = differs(PriceUnit.IMAGE_INPUT, PriceUnit.PROMPT);
  }

  /** No price, and the reason. */
  static Price missing(PriceGap gap) {
    return Objects.requireNonNull(MISSING.get(gap));
  }

  /** What a part without a price of its own is charged as. */
  private static PriceUnit fallback(PriceUnit unit) {
    return switch (unit) {
      case CACHE_READ, CACHE_WRITE, AUDIO_INPUT, IMAGE_INPUT -> PriceUnit.PROMPT;
      case REASONING, AUDIO_OUTPUT, IMAGE_OUTPUT -> PriceUnit.COMPLETION;
      default -> unit;
    };
  }

  private boolean differs(PriceUnit unit, PriceUnit other) {
    return units[index(unit)] != units[index(other)] || attos[index(unit)] != attos[index(other)];
  }

  /** Which price of the rate card this is; null when there is none. */
  public @Nullable AppliedPrice applied() {
    return applied;
  }

  /** The currency, an ISO 4217 code; empty when there is no price. */
  public String currency() {
    return currency;
  }

  /** What one token or one piece costs; null when it has no price of its own. */
  public @Nullable BigDecimal of(PriceUnit unit) {
    return has(unit) ? new Cost(currency, units[index(unit)], attos[index(unit)]).amount() : null;
  }

  /** Seconds of audio that are billed at least. */
  public long minimumAudioSeconds() {
    return minimumAudioSeconds;
  }

  /**
   * What these prices lack for a usage; null when nothing. What was used and is charged as
   * something else is {@link PriceGap#PRICE_FALLBACK}, where that cannot be too little.
   */
  public @Nullable PriceGap gap(TokenUsage usage, UnitUsage pieces) {
    if (missing != null) {
      return missing;
    }
    if (lacks(PriceUnit.PROMPT, usage.prompt())
        || lacks(PriceUnit.COMPLETION, usage.completion())) {
      return PriceGap.TOKENS;
    }
    long audio = usage.part(TokenPart.PROMPT_AUDIO);
    if (lacks(PriceUnit.AUDIO_INPUT, audio)
        || lacks(PriceUnit.AUDIO_OUTPUT, usage.part(TokenPart.COMPLETION_AUDIO))) {
      return PriceGap.AUDIO;
    }
    if (lacks(PriceUnit.IMAGE_OUTPUT, usage.part(TokenPart.COMPLETION_IMAGE))) {
      return PriceGap.IMAGE;
    }
    if (lacks(PriceUnit.CACHE_WRITE_1H, usage.part(TokenPart.CACHE_WRITE_1H))) {
      return PriceGap.CACHE_WRITE;
    }
    if (!pieces.equals(UnitUsage.NONE) && lacksPieces(usage, pieces)) {
      return PriceGap.PIECES;
    }
    if (usage.isEmpty() && !pricesPieces(pieces) && !has(PriceUnit.REQUEST)) {
      return PriceGap.UNKNOWN_USAGE;
    }
    long read = usage.part(TokenPart.CACHE_READ);
    long written = usage.part(TokenPart.CACHE_WRITE);
    long image = usage.part(TokenPart.PROMPT_IMAGE);
    boolean overlaps =
        (read > 0 || written > 0) && ((audioApart && audio > 0) || (imageApart && image > 0));
    boolean fallsBack =
        overlaps
            || lacks(PriceUnit.CACHE_READ, read)
            || lacks(PriceUnit.CACHE_WRITE, written)
            || lacks(PriceUnit.IMAGE_INPUT, image);
    return fallsBack ? PriceGap.PRICE_FALLBACK : null;
  }

  /** Seconds and images are also billed as the tokens that are stated for them. */
  private boolean lacksPieces(TokenUsage usage, UnitUsage pieces) {
    if ((lacks(PriceUnit.AUDIO_SECOND, pieces.audioSeconds()) && usage.prompt() <= 0)
        || (lacks(PriceUnit.IMAGE, pieces.images()) && usage.completion() <= 0)
        || lacks(PriceUnit.SEARCH_UNIT, pieces.searchUnits())) {
      return true;
    }
    if (!pieces.tools().isEmpty()) {
      for (PriceUnit unit : UNITS) {
        if (lacks(unit, calls(pieces, unit))) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean pricesPieces(UnitUsage pieces) {
    return pieces.audioSeconds() >= 0
        || pieces.images() >= 0
        || pieces.searchUnits() >= 0
        || pieces.toolCalls() > 0;
  }

  private static long calls(UnitUsage pieces, PriceUnit unit) {
    ProviderTool tool = unit.tool();
    Long calls = tool == null ? null : pieces.tools().get(tool);
    return calls == null ? 0 : calls;
  }

  /**
   * What a usage costs, of which {@link #gap} lacks nothing but a fallback. Counts that are unknown
   * add nothing.
   *
   * @throws ArithmeticException when it has more than 2<sup>63</sup>−1 whole units
   * @throws IllegalStateException when there is no price
   */
  public Cost cost(TokenUsage usage, UnitUsage pieces) {
    if (missing != null) {
      throw new IllegalStateException("no price: " + missing);
    }
    ExactSum sum = new ExactSum();
    long prompt = known(usage.prompt());
    if (audioApart) {
      prompt -= add(sum, PriceUnit.AUDIO_INPUT, usage.part(TokenPart.PROMPT_AUDIO), prompt);
    }
    if (imageApart) {
      prompt -= add(sum, PriceUnit.IMAGE_INPUT, usage.part(TokenPart.PROMPT_IMAGE), prompt);
    }
    prompt -= add(sum, PriceUnit.CACHE_READ, usage.part(TokenPart.CACHE_READ), prompt);
    long written = usage.part(TokenPart.CACHE_WRITE);
    if (written > 0) {
      written = Math.min(written, prompt);
      long hour = add(sum, PriceUnit.CACHE_WRITE_1H, usage.part(TokenPart.CACHE_WRITE_1H), written);
      add(sum, PriceUnit.CACHE_WRITE, written - hour, written - hour);
      prompt -= written;
    }
    add(sum, PriceUnit.PROMPT, prompt, prompt);
    long completion = known(usage.completion());
    completion -=
        add(sum, PriceUnit.AUDIO_OUTPUT, usage.part(TokenPart.COMPLETION_AUDIO), completion);
    completion -=
        add(sum, PriceUnit.IMAGE_OUTPUT, usage.part(TokenPart.COMPLETION_IMAGE), completion);
    completion -= add(sum, PriceUnit.REASONING, usage.part(TokenPart.REASONING), completion);
    add(sum, PriceUnit.COMPLETION, completion, completion);
    add(sum, PriceUnit.REQUEST, 1, 1);
    if (!pieces.equals(UnitUsage.NONE)) {
      addPieces(sum, pieces);
    }
    return sum.in(currency);
  }

  private void addPieces(ExactSum sum, UnitUsage pieces) {
    long seconds = pieces.audioSeconds();
    addAll(sum, PriceUnit.AUDIO_SECOND, seconds > 0 ? Math.max(seconds, minimumAudioSeconds) : 0);
    addAll(sum, PriceUnit.IMAGE, pieces.images());
    addAll(sum, PriceUnit.SEARCH_UNIT, pieces.searchUnits());
    if (!pieces.tools().isEmpty()) {
      for (PriceUnit unit : UNITS) {
        addAll(sum, unit, calls(pieces, unit));
      }
    }
  }

  private void addAll(ExactSum sum, PriceUnit unit, long count) {
    add(sum, unit, count, count);
  }

  /** Adds the price of so many, but not of more than there is room for; returns how many. */
  private long add(ExactSum sum, PriceUnit unit, long count, long room) {
    if (count <= 0) {
      return 0;
    }
    long share = Math.min(count, room);
    int index = index(unit);
    sum.add(share, units[index], attos[index]);
    return share;
  }

  private boolean lacks(PriceUnit unit, long count) {
    return count > 0 && !has(unit);
  }

  private boolean has(PriceUnit unit) {
    return (stated & bit(unit)) != 0;
  }

  private static long known(long count) {
    return Math.max(0, count);
  }

  private static int bit(PriceUnit unit) {
    return 1 << index(unit);
  }

  @SuppressWarnings("EnumOrdinal") // never leaves the process
  private static int index(PriceUnit unit) {
    return unit.ordinal();
  }

  @Override
  public String toString() {
    return missing != null ? "Price[" + missing + "]" : "Price[" + applied + ", " + currency + "]";
  }
}
