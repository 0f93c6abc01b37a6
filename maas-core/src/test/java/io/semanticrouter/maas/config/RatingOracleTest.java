// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random cards and exchanges, compared with a reading of the same tree in {@link BigDecimal} that
 * knows nothing of the rate card. {@code -Dmaas.seed=N} repeats what a run printed.
 */
class RatingOracleTest {
  private static final LocalDate YEAR = LocalDate.of(2027, 1, 1);
  private static final String[] TIERS = {"flex", "priority"};
  private static final String[] ZONES = {
    "UTC", "+08:00", "-03:30", "Europe/Berlin", "America/New_York", "Asia/Shanghai"
  };

  private final Random random;
  private final long seed;

  RatingOracleTest() {
    seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("RatingOracleTest seed " + seed);
    random = new Random(seed);
  }

  @Test
  void randomExchangesCostWhatTheOracleSays() {
    exchanges(200, 50);
  }

  @Test
  @Tag("slow")
  void aMillionRandomExchangesCostWhatTheOracleSays() {
    exchanges(10_000, 100);
  }

  private void exchanges(int cards, int each) {
    for (int i = 0; i < cards; i++) {
      Map<String, Object> base = model();
      List<Map<String, Object>> model = new ArrayList<>(List.of(base));
      windows().forEach(window -> model.add(random.nextInt(model.size() + 1), window));
      String classFactor = random.nextInt(3) == 0 ? null : decimal(2, 3);
      String cacheFactor = random.nextInt(3) == 0 ? null : decimal(1, 2);
      Map<String, Object> pricing = new HashMap<>(Map.of("models", Map.of("m", model)));
      if (classFactor != null) {
        pricing.put("tiers", Map.of("premium", Map.of("factor", classFactor)));
      }
      if (cacheFactor != null) {
        pricing.put("response_cache", Map.of("factor", cacheFactor));
      }
      RateCard card = MaasConfig.from(Map.of("pricing", pricing)).rateCard();
      for (int j = 0; j < each; j++) {
        Exchange exchange = exchange(model);
        assertThat(rated(card, exchange))
            .as(() -> "seed " + seed + " " + pricing + " " + exchange)
            .isEqualTo(oracle(entry(model, base, exchange.at), classFactor, cacheFactor, exchange));
      }
    }
  }

  /** One exchange; counts are -1 where nobody stated them. */
  private record Exchange(
      Instant at,
      String customer,
      @Nullable String serviceTier,
      boolean hit,
      TokenUsage tokens,
      long seconds,
      long searches) {
    long part(TokenPart part) {
      return Math.max(0, tokens.part(part));
    }
  }

  private static String rated(RateCard card, Exchange e) {
    UnitUsage pieces = UnitUsage.builder().audioSeconds(e.seconds).searchUnits(e.searches).build();
    Price price =
        card.price(
            "m",
            Identity.of("bob", e.customer),
            e.serviceTier,
            e.hit,
            e.tokens.prompt(),
            e.at.getEpochSecond());
    PriceGap gap = price.gap(e.tokens, pieces);
    if (gap != null && gap.isUnpriced()) {
      return gap.toString();
    }
    return (gap == null ? "" : "at most ")
        + price.cost(e.tokens, pieces).amount().stripTrailingZeros().toPlainString();
  }

  // --- the oracle ------------------------------------------------------------------------------

  private static Map<String, Object> entry(
      List<Map<String, Object>> model, Map<String, Object> base, Instant at) {
    for (Map<String, Object> entry : model) {
      if (entry.get("window") instanceof Map<?, ?> window && contains(window, at)) {
        return entry;
      }
    }
    return base;
  }

  private static boolean contains(Map<?, ?> window, Instant at) {
    ZoneId zone = ZoneId.of((String) requireNonNull(window.get("zone")));
    LocalDateTime local = LocalDateTime.ofInstant(at, zone);
    for (Object hours : (List<?>) requireNonNull(window.get("hours"))) {
      String[] ends = ((String) hours).split("-", -1);
      LocalTime from = LocalTime.parse(ends[0]);
      LocalTime until = LocalTime.parse(ends[1].replace("24:00", "00:00"));
      for (LocalDate day : List.of(local.toLocalDate(), local.toLocalDate().minusDays(1))) {
        boolean workday =
            day.getDayOfWeek().getValue() <= 5
                && !((List<?>) requireNonNull(window.get("holidays"))).contains(day.toString());
        LocalDateTime end = day.plusDays(until.isAfter(from) ? 0 : 1).atTime(until);
        if ((workday || Boolean.FALSE.equals(window.get("weekdays_only")))
            && !local.isBefore(day.atTime(from))
            && local.isBefore(end)) {
          return true;
        }
      }
    }
    return false;
  }

