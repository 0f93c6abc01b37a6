// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.journal.UsageJournal;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Exports as the references of the providers show them, beside a journal. */
class ProviderBillTest {
  private static final long MICRO = 1_000_000_000_000L;

  private final Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private int count;

  ProviderBillTest(@TempDir Path directory) {
    this.directory = directory;
  }

  /** All that verify prints after the totals of the journal. */
  private String verify(int status, String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    CommandLine line = new CommandLine(new VerifyCommand());
    line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    String[] all = new String[arguments.length + 2];
    all[0] = "--journal";
    all[1] = directory.toString();
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    assertThat(line.execute(all)).as("%s%s", out, err).isEqualTo(status);
    String text = out.toString();
    int totals = text.indexOf("\n\n");
    return totals < 0 ? text : text.substring(totals + 2);
  }

  private static String file(String name) {
    return Objects.requireNonNull(ProviderBillTest.class.getResource("/bills/" + name)).getPath();
  }

  private UsageRecord.Builder record(String end, String model, Measurement measurement) {
    return UsageRecord.builder("run-" + ++count, Instant.parse(end), Operation.CHAT, measurement)
        .duration(Duration.ZERO)
        .routing(Routing.builder().selectedModel("alias").responseModel(model).build())
        .httpStatus(200);
  }

  private UsageRecord used(
      String end, String model, Status status, long prompt, long completion, @Nullable Cost cost) {
    return record(end, model, Measurement.of(status, Set.of(), TokenUsage.of(prompt, completion)))
        .cost(cost)
        .build();
  }

