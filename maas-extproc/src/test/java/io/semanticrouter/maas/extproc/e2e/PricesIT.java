// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.extproc.server.journal.ExplainCommand;
import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What exchanges of each price class cost in Hybrid mode, through Envoy, as explain prints it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PricesIT {
  private static final String CONFIG =
      """
      maas_integration:
        enabled: true
        metrics: { internal_cost_calculation: true }
      pricing:
        response_cache: { factor: "0.1" }
        models:
          qwen3:
            prompt_per_1m: "1"
            completion_per_1m: "10"
            audio_input_per_1m: "32"
            audio_output_per_1m: "64"
            service_tiers: { flex: { factor: "0.5" }, priority: { factor: "2" } }
            above: [ { input_tokens_over: 1000, prompt_per_1m: "2", completion_per_1m: "15" } ]
      journal: { directory: %s }
      """;

  private static final String QUESTION =
      """
      {"model":"gpt-4","messages":[{"role":"user","content":"What is 2+2?"}]}\
      """;

  private Path journal;
  private RawBackend backend;
  private ServerJar server;
  private Envoy envoy;

  @BeforeAll
  void start() throws Exception {
    Envoy.binary();
    Path directory = Files.createDirectories(Project.WORK.resolve("prices"));
    journal = Files.createTempDirectory(directory, "journal");
    backend = RawBackend.start();
    backend.on("plain", answer("", 100, 20, 0, 0, "false"));
    backend.on("hit", answer("", 100, 20, 0, 0, "true"));
    backend.on("flex", answer("\"service_tier\":\"flex\",", 100, 20, 0, 0, "false"));
    backend.on("priority", answer("\"service_tier\":\"priority\",", 100, 20, 0, 0, "false"));
    backend.on("scale", answer("\"service_tier\":\"scale\",", 100, 20, 0, 0, "false"));
    backend.on("audio", answer("", 100, 20, 40, 15, "false"));
    backend.on("large", answer("", 1001, 20, 0, 0, "false"));
    backend.on("large-flex", answer("\"service_tier\":\"flex\",", 1001, 20, 0, 0, "false"));
    server = ServerJar.start(directory, Stack.PORTS + CONFIG.formatted(journal));
    envoy = Envoy.start(directory, EnvoyConfig.shipped(server.grpcPort(), backend.port()).text());
  }

  @AfterAll
  void stop() throws Exception {
    for (AutoCloseable part : new AutoCloseable[] {envoy, server, backend}) {
      if (part != null) {
        part.close();
      }
    }
  }

  private static RawBackend.Answer answer(
      String tier, int prompt, int completion, int audioIn, int audioOut, String cacheHit) {
    byte[] answer =
        RawBackend.answer(
            "200 OK",
            """
            {"model":"qwen3",%s"choices":[{"message":{"content":"4"},"finish_reason":"stop"}],\
            "usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,\
            "prompt_tokens_details":{"audio_tokens":%d},\
            "completion_tokens_details":{"audio_tokens":%d}}}\
            """
                .formatted(tier, prompt, completion, prompt + completion, audioIn, audioOut),
            "content-type: application/json",
            "x-vsr-cache-hit: " + cacheHit);
    return (request, in, out) -> out.write(answer);
  }

  /** The cost is tokens by price, worked out by hand. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          plain      | 0.0003 USD   | qwen3
          hit        | 0.00003 USD  | qwen3 response_cache
          flex       | 0.00015 USD  | qwen3 flex
          priority   | 0.0006 USD   | qwen3 priority
          audio      | 0.00235 USD  | qwen3
          large      | 0.002302 USD | qwen3 above 1000
          large-flex | 0.001151 USD | qwen3 flex above 1000
          """)
  void explainSaysWhatAnExchangeCostsAndByWhichPrice(String answer, String cost, String price)
      throws Exception {
    Map<String, String> said = explained(answer);
    assertThat(said).containsEntry("cost", cost).doesNotContainKey("price lacks");
    assertThat(said.get("price")).matches(price + ", of pricing#[0-9a-f]{12}");
  }

  @Test
  void explainSaysThatAServiceTierHasNoPrice() throws Exception {
    assertThat(explained("scale"))
        .containsEntry("served as tier", "scale")
        .containsEntry("cost", "unknown: there is no price for it")
        .containsEntry("price lacks", "service_tier");
  }

  /** Asks as a user of this name; what explain says of the exchange, by its words. */
  private Map<String, String> explained(String answer) throws Exception {
    RawHttp.post(
        envoy.port(),
        Requests.CHAT,
        QUESTION,
        RawBackend.CASE,
        answer,
        "x-auth-request-user",
        answer,
        "x-auth-request-tier",
        "premium");
    List<String> ids = new ArrayList<>();
    Waiting.until(
        Duration.ofSeconds(20),
        () -> {
          ids.clear();
          ids.addAll(ids(answer));
          assertThat(ids).hasSize(1);
        });
    StringWriter out = new StringWriter();
    CommandLine explain = new CommandLine(new ExplainCommand()).setOut(new PrintWriter(out, true));
    assertThat(explain.execute("--journal", journal.toString(), ids.get(0))).isZero();
    return out.toString()
        .lines()
        .filter(line -> line.length() > 32)
        .collect(
            Collectors.toMap(
                line -> line.substring(0, 32).strip(),
                line -> line.substring(32),
                (open, settled) -> settled,
                TreeMap::new));
  }

  private List<String> ids(String user) {
    List<String> ids = new ArrayList<>();
    JournalReader.Visitor visitor =
        new JournalReader.Visitor() {
          @Override
          public void line(JournalLine line) {
            if (line.kind() == JournalLine.Kind.USAGE
                && line.record().identity().user().equals(user)) {
              ids.add(line.record().id());
            }
          }

          @Override
          public void problem(JournalProblem problem) {
            // A line that is being written.
          }
        };
    try {
      JournalReader.read(journal, visitor);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return ids;
  }
}
