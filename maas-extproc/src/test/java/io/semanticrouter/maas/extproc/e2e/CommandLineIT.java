// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The jar's command line: what it says, where, and with which exit status. */
@Timeout(120)
class CommandLineIT {
  @TempDir private Path directory;

  private record Result(int status, String out, String err) {}

  @Test
  void helpNamesTheOptionAndTheEnvironment() throws Exception {
    Result result = run(Map.of(), "--help");
    assertThat(result.status()).isZero();
    assertThat(result.out()).contains("--config", "CONFIG_FILE", "LOG_LEVEL");
  }

  @Test
  void versionIsThatOfTheJar() throws Exception {
    Result result = run(Map.of(), "--version");
    assertThat(result.status()).isZero();
    assertThat(result.out().lines().toList())
        .satisfiesExactly(
            program -> assertThat(program).matches("maas-extproc \\d+\\.\\d+\\.\\d+.*"),
            book ->
                assertThat(book)
                    .matches("default price book: PyPI model-prices .*, MIT, sha256 [0-9a-f]{64}"));
  }

  @Test
  void unknownOptionIsNamedWithWhatWasMeant() throws Exception {
    Result result = run(Map.of(), "--confg", "x");
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("--confg", "Possible solutions: --config");
  }

  @Test
  void missingFileIsNamedWithThePlaceThatWasLookedAt() throws Exception {
    Path missing = directory.resolve("missing.yaml");
    assertOneLine(run(Map.of(), "--config", missing.toString()), 2, missing.toString());
    assertOneLine(run(Map.of("CONFIG_FILE", missing.toString())), 2, missing.toString());
    assertOneLine(run(Map.of()), 2, directory.resolve("config/config.yaml").toString());
  }

  @Test
  void wrongConfigurationGivesEveryErrorOnALineOfItsOwn() throws Exception {
    Path config =
        write(
            """
            maas_integration:
              enabled: "yes"
              authentication: { user_heder: x-user }
            server: { metrics_port: 99999 }
            """);
    Result result = run(Map.of("LOG_LEVEL", "loud"), "--config", config.toString());
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines())
        .containsExactly(
            "maas-extproc: " + config + ": 4 error(s)",
            "  line 2: maas_integration.enabled = \"yes\": must be true or false",
            "  line 3: maas_integration.authentication.user_heder: unknown key; did you mean"
                + " \"user_header\"?",
            "  line 4: server.metrics_port = 99999: must be a whole number from 0 to 65535",
            "  LOG_LEVEL = \"loud\": must be one of debug, error, info, off, trace, warn");
  }

  @Test
  void checkedConfigurationIsRightOrGivesItsErrorsAndNothingIsStarted() throws Exception {
    Path right = write("maas_integration: { enabled: true }\n");
    Result result = run(Map.of(), "--check", right.toString());
    assertThat(result.status()).as(result.err()).isZero();
    assertThat(result.out()).startsWith("maas-extproc: " + right + " is right; mode maas");
    assertThat(result.out().lines()).hasSize(1);
    Path wrong = write("maas_integration:\n\n  enabled: 1\n");
    result = run(Map.of(), "--check", wrong.toString());
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).contains("  line 3: maas_integration.enabled = 1");
  }

  @Test
  void printedConfigurationIsRightAndPrintsItselfAgain() throws Exception {
    Path config = write("maas_integration: { enabled: true }\nserver: { grpc_port: 0 }\n");
    String printed = run(Map.of(), "--config", config.toString(), "--print-config").out();
    assertThat(printed)
        .contains("  enabled: true\n", "  grpc_port: 0\n", "fallback_user: \"unknown\"");
    Result again = run(Map.of(), "--config", write(printed).toString(), "--print-config");
    assertThat(again.status()).as(again.err()).isZero();
    assertThat(again.out()).isEqualTo(printed);
  }

  /** The server cannot listen for scrapes without this module. */
  @Test
  void startThatFailsForAReasonThatNobodyForesawDoesNotEndAsIfItHadBeenAskedTo() throws Exception {
    Path config = write(Stack.PORTS);
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--limit-modules",
            "java.base,java.logging,java.management,java.naming,java.net.http,java.sql,jdk.unsupported",
            "-jar",
            Project.file("maas-extproc/target/maas-extproc.jar").toString(),
            "--config",
            config.toString());
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(1);
    assertThat(output).contains("HttpServer");
  }

  @Test
  void optionWinsOverTheEnvironment() throws Exception {
    Path wrong = write("maas_integration: { enabled: 1 }\n");
    Result result =
        run(
            Map.of("CONFIG_FILE", directory.resolve("other.yaml").toString()),
            "--config",
            wrong.toString());
    assertThat(result.err()).contains(wrong.toString()).doesNotContain("other.yaml");
  }

  @ParameterizedTest
  @ValueSource(strings = {"grpc", "metrics"})
  void portInUseIsOneClearLine(String which) throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String other = which.equals("grpc") ? "metrics" : "grpc";
      Path config =
          write(
              "server: { grpc_address: 127.0.0.1, metrics_address: 127.0.0.1, "
                  + which
                  + "_port: "
                  + taken.getLocalPort()
                  + ", "
                  + other
                  + "_port: 0 }\n");
      Result result = run(Map.of(), "--config", config.toString());
      assertOneLine(result, 1, "127.0.0.1:" + taken.getLocalPort());
      assertThat(result.err()).containsIgnoringCase("address already in use");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "standalone, false, false",
    "standalone, false, true",
    "maas, true, false",
    "hybrid, true, true"
  })
  void startNamesTheModeAndSigtermEndsWithZero(String mode, boolean enabled, boolean internalCost)
      throws Exception {
    String config =
        Stack.PORTS
            + "maas_integration:\n  enabled: %s\n  metrics: { internal_cost_calculation: %s }\n"
                .formatted(enabled, internalCost);
    try (ServerJar server = ServerJar.start(directory, config)) {
      assertThat(server.log()).contains("MaaS integration: mode " + mode);
      assertThat(server.stop()).isZero();
      assertThat(server.log()).endsWith("Stopped\n");
    }
  }

  private Path write(String yaml) throws IOException {
    return Files.writeString(directory.resolve("config.yaml"), yaml);
  }

  private static void assertOneLine(Result result, int status, String content) {
    assertThat(result.status()).isEqualTo(status);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("maas-extproc: ").contains(content);
  }

  private Result run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-jar");
    command.add(Project.file("maas-extproc/target/maas-extproc.jar").toString());
    command.addAll(List.of(arguments));
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().keySet().removeAll(List.of("CONFIG_FILE", "LOG_LEVEL"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("still running\n" + Files.readString(out));
    }
    return new Result(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }
}
