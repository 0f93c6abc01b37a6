// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.journal.UsageJournal;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class JournalCommandsTest {
  private final Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private int count;

  JournalCommandsTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private int run(Object command, String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    CommandLine line = new CommandLine(command);
    line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    String[] all = new String[arguments.length + 2];
    all[0] = "--journal";
    all[1] = directory.toString();
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return line.execute(all);
  }

  private UsageRecord record(String end, String user, String model, Measurement measurement) {
    Instant started = Instant.parse(end).minusSeconds(2);
    return UsageRecord.builder("run-" + ++count, started, Operation.CHAT, measurement)
        .duration(Duration.ofSeconds(2))
        .identity(
            Identity.of(user, "premium")
                .withSources(Identity.Source.HEADER, Identity.Source.ABSENT)
                .withAttributes(
                    user.equals("bob")
                        ? Map.of("subscription", "gold", "cost_center", "47")
                        : Map.of(),
                    Map.of("cost_center", Identity.Source.TOKEN)))
        .routing(Routing.builder().selectedModel(model).build())
        .requestId("client-" + (count + 1) / 2)
        .httpStatus(200)
        .build();
  }

  private static Measurement measured(Status status, long prompt, long completion) {
    return Measurement.of(status, Set.of(), TokenUsage.of(prompt, completion));
  }

  /** Of two days in Berlin, in all certainties. */
  private void write() throws IOException {
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(directory), "test 1")) {
      UsageRecord first =
          record(
                  "2026-10-24T21:59:59.999999Z",
                  "alice",
                  "granite",
                  measured(Status.COMPLETE, 17, 10))
              .toBuilder()
              .cost(new Cost("USD", 1, 500_000_000_000_000_000L))
              .build();
      journal.opened(first);
      journal.record(first);
      journal.record(
          record("2026-10-24T22:00:00Z", "alice", "granite", measured(Status.PARTIAL, 5, 2)));
      journal.record(
          record("2026-10-25T00:30:00Z", "bob", "llama", measured(Status.ESTIMATED, 40, 7)));
      journal.record(
          record(
              "2026-10-25T01:30:00Z",
              "bob",
              "llama",
              Measurement.of(Status.NONE, Set.of(Reason.HTTP_ERROR), null)));
      journal.record(
          record(
              "2026-10-25T22:59:59Z",
              "=1+1",
              "llama",
              Measurement.of(Status.FAILED, Set.of(Reason.MALFORMED_JSON), null)));
      UsageRecord stated =
          record("2026-10-25T23:00:00Z", "bob", "granite", measured(Status.COMPLETE, 100, 50));
      journal.stated(stated);
      journal.record(
          stated.toBuilder()
              .measurement(
                  Measurement.of(
                          Status.COMPLETE,
                          Set.of(),
                          TokenUsage.builder(100, 60).part(TokenPart.REASONING, 20).build())
                      .withOtherLines(List.of(new UsageLine("advisor", TokenUsage.of(3, 4)))))
              .priceGap(PriceGap.NO_PRICE)
              .build());
    }
  }

  @Test
  void aReportAddsUpByUserAndModelWithEachCertaintyApart() throws IOException {
    write();
    assertThat(run(new ReportCommand(), "--format", "csv")).isZero();
    List<String> shown = new ArrayList<>();
    for (String line : out.toString().lines().toList()) {
      shown.add(line.substring(0, nthComma(line, 19)));
    }
    assertThat(String.join("\n", shown) + "\n")
        .isEqualTo(
            """
            user,model,exchanges,measured,partial,estimated,unmetered,failed,unbilled,unpriced,\
            measured_prompt,measured_completion,partial_prompt,partial_completion,\
            estimated_prompt,estimated_completion,measured_usd,partial_usd,estimated_usd
            '=1+1,llama,1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0
            alice,granite,2,1,1,0,0,0,0,0,17,10,5,2,0,0,1.5,0,0
            bob,advisor,0,0,0,0,0,0,0,0,3,4,0,0,0,0,0,0,0
            bob,granite,1,1,0,0,0,0,0,1,100,60,0,0,0,0,0,0,0
            bob,llama,2,0,0,1,0,0,1,0,0,0,0,0,40,7,0,0,0
            """);
  }

  private static int nthComma(String line, int count) {
    int at = -1;
    for (int i = 0; i < count; i++) {
      at = line.indexOf(',', at + 1);
    }
    return at;
  }

  @Test
  void aReportHasAColumnForEachPartOfEachCertainty() throws IOException {
    write();
    assertThat(run(new ReportCommand(), "--by", "user", "--format", "json")).isZero();
    JsonNode rows = new ObjectMapper().readTree(out.toString()).at("/rows");
    assertThat(rows).hasSize(3);
    for (TokenPart part : TokenPart.values()) {
      for (String certainty : List.of("measured", "partial", "estimated")) {
        long expected = part == TokenPart.REASONING && certainty.equals("measured") ? 20 : 0;
        assertThat(rows.get(2).get(certainty + "_" + part.label()).asLong()).isEqualTo(expected);
      }
    }
  }

  /** Columns, nullability and allowed values as the table of 1.2 states them. */
  @Test
  void focusHasTheColumnsOfItsVersionAndARowForEachClassOfTokens() throws IOException {
    write();
    List<Map<String, String>> rows = focus("--billing-account", "acme");
    assertThat(rows.get(0).keySet())
        .containsExactlyElementsOf(
            Stream.concat(Focus.COLUMNS.stream(), Focus.OWN.stream()).toList())
        .hasSize(57 + 2);
    for (Map<String, String> row : rows) {
      for (String mandatory :
          List.of(
              "BilledCost",
              "BillingAccountId",
              "BillingCurrency",
              "BillingPeriodStart",
              "BillingPeriodEnd",
              "ChargeCategory",
              "ChargePeriodStart",
              "ChargePeriodEnd",
              "ContractedCost",
              "EffectiveCost",
              "InvoiceIssuerName",
              "ListCost",
              "ProviderName",
              "PublisherName",
              "ServiceCategory",
              "ServiceName")) {
        assertThat(row.get(mandatory)).as(mandatory).isNotEmpty();
      }
      assertThat(row).containsEntry("ChargeCategory", "Usage").containsEntry("ChargeClass", "");
      assertThat(row).containsEntry("BillingAccountId", "acme");
      assertThat(row.get("BillingCurrency")).matches("[A-Z]{3}");
      assertThat(Instant.parse(row.get("ChargePeriodEnd")))
          .isEqualTo(Instant.parse(row.get("ChargePeriodStart")).plus(Duration.ofHours(1)));
      assertThat(new ObjectMapper().readTree(row.get("SkuPriceDetails")).fieldNames())
          .toIterable()
          .allMatch(name -> name.startsWith("x_"));
    }
    assertThat(
            rows.stream()
                .map(
                    row ->
                        Stream.of(
                                "ChargePeriodStart",
                                "SubAccountId",
                                "ResourceId",
                                "SkuMeter",
                                "ConsumedQuantity",
                                "BilledCost",
                                "x_Certainty")
                            .map(row::get)
                            .collect(Collectors.joining(" "))))
        .containsExactly(
            "2026-10-24T21:00:00Z alice granite Input Tokens 17 0 measured",
            "2026-10-24T21:00:00Z alice granite Output Tokens 10 0 measured",
            "2026-10-24T21:00:00Z alice granite All Tokens  1.5 measured",
            "2026-10-24T22:00:00Z alice granite Input Tokens 5 0 partial",
            "2026-10-24T22:00:00Z alice granite Output Tokens 2 0 partial",
            "2026-10-25T00:00:00Z bob llama Input Tokens 40 0 estimated",
            "2026-10-25T00:00:00Z bob llama Output Tokens 7 0 estimated",
            "2026-10-25T23:00:00Z bob advisor Input Tokens 3 0 measured",
            "2026-10-25T23:00:00Z bob advisor Output Tokens 4 0 measured",
            "2026-10-25T23:00:00Z bob granite Input Tokens 100 0 measured",
            "2026-10-25T23:00:00Z bob granite Output Tokens 60 0 measured");
    assertThat(rows.stream().map(row -> row.get("SubAccountId") + " " + row.get("Tags")).distinct())
        .containsExactly("alice ", "bob {\"cost_center\":\"47\",\"subscription\":\"gold\"}");
    assertThat(focus("--focus-version", "1.3").get(0)).hasSize(65 + 2);
    assertThat(run(new ReportCommand(), "--format", "focus", "--focus-version", "0.9"))
        .isEqualTo(2);
  }

  private List<Map<String, String>> focus(String... arguments) throws IOException {
    String[] all = Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "--format";
    all[arguments.length + 1] = "focus";
    assertThat(run(new ReportCommand(), all)).isZero();
    List<List<String>> lines = out.toString().lines().map(JournalCommandsTest::csv).toList();
    List<Map<String, String>> rows = new ArrayList<>();
    for (List<String> line : lines.subList(1, lines.size())) {
      Map<String, String> row = new LinkedHashMap<>();
      for (int i = 0; i < line.size(); i++) {
        row.put(lines.get(0).get(i), line.get(i));
      }
      rows.add(row);
    }
    return rows;
  }

  private static List<String> csv(String line) {
    List<String> values = new ArrayList<>();
    StringBuilder value = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '"') {
        quoted = !quoted;
        if (quoted && i > 0 && line.charAt(i - 1) == '"') {
          value.append('"');
        }
      } else if (c == ',' && !quoted) {
        values.add(value.toString());
        value.setLength(0);
      } else {
        value.append(c);
      }
    }
    values.add(value.toString());
    return values;
  }

  @Test
  void aTableLeavesOutWhatIsZeroEverywhereAndHasATotal() throws IOException {
    write();
    assertThat(run(new ReportCommand(), "--by", "user", "--where", "model=llama")).isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            user   exchanges  estimated  failed  unbilled  estimated_prompt  estimated_completion
            =1+1           1          0       1         0                 0                     0
            bob            2          1       0         1                40                     7
            total          3          1       1         1                40                     7
            """);
  }

  @Test
  void aTableShowsWhatAddsUpToZeroAndACostOfZeroThatIsStated() throws IOException {
    StringWriter text = new StringWriter();
    new Table(
            List.of("key"),
            List.of("rows", "sum", "none"),
            taker -> {
              taker.take(List.of("a"), List.of("1", "1", "0"));
              taker.take(List.of("b"), List.of("1", "-1", "0"));
            })
        .print(new PrintWriter(text), List.of("2", "0", "0"), Set.of());
    assertThat(text)
        .hasToString(
            """
            key    rows  sum
            a         1    1
            b         1   -1
            total     2    0
            """);
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(directory), "test 1")) {
      journal.record(
          record("2026-10-24T00:00:00Z", "alice", "free", measured(Status.COMPLETE, 17, 10))
              .toBuilder()
              .cost(new Cost("USD", 0, 0))
              .build());
    }
    assertThat(run(new ReportCommand(), "--by", "model")).isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            model  exchanges  measured  measured_prompt  measured_completion  measured_usd
            free           1         1               17                   10             0
            total          1         1               17                   10             0
            """);
  }

  @Test
  void daysBeginAtMidnightOfTheZone() throws IOException {
    write();
    assertThat(
            run(new ReportCommand(), "--by", "day", "--zone", "Europe/Berlin", "--format", "csv"))
        .isZero();
    assertThat(
            out.toString()
                .lines()
                .skip(1)
                .map(line -> line.split(",", -1))
                .map(row -> row[0] + " " + row[1]))
        .containsExactly("2026-10-24 1", "2026-10-25 4", "2026-10-26 1");
    run(
        new ReportCommand(),
        "--by",
        "hour",
        "--zone",
        "Europe/Berlin",
        "--format",
        "csv",
        "--where",
        "user=bob");
    assertThat(out.toString().lines().skip(1).map(line -> line.split(",", -1)[0]))
        .as("the hour that comes twice when summer time ends")
        .containsExactly(
            "2026-10-25T02:00+01:00", "2026-10-25T02:00+02:00", "2026-10-26T00:00+01:00");
    run(
        new ReportCommand(),
        "--by",
        "month",
        "--zone",
        "Europe/Berlin",
        "--format",
        "json",
        "--from",
        "2026-10-25",
        "--to",
        "2026-10-26");
    JsonNode json = new ObjectMapper().readTree(out.toString());
    assertThat(json.at("/problems").asLong()).isZero();
    assertThat(json.at("/rows")).hasSize(1);
    assertThat(json.at("/rows/0/month").asText()).isEqualTo("2026-10");
    assertThat(json.at("/rows/0/exchanges").asLong()).isEqualTo(4);
  }

  @Test
  void whatCannotBeReadIsReportedAndChangesTheExitStatus() throws IOException {
    write();
    Path segment = segment();
    Files.writeString(segment, "torn", StandardOpenOption.APPEND);
    assertThat(run(new ReportCommand(), "--format", "json")).isEqualTo(4);
    assertThat(new ObjectMapper().readTree(out.toString()).at("/problems").asLong()).isEqualTo(1);
    assertThat(err).hasToString("report: " + segment + ":9: torn, or not of a journal\n");
    assertThat(run(new VerifyCommand())).isEqualTo(4);
  }

  private Path segment() throws IOException {
    try (var files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".jsonl")).findFirst().orElseThrow();
    }
  }

  @Test
  void aDirectoryThatIsNotThereIsAnError() {
    assertThat(run(new ReportCommand(), "--journal", directory.resolve("none").toString()))
        .isEqualTo(1);
    assertThat(run(new ReportCommand(), "--from", "yesterday")).isNotZero();
    assertThat(run(new ReportCommand(), "--format", "xml")).isEqualTo(2);
  }

  @Test
  void selectorsMayStandInTheQueryOfVerifyAsTheyAre() throws IOException {
    String selector = "{a=~\"10\\\\..*|[^b]+\", c!=\"<`>\"}";
    URI uri = VerifyCommand.uri("http://127.0.0.1:9090/federate?match[]=" + selector);
    assertThat(uri.getRawQuery())
        .isEqualTo("match%5B%5D=%7Ba=~%2210%5C%5C..*%7C%5B%5Eb%5D%2B%22,%20c!=%22%3C%60%3E%22%7D");
    assertThat(uri.getQuery()).isEqualTo("match[]=" + selector);
  }

  @Test
  void verifyComparesTheLastRunWithMetrics() throws IOException {
    write();
    Path metrics = directory.resolve("metrics.txt");
    String text =
        """
        # TYPE semantic_router_requests_total counter
        semantic_router_requests_total{model="granite",outcome="complete"} 4.0
        semantic_router_requests_total{model="llama",outcome="failed"} 2.0
        semantic_router_tokens_total{model="granite",type="prompt"} 122.0
        semantic_router_tokens_total{model="granite",type="completion"} 72.0
        semantic_router_tokens_total{model="advisor",type="prompt"} 3.0
        semantic_router_tokens_total{model="advisor",type="completion"} 4.0
        semantic_router_estimated_tokens_total{model="llama",type="prompt"} 40.0
        semantic_router_estimated_tokens_total{model="llama",type="completion"} 7.0
        """;
    Path envoy = directory.resolve("envoy.txt");
    Files.writeString(
        envoy,
        "envoy_http_ext_proc_failure_mode_allowed{envoy_http_conn_manager_prefix=\"a\"} 3\n");
    Files.writeString(metrics, text);
    assertThat(
            run(new VerifyCommand(), "--metrics", metrics.toString(), "--envoy", envoy.toString()))
        .as("%s %s", out, err)
        .isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            lines      8
            exchanges  6
            prompt     165
            completion 83
            problems   0

            last run          journal  metrics
            exchanges               6        6
            prompt                125      125
            completion             76       76
            estimated prompt       40       40
            estimated completion    7        7

            passed without the server, as Envoy counts: 3
            """);
    Files.writeString(metrics, text.replace("122.0", "121.0"));
    assertThat(run(new VerifyCommand(), "--metrics", metrics.toString())).isEqualTo(4);
    assertThat(out.toString()).contains("prompt                125      124  differs by 1\n");
  }

  @Test
  void explainSaysHowABillCameAbout() throws IOException {
    write();
    assertThat(run(new ExplainCommand(), "run-6")).isZero();
    assertThat(out.toString())
        .contains("user                            bob (header)\n")
        .contains("tier                            premium (absent)\n")
        .contains("status                          complete\n")
        .contains("completion                      60\n")
        .contains("  reasoning, of completion      20\n")
        .contains("also asked                      advisor\n")
        .contains("revision 2\n")
        .contains("cost                            unknown: there is no price for it\n");
    assertThat(run(new ExplainCommand(), "run-99")).isEqualTo(4);
    assertThat(err).hasToString("explain: no exchange has the id run-99\n");
  }

  @Test
  void explainHasWhatHasAPriceByThePiece() throws IOException {
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(directory), "test 1")) {
      Measurement measurement =
          measured(Status.COMPLETE, 40, 7)
              .withUnits(
                  UnitUsage.builder()
                      .audioSeconds(12)
                      .images(3)
                      .calls(ProviderTool.WEB_SEARCH, 2)
                      .build());
      journal.record(record("2026-10-25T00:30:00Z", "bob", "llama", measurement));
    }
    assertThat(run(new ExplainCommand(), "run-1")).isZero();
    assertThat(out.toString())
        .contains(
            """
            audio seconds                   12
            images                          3
            calls of web_search             2
            """);
  }

  @Test
  void explainSaysWhereEachPartOfAnIdentityCameFrom() throws IOException {
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(directory), "test 1")) {
      journal.record(
          record("2026-10-25T00:30:00Z", "bob", "llama", measured(Status.COMPLETE, 40, 7)));
      UsageRecord record =
          record("2026-10-25T00:30:00Z", "unknown", "llama", measured(Status.COMPLETE, 40, 7));
      journal.record(
          record.toBuilder()
              .identity(
                  Identity.of("unknown", "free")
                      .withSources(Identity.Source.UNTRUSTED, Identity.Source.UNTRUSTED)
                      .withUntrusted(Identity.Untrusted.EXPIRED_TOKEN))
              .build());
    }
    assertThat(run(new ExplainCommand(), "run-1")).isZero();
    assertThat(out.toString())
        .contains(
            """
            user                            bob (header)
            tier                            premium (absent)
              cost_center                   47 (token)
              subscription                  gold (header)
            model                           llama (what is billed)
            """);
    assertThat(run(new ExplainCommand(), "run-2")).isZero();
    assertThat(out.toString())
        .contains(
            """
            user                            unknown (untrusted)
            tier                            free (untrusted)
            vouched for by                  nothing: expired_token
            """);
  }

  @Test
  void aReportAddsUpByAnyAttributeOfThePayer() throws IOException {
    write();
    assertThat(run(new ReportCommand(), "--by", "subscription,cost_center")).isZero();
    assertThat(out.toString().lines().map(line -> line.replaceAll(" +", " ").substring(0, 20)))
        .containsExactly(
            "subscription cost_ce",
            " 3 1 1 0 1 0 0 17 10",
            "gold 47 3 1 0 1 0 1 ",
            "total 6 2 1 1 1 1 1 ");
    assertThat(run(new ReportCommand(), "--by", "day", "--where", "cost_center=47")).isZero();
    assertThat(out.toString()).contains("2026-10-25          3");
  }

  @Test
  void aKeyThatIsNeitherKnownNorAnAttributeIsReported() throws IOException {
    write();
    assertThat(run(new ReportCommand(), "--by", "colour")).isEqualTo(4);
    assertThat(err.toString()).startsWith("report: 'colour' is an attribute of no exchange");
    assertThat(run(new ReportCommand(), "--where", "usr=bob")).isEqualTo(4);
    assertThat(err.toString()).contains("not one of user, tier, model,");
  }

  @Test
  void explainFindsExchangesByTheIdOfTheirClient() throws IOException {
    write();
    assertThat(run(new ExplainCommand(), "--request-id", "client-3")).isZero();
    assertThat(
            out.toString()
                .lines()
                .filter(line -> line.startsWith("id "))
                .map(line -> line.replaceAll(" +", "  ")))
        .containsExactly("id  run-5", "id  run-6", "id  run-6");
    assertThat(run(new ExplainCommand(), "--request-id", "client-9")).isEqualTo(4);
    assertThat(run(new ExplainCommand())).as("neither").isEqualTo(2);
    assertThat(run(new ExplainCommand(), "run-6", "--request-id", "client-3"))
        .as("both")
        .isEqualTo(2);
  }

  @Test
  void exportAsMaasReadsItHasADisjointCountOfEachClassAndTakesOffWhatIsReplaced()
      throws IOException {
    write();
    assertThat(run(new ExportCommand(), "--profile", "osac", "--checkpoint", checkpoint()))
        .isZero();
    List<JsonNode> events = events();
    assertThat(
            events.stream()
                .map(
                    event ->
                        event.path("id").asText()
                            + " "
                            + event.path("subject").asText()
                            + " "
                            + event.at("/data/model").asText()
                            + " "
                            + event.at("/data/prompt_tokens").asLong()
                            + " "
                            + event.at("/data/completion_tokens").asLong()))
        .containsExactly(
            "run-1 alice granite 17 10",
            "run-2 alice granite 5 2",
            "run-3 bob llama 40 7",
            "run-6 bob granite 100 50",
            "run-6.2.off bob granite -100 -50",
            "run-6.2 bob granite 100 60",
            "run-6.2.model1 bob advisor 3 4");
    assertThat(events.get(2))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"specversion": "1.0", "id": "run-3", "source": "%s",
                     "type": "inference.tokens.used", "subject": "bob",
                     "time": "2026-10-25T00:30:00Z", "datacontenttype": "application/json",
                     "data": {"user": "bob", "subscription": "gold", "cost_center": "47",
                      "model": "llama", "prompt_tokens": 40, "completion_tokens": 7,
                      "total_tokens": 47, "cached_input_tokens": 0, "cache_creation_tokens": 0,
                      "reasoning_tokens": 0, "duration_ms": 2000, "outcome": "estimated"}}
                    """
                        .formatted(events.get(2).path("source").asText())));
    assertThat(err).hasToString("export: 2 records have no event: no usage, or no user\n");
    assertThat(run(new ExportCommand(), "--profile", "osac", "--checkpoint", checkpoint()))
        .isZero();
    assertThat(out.toString()).as("the second time").isEmpty();
  }

  private String checkpoint() {
    return directory.resolveSibling(directory.getFileName() + ".checkpoint").toString();
  }

  private List<JsonNode> events() throws IOException {
    List<JsonNode> events = new ArrayList<>();
    for (String line : out.toString().lines().toList()) {
      events.add(new ObjectMapper().readTree(line));
    }
    return events;
  }

  @Test
  void exportForOpenMeterHasAnEventEachForInputAndOutput() throws IOException {
    write();
    assertThat(run(new ExportCommand(), "--profile", "openmeter")).isZero();
    List<JsonNode> events = events();
    assertThat(events).hasSize(14);
    assertThat(events.get(4).path("id").asText()).isEqualTo("run-3.input");
    assertThat(events.get(4).path("type").asText()).isEqualTo("prompt");
    assertThat(events.get(4).path("data"))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"tokens": 40, "model": "llama", "type": "input", "outcome": "estimated",
                     "user": "bob", "tier": "premium",
                     "attributes": {"cost_center": "47", "subscription": "gold"}}
                    """));
    Map<String, Long> sums = new LinkedHashMap<>();
    events.forEach(
        event ->
            sums.merge(
                event.at("/data/model").asText() + " " + event.at("/data/type").asText(),
                event.at("/data/tokens").asLong(),
                Long::sum));
    assertThat(sums)
        .as("what a report adds up to")
        .isEqualTo(
            Map.of(
                "granite input", 122L,
                "granite output", 72L,
                "llama input", 40L,
                "llama output", 7L,
                "advisor input", 3L,
                "advisor output", 4L));
    assertThat(events.stream().map(event -> event.path("id").asText())).doesNotHaveDuplicates();
  }

  @Test
  void exportOfPlainRecordsHasEachRevision() throws IOException {
    write();
    assertThat(run(new ExportCommand())).isZero();
    List<JsonNode> events = events();
    assertThat(events).hasSize(7);
    assertThat(events.get(0))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"id": "run-1", "revision": 1, "time": "2026-10-24T21:59:59.999999Z",
                     "duration_ms": 2000, "request_id": "client-1", "user": "alice",
                     "tier": "premium", "operation": "chat", "model": "granite",
                     "http_status": 200, "outcome": "complete", "prompt_tokens": 17,
                     "completion_tokens": 10, "cost": "1.5", "cost_currency": "USD"}
                    """));
    assertThat(events.get(6).path("id").asText()).isEqualTo("run-6");
    assertThat(events.get(6).path("revision").asInt()).isEqualTo(2);
    assertThat(run(new ExportCommand(), "--profile", "invoice")).isEqualTo(2);
  }

  @Test
  void tailShowsTheLastRecords() throws IOException {
    write();
    assertThat(run(new TailCommand(), "-n", "2", "--no-follow")).isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            2026-10-25T23:00:00Z run-6 bob granite chat 200 complete 100+50 tokens
            2026-10-25T23:00:00Z run-6 revision 2 bob granite chat 200 complete 100+60 tokens
            """);
  }

  private void writePriced() throws IOException {
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(directory), "test 1")) {
      UsageRecord kept =
          record("2026-10-31T23:59:59Z", "alice", "granite", measured(Status.COMPLETE, 1000, 100));
      journal.record(kept.toBuilder().cost(new Cost("USD", 0, 1_200_000_000_000_000L)).build());
      Measurement stated =
          measured(Status.COMPLETE, 2000, 0).withProviderStatement(new BigDecimal("0.003"), null);
      UsageRecord dearer = record("2026-11-01T00:00:00Z", "bob", "granite", stated);
      journal.record(dearer.toBuilder().cost(new Cost("USD", 0, 2_000_000_000_000_000L)).build());
      journal.record(
          record("2026-11-01T00:00:00Z", "bob", "llama", measured(Status.COMPLETE, 10, 10))
              .toBuilder()
              .priceGap(PriceGap.NO_PRICE)
              .build());
      journal.record(
          record("2026-11-02T00:00:00Z", "bob", "gone", measured(Status.COMPLETE, 10, 10))
              .toBuilder()
              .cost(new Cost("EUR", 3, 0))
              .build());
      journal.record(
          record(
              "2026-11-02T00:00:00Z",
              "bob",
              "llama",
              Measurement.of(Status.NONE, Set.of(Reason.HTTP_ERROR), null)));
    }
  }

  @Test
  void aReportWithABookSaysWhatItChangesByMonthAndModel() throws IOException {
    writePriced();
    Path book =
        Files.writeString(
            Files.createTempDirectory("book").resolve("book.yaml"),
            """
            version: "2"
            models:
              granite:
                - { prompt_per_1m: "1", completion_per_1m: "2", valid_to: 2026-11-01 }
                - { prompt_per_1m: "1.5", completion_per_1m: "2", valid_from: 2026-11-01 }
              llama: { prompt_per_1m: "0.1", completion_per_1m: "0.1" }
            """);
    assertThat(run(new ReportCommand(), "--book", book.toString(), "--format", "csv")).isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            month,model,exchanges,different,without_before,without_after,before_eur,after_eur,difference_eur,before_usd,after_usd,difference_usd
            2026-10,granite,1,0,0,0,0,0,0,0.0012,0.0012,0
            2026-11,gone,1,1,0,1,3,0,-3,0,0,0
            2026-11,granite,1,1,0,0,0,0,0,0.002,0.003,0.001
            2026-11,llama,1,1,1,0,0,0,0,0,0.000002,0.000002
            """
                .replace("\n", "\r\n"));
    assertThat(run(new ReportCommand(), "--book", book.toString(), "--by", "user")).isZero();
    assertThat(out.toString())
        .contains("alice")
        .containsPattern("total +4 +3 +1 +1 +3 +0 +-3 +0.0032 +0.004202 +0.001002");
    assertThat(run(new ReportCommand(), "--book", "none.yaml")).isEqualTo(1);
    assertThat(err.toString()).contains("none.yaml").contains("no file at");
  }

  @Test
  void aReportOfDriftComparesWithWhatProvidersStatedTheLargestDifferenceFirst() throws IOException {
    writePriced();
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(directory), "test 1")) {
      for (int i = 0; i < 2; i++) {
        UsageRecord same =
            record(
                "2026-11-03T00:00:00Z",
                "bob",
                "a-model",
                measured(Status.COMPLETE, 1, 1)
                    .withProviderStatement(new BigDecimal("0.0000000000000000001"), null));
        journal.record(same);
      }
    }
    assertThat(run(new ReportCommand(), "--drift")).isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            model    exchanges  different  without_ours  provider_usd  ours_usd  difference_usd
            granite          1          1             0         0.003     0.002          -0.001
            a-model          2          2             2             0         0               0
            total            3          3             2         0.003     0.002          -0.001
            """);
  }

  @Test
  void timeThatIsNoneIsAWrongCommandLine() throws IOException {
    write();

    assertThat(run(new ReportCommand(), "--from", "nonsense")).isEqualTo(2);
    assertThat(err.toString()).startsWith("nonsense is neither a day nor a time\nUsage: ");
  }
}
