// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.ConfigError;
import io.semanticrouter.maas.ConfigException;
import io.semanticrouter.maas.ConfigSection;
import io.semanticrouter.maas.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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

/**
 * A routing decision for which every signal is asked: ten keyword signals, five regular
 * expressions, all shipped domains; and none but the domain is there.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Thread)
public class RouterBenchmark {
  private static final String PROSE =
      "Please explain to my younger sister how the moon pulls at the ocean and why there are two "
          + "tides a day, in words that a child of ten can follow. She asked about it at the "
          + "beach, where the water had gone so far out that boats were lying in the mud. ";
  private static final String NUMBERS =
      "The order AB 4711-20 of 12 May had 3 parts for 19.90 each and 2 parts for 7.25 each, "
          + "delivered on 14-05, and the gravity of the planet pulled 1 of them off the shelf. ";

  /** Characters of the prompt. */
  @Param({"1000", "100000"})
  public int size;

  /** Prose without figures, or with such figures that one of the expressions has to run. */
  @Param({"prose", "numbers"})
  public String text = "";

  private final Decider decider = new Decider(config());
  private Prompt prompt = new Prompt("", "", "", 0, false, false);

  /** What a mistake here would look like. */
  @Setup(Level.Trial)
  public void check() {
    String piece = text.equals("prose") ? PROSE : NUMBERS;
    String whole = piece.repeat(size / piece.length() + 1).substring(0, size);
    prompt = new Prompt("auto", whole, whole, size, false, false);
    RoutingDecision decision = decider.decide(prompt, Identity.ANONYMOUS);
    if (!decision.name().equals("science")
        || !decision.matchedSignals().equals(List.of("domain:science"))) {
      throw new IllegalStateException(decision.toString());
    }
  }

  /** The routing decision. */
  @Benchmark
  public Object decide() {
    return decider.decide(prompt, Identity.ANONYMOUS);
  }

  private static RouterConfig config() {
    List<Object> keywords = new ArrayList<>();
    List<Object> decisions = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      keywords.add(
          Map.of(
              "name",
              "k" + i,
              "keywords",
              List.of("urgent" + i, "right away number " + i, "please hurry " + i)));
      decisions.add(decision("k" + i, "keyword", "k" + i));
    }
    List<Object> expressions = new ArrayList<>();
    List<String> patterns =
        List.of(
            "(?i)\\b(password|passphrase)\\b",
            "(?i)incident\\s+\\w+",
            "https?://\\S+\\.internal",
            "\\b[A-Z]{2,5}-\\d{3,}\\b",
            "\\b\\d{4}-\\d{2}-\\d{2}\\b");
    for (int i = 0; i < patterns.size(); i++) {
      expressions.add(Map.of("name", "r" + i, "pattern", patterns.get(i)));
      decisions.add(decision("r" + i, "regex", "r" + i));
    }
    decisions.add(decision("science", "domain", "science"));
    List<ConfigError> errors = new ArrayList<>();
    RouterConfig config =
        RouterConfig.from(
            ConfigSection.root(
                Map.of(
                    "router",
                    Map.of(
                        "enabled",
                        true,
                        "models",
                        Map.of("m", Map.of()),
                        "default_model",
                        "m",
                        "signals",
                        Map.of("keywords", keywords, "regex", expressions),
                        "decisions",
                        decisions)),
                errors));
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return config;
  }

  private static Map<String, Object> decision(String name, String type, String signal) {
    return Map.of("name", name, "rules", Map.of("type", type, "name", signal));
  }
}
