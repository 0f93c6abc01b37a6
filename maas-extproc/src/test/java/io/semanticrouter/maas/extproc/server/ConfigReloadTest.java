// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.extproc.FakeEnvoy;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ConfigReloadTest {
  private static final String PORTS =
      "server: { grpc_address: 127.0.0.1, grpc_port: 0, metrics_address: 127.0.0.1,"
          + " metrics_port: 0, drain_timeout_seconds: 0 }\n";
  private static final String CONFIG =
      """
      maas_integration:
        enabled: true
        metrics: { internal_cost_calculation: true }
        authentication:
          user_header: x-user
          trust: [{ by: headers, proof_header: x-proof, secrets: [{ file: "%s" }] }]
      pricing:
        currency: EUR
        models: { qwen3: { prompt_per_1m: "%s", completion_per_1m: "0" } }
      """;

  private static final String FIRST = "the-first-secret";
  private static final String SECOND = "the-second-secret";

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private Path config;
  private Path secret;
  private RunningServer running;
  private ConfigReload reload;
  private FakeEnvoy envoy;

  @BeforeEach
  void start() throws Exception {
    config = directory.resolve("config.yaml");
    secret = Files.writeString(directory.resolve("secret"), FIRST + "\n");
    write("100000"); // for a million tokens
    ConfigText text = new ConfigText();
    ConfigFile file = ConfigFile.read(config, Map.of(), text);
    MaasServer server = new MaasServer(file.metering(), file.router(), file.server(), null);
    reload = new ConfigReload(config, Map.of(), text, server);
    running = RunningServer.start(server);
    envoy = FakeEnvoy.on(running.channel());
  }

  @AfterEach
  void stop() {
    reload.close();
    envoy.close();
    running.close();
  }

  private void write(String price) throws Exception {
    Files.writeString(config, CONFIG.formatted(secret, price) + PORTS);
  }

  private FakeEnvoy.Stream begin(String proof) {
    FakeEnvoy.Stream stream = envoy.open();
    stream.send(chat("x-user", "alice", "x-proof", proof));
    return stream;
  }

  private static void end(FakeEnvoy.Stream stream) throws Exception {
    stream.send(response(200, "application/json"), body(JSON_ANSWER, true));
    assertThat(stream.awaitReplies(3)).isTrue();
    stream.halfClose();
    assertThat(stream.awaitEnd()).isTrue();
  }

  /** In tenths. */
  private long cost() throws Exception {
    return Math.round(running.sum("semantic_router_cost_total", "") * 10);
  }

  private double reloads(String result) throws Exception {
    return running.sum("semantic_router_config_reloads_total", result);
  }

  private double lastIsInUse() throws Exception {
    return running.sum("semantic_router_config_last_reload_successful", "");
  }

  private void lookTwice() {
    reload.look();
    reload.look();
  }

  @Test
  void changedFileIsInUseForExchangesThatBeginAfterIt() throws Exception {
    end(begin(FIRST));
    assertThat(cost()).isEqualTo(7);
    FakeEnvoy.Stream open = begin(FIRST);
    assertThat(open.awaitReplies(1)).isTrue();
    write("1000000");
    lookTwice();
    end(open);
    assertThat(cost()).as("priced as it began").isEqualTo(14);
    end(begin(FIRST));

    assertThat(cost()).isEqualTo(84);
    assertThat(running.sum("semantic_router_requests_total", "alice")).isEqualTo(3);
    assertThat(reloads("applied")).isEqualTo(1);
  }

  @Test
  void fileThatIsStillBeingWrittenIsNotRead() throws Exception {
    write("200000");
    reload.look();
    write("300000");
    reload.look();
    assertThat(reloads("applied")).isZero();
    reload.look();
    reload.look();

    assertThat(reloads("applied")).isEqualTo(1);
    end(begin(FIRST));
    assertThat(cost()).isEqualTo(21);
  }

  @Test
  void changedSecretIsInUse() throws Exception {
    Files.writeString(secret, SECOND);
    lookTwice();
    end(begin(FIRST));
    end(begin(SECOND));

    assertThat(running.sum("semantic_router_untrusted_identity_total", "wrong_proof")).isEqualTo(1);
    assertThat(running.sum("semantic_router_requests_total", "alice")).isEqualTo(1);
  }

  @Test
  void changedPriceBookIsInUse() throws Exception {
    String book =
        """
        version: "1"
        currency: EUR
        models: { qwen3: { prompt_per_1m: "%s", completion_per_1m: "0" } }
        """;
    Path file = directory.resolve("book.yaml");
    Files.writeString(file, book.formatted("200000"));
    String models = CONFIG.substring(CONFIG.indexOf("  models:"));
    String config = CONFIG.replace(models, "  books: [ book.yaml ]\n").formatted(secret);
    Files.writeString(this.config, config + PORTS);
    lookTwice();
    end(begin(FIRST));
    assertThat(cost()).isEqualTo(14);
    Files.writeString(file, book.formatted("300000"));
    lookTwice();
    end(begin(FIRST));

    assertThat(cost()).isEqualTo(35);
    assertThat(reloads("applied")).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pricing: { models: { qwen3: { prompt_per_1m: free, completion_per_1m: '0' } } }",
        "pricing: [",
        "maas_integration: { enabled: true, autentication: {} }",
        "maas_integration: { enabled: true }", // another mode
        "server: { grpc_port: 1 }",
        "journal: { directory: /tmp/journal }",
        ""
      })
  void configurationThatCannotBeTakenIsRefusedWhole(String yaml) throws Exception {
    Files.writeString(config, yaml);
    lookTwice();
    assertThat(reloads("refused")).isEqualTo(1);
    assertThat(lastIsInUse()).isZero();
    lookTwice();
    assertThat(reloads("refused")).as("once for what has not changed").isEqualTo(1);
    end(begin(FIRST));
    assertThat(cost()).isEqualTo(7);

    write("200000");
    lookTwice();
    end(begin(FIRST));
    assertThat(cost()).isEqualTo(21);
    assertThat(lastIsInUse()).isEqualTo(1);
  }

  @Test
  void missingFileIsRefusedUntilItIsThereAgain() throws Exception {
    Files.delete(config);
    lookTwice();
    assertThat(reloads("refused")).isEqualTo(1);
    write("100000");
    lookTwice();
    assertThat(reloads("applied")).isEqualTo(1);
    assertThat(lastIsInUse()).isEqualTo(1);
  }

  /** As a ConfigMap changes: the path stays, what it leads to is another directory. */
  @Test
  void fileBehindAChangedLinkIsRead() throws Exception {
    Path one = Files.createDirectory(directory.resolve("one"));
    Files.move(config, one.resolve("config.yaml"));
    Path link = Files.createSymbolicLink(directory.resolve("data"), one);
    Files.createSymbolicLink(config, link.resolve("config.yaml"));
    lookTwice();
    assertThat(reloads("applied")).as("same content").isZero();
    Path two = Files.createDirectory(directory.resolve("two"));
    Files.writeString(two.resolve("config.yaml"), CONFIG.formatted(secret, "500000") + PORTS);
    Files.delete(link);
    Files.createSymbolicLink(link, two);
    lookTwice();

    end(begin(FIRST));
    assertThat(cost()).isEqualTo(35);
  }
}
