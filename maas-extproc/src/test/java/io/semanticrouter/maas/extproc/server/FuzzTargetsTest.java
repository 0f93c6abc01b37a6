// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import io.semanticrouter.maas.extproc.server.text.TextTree;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;

/**
 * What has to hold of a configuration of any text at all. In a build this reads the inputs that are
 * kept beside it; {@code tools/fuzz configuration} looks for new ones.
 */
class FuzzTargetsTest {
  /** Stands for all secrets; as those of machines, it is a run of letters and digits. */
  private static final String SECRET = "s3cr3t0fTheGateway";

  /** Shown in place of a secret; too short to be read as one. */
  private static final String HIDDEN = "***";

  private static final Path DIRECTORY = directory();

  private static Path directory() {
    try {
      return Files.createTempDirectory("fuzz");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @AfterAll
  static void delete() throws IOException {
    Files.deleteIfExists(DIRECTORY.resolve("config.yaml"));
    Files.deleteIfExists(DIRECTORY.resolve("config.json"));
    Files.delete(DIRECTORY);
  }

  /** A text that begins with a brace is read as JSON, all others as YAML. */
  @FuzzTest(maxDuration = "24h")
  @DictionaryEntries({
    "maas_integration:",
    "  authentication:",
    "    trust: [ { proof_header: x-proof, secrets: [ s3cr3t0fTheGateway ] } ]",
    "secrets: [ { env: PATH } ]",
    "{ by: metadata, namespace: a, user: b, attributes: { c: d } }",
    "{ by: jwt, jwks: a, issuer: b, user: c }",
    "pricing: { currency: EUR, models: { m: { prompt_per_1m: 1 } } }",
    "  usage: { routes: { \"/a/*\": { operation: chat, backend: vllm } } }",
    "  headers: { prefix: x- }",
    "router: { enabled: true }",
    "server: { grpc_port: 0 }",
    "  tls: { certificate: a, private_key: b, client_ca: c, client_sans: [ d ] }",
    "journal: { directory: a, durability: power }",
    "s3cr3t0fTheGateway"
  })
  void configuration(byte[] data) throws IOException {
    boolean isJson = data.length > 0 && data[0] == '{';
    Path file = DIRECTORY.resolve(isJson ? "config.json" : "config.yaml");
    Files.write(file, data);
    ConfigText text = new ConfigText();
    try {
      ConfigFile.read(file, Map.of(), text);
    } catch (UnreadableException e) {
      String message = String.valueOf(e.getMessage());
      assertThat(message.lines()).hasSize(1);
      // A key that comes twice is named, as every key is.
      if (!message.contains("Duplicate field")) {
        assertThat(message).doesNotContain(SECRET);
      }
      return;
    } catch (ConfigException e) {
      assertThat(e.errors()).isNotEmpty();
      if (!hasSecretKey(data, file)) {
        for (ConfigError error : e.errors()) {
          assertThat(text.located(error)).doesNotContain(SECRET).doesNotContain("\n");
        }
      }
      return;
    }
    if (!text.yaml().contains(HIDDEN)) {
      expectTheSameAgain(text);
    }
  }

  private static boolean hasSecretKey(byte[] data, Path file) {
    try {
      return hasSecretKey(
          TextTree.read(file.toString(), data, "", key -> true, TextTree.Places.NONE));
    } catch (UnreadableException e) {
      return true;
    }
  }

  /** What stands as a key is no value, and errors name it. */
  private static boolean hasSecretKey(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      return map.keySet().toString().contains(SECRET)
          || map.values().stream().anyMatch(FuzzTargetsTest::hasSecretKey);
    }
    return value instanceof List<?> list && list.stream().anyMatch(FuzzTargetsTest::hasSecretKey);
  }

  /** What {@code --print-config} shows is a configuration, and the same one. */
  private static void expectTheSameAgain(ConfigText text) throws IOException {
    Path file = DIRECTORY.resolve("config.yaml");
    Files.write(file, text.yaml().getBytes(UTF_8));
    ConfigText again = new ConfigText();
    try {
      ConfigFile.read(file, Map.of(), again);
    } catch (UnreadableException e) {
      throw new AssertionError(text.yaml(), e);
    }
    assertThat(again.effective()).isEqualTo(text.effective());
  }
}