  @SuppressWarnings("unchecked")
  private static String oracle(
      Map<String, Object> model,
      @Nullable String classFactor,
      @Nullable String cacheFactor,
      Exchange e) {
    Map<String, Object> terms = model;
    BigDecimal tokenFactor = BigDecimal.ONE;
    BigDecimal factor = BigDecimal.ONE;
    if (e.customer.equals("premium") && classFactor != null) {
      factor = new BigDecimal(classFactor);
    }
    if (e.hit) {
      if (cacheFactor == null) {
        return "RESPONSE_CACHE";
      }
      factor = factor.multiply(new BigDecimal(cacheFactor));
    } else if (e.serviceTier != null) {
      Map<String, Object> tiers =
          (Map<String, Object>) model.getOrDefault("service_tiers", Map.of());
      if (!tiers.containsKey(e.serviceTier)) {
        return "SERVICE_TIER";
      }
      Map<String, Object> tier = (Map<String, Object>) tiers.get(e.serviceTier);
      if (tier.containsKey("factor")) {
        tokenFactor = new BigDecimal((String) tier.get("factor"));
      } else {
        terms = tier;
      }
    }
    Map<String, Object> prices = terms;
    for (Map<String, Object> size :
        (List<Map<String, Object>>) terms.getOrDefault("above", List.of())) {
      boolean reached =
          size.get("input_tokens_over") instanceof Number over
              ? e.tokens.prompt() > over.longValue()
              : size.get("input_tokens_from") instanceof Number from
                  && e.tokens.prompt() >= from.longValue();
      prices = reached ? size : prices; // ascending
    }
    return sum(prices, model, tokenFactor.multiply(factor), factor, e);
  }

