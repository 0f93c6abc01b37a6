// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the command as a process of its own. */
@Timeout(60)
class SimulatedVllmCommandTest {

  @Test
  void servesUntilToldToEnd() throws Exception {
    Process process = run("--port", "0", "--model=a, b", "--model", "c", "--routing-headers=seed");
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      String line = out.readLine();
      assertThat(line)
          .matches(
              "simulated-vllm listening on http://127\\.0\\.0\\.1:[1-9][0-9]*"
                  + " \\(models: a, b, c; routing headers: seed\\)");
      URI models = URI.create(line.replaceAll(".*(http\\S+).*", "$1") + "/v1/models");
      HttpResponse<String> response =
          HttpClient.newHttpClient()
              .send(HttpRequest.newBuilder(models).build(), HttpResponse.BodyHandlers.ofString());
      assertThat(response.body()).contains("\"id\":\"a\"", "\"id\":\"b\"", "\"id\":\"c\"");
      // Process.destroy would also close the streams that are still to be read.
      process.toHandle().destroy();
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
      // 128 + SIGTERM, as the JVM reports it.
      assertThat(process.exitValue()).isEqualTo(143);
      assertThat(out.readLine()).isNull();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aPortInUseIsOneLineAndExitCode1() throws Exception {
    try (SimulatedVllm other = SimulatedVllm.builder().start()) {
      Process process = run("--port", Integer.toString(other.port()));
      assertThat(output(process))
          .isEqualTo(
              "simulated-vllm: cannot listen on 127.0.0.1:%d: Address already in use%n"
                  .formatted(other.port()));
      assertThat(process.exitValue()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--port=x",
        "--port=65536",
        "--port",
        "--model=a,,b",
        "--routing-headers=x",
        "--nope",
        "x"
      })
  void aBadOptionIsOneLineAndExitCode2(String option) throws Exception {
    Process process = run(option);
    assertThat(output(process)).matches("simulated-vllm: [^\n]+ \\(see --help\\)\r?\n");
    assertThat(process.exitValue()).isEqualTo(2);
  }

  @Test
  void help() throws Exception {
    Process process = run("--help");
    assertThat(output(process)).startsWith("Usage: ").contains("--routing-headers vsr|seed|none");
    assertThat(process.exitValue()).isZero();
  }

  private static Process run(String... args) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-cp", System.getProperty("java.class.path"), SimulatedVllmCommand.class.getName()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    // With it set, a JVM prints a line of its own.
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    return builder.start();
  }

  private static String output(Process process) throws Exception {
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return output;
  }
}
