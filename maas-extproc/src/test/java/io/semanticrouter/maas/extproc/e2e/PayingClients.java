// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Clients that ask for streams and documents, and leave one in eight, each exchange under a name of
 * its own; and what has to be true of the journal, whatever happens to the server meanwhile.
 */
final class PayingClients implements AutoCloseable {
  private static final int CLIENTS = 6;
  private static final int MAX_CALLS_PER_CLIENT = 5000;
  private static final int TOKENS = 12;

  private final AtomicBoolean go = new AtomicBoolean(true);
  private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
  private final List<Future<?>> loads = new ArrayList<>();

  /** When a user had the whole answer, by {@link System#nanoTime}. */
  private final Map<String, Long> answered = new ConcurrentHashMap<>();

  /** Users who had their answers while the server was up for certain. */
  private final Set<String> certain = new HashSet<>();

  /** Clients of an Envoy. */
  PayingClients(String url) {
    for (int i = 0; i < CLIENTS; i++) {
      int client = i;
      loads.add(clients.submit(() -> load(url, client)));
    }
  }

  /** The server was up from one time to another, and nothing passed without it. */
  void wasUp(long from, long to) {
    answered.forEach(
        (user, at) -> {
          if (at >= from && at < to) {
            certain.add(user);
          }
        });
  }

  /** Lets each client end what it has begun. */
  void stop() throws Exception {
    go.set(false);
    for (Future<?> load : loads) {
      load.get(60, TimeUnit.SECONDS);
    }
  }

  @Override
  public void close() {
    go.set(false);
    clients.shutdownNow();
  }

  /**
   * No answer that a client had while the server was up is unknown to the journal, and metrics are
   * the sums of it; of the others no more are unknown than Envoy has let pass.
   *
   * @param failedOpen how many of these Envoy has counted
   * @param metrics those of the server at its end
   */
  void check(Path journal, long failedOpen, Scrape metrics) throws IOException {
    Map<String, UsageRecord> records = new HashMap<>();
    Set<String> crashed = new HashSet<>();
    JournalReader.verify(
        journal,
        new JournalReader.Visitor() {
          @Override
          public void line(JournalLine line) {
            if (line.kind() == JournalLine.Kind.OPEN) {
              return;
            }
            String user = line.record().identity().user();
            UsageRecord before = records.put(user, line.record());
            assertThat(before).as("what is there already of %s", user).isEqualTo(line.replaced());
            if (line.record().measurement().has(Reason.CRASH)) {
              crashed.add(user);
            }
          }

          @Override
          public void problem(JournalProblem problem) {
            throw new AssertionError(problem.toString());
          }
        });
    Set<String> unknown = new HashSet<>(answered.keySet());
    unknown.removeAll(records.keySet());
    System.out.printf(
        "%d answers, %d of them while the server was up; %d records, %d of exchanges that were open"
            + " at a kill; %d answers unknown to the journal; Envoy let %d pass%n",
        answered.size(),
        certain.size(),
        records.size(),
        crashed.size(),
        unknown.size(),
        failedOpen);
    assertThat(certain).hasSizeGreaterThan(4);
    for (String user : certain) {
      UsageRecord record = records.get(user);
      assertThat(record)
          .as("the record of %s, which had its answer before a kill", user)
          .isNotNull();
      assertThat(record.outcome()).as("%s", record).isEqualTo(Outcome.COMPLETE);
      TokenUsage usage = record.measurement().usage();
      assertThat(usage).isNotNull();
      assertThat(usage.prompt()).isEqualTo(7);
      assertThat(usage.completion()).as("what the simulator made").isEqualTo(TOKENS);
    }
    // The metrics of the last run are those of all runs.
    for (Outcome outcome : Outcome.values()) {
      assertThat(metrics.sum("semantic_router_requests_total", "outcome", outcome.label()))
          .as("restored exchanges that are %s", outcome)
          .isEqualTo((double) count(records.values(), outcome));
    }
    for (String type : List.of("prompt", "completion")) {
      assertThat(metrics.sum("semantic_router_tokens_total", "type", type))
          .as("restored %s tokens", type)
          .isEqualTo((double) tokens(records.values(), type, false));
      assertThat(metrics.sum("semantic_router_estimated_tokens_total", "type", type))
          .as("restored estimated %s tokens", type)
          .isEqualTo((double) tokens(records.values(), type, true));
    }
    assertThat((long) unknown.size())
        .as("answers that neither the journal nor Envoy's counter knows: %s", unknown)
        .isLessThanOrEqualTo(failedOpen);
  }

  private static long count(Collection<UsageRecord> records, Outcome outcome) {
    return records.stream().filter(record -> record.outcome() == outcome).count();
  }

  private static long tokens(Collection<UsageRecord> records, String type, boolean estimated) {
    long sum = 0;
    for (UsageRecord record : records) {
      TokenUsage usage = record.measurement().usage();
      if (usage != null && (record.outcome() == Outcome.ESTIMATED) == estimated) {
        sum += Math.max(0, type.equals("prompt") ? usage.prompt() : usage.completion());
      }
    }
    return sum;
  }

  /** Streams and documents, and one in eight that the client leaves. */
  private void load(String url, int client) {
    HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    for (int i = 0; go.get() && i < MAX_CALLS_PER_CLIENT; i++) {
      String user = "client-" + client + "-" + i;
      boolean stream = i % 2 == 0;
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(url + Requests.CHAT))
              .header("content-type", "application/json")
              .header("x-auth-request-user", user)
              .header("x-sim-tokens", Integer.toString(TOKENS))
              .header("x-sim-chunk-delay-ms", "5")
              .POST(HttpRequest.BodyPublishers.ofString(body(stream)))
              .build();
      try {
        if (stream && i % 8 == 4) {
          HttpResponse<InputStream> left =
              http.send(request, HttpResponse.BodyHandlers.ofInputStream());
          try (InputStream in = left.body()) {
            in.readNBytes(100);
          }
        } else {
          HttpResponse<byte[]> response =
              http.send(request, HttpResponse.BodyHandlers.ofByteArray());
          String text = new String(response.body(), StandardCharsets.UTF_8);
          if (response.statusCode() == 200 && (!stream || text.contains("[DONE]"))) {
            answered.put(user, System.nanoTime());
          }
        }
        TimeUnit.MILLISECONDS.sleep(10);
      } catch (IOException e) {
        answered.remove(user);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static String body(boolean stream) {
    return "{\"model\":\"gpt-4\","
        + (stream ? "\"stream\":true," : "")
        + "\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]}";
  }
}