  private static String sum(
      Map<String, Object> prices,
      Map<String, Object> model,
      BigDecimal tokenFactor,
      BigDecimal factor,
      Exchange e) {
    BigDecimal prompt = BigDecimal.valueOf(Math.max(0, e.tokens.prompt()));
    BigDecimal completion = BigDecimal.valueOf(Math.max(0, e.tokens.completion()));
    boolean audio = e.part(TokenPart.PROMPT_AUDIO) > 0;
    if ((audio && !prices.containsKey("audio_input_per_1m"))
        || (e.part(TokenPart.COMPLETION_AUDIO) > 0 && !prices.containsKey("audio_output_per_1m"))) {
      return "AUDIO";
    }
    if (e.part(TokenPart.COMPLETION_IMAGE) > 0 && !prices.containsKey("image_output_per_1m")) {
      return "IMAGE";
    }
    if (e.part(TokenPart.CACHE_WRITE_1H) > 0 && !prices.containsKey("cache_write_1h_per_1m")) {
      return "CACHE_WRITE";
    }
    boolean lacksSeconds =
        e.seconds > 0 && e.tokens.prompt() <= 0 && !model.containsKey("per_audio_second");
    if (lacksSeconds || (e.searches > 0 && !model.containsKey("per_search_unit"))) {
      return "PIECES";
    }
    if (e.tokens.isEmpty() && e.seconds < 0 && e.searches < 0) {
      return "UNKNOWN_USAGE";
    }
    BigDecimal plain = price(prices, "prompt_per_1m", null);
    BigDecimal audioPrice = price(prices, "audio_input_per_1m", plain);
    BigDecimal imagePrice = price(prices, "image_input_per_1m", plain);
    boolean isFree = tokenFactor.signum() == 0;
    boolean audioApart = audio && !isFree && audioPrice.compareTo(plain) != 0;
    boolean imageApart =
        e.part(TokenPart.PROMPT_IMAGE) > 0 && !isFree && imagePrice.compareTo(plain) != 0;
    boolean cached = e.part(TokenPart.CACHE_READ) > 0 || e.part(TokenPart.CACHE_WRITE) > 0;
    boolean atMost =
        (cached && (audioApart || imageApart))
            || lacks(prices, "cached_input_per_1m", e.part(TokenPart.CACHE_READ))
            || lacks(prices, "cache_write_per_1m", e.part(TokenPart.CACHE_WRITE))
            || lacks(prices, "image_input_per_1m", e.part(TokenPart.PROMPT_IMAGE));

    BigDecimal tokens = BigDecimal.ZERO;
    BigDecimal rest = prompt;
    if (audioApart) {
      BigDecimal share = rest.min(BigDecimal.valueOf(e.part(TokenPart.PROMPT_AUDIO)));
      tokens = tokens.add(share.multiply(audioPrice));
      rest = rest.subtract(share);
    }
    if (imageApart) {
      BigDecimal share = rest.min(BigDecimal.valueOf(e.part(TokenPart.PROMPT_IMAGE)));
      tokens = tokens.add(share.multiply(imagePrice));
      rest = rest.subtract(share);
    }
    BigDecimal read = rest.min(BigDecimal.valueOf(e.part(TokenPart.CACHE_READ)));
    rest = rest.subtract(read);
    BigDecimal written = rest.min(BigDecimal.valueOf(e.part(TokenPart.CACHE_WRITE)));
    rest = rest.subtract(written);
    BigDecimal hour = written.min(BigDecimal.valueOf(e.part(TokenPart.CACHE_WRITE_1H)));
    tokens =
        tokens
            .add(read.multiply(price(prices, "cached_input_per_1m", plain)))
            .add(hour.multiply(price(prices, "cache_write_1h_per_1m", BigDecimal.ZERO)))
            .add(written.subtract(hour).multiply(price(prices, "cache_write_per_1m", plain)))
            .add(rest.multiply(plain));
    BigDecimal out = price(prices, "completion_per_1m", null);
    for (TokenPart part :
        List.of(TokenPart.COMPLETION_AUDIO, TokenPart.COMPLETION_IMAGE, TokenPart.REASONING)) {
      String key =
          switch (part) {
            case COMPLETION_AUDIO -> "audio_output_per_1m";
            case COMPLETION_IMAGE -> "image_output_per_1m";
            default -> "reasoning_per_1m";
          };
      BigDecimal share = completion.min(BigDecimal.valueOf(e.part(part)));
      tokens = tokens.add(share.multiply(price(prices, key, out)));
      completion = completion.subtract(share);
    }
    tokens = tokens.add(completion.multiply(out)).movePointLeft(6).multiply(tokenFactor);

    BigDecimal pieces = price(model, "per_request", BigDecimal.ZERO);
    if (e.seconds > 0) {
      long minimum = ((Number) model.getOrDefault("minimum_audio_seconds", 0)).longValue();
      pieces =
          pieces.add(
              price(model, "per_audio_second", BigDecimal.ZERO)
                  .multiply(BigDecimal.valueOf(Math.max(minimum, e.seconds))));
    }
    if (e.searches > 0) {
      pieces =
          pieces.add(
              price(model, "per_search_unit", BigDecimal.ZERO)
                  .multiply(BigDecimal.valueOf(e.searches)));
    }
    BigDecimal amount = tokens.add(pieces.multiply(factor));
    return (atMost ? "at most " : "") + amount.stripTrailingZeros().toPlainString();
  }

  private static boolean lacks(Map<String, Object> prices, String key, long count) {
    return count > 0 && !prices.containsKey(key);
  }

  private static BigDecimal price(
      Map<String, Object> prices, String key, @Nullable BigDecimal otherwise) {
    Object price = prices.get(key);
    if (price == null && otherwise != null) {
      return otherwise;
    }
    return new BigDecimal(String.valueOf(price));
  }

  // --- what is random --------------------------------------------------------------------------

  private Map<String, Object> model() {
    Map<String, Object> model = terms();
    if (random.nextInt(3) == 0) {
      model.put("per_audio_second", decimal(1, 6));
      model.put("minimum_audio_seconds", random.nextInt(30));
    }
    if (random.nextInt(3) == 0) {
      model.put("per_search_unit", decimal(100, 4));
    }
    Map<String, Object> tiers = new HashMap<>();
    if (random.nextBoolean()) {
      tiers.put("flex", Map.of("factor", decimal(1, 2)));
    }
    if (random.nextBoolean()) {
      tiers.put("priority", terms());
    }
    model.put("service_tiers", tiers);
    return model;
  }

