// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The usual loop over a stream, {@code chunk.choices[0].delta}, with the official Python client
 * that did not ask for usage: however a backend writes the chunk that we asked for, the loop never
 * meets one without a choice.
 */
class PythonSdkIT {
  private static final String USAGE =
      "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":2,\"total_tokens\":22}";
  private static final String HEAD =
      "\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",";
  private static final String TEXT =
      event("{" + HEAD + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It is\"}}]}")
          + event(
              "{"
                  + HEAD
                  + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" four\"},"
                  + "\"finish_reason\":\"stop\"}]}");
  private static final String DONE = event("[DONE]");

  /** The bodies of streams, by names. */
  private static Map<String, String> streams() {
    Map<String, String> chunks = new LinkedHashMap<>();
    chunks.put("no-choices", "{" + HEAD + "\"choices\":[]," + USAGE + "}");
    chunks.put("null-choices", "{" + HEAD + "\"choices\":null," + USAGE + "}");
    chunks.put("choices-absent", "{" + HEAD + USAGE + "}");
    chunks.put("spaces", "{ " + HEAD + "\"choices\" : [ ] , " + USAGE + " }");
    chunks.put("usage-first", "{" + USAGE + "," + HEAD + "\"choices\":[]}");
    chunks.put("null-behind-usage", "{" + USAGE + "," + HEAD + "\"choices\":null}");
    chunks.put("escaped-key", "{" + HEAD + "\"\\u0063hoices\":[]," + USAGE + "}");
    chunks.put(
        "escaped-usage", "{" + HEAD + "\"choices\":[]," + USAGE.replace("u", "\\u0075") + "}");
    chunks.put(
        "more-members",
        "{"
            + HEAD
            + "\"choices\":[],\"service_tier\":\"default\",\"system_fingerprint\":null,"
            + USAGE
            + ",\"obfuscation\":\"x\",\"timings\":{\"predicted_n\":2}}");
    chunks.put("empty-usage", "{" + HEAD + "\"choices\":[],\"usage\":{}}");
    Map<String, String> streams = new LinkedHashMap<>();
    chunks.forEach((name, chunk) -> streams.put(name, TEXT + event(chunk) + DONE));
    String plain = event(chunks.get("no-choices"));
    String nothing = event(chunks.get("null-choices"));
    streams.put("twice", TEXT + plain + plain + DONE);
    streams.put("null-twice", TEXT + nothing + nothing + DONE);
    streams.put("before-the-text", plain + TEXT + DONE);
    streams.put("without-done", TEXT + plain);
    streams.put("null-without-done", TEXT + nothing);
    streams.put("crlf", (TEXT + nothing + DONE).replace("\n", "\r\n"));
    streams.put("no-space", (TEXT + nothing + DONE).replace("data: ", "data:"));
    streams.put("named-event", TEXT + "event: message\nid: 1\n" + nothing + DONE);
    streams.put("comments", TEXT + ": usage\n\n" + nothing + ": end\n\n" + DONE);
    streams.put(
        "on-the-last-choice",
        event("{" + HEAD + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It is\"}}]}")
            + event(
                "{"
                    + HEAD
                    + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" four\"}}],"
                    + USAGE
                    + "}")
            + DONE);
    streams.put(
        "choice-without-text",
        TEXT
            + event("{" + HEAD + "\"choices\":[{\"index\":0,\"delta\":{}}]," + USAGE + "}")
            + DONE);
    return streams;
  }

  private static String event(String data) {
    return "data: " + data + "\n\n";
  }

  @Test
  void loopOverChoicesNeverMeetsAChunkWithoutOne() throws Exception {
    String packages = RealBackend.tool(RealBackend.Kind.PYTHON);
    Path directory = Project.WORK.resolve("python-sdk");
    Map<String, String> streams = streams();
    try (RawBackend backend = RawBackend.start();
        ServerJar server = ServerJar.start(directory, Stack.PORTS + Requests.MAAS);
        Envoy envoy =
            Envoy.start(directory, EnvoyConfig.patient(server.grpcPort(), backend.port()))) {
      streams.forEach(
          (name, body) -> {
            backend.on(
                name,
                (request, in, out) -> {
                  if (request.body().contains("\"include_usage\":true")) {
                    out.write(RawBackend.EVENT_STREAM);
                    out.write(RawBackend.chunk(body));
                    out.write(RawBackend.bytes("0\r\n\r\n"));
                  } else {
                    out.write(RawBackend.answer("500 X", "usage was not asked for"));
                  }
                });
            // As the proxies before some servers label it.
            backend.on(
                name + "-as-json",
                (request, in, out) ->
                    out.write(RawBackend.answer("200 OK", body, "content-type: application/json")));
          });
      List<String> names = new ArrayList<>(streams.keySet());
      List<String> command =
          new ArrayList<>(
              List.of(
                  "python3",
                  Project.file("maas-extproc/src/test/backends/client.py").toString(),
                  "http://127.0.0.1:" + envoy.port(EnvoyConfig.PATIENT) + "/v1"));
      command.addAll(names);
      names.forEach(name -> command.add(name + "-as-json"));

      ProcessBuilder client = new ProcessBuilder(command).redirectErrorStream(true);
      client.environment().put("PYTHONPATH", packages);
      client.environment().put("PYTHONDONTWRITEBYTECODE", "1");
      Process process = client.start();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      assertThat(process.waitFor()).as(output).isZero();

      assertThat(output.lines().filter(line -> !line.endsWith("=It is four"))).isEmpty();
      assertThat(output.lines().count()).isEqualTo(2L * names.size());
      Waiting.until(
          Duration.ofSeconds(20), () -> assertThat(unbilled(server.scrape(), names)).isEmpty());
    }
  }

  /** Those that have no bill of 20 and 2, but for the one whose usage says nothing. */
  private static List<String> unbilled(Scrape scrape, List<String> names) {
    return names.stream()
        .flatMap(name -> List.of(name, name + "-as-json").stream())
        .filter(name -> !name.startsWith("empty-usage"))
        .filter(name -> scrape.sum("semantic_router_tokens_total", "user", name) != 22)
        .collect(Collectors.toList());
  }
}
