// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.semanticrouter.maas.extproc.Certificates;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code maas-extproc doctor} before set-ups that are broken, each in one way, and one that is not.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DoctorIT {
  private static final Path DIRECTORY = Project.WORK.resolve("doctor");

  /** What an auth filter does, without a login. */
  private static final String IDENTITY =
      """
      name: identity
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
        mutations:
          request_mutations:
          - append:
              header: { key: %s, value: "%s" }
              append_action: OVERWRITE_IF_EXISTS_OR_ADD
          - append:
              header: { key: x-auth-request-tier, value: "%s" }
              append_action: OVERWRITE_IF_EXISTS_OR_ADD
      """;

  private static final String WELL = IDENTITY.formatted("x-auth-request-user", "alice", "premium");

  private SimulatedVllm backend;
  private ServerJar server;
  private Path config;

  private record Diagnosis(int status, List<String> ids, String output) {}

  @BeforeAll
  void start() throws Exception {
    Envoy.binary();
    Files.createDirectories(DIRECTORY);
    backend = Requests.backend().start();
    server = server("well");
    config = config(server, "config.yaml", journal("well") + Requests.MAAS);
  }

  @AfterAll
  void stop() {
    if (server != null) {
      server.close();
    }
    if (backend != null) {
      backend.close();
    }
  }

  private static String journal(String name) {
    return "journal: { directory: " + DIRECTORY.resolve("journal-" + name) + " }\n";
  }

  private ServerJar server(String name) throws IOException {
    Path journal = Files.createDirectories(DIRECTORY.resolve("journal-" + name));
    try (var old = Files.list(journal)) {
      for (Path file : old.toList()) {
        Files.delete(file);
      }
    }
    return ServerJar.start(DIRECTORY.resolve(name), Stack.PORTS + journal(name) + Requests.MAAS);
  }

  /** As the server has it, with the ports that it has got. */
  private static Path config(ServerJar of, String name, String rest) throws IOException {
    return Files.writeString(
        DIRECTORY.resolve(name),
        "server: { grpc_address: 127.0.0.1, grpc_port: %d, metrics_address: 127.0.0.1, metrics_port: %d }\n"
                .formatted(of.grpcPort(), of.metricsPort())
            + rest);
  }

  private Envoy envoy(ServerJar to, Consumer<EnvoyConfig.Listener> change)
      throws IOException, InterruptedException {
    EnvoyConfig envoy = EnvoyConfig.shipped(to.grpcPort(), backend.port());
    change.accept(envoy.shipped());
    return Envoy.start(DIRECTORY, envoy.text());
  }

  private static Diagnosis doctor(Path config, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-jar");
    command.add(Project.file("maas-extproc/target/maas-extproc.jar").toString());
    command.addAll(List.of("doctor", "--json", "--config", config.toString()));
    command.addAll(List.of(arguments));
    Path errors = DIRECTORY.resolve("doctor.err");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.waitFor();
    assertThat(errors).as(output).isEmptyFile();
    TreeSet<String> ids = new TreeSet<>();
    for (JsonNode finding : new ObjectMapper().readTree(output)) {
      ids.add(finding.get("id").asText());
      for (String part : List.of("what", "why", "todo")) {
        assertThat(finding.get(part).asText()).isNotBlank().doesNotContain("null");
      }
    }
    return new Diagnosis(status, List.copyOf(ids), output);
  }

  private static void assertFound(Diagnosis diagnosis, String... ids) {
    assertThat(diagnosis.ids()).as(diagnosis.output()).containsExactlyInAnyOrder(ids);
    assertThat(diagnosis.status()).isEqualTo(ids.length == 0 ? 0 : 4);
  }

  private static Path scrapes(String name, String target) throws IOException {
    return Files.writeString(
        DIRECTORY.resolve(name),
        """
        global: { scrape_interval: 1s }
        scrape_configs:
        - job_name: maas
          static_configs: [ { targets: [ "%s" ] } ]
        """
            .formatted(target));
  }

  @Test
  void nothingIsFoundWhereAllIsWell() throws Exception {
    Path scrapes = scrapes("well.yml", "127.0.0.1:" + server.metricsPort());
    try (Envoy envoy = envoy(server, llm -> llm.before(WELL));
        Prometheus prometheus = Prometheus.start(DIRECTORY.resolve("well"), scrapes)) {
      Waiting.until(
          Duration.ofSeconds(30),
          () -> assertThat(prometheus.query("semantic_router_build_info")).isNotEmpty());
      assertFound(
          doctor(
              config,
              "--envoy-admin",
              envoy.admin(),
              "--prometheus",
              prometheus.url(),
              "--gateway",
              envoy.url()));
    }
  }

  @Test
  void prometheusThatScrapesOthersIsFound() throws Exception {
    Path scrapes = scrapes("elsewhere.yml", "127.0.0.1:1");
    try (Prometheus prometheus = Prometheus.start(DIRECTORY.resolve("elsewhere"), scrapes)) {
      assertFound(doctor(config, "--prometheus", prometheus.url()), "not-scraped");
    }
  }

  private void assertFound(Consumer<EnvoyConfig.Listener> change, String... ids)
      throws IOException, InterruptedException {
    try (Envoy envoy = envoy(server, change)) {
      assertFound(doctor(config, "--envoy-admin", envoy.admin()), ids);
    }
  }

  @Test
  void missingFilterIsFoundWithTheRequestThatPassesIt() throws Exception {
    try (Envoy envoy = envoy(server, llm -> llm.before(WELL).withoutExtProc())) {
      assertFound(
          doctor(config, "--envoy-admin", envoy.admin(), "--gateway", envoy.url()),
          "filter-missing",
          "gateway-unmetered");
    }
  }

  @Test
  void filterAfterTheSemanticRouterIsFound() throws Exception {
    assertFound(
        llm ->
            llm.before(
                    """
                    name: semantic-router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
                      grpc_service: { envoy_grpc: { cluster_name: backend } }
                    """)
                .before(WELL),
        "filter-after-router");
  }

  @Test
  void shortTimeoutIsFoundAlsoWhereItIsTheDefault() throws Exception {
    assertFound(llm -> llm.before(WELL).extProc("message_timeout: 0.2s"), "timeout-short");
    assertFound(llm -> llm.before(WELL).extProc("message_timeout: null"), "timeout-short");
  }

  @Test
  void namespaceThatEnvoyDoesNotTakeIsFound() throws Exception {
    assertFound(llm -> llm.before(WELL).extProc("metadata_options: {}"), "metadata-dropped");
  }

  @Test
  void bodiesThatAreNotShownAreFound() throws Exception {
    assertFound(llm -> llm.before(WELL).extProc("allow_mode_override: false"), "no-bodies");
  }

  @Test
  void headersThatNoFilterSetsAreFound() throws Exception {
    assertFound(llm -> {}, "identity-unchecked");
  }

  @Test
  void authFilterAfterTheMeterIsFound() throws Exception {
    assertFound(
        llm ->
            llm.after(
                """
                name: auth
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.http.basic_auth.v3.BasicAuth
                  users: { inline_string: "user:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=" }
                """),
        "identity-after-filter",
        "identity-unchecked");
  }

  @Test
  void serverThatIsGoneAndRequestsThatPassedAreFound() throws Exception {
    ServerJar gone = server("gone");
    try (Envoy envoy = envoy(gone, llm -> llm.before(WELL))) {
      Path before = config(gone, "gone.yaml", Requests.MAAS);
      gone.close();
      RawHttp.post(envoy.port(), Requests.CHAT, Requests.PLAIN);
      assertFound(
          doctor(before, "--envoy-admin", envoy.admin()),
          "failing-open",
          "grpc-closed",
          "metrics-closed");
    } finally {
      gone.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "x-user, alice, premium, 'user-absent, gateway-nobody'",
    "x-auth-request-user, {auth.identity.username}, premium, 'user-unexpanded-template,"
        + " gateway-nobody'",
    "x-auth-request-user, <nil>, premium, 'user-placeholder, gateway-nobody'",
    "x-auth-request-user, alice, <nil>, tier-placeholder",
  })
  void identityThatIsNoneIsFound(String header, String user, String tier, String ids)
      throws Exception {
    String filter = IDENTITY.formatted(header, user, tier);
    ServerJar fresh = server("identity");
    try (Envoy envoy = envoy(fresh, llm -> llm.before(filter))) {
      Path with = config(fresh, "identity.yaml", journal("identity") + Requests.MAAS);
      assertFound(doctor(with, "--gateway", envoy.url()), ids.split(", "));
    } finally {
      fresh.close();
    }
  }

  @Test
  void wrongModeIsFound() throws Exception {
    Path standalone = config(server, "standalone.yaml", "maas_integration: { enabled: false }\n");
    assertFound(doctor(standalone), "mode-standalone");
  }

  @Test
  void expiredCertificateIsFound() throws Exception {
    Certificates certificates = new Certificates(Files.createTempDirectory(DIRECTORY, "tls"));
    Certificates.Identity expired =
        certificates.issue("server", "EC", "-startdate", "-10d", "-validity", "5");
    Path withTls =
        Files.writeString(
            DIRECTORY.resolve("tls.yaml"),
            Files.readString(config)
                .replace(
                    "server: {",
                    "server: { tls: { certificate: %s, private_key: %s }, "
                        .formatted(expired.certificate(), expired.privateKey())));
    assertFound(doctor(withTls), "certificate-expired");
  }

  @Test
  void placesThatDoNotAnswerAreFound() throws Exception {
    assertFound(
        doctor(
            config,
            "--envoy-admin",
            "http://127.0.0.1:1",
            "--prometheus",
            "http://127.0.0.1:1",
            "--gateway",
            "http://127.0.0.1:1"),
        "envoy-unreachable",
        "gateway-unreachable",
        "prometheus-unreachable");
  }
}