  private void journal(UsageRecord... records) throws IOException {
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(directory), "test 1")) {
      for (UsageRecord record : records) {
        journal.record(record);
      }
    }
  }

  private void openAi() throws IOException {
    String mini = "gpt-4o-mini-2024-07-18";
    journal(
        used("2026-10-31T23:59:59Z", mini, Status.COMPLETE, 9_000, 9_000, null), // not in the bill
        used("2026-11-01T00:00:00Z", mini, Status.COMPLETE, 900, 400, usd(375)),
        used("2026-11-01T23:59:59Z", mini, Status.ESTIMATED, 100, 90, usd(69)),
        record("2026-11-01T12:00:00Z", mini, Measurement.of(Status.NONE, Set.of(), null)).build(),
        record(
                "2026-11-01T12:00:00Z",
                mini,
                Measurement.of(Status.NONE, Set.of(Reason.HTTP_ERROR), null))
            .httpStatus(500)
            .build(),
        used("2026-11-01T12:00:00Z", "gpt-5.6-2026-08-21", Status.COMPLETE, 70, 7, null),
        used("2026-11-02T12:00:00Z", mini, Status.COMPLETE, 3, 4, null),
        used("2026-11-02T12:00:00Z", "qwen3", Status.COMPLETE, 5, 6, null));
  }

  private static Cost usd(long micros) {
    return new Cost("USD", 0, micros * MICRO);
  }

  @Test
  void usageOfOpenAiIsComparedByDayAndModelTheLargestDifferenceFirst() throws IOException {
    openAi();
    assertThat(verify(4, "--provider-bill", file("openai-usage.json")))
        .isEqualTo(
            """
            day         model                   exchanges  unknown  provider_prompt  ours_prompt  difference_prompt  provider_completion  ours_completion  difference_completion
            2026-11-01  gpt-4o-mini-2024-07-18          3        1             1000         1000                  0                  500              490                    -10
            2026-11-02  gpt-4o-mini-2024-07-18          1        0                0            3                  3                    0                4                      4
            2026-11-01  gpt-5.6-2026-08-21              1        0               70           70                  0                    7                7                      0
            total                                       5        1             1070         1073                  3                  507              501                     -6
            not in the bill: qwen3
            not compared: organization.usage.images.result, 1
            """);
  }

  @Test
  void costsOfOpenAiAreThoseOfTheirModels() throws IOException {
    openAi();
    assertThat(verify(4, "--provider-bill", file("openai-costs.json")))
        .isEqualTo(
            """
            day         model                   exchanges  unknown  provider_usd  ours_usd  difference_usd
            2026-11-02  web search tool calls           0        0          0.02         0           -0.02
            2026-11-01  gpt-4o-mini-2024-07-18          3        1       0.00045  0.000444       -0.000006
            2026-11-02  gpt-4o-mini-2024-07-18          1        0             0         0               0
            total                                       4        1       0.02045  0.000444       -0.020006
            not in the bill: gpt-5.6-2026-08-21
            not in the bill: qwen3
            """);
  }

  @Test
  void usageAndCostOfAnthropicTogetherAreOneTable() throws IOException {
    journal(
        used(
            "2026-11-01T10:00:00Z",
            "claude-sonnet-4-20250514",
            Status.COMPLETE,
            3_210,
            501,
            usd(12_000)));
    assertThat(
            verify(
                4,
                "--provider-bill",
                file("anthropic-usage.json"),
                "--provider-bill",
                file("anthropic-cost.json")))
        .isEqualTo(
            """
            day         model                     exchanges  provider_prompt  ours_prompt  difference_prompt  provider_completion  ours_completion  difference_completion  provider_usd  ours_usd  difference_usd
            2026-11-01  Web Search Usage                  0                0            0                  0                    0                0                      0           0.1         0            -0.1
            2026-11-01  claude-sonnet-4-20250514          1             3210         3210                  0                  501              501                      0         0.012     0.012               0
            total                                         1             3210         3210                  0                  501              501                      0         0.112     0.012            -0.1
            """);
  }

  @Test
  void rowsOfFocusAreTokensAndMoneyOfTheirModel() throws IOException {
    journal(
        used("2026-11-01T10:00:00Z", "qwen3", Status.COMPLETE, 2_500, 300, eur(808)),
        used("2026-11-01T10:00:00Z", "batch-model", Status.COMPLETE, 1, 1, null));
    String[] bill = {"--provider-bill", file("focus.csv"), "--tolerance", "1"};
    assertThat(verify(0, bill))
        .isEqualTo(
            """
            day         model  exchanges  provider_prompt  ours_prompt  difference_prompt  provider_completion  ours_completion  difference_completion  provider_eur  ours_eur  difference_eur
            2026-11-01  qwen3          1             2500         2500                  0                  300              300                      0        0.0008  0.000808        0.000008
            total                      1             2500         2500                  0                  300              300                      0        0.0008  0.000808        0.000008
            not in the bill: batch-model
            not compared: ChargeCategory Tax, 1
            not compared: tokens of SkuMeter Batch, 1
            """);
    bill[3] = "0.99";
    assertThat(verify(4, bill)).contains("0.000008");
  }

  private static Cost eur(long micros) {
    return new Cost("EUR", 0, micros * MICRO);
  }

  /** What this program exports is a bill that agrees with the journal that it came from. */
  @Test
  void ownFocusExportAgreesWithItsJournal() throws IOException {
    openAi();
    StringWriter focus = new StringWriter();
    CommandLine report = new CommandLine(new ReportCommand()).setOut(new PrintWriter(focus, true));
    assertThat(report.execute("--journal", directory.toString(), "--format", "focus")).isZero();
    Path bill = Files.writeString(directory.resolve("focus.csv"), focus.toString());
    assertThat(verify(4, "--provider-bill", bill.toString()))
        .as("the export has the name that was selected, not the one that the answer has")
        .contains("alias");
    journalWithoutAliases();
  }

  private void journalWithoutAliases() throws IOException {
    Path other = Files.createDirectories(directory.resolve("other"));
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(other), "test 1")) {
      for (int i = 0; i < 50; i++) {
        journal.record(
            record(
                    "2026-11-0" + (1 + i % 3) + "T0" + i % 7 + ":00:00Z",
                    "m" + i % 4,
                    Measurement.of(Status.COMPLETE, Set.of(), TokenUsage.of(i, 100 - i)))
                .routing(Routing.builder().responseModel("m" + i % 4).build())
                .cost(i % 5 == 0 ? eur(i) : usd(i))
                .build());
      }
    }
    StringWriter focus = new StringWriter();
    CommandLine report = new CommandLine(new ReportCommand()).setOut(new PrintWriter(focus, true));
    assertThat(report.execute("--journal", other.toString(), "--format", "focus")).isZero();
    Path bill = Files.writeString(other.resolve("focus.csv"), focus.toString());
    StringWriter table = new StringWriter();
    CommandLine verify = new CommandLine(new VerifyCommand()).setOut(new PrintWriter(table, true));
    assertThat(verify.execute("--journal", other.toString(), "--provider-bill", bill.toString()))
        .as(table.toString())
        .isZero();
    assertThat(table.toString()).containsPattern("total +50 +1225 +1225 +0 +3775 +3775 +0 ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"a":1}                                            | it has no list "data"
          {"data":[],"has_more":true}                        | the export has further pages
          {"data":[{"start_time":0,"results":[{"object":"organization.costs.result","line_item":null}]}]} | without "line_item": group it by that
          {"data":[{"start_time":0,"results":[{"object":"organization.usage.completions.result"}]}]} | without "model": group it by that
          {"data":[{"start_time":0,"results":[{"x":1}]}]}    | it has results with [x]
          {"data":[{"starting_at":"noon","results":[]}]}     | no export that is known
          {"data":[{"start_time":0}]}                        | no export that is known
          [1]                                                | no export that is known
          {                                                  | bill
          day,cost                                           | neither JSON nor a column ChargePeriodStart
          """)
  void whatIsNoBillIsRefusedWithItsReason(String text, String reason) throws IOException {
    journal();
    Path bill = Files.writeString(directory.resolve("bill"), text);
    verify(1, "--provider-bill", bill.toString());
    assertThat(err.toString()).contains("bill").contains(reason);
  }

  @Test
  void wordsOfACommandLineThatMeanNothingAreRefused() throws IOException {
    journal();
    assertThat(verify(2, "--tolerance=-1")).isEmpty();
    verify(1, "--provider-bill", "none.json");
  }

  @Test
  void csvIsReadAsRfc4180HasIt() throws IOException {
    assertThat(Csv.read("\uFEFFa,\"b\r\n\"\"c\"\"\",\r\n\n,\n\"\",d"))
        .containsExactly(List.of("a", "b\r\n\"c\"", ""), List.of("", ""), List.of("", "d"));
    assertThat(Csv.read("")).isEmpty();
  }
}
