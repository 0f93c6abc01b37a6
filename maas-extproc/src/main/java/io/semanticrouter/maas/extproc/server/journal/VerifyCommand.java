// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.extproc.server.journal.Sums.Certainty;
import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalReader;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Proves that a journal is whole, and that it says what the metrics and a provider's bill say. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = {
      "Checks that a journal is whole: checksums, sequence, manifest; and compares it with metrics,"
          + " or with the bill of a provider.",
      "Exit status: 0, 1 when it cannot run, 4 when something is missing or differs."
    })
public final class VerifyCommand extends JournalCommand {
  private static final String TOKENS = "semantic_router_tokens_total{";
  private static final String ESTIMATED = "semantic_router_estimated_tokens_total{";
  private static final String RESTORED = "semantic_router_journal_restored{";
  private static final String PROMPT = "type=\"prompt\"";
  private static final String COMPLETION = "type=\"completion\"";
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  @Option(
      names = "--metrics",
      paramLabel = "FILE|URL",
      description =
          "What /metrics of the server says, or /federate?match[]=… of a Prometheus, to compare"
              + " with the last run in the journal.")
  private @Nullable String metrics;

  @Option(
      names = "--envoy",
      paramLabel = "FILE|URL",
      description =
          "What /stats/prometheus of Envoy says: exchanges that passed without the server.")
  private @Nullable String envoy;

  @Option(
      names = "--provider-bill",
      paramLabel = "FILE",
      description = {
        "A usage or cost export of a provider, to compare by day (UTC) and model, the largest"
            + " difference first; may come several times. OpenAI: organization/usage/completions by"
            + " model, organization/costs by line_item. Anthropic: usage_report/messages by model,"
            + " cost_report by description. Others: FOCUS as CSV."
      })
  private List<Path> bills = new ArrayList<>();

  @Option(
      names = "--tolerance",
      paramLabel = "PERCENT",
      description = "By how much an amount may differ from that of the bill (default: 0).")
  private BigDecimal tolerance = BigDecimal.ZERO;

  private @Nullable Reconciliation reconciliation;
  private long lines;
  private long epoch;
  private Sums all = new Sums();
  private Sums run = new Sums();

  /** Answers of the response cache among them, whose tokens no backend has spent. */
  private Sums hits = new Sums();

  /** What the counters of the server have begun with; 0 where they are not restored. */
  private interface Restored {
    long of(String what);
  }

  @Override
  void begin() throws IOException {
    if (tolerance.signum() < 0) {
      throw wrong("--tolerance is a percentage from 0 on");
    }
    if (!bills.isEmpty()) {
      ProviderBill bill = new ProviderBill();
      for (Path file : bills) {
        bill.read(file);
      }
      reconciliation = new Reconciliation(bill, tolerance);
    }
  }

  @Override
  void read(Path directory) throws IOException {
    JournalReader.verify(directory, this);
  }

  @Override
  public void line(JournalLine line) {
    lines++;
    if (line.epoch() > epoch) {
      epoch = line.epoch();
      run = new Sums();
      hits = new Sums();
    }
    if (line.kind() == JournalLine.Kind.OPEN) {
      return;
    }
    UsageRecord replaced = line.replaced();
    if (reconciliation != null) {
      if (replaced != null) {
        reconciliation.add(replaced, -1);
      }
      reconciliation.add(line.record(), 1);
    }
    if (replaced != null) {
      all.addAllModels(replaced, -1);
      addToRun(replaced, -1);
    }
    all.addAllModels(line.record(), 1);
    // What a kill left open was no exchange of the run that found it.
    if (!line.record().measurement().has(Measurement.Reason.CRASH)) {
      addToRun(line.record(), 1);
    }
  }

  private void addToRun(UsageRecord record, int sign) {
    run.addAllModels(record, sign);
    if (record.isCacheHit()) {
      hits.addAllModels(record, sign);
    }
  }

