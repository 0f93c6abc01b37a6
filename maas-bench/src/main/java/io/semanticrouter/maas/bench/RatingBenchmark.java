// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What an exchange costs by a card of 5,000 models: look-up, gaps and sum. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class RatingBenchmark {
  private static final long AT = 1_800_000_000;
  private static final int MODELS = 5_000;

  /**
   * {@code plain}: prompt and completion, two prices. {@code worst}: found by the last of 20
   * patterns, the last of eight dates, a tier, the first of three sizes, with all parts of tokens
   * and all tools. {@code window}: two prices, the second of two windows in a zone with summer
   * time.
   */
  @Param({"plain", "worst", "window"})
  String exchange = "plain";

  private RateCard card = RateCard.EMPTY;
  private Routing routing = Routing.builder().build();
  private @Nullable String tier;
  private TokenUsage usage = TokenUsage.of(1, 1);
  private UnitUsage pieces = UnitUsage.NONE;
  private final Identity payer = Identity.of("alice", "gold");

  /** Reads the card. */
  @Setup(Level.Trial)
  public void read() {
    Map<String, Object> models = new LinkedHashMap<>();
    for (int i = 0; i < MODELS; i++) {
      models.put("model-" + i, prices("0." + (1000 + i)));
    }
    String model = "model-4711";
    if (exchange.equals("worst")) {
      model = "one/that/none/knows-19";
      for (int i = 0; i < 20; i++) {
        List<Object> versions = new ArrayList<>();
        for (int year = 2019; year < 2027; year++) {
          Map<String, Object> version = all("3");
          version.put("valid_from", year + "-12-01");
          version.put("valid_to", (year + 1) + "-12-01");
          version.put("match", List.of("*/*/*knows-" + i));
          Map<String, Object> flex = all("2");
          List<Object> sizes = new ArrayList<>();
          for (int size = 1; size < 4; size++) {
            Map<String, Object> above = prices("5");
            above.put("input_tokens_over", size * 200_000);
            sizes.add(above);
          }
          flex.put("above", sizes);
          version.put("service_tiers", Map.of("flex", flex));
          versions.add(version);
        }
        models.put("pattern-" + i, versions);
      }
      tier = "FLEX";
      TokenUsage.Builder tokens = TokenUsage.builder(100_000, 50_000);
      for (TokenPart part : TokenPart.values()) {
        tokens.part(part, 100);
      }
      usage = tokens.build();
      UnitUsage.Builder used = UnitUsage.builder().audioSeconds(3).images(2).searchUnits(1);
      for (ProviderTool tool : ProviderTool.values()) {
        used.calls(tool, 2);
      }
      pieces = used.build();
    } else {
      usage = TokenUsage.of(2_500, 342);
      if (exchange.equals("window")) {
        Map<String, Object> night = prices("1");
        night.put("window", window("22:00-06:00"));
        Map<String, Object> day = prices("2");
        day.put("window", window("06:00-22:00"));
        models.put(model, List.of(prices("3"), night, day));
      }
    }
    Map<String, Object> pricing = Map.of("models", models, "tiers", Map.of("gold", factor()));
    card = MaasConfig.from(Map.of("pricing", pricing)).rateCard();
    routing = Routing.builder().selectedModel(model).build();
    Checks.that(cost() != null, "it has a cost");
  }

  private static Map<String, Object> factor() {
    return Map.of("factor", "0.9");
  }

  private static Map<String, Object> window(String hours) {
    return Map.of("hours", hours, "zone", "Europe/Berlin");
  }

  private static Map<String, Object> prices(String price) {
    return new LinkedHashMap<>(Map.of("prompt_per_1m", price, "completion_per_1m", price));
  }

  private static Map<String, Object> all(String price) {
    Map<String, Object> prices = prices(price);
    for (String unit :
        List.of(
            "cached_input",
            "cache_write",
            "cache_write_1h",
            "reasoning",
            "audio_input",
            "audio_output",
            "image_input",
            "image_output")) {
      prices.put(unit + "_per_1m", price);
    }
    for (String unit :
        List.of(
            "request",
            "audio_second",
            "image",
            "search_unit",
            "web_search",
            "source",
            "file_search",
            "code_execution")) {
      prices.put("per_" + unit, price);
    }
    return prices;
  }

  /** The cost of one exchange. */
  @Benchmark
  public @Nullable Cost cost() {
    return card.cost(payer, routing, tier, usage, pieces, List.of(), AT);
  }
}
