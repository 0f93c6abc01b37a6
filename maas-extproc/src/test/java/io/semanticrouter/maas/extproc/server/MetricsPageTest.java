// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.config.PriceUnit;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import io.semanticrouter.maas.journal.UsageJournal;
import io.semanticrouter.maas.metrics.PrometheusSink;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code docs/metrics.md} has every metric as a scrape shows it: name, type, labels, the values of
 * closed labels, the modes in which it exists.
 */
@Timeout(60)
class MetricsPageTest {
  private static final Set<String> OPEN_LABELS =
      Set.of(
          "user",
          "tier",
          "model",
          "decision",
          "category",
          "currency",
          "version",
          "mode",
          "runtime",
          "vendor",
          "gc",
          "area",
          "pool");
  private static final int[] STATUSES = {200, 304, 404, 503, 0, 101, 429};

  private static final Pattern LABEL = Pattern.compile("`(\\w+)`(?:: ([^`]*[^`, ]))?");
  private static final Pattern SAMPLE =
      Pattern.compile("(\\w+?)(_bucket|_sum|_count)?(\\{.*})? .*");
  private static final Pattern VALUE = Pattern.compile("(\\w+)=\"([^\"]*)\"");

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"Standalone", "MaaS", "Hybrid"})
  void pageHasWhatTheSinkShowsOfExchangesOfEveryKind(String mode) throws Exception {
    ConfigFile config =
        config(
            """
            maas_integration: { enabled: %s, metrics: { internal_cost_calculation: %s } }
            pricing: { charge: { factor: 2 } }
            """
                .formatted(!mode.equals("Standalone"), mode.equals("Hybrid")));
    PrometheusRegistry registry = new PrometheusRegistry();
    PrometheusSink sink = PrometheusSink.register(config.metering(), registry);
    everyKind().forEach(sink::record);
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    PrometheusTextFormatWriter.create().write(text, registry.scrape(), EscapingScheme.DEFAULT);
    assertSame(shown(text.toString(StandardCharsets.UTF_8)), page("Usage", mode));
  }

  @Test
  void pageHasWhatTheServerShows() throws Exception {
    ConfigFile config =
        config(
            """
            router: { enabled: true, response_cache: { enabled: true } }
            journal: { directory: %s, restore_counters: true }
            server: { grpc_address: 127.0.0.1, grpc_port: 0, metrics_address: 127.0.0.1, metrics_port: 0 }
            pricing: { models: { m: %s } }
            """
                .formatted(
                    directory.resolve("journal"),
                    Stream.of(PriceUnit.values())
                        .map(unit -> unit.key() + ": 1")
                        .collect(Collectors.joining(", ", "{ ", " }"))));
    UsageJournal journal =
        UsageJournal.open(Objects.requireNonNull(config.server().journal()), "test 1");
    try (MaasServer server =
        new MaasServer(config.metering(), config.router(), config.server(), journal)) {
      new ConfigReload(directory.resolve("config.yaml"), Map.of(), new ConfigText(), server)
          .close();
      server.start();
      URI uri = URI.create("http://127.0.0.1:" + server.metricsPort() + "/metrics");
      String text = new String(uri.toURL().openStream().readAllBytes(), StandardCharsets.UTF_8);
      Set<String> shown = shown(text);
      shown.removeAll(page("Usage", "Standalone"));
      // The one of TLS, which needs certificates, is in TlsTest.
      Set<String> page = page("The server", "response cache");
      page.addAll(page("The server", "journal"));
      page.addAll(page("The process", "all"));
      assertSame(shown, page);
    }
  }

  private static void assertSame(Set<String> shown, Set<String> page) {
    assertThat(String.join("\n", shown)).isEqualTo(String.join("\n", page));
  }

  private ConfigFile config(String yaml) throws Exception {
    return ConfigFile.read(Files.writeString(directory.resolve("config.yaml"), yaml), "info");
  }

  /** Exchanges that together have every value of every closed label. */
  private static List<UsageRecord> everyKind() {
    List<UsageRecord> records = new ArrayList<>();
    for (Status status : Status.values()) {
      for (Reason reason : Reason.values()) {
        for (ForcedUsage forced : ForcedUsage.values()) {
          records.add(record(status, reason, forced, records.size()));
        }
      }
    }
    return records;
  }

  private static UsageRecord record(Status status, Reason reason, ForcedUsage forced, int turn) {
    boolean known = status != Status.NONE && status != Status.FAILED;
    TokenUsage.Builder usage = TokenUsage.builder(1, 2);
    for (TokenPart part : TokenPart.values()) {
      usage.part(part, 1);
    }
    UnitUsage units =
        UnitUsage.builder()
            .audioSeconds(1)
            .images(1)
            .searchUnits(1)
            .calls(ProviderTool.WEB_SEARCH, 1)
            .calls(ProviderTool.OTHER, 1)
            .build();
    Source source = ofTurn(Source.values(), turn);
    @Nullable Boolean fact = turn % 3 == 0 ? null : Boolean.valueOf(turn % 3 == 1);
    Routing routing =
        Routing.builder()
            .selectedModel("m")
            .routingDecision("d")
            .category("c")
            .reasoning(fact)
            .cacheHit(fact)
            .systemPromptInjected(fact)
            .piiDetected(fact)
            .jailbreakDetected(fact)
            .responsePath(ofTurn(ResponsePath.values(), turn))
            .build();
    RouterReport report =
        RouterReport.of(ofTurn(Result.values(), turn)).withPiiTypes(EnumSet.allOf(PiiType.class));
    Measurement measurement =
        Measurement.of(status, Set.of(reason), known ? usage.build() : null)
            .withUnits(units)
            .withProviderStatement(BigDecimal.ONE, null);
    return UsageRecord.builder("id", Instant.EPOCH, ofTurn(Operation.values(), turn), measurement)
        .timeToFirstByte(Duration.ofMillis(1))
        .duration(Duration.ofMillis(2))
        .streamed(true)
        .identity(
            Identity.of("alice", "premium")
                .withSources(source, source)
                .withUntrusted(source == Source.UNLISTED ? null : ofTurn(Untrusted.values(), turn)))
        .routing(routing)
        .httpStatus(STATUSES[turn % STATUSES.length])
        .forcedUsage(forced)
        .router(report)
        .cost(new Cost("USD", 1, 0))
        .charge(new Cost("USD", 1, 0))
        .priceGap(ofTurn(PriceGap.values(), turn))
        .build();
  }

  private static <E> E ofTurn(E[] values, int turn) {
    return values[turn % values.length];
  }

  /**
   * Each metric of a scrape: name, type, and its labels with the values of those that are closed.
   */
  private static Set<String> shown(String text) {
    Map<String, String> types = new TreeMap<>();
    Map<String, Map<String, Set<String>>> labels = new TreeMap<>();
    for (String line : text.lines().toList()) {
      if (line.startsWith("# TYPE ")) {
        String[] words = line.split(" ", -1);
        types.put(words[2], words[3]);
      } else if (!line.startsWith("#")) {
        Matcher sample = SAMPLE.matcher(line);
        assertThat(sample.matches()).as(line).isTrue();
        Map<String, Set<String>> of = labels.computeIfAbsent(sample.group(1), k -> new TreeMap<>());
        Matcher value = VALUE.matcher(sample.group(3) == null ? "" : sample.group(3));
        while (value.find()) {
          if (!value.group(1).equals("le")) {
            of.computeIfAbsent(value.group(1), k -> new TreeSet<>()).add(value.group(2));
          }
        }
      }
    }
    Set<String> shown = new TreeSet<>();
    labels.forEach((name, of) -> shown.add(line(name, types.getOrDefault(name, "?"), of)));
    return shown;
  }

  private static String line(String name, String type, Map<String, Set<String>> labels) {
    labels.replaceAll((label, values) -> OPEN_LABELS.contains(label) ? Set.of() : values);
    return name + " " + type + " " + labels;
  }

  /** The same of a table of the page, as far as it is about a mode. */
  private static Set<String> page(String heading, String mode) throws IOException {
    Set<String> reasons = new TreeSet<>();
    rows("Reasons").forEach(row -> reasons.add(row[1].replace("`", "")));
    Set<String> page = new TreeSet<>();
    Map<String, Set<String>> above = new TreeMap<>();
    for (String[] row : rows(heading)) {
      if (!row[4].equals("all") && !row[4].contains(mode)) {
        continue;
      }
      Map<String, Set<String>> labels = new TreeMap<>();
      Matcher label =
          LABEL.matcher(row[3].replace("[below](#reasons)", String.join(", ", reasons)));
      while (label.find()) {
        String values = label.group(2) == null ? "" : label.group(2);
        if (values.equals("as above")) {
          labels.put(label.group(1), Objects.requireNonNull(above.get(label.group(1))));
        } else {
          labels.put(label.group(1), new TreeSet<>(List.of(values.split("[, ]+", -1))));
        }
      }
      if (mode.equals("Standalone")) {
        labels.keySet().removeAll(Set.of("user", "tier"));
      }
      above.putAll(labels);
      page.add(line(row[1].replace("`", ""), row[2], labels));
    }
    return page;
  }

  private static List<String[]> rows(String heading) throws IOException {
    String text = Files.readString(Path.of("..", "docs", "metrics.md"));
    String section = text.split("\n## " + heading + "\n", -1)[1].split("\n## ", -1)[0];
    return section
        .lines()
        .filter(l -> l.startsWith("| `"))
        .map(l -> l.split(" *\\| *", -1))
        .toList();
  }
}
