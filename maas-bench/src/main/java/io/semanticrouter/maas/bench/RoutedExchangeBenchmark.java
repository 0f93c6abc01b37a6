// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.RequestBody;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.metrics.PrometheusSink;
import io.semanticrouter.maas.router.EmbeddedRouter;
import io.semanticrouter.maas.router.RouterConfig;
import java.util.ArrayList;
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

/**
 * One exchange with a prompt and an answer of 2 KB, with and without the embedded router: {@code
 * NONE} has never heard of one, {@code OFF} has one that is switched off, {@code ROUTED} decides by
 * domain and edits the model and the reasoning, {@code SIGNALS} asks ten keyword signals and five
 * regular expressions before, {@code SECURED} looks for personal data and jailbreak attempts,
 * {@code HIT} is answered from the cache.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class RoutedExchangeBenchmark {
  private static final String PROMPT =
      "Please explain what a prime number is, and why 2 + 2 is not one. ";

  private static final List<String> EXPRESSIONS =
      List.of(
          "(?i)\\b(password|passphrase)\\b",
          "(?i)incident\\s+\\w+",
          "https?://\\S+\\.internal",
          "\\b[A-Z]{2,5}-\\d{3,}\\b",
          "\\b\\d{4}-\\d{2}-\\d{2}\\b");

  /** What is done with the request. */
  public enum Router {
    /** No router. */
    NONE,
    /** A router that is switched off. */
    OFF,
    /** Routed by domain. */
    ROUTED,
    /** Routed by domain, after signals that are not there. */
    SIGNALS,
    /** Routed, and looked at for security. */
    SECURED,
    /** Answered from the cache. */
    HIT
  }

  /** Which of them. */
  @Param Router router = Router.NONE;

  /** Of the prompt. */
  @Param("1000")
  int characters = 1000;

  private final Client client = new Client(1);
  private byte[] request = {};
  private long passed;
  private @Nullable Metering metering;

  /** Makes the metering, and looks whether it does what it shall. */
  @Setup(Level.Trial)
  public void start() {
    request =
        ("{\"model\":\"gpt-4\",\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\""
                + PROMPT.repeat(characters / PROMPT.length())
                + "\"}]}")
            .getBytes(UTF_8);
    MaasConfig config = Traffic.config(io.semanticrouter.maas.config.Mode.MAAS, false);
    Metering.Builder builder =
        Metering.builder(config).sink(PrometheusSink.register(config, new PrometheusRegistry()));
    metering =
        router == Router.NONE
            ? builder.build()
            : builder.router(new EmbeddedRouter(config())).build();
    client.next();
    exchange();
    Exchange second = begin();
    LocalAnswer answer = second.request().answer();
    Checks.that((answer != null) == (router == Router.HIT), "only a hit is answered here");
    Checks.that(
        (second.request().mode() != RequestBody.Mode.PASS)
            == (router.compareTo(Router.ROUTED) >= 0),
        "only ours is edited");
    second.close();
  }

  private RouterConfig config() {
    List<ConfigError> errors = new ArrayList<>();
    boolean secured = router == Router.SECURED;
    List<Map<String, Object>> keywords = new ArrayList<>();
    List<Map<String, Object>> expressions = new ArrayList<>();
    List<Map<String, Object>> decisions = new ArrayList<>();
    if (router == Router.SIGNALS) {
      for (int i = 0; i < 10; i++) {
        List<String> phrases = List.of("urgent" + i, "right away number " + i, "hurry " + i);
        keywords.add(Map.of("name", "k" + i, "keywords", phrases));
        decisions.add(decision("keyword", "k" + i));
      }
      for (int i = 0; i < EXPRESSIONS.size(); i++) {
        expressions.add(Map.of("name", "r" + i, "pattern", EXPRESSIONS.get(i)));
        decisions.add(decision("regex", "r" + i));
      }
    }
    decisions.add(decision("domain", "math"));
    Map<String, Object> section =
        Map.of(
            "enabled",
            router != Router.OFF,
            "models",
            Map.of("qwen3", Map.of("reasoning_family", "qwen3")),
            "default_model",
            "qwen3",
            "signals",
            Map.of("keywords", keywords, "regex", expressions),
            "decisions",
            decisions,
            "security",
            Map.of("pii", Map.of("enabled", secured), "jailbreak", Map.of("enabled", secured)),
            "response_cache",
            Map.of("enabled", router == Router.HIT));
    RouterConfig config = RouterConfig.from(ConfigSection.root(Map.of("router", section), errors));
    Checks.that(errors.isEmpty(), errors.toString());
    return config;
  }

  private static Map<String, Object> decision(String type, String signal) {
    return Map.of(
        "name",
        signal,
        "rules",
        Map.of("type", type, "name", signal),
        "modelRefs",
        List.of(Map.of("model", "qwen3", "use_reasoning", false)));
  }

  private Exchange begin() {
    if (metering == null) {
      throw new IllegalStateException("Not started");
    }
    Exchange exchange = client.begin(metering);
    RequestBody asked = exchange.request();
    asked.edits();
    if (asked.mode() != RequestBody.Mode.PASS) {
      asked.write(request, 0, request.length, (b, from, length) -> passed += length);
      asked.end((b, from, length) -> passed += length);
    }
    return exchange;
  }

  /** One exchange. */
  @Benchmark
  public long exchange() {
    Exchange exchange = begin();
    if (exchange.request().answer() == null) {
      ResponseBody answer = exchange.response(200, client.jsonResponse());
      byte[] body = client.body();
      answer.watch(body, 0, body.length);
      answer.end();
    }
    return passed;
  }
}