  @Override
  boolean end(PrintWriter out) throws IOException {
    out.println("lines      " + lines);
    out.println("exchanges  " + all.exchanges());
    out.println("prompt     " + sum(all, true));
    out.println("completion " + sum(all, false));
    out.println("problems   " + problems());
    boolean same = true;
    if (metrics != null) {
      List<String> samples = read(metrics);
      Restored restored = what -> sum(samples, RESTORED, "what=\"" + what + "\"");
      out.println();
      out.println("last run          journal  metrics");
      same =
          compare(
              out,
              "exchanges",
              run.exchanges(),
              sum(samples, "semantic_router_requests_total{", "") - restored.of("exchanges"));
      same &=
          compare(
              out, "prompt", stated(true), sum(samples, TOKENS, PROMPT) - restored.of("prompt"));
      same &=
          compare(
              out,
              "completion",
              stated(false),
              sum(samples, TOKENS, COMPLETION) - restored.of("completion"));
      same &=
          compare(
              out,
              "estimated prompt",
              estimated().prompt(),
              sum(samples, ESTIMATED, PROMPT) - restored.of("estimated_prompt"));
      same &=
          compare(
              out,
              "estimated completion",
              estimated().completion(),
              sum(samples, ESTIMATED, COMPLETION) - restored.of("estimated_completion"));
    }
    if (envoy != null) {
      long failedOpen = sum(read(envoy), "envoy_http_ext_proc_failure_mode_allowed", "");
      out.println();
      out.println("passed without the server, as Envoy counts: " + failedOpen);
    }
    if (reconciliation != null) {
      out.println();
      same &= reconciliation.print(out);
    }
    return same;
  }

  private static long sum(Sums sums, boolean prompt) {
    long sum = 0;
    for (Certainty certainty : Certainty.values()) {
      Sums.Part part = sums.part(certainty);
      sum = Math.addExact(sum, prompt ? part.prompt() : part.completion());
    }
    return sum;
  }

  /** What backends have stated: the bill. */
  private long stated(boolean prompt) {
    return stated(run, prompt) - stated(hits, prompt);
  }

  private static long stated(Sums sums, boolean prompt) {
    Sums.Part estimated = sums.part(Certainty.ESTIMATED);
    return sum(sums, prompt) - (prompt ? estimated.prompt() : estimated.completion());
  }

  private Sums.Part estimated() {
    return run.part(Certainty.ESTIMATED);
  }

  private static boolean compare(PrintWriter out, String what, long journal, long metrics) {
    out.println(
        what
            + " ".repeat(Math.max(1, 25 - what.length() - Long.toString(journal).length()))
            + journal
            + " ".repeat(Math.max(1, 9 - Long.toString(metrics).length()))
            + metrics
            + (journal == metrics ? "" : "  differs by " + (journal - metrics)));
    return journal == metrics;
  }

  /** The lines of a file, or of what a server answers. */
  private static List<String> read(String where) throws IOException {
    if (!where.startsWith("http://") && !where.startsWith("https://")) {
      return Files.readAllLines(Path.of(where));
    }
    try {
      HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
      HttpResponse<InputStream> response =
          client.send(
              HttpRequest.newBuilder(uri(where)).timeout(TIMEOUT).build(),
              HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream body = response.body()) {
        if (response.statusCode() != 200) {
          throw new IOException(where + " answers with status " + response.statusCode());
        }
        return new ArrayList<>(
            new String(body.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** Selectors may stand in the query as people write them. */
  static URI uri(String where) throws IOException {
    StringBuilder uri = new StringBuilder(where);
    for (int i = uri.length() - 1; i > where.indexOf('?') && where.indexOf('?') >= 0; i--) {
      char c = uri.charAt(i);
      if ("[]{}\"|+ \\^<>`".indexOf(c) >= 0) {
        uri.replace(i, i + 1, "%" + HexFormat.of().withUpperCase().toHexDigits((byte) c));
      }
    }
    try {
      return new URI(uri.toString());
    } catch (URISyntaxException e) {
      throw new IOException(where + " is no URL", e);
    }
  }

  private static long sum(List<String> samples, String start, String label) {
    double sum = 0;
    for (String sample : samples) {
      if (sample.startsWith(start) && sample.contains(label)) {
        int end = sample.lastIndexOf('}');
        String[] values = sample.substring(end + 1).strip().split(" ", -1);
        sum += Double.parseDouble(values[end < 0 ? 1 : 0]);
      }
    }
    return (long) sum;
  }
}