  /** None, one or two that have no minute in common. */
  private List<Map<String, Object>> windows() {
    if (random.nextInt(3) == 0) {
      return List.of();
    }
    int[] minutes = random.ints(0, 24 * 60).distinct().limit(4).sorted().toArray();
    String zone = ZONES[random.nextInt(ZONES.length)];
    List<Map<String, Object>> windows = new ArrayList<>();
    windows.add(window(zone, hours(minutes[0], minutes[1]), hours(minutes[2], minutes[3])));
    if (random.nextBoolean()) {
      windows.add(window(zone, hours(minutes[3], minutes[0])));
    }
    if (random.nextInt(4) == 0) {
      windows.add(window(zone, hours(minutes[1], minutes[2])));
    }
    return windows;
  }

  private Map<String, Object> window(String zone, String... hours) {
    boolean weekdaysOnly = random.nextBoolean();
    List<String> holidays = new ArrayList<>();
    for (int i = random.nextInt(40); weekdaysOnly && i > 0; i--) {
      holidays.add(YEAR.plusDays(random.nextInt(365)).toString());
    }
    Map<String, Object> entry = model();
    entry.put(
        "window",
        Map.of(
            "hours", List.of(hours),
            "weekdays_only", weekdaysOnly,
            "holidays", holidays,
            "zone", zone));
    return entry;
  }

  private static String hours(int from, int until) {
    String end = until == 0 ? "24:00" : LocalTime.ofSecondOfDay(until * 60L).toString();
    return LocalTime.ofSecondOfDay(from * 60L) + "-" + end;
  }

  /** Each second one is within a second of where a window begins or ends. */
  private Instant at(List<Map<String, Object>> model) {
    LocalDate day = YEAR.plusDays(random.nextInt(365));
    Object window = model.get(random.nextInt(model.size())).get("window");
    if (window instanceof Map<?, ?> map && random.nextBoolean()) {
      List<?> hours = (List<?>) requireNonNull(map.get("hours"));
      String[] ends = ((String) hours.get(random.nextInt(hours.size()))).split("-", -1);
      String end = ends[random.nextInt(2)].replace("24:00", "00:00");
      return day.atTime(LocalTime.parse(end))
          .atZone(ZoneId.of((String) requireNonNull(map.get("zone"))))
          .toInstant()
          .plusSeconds(random.nextInt(3) - 1);
    }
    return day.atStartOfDay(ZoneOffset.UTC).toInstant().plusSeconds(random.nextInt(24 * 60 * 60));
  }

  private Map<String, Object> terms() {
    Map<String, Object> terms = prices();
    if (random.nextBoolean()) {
      List<Object> sizes = new ArrayList<>();
      long limit = 0;
      for (int i = random.nextInt(3); i >= 0; i--) {
        limit += 2 + random.nextInt(50_000);
        Map<String, Object> size = prices();
        size.put(random.nextBoolean() ? "input_tokens_over" : "input_tokens_from", limit);
        sizes.add(size);
      }
      terms.put("above", sizes);
    }
    return terms;
  }

  private Map<String, Object> prices() {
    Map<String, Object> prices = new HashMap<>();
    prices.put("prompt_per_1m", price());
    prices.put("completion_per_1m", price());
    for (PriceUnit unit : PriceUnit.values()) {
      if (unit.isToken() && random.nextInt(3) > 0) {
        prices.putIfAbsent(unit.key(), price());
      }
    }
    return prices;
  }

  private String price() {
    return switch (random.nextInt(8)) {
      case 0 -> "0";
      case 1 -> "3";
      case 2 -> decimal(900_000, 2);
      default -> decimal(100, random.nextInt(6));
    };
  }

  private String decimal(int below, int places) {
    return BigDecimal.valueOf(random.nextLong(below * (long) Math.pow(10, places)), places)
        .toPlainString();
  }

  private Exchange exchange(List<Map<String, Object>> model) {
    TokenUsage.Builder tokens = TokenUsage.builder(count(), count());
    for (TokenPart part : TokenPart.values()) {
      if (random.nextInt(4) == 0) {
        tokens.part(part, count());
      }
    }
    return new Exchange(
        at(model),
        random.nextBoolean() ? "premium" : "free",
        random.nextInt(3) == 0 ? TIERS[random.nextInt(2)] : null,
        random.nextInt(5) == 0,
        tokens.build(),
        random.nextInt(4) == 0 ? random.nextInt(100) : -1,
        random.nextInt(4) == 0 ? random.nextInt(5) : -1);
  }

  private long count() {
    return switch (random.nextInt(10)) {
      case 0 -> -1;
      case 1 -> 0;
      case 2 -> random.nextLong() >>> 11;
      default -> random.nextLong() >>> (44 + random.nextInt(19));
    };
  }
}
