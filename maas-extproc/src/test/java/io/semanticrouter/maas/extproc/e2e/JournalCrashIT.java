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
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * The server is killed again and again under load, and no client has a whole answer of which the
 * journal knows nothing, but for those that Envoy let pass without the server; the counters of the
 * last run are the sums of the journal. {@code -Djournal.kills=30} kills it more often.
 */
class JournalCrashIT {
  private static final int CLIENTS = 6;
  private static final int MAX_CALLS_PER_CLIENT = 5000;
  private static final int TOKENS = 12;
  private static final int KILLS = Integer.getInteger("journal.kills", 4);

  private final AtomicBoolean go = new AtomicBoolean(true);

  /**
   * Each exchange has a user of its own; when it was answered whole, by {@link System#nanoTime}.
   */
  private final Map<String, Long> answered = new ConcurrentHashMap<>();

  @Test
  void noClientHasAWholeAnswerThatTheJournalDoesNotKnow() throws Exception {
    Envoy.binary();
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("-Dmaas.seed=" + seed);
    Random random = new Random(seed);
    Path directory = Project.WORK.resolve("journal-crash");
    Path journal = Files.createTempDirectory("journal-crash");
    String config = config(freePort(), journal);
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    ServerJar server = ServerJar.start(directory.resolve("server"), config);
    try (SimulatedVllm backend = SimulatedVllm.builder().start();
        Envoy envoy = Envoy.start(directory, Envoy.config(server.grpcPort(), backend.port()))) {
      List<Future<?>> loads = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        int client = i;
        loads.add(clients.submit(() -> load(envoy.url(), client)));
      }
      Set<String> certain = new HashSet<>();
      long failedOpen = 0;
      for (int kill = 1; kill <= KILLS; kill++) {
        // Up, and seen by Envoy: from here on exchanges are metered.
        awaitMetering(server);
        long from = System.nanoTime();
        TimeUnit.MILLISECONDS.sleep(random.nextInt(300, 2000));
        long killed = System.nanoTime();
        long openBefore = envoy.stat("failure_mode_allowed");
        server.kill();
        answered.forEach(
            (user, at) -> {
              if (at >= from && at < killed) {
                certain.add(user);
              }
            });
        assertThat(openBefore).as("nothing passed while the server was up").isEqualTo(failedOpen);
        server = ServerJar.start(directory.resolve("server"), config);
        awaitMetering(server);
        failedOpen = awaitQuiet(envoy);
      }
      go.set(false);
      for (Future<?> load : loads) {
        load.get(60, TimeUnit.SECONDS);
      }
      Scrape restored = awaitSettled(server);
      assertThat(server.stop()).isZero();
      failedOpen = envoy.stat("failure_mode_allowed");
      check(journal, certain, failedOpen, restored);
    } finally {
      go.set(false);
      clients.shutdownNow();
      server.close();
    }
  }

  private void check(Path journal, Set<String> certain, long failedOpen, Scrape restored)
      throws IOException {
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
    assertThat(certain).hasSizeGreaterThan(KILLS);
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
      assertThat(restored.sum("semantic_router_requests_total", "outcome", outcome.label()))
          .as("restored exchanges that are %s", outcome)
          .isEqualTo((double) count(records.values(), outcome));
    }
    for (String type : List.of("prompt", "completion")) {
      assertThat(restored.sum("semantic_router_tokens_total", "type", type))
          .as("restored %s tokens", type)
          .isEqualTo((double) tokens(records.values(), type, false));
      assertThat(restored.sum("semantic_router_estimated_tokens_total", "type", type))
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

  private static void awaitMetering(ServerJar server) {
    Waiting.until(
        Duration.ofSeconds(60),
        () -> assertThat(server.scrape().sum("semantic_router_requests_total")).isGreaterThan(3));
  }

  private static Scrape awaitSettled(ServerJar server) {
    Waiting.until(
        Duration.ofSeconds(60),
        () -> assertThat(server.scrape().sum("semantic_router_extproc_open_streams")).isZero());
    return server.scrape();
  }

  /** What passed without the server, once no more does. */
  private static long awaitQuiet(Envoy envoy) throws InterruptedException {
    long last = -1;
    long now = envoy.stat("failure_mode_allowed");
    while (now != last) {
      TimeUnit.MILLISECONDS.sleep(300);
      last = now;
      now = envoy.stat("failure_mode_allowed");
    }
    return now;
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

  private static String config(int grpcPort, Path journal) {
    return """
        server:
          grpc_address: 127.0.0.1
          grpc_port: %d
          metrics_address: 127.0.0.1
          metrics_port: 0
        maas_integration:
          enabled: true
        journal:
          directory: %s
          restore_counters: true
        """
        .formatted(grpcPort, journal);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
