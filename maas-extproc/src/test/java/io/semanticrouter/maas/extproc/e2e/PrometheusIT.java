// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.semanticrouter.maas.extproc.Certificates;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A real Prometheus scrapes the server, over TLS and with a token, and Envoy during a fixed load;
 * every expression of guides, dashboards and rules has a result then, and those that can be worked
 * out by hand have that one.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PrometheusIT {
  private static final String CONFIG =
      """
      maas_integration:
        enabled: true
        metrics: { internal_cost_calculation: true }
        usage: { on_disconnect: estimate }
      pricing:
        charge: { factor: 2 }
        models:
          granite: { prompt_per_1m: 1, completion_per_1m: 10, cached_input_per_1m: 0.5 }
      journal: { directory: %s }
      """;

  private static final String QUESTION =
      """
      {"model":"gpt-4","messages":[{"role":"user","content":"What is 2+2?"}]}\
      """;
  private static final String STREAM =
      """
      {"model":"gpt-4","stream":true,"messages":[{"role":"user","content":"Tell me more."}]}\
      """;

  /** Exchanges of one round of the load. */
  private static final int ROUND = 10;

  private static final Pattern PROMQL = Pattern.compile("```promql\n(.*?)```", Pattern.DOTALL);
  private static final Pattern METRIC = Pattern.compile("\\b(?:semantic_router|jvm|process)_\\w+");
  private static final Pattern LABEL_VALUES = Pattern.compile("label_values\\((\\w+), (\\w+)\\)");

  private static final String TOKEN = "a-token";

  private RawBackend backend;
  private Certificates authority;
  private String protection;
  private ServerJar server;
  private Envoy envoy;
  private Prometheus prometheus;
  private Path configuration;
  private Path journal;

  @BeforeAll
  void start() throws Exception {
    Prometheus.home();
    Envoy.binary();
    Path directory = Project.WORK.resolve("prometheus");
    Files.createDirectories(directory);
    backend = RawBackend.start();
    backend.on("plain", whole("granite", 100, 20, 40, 8));
    backend.on("unpriced", whole("nameless", 1, 2, 0, 0));
    backend.on("hit", whole("granite", 50, 5, 0, 0, "x-vsr-cache-hit: true"));
    backend.on("stream", PrometheusIT::stream);
    backend.on("limited", error("429 Too Many Requests"));
    backend.on("broken", error("503 Service Unavailable"));
    backend.on("garbage", json("{\"usage\":{\"prompt_tokens\":1", ""));
    backend.on("silent", json("{\"model\":\"granite\",\"choices\":[]}"));
    authority = new Certificates(directory.resolve("certificates"));
    Certificates.Identity own = authority.issue("metrics", "EC");
    Path token = Files.writeString(directory.resolve("token"), TOKEN + "\n");
    protection =
        "  metrics_tls: { certificate: %s, private_key: %s }\n  metrics_token_file: %s\n"
            .formatted(own.certificate(), own.privateKey(), token);
    journal = Files.createTempDirectory(directory, "journal");
    server = ServerJar.start(directory, Stack.PORTS + protection + CONFIG.formatted(journal));
    envoy = Envoy.start(directory, EnvoyConfig.shipped(server.grpcPort(), backend.port()).text());
    configuration =
        Files.writeString(
            directory.resolve("prometheus.yml"),
            """
            global: { scrape_interval: 1s, evaluation_interval: 1s }
            rule_files: [ %s ]
            scrape_configs:
            - job_name: semantic-router
              scheme: https
              tls_config: { ca_file: %s }
              authorization: { credentials_file: %s }
              static_configs: [ { targets: [ "127.0.0.1:%d" ] } ]
            - job_name: envoy
              metrics_path: /stats/prometheus
              static_configs: [ { targets: [ "%s" ] } ]
            """
                .formatted(
                    Project.file("deploy/prometheus/maas.rules.yaml"),
                    authority.authority(),
                    token,
                    server.metricsPort(),
                    envoy.admin().substring("http://".length())));
    prometheus = Prometheus.start(directory, configuration);
    for (int round = 1; round <= 2; round++) {
      load();
      double exchanges = round * ROUND;
      // The second time they come after a scrape that has seen them, so that there is an increase.
      Waiting.until(
          Duration.ofSeconds(60),
          () ->
              assertThat(prometheus.value("sum(semantic_router_requests_total)"))
                  .isEqualTo(exchanges));
    }
    Waiting.until(
        Duration.ofSeconds(60),
        () -> assertThat(prometheus.value("sum(authorized_calls)")).isEqualTo(16));
  }

  @AfterAll
  void stop() {
    for (AutoCloseable part : new AutoCloseable[] {prometheus, envoy, server, backend}) {
      try {
        if (part != null) {
          part.close();
        }
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }

  private void load() throws IOException {
    post("plain", QUESTION, "alice", "premium");
    post("plain", QUESTION, "alice", "premium");
    post("stream", STREAM, "bob", "free");
    post("hit", QUESTION, "bob", "free");
    post("unpriced", QUESTION, "carol", "free");
    post("limited", QUESTION, "bob", "free");
    post("broken", QUESTION, "bob", "free");
    post("garbage", QUESTION, "dave", "premium");
    post("silent", QUESTION, "dave", "premium");
    post("plain", QUESTION, "<nil>", "free");
  }

  private void post(String answer, String body, String user, String tier) throws IOException {
    RawHttp.post(
        envoy.port(),
        Requests.CHAT,
        body,
        RawBackend.CASE,
        answer,
        "x-auth-request-user",
        user,
        "x-auth-request-tier",
        tier);
  }

  private static RawBackend.Answer whole(
      String model, int prompt, int completion, int cached, int reasoning, String... headers) {
    return json(
        """
        {"model":"%s","choices":[{"message":{"content":"4"},"finish_reason":"stop"}],"usage":\
        {"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,\
        "prompt_tokens_details":{"cached_tokens":%d},\
        "completion_tokens_details":{"reasoning_tokens":%d}}}\
        """
            .formatted(model, prompt, completion, prompt + completion, cached, reasoning),
        headers);
  }

  private static RawBackend.Answer json(String body, String... headers) {
    List<String> all = new ArrayList<>(List.of(headers));
    all.remove("");
    if (all.isEmpty()) {
      all.add("x-vsr-cache-hit: false");
    }
    all.add("content-type: application/json");
    byte[] answer = RawBackend.answer("200 OK", body, all.toArray(String[]::new));
    return (request, in, out) -> out.write(answer);
  }

  private static RawBackend.Answer error(String status) {
    byte[] answer = RawBackend.answer(status, "{\"error\":{}}", "content-type: application/json");
    return (request, in, out) -> out.write(answer);
  }

  /** Eleven tokens; those after the first take half a second. */
  private static void stream(RawBackend.Request request, InputStream in, OutputStream out)
      throws IOException {
    out.write(RawBackend.EVENT_STREAM);
    out.write(RawBackend.chunk("data: {\"model\":\"granite\",\"choices\":[{}]}\n\n"));
    out.flush();
    LockSupport.parkNanos(500_000_000);
    out.write(
        RawBackend.chunk(
            "data: {\"model\":\"granite\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,"
                + "\"completion_tokens\":11,\"total_tokens\":21,\"cost\":0.0001}}\n\n"));
    out.write(RawBackend.chunk("data: [DONE]\n\n"));
    out.write(RawBackend.bytes("0\r\n\r\n"));
  }

  /** Two rounds: 6 plain answers of alice and of nobody, 2 streams, 2 unpriced ones. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          sum(semantic_router_tokens_total)                                     | 768
          sum(authorized_hits{user="alice"})                                    | 480
          sum(authorized_hits{user="bob",tier="free",model="granite"})          | 42
          sum(semantic_router_cache_tokens_total)                               | 110
          sum(semantic_router_cost_total{user="alice"})                         | 0.00112
          sum(semantic_router_charge_total{user="alice"})                       | 0.00224
          sum(semantic_router_provider_cost_total{model="granite"})             | 0.0002
          sum(semantic_router_compared_cost_total{model="granite"})             | 0.00024
          sum(semantic_router_unpriced_tokens_total{user="carol"})              | 6
          sum(semantic_router_errors_total{model="gpt-4",status="5xx"})         | 2
          sum(semantic_router_errors_total{model="gpt-4",status="4xx"})         | 2
          sum(limited_calls{user="bob"})                                        | 2
          sum(limited_calls) / (sum(authorized_calls) + sum(limited_calls))     | 0.1111111
          sum(semantic_router_request_duration_seconds_count)                   | 20
          sum(semantic_router_time_to_first_token_seconds_count)                | 2
          sum(semantic_router_time_per_output_token_seconds_count)              | 2
          sum(semantic_router_request_tokens_sum{type="prompt"}) == bool sum(semantic_router_tokens_total{type="prompt"}) | 1
          sum(semantic_router_identity_fallbacks_total{field="user"})           | 2
          sum(semantic_router_token_parts_total{part="reasoning"})              | 48
          sum(semantic_router_journal_lines_total) >= bool 20                   | 1
          count(count by (user) (authorized_calls))                             | 5
          """)
  void sumsAreThoseThatAreWorkedOutByHand(String expression, double value) {
    assertThat(prometheus.value(expression)).isEqualTo(value, within(1e-7));
  }

  @Test
  void tokensThatTakeFiftyMillisecondsEachAreShownSo() {
    assertThat(
            prometheus.value(
                "sum(semantic_router_time_per_output_token_seconds_sum)"
                    + " / sum(semantic_router_time_per_output_token_seconds_count)"))
        .isBetween(0.045, 0.5);
  }

  static Stream<String> expressions() throws IOException {
    Set<String> all = new LinkedHashSet<>();
    try (Stream<Path> pages = Files.walk(Project.file("docs"))) {
      for (Path page : pages.filter(p -> p.toString().endsWith(".md")).sorted().toList()) {
        Matcher block = PROMQL.matcher(Files.readString(page));
        while (block.find()) {
          all.add(block.group(1).strip());
        }
      }
    }
    int inPages = all.size();
    assertThat(inPages).isGreaterThan(12);
    for (Path dashboard : dashboards()) {
      ofDashboard(new ObjectMapper().readTree(dashboard.toFile()), all);
    }
    ofPerses(perses(), all);
    for (JsonNode rule : rules()) {
      if (rule.has("record")) {
        all.add(rule.get("expr").asText().strip());
        all.add(rule.get("record").asText());
      }
    }
    // The dashboard that MaaS has for Limitador.
    Files.readAllLines(
            Project.file("maas-extproc/src/test/resources/prometheus/maas-dashboard.promql"))
        .stream()
        .filter(line -> !line.startsWith("#"))
        .forEach(all::add);
    return all.stream();
  }

  private static List<Path> dashboards() throws IOException {
    try (Stream<Path> files = Files.list(Project.file("deploy/grafana"))) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  private static void ofDashboard(JsonNode node, Set<String> all) {
    if (node.has("expr")) {
      all.add(node.get("expr").asText());
    }
    if (node.path("type").asText().equals("query")) {
      Matcher values = LABEL_VALUES.matcher(node.at("/query/query").asText());
      assertThat(values.matches()).as(node.toString()).isTrue();
      all.add("count by (" + values.group(2) + ") (" + values.group(1) + ")");
    }
    node.forEach(child -> ofDashboard(child, all));
  }

  private static JsonNode perses() throws IOException {
    return new ObjectMapper()
        .readTree(Project.file("deploy/perses/usage-and-cost.json").toFile())
        .get("spec");
  }

  private static void ofPerses(JsonNode dashboard, Set<String> all) {
    for (JsonNode variable : dashboard.get("variables")) {
      JsonNode values = variable.at("/spec/plugin/spec");
      all.add(
          "count by ("
              + values.get("labelName").asText()
              + ") ("
              + values.at("/matchers/0").asText()
              + ")");
    }
    for (JsonNode panel : dashboard.get("panels")) {
      all.add(panel.at("/spec/queries/0/spec/plugin/spec/query").asText());
    }
  }

  @Test
  void persesShowsWhatGrafanaShows() throws IOException {
    Set<String> grafana = new TreeSet<>();
    ofDashboard(
        new ObjectMapper().readTree(Project.file("deploy/grafana/usage-and-cost.json").toFile()),
        grafana);
    Set<String> perses = new LinkedHashSet<>();
    ofPerses(perses(), perses);
    assertThat(perses.stream().map(asked -> asked.replace("$subscription", "$tier")))
        .containsExactlyInAnyOrderElementsOf(grafana);
    List<String> placed = new ArrayList<>();
    for (JsonNode layout : perses().get("layouts")) {
      layout
          .at("/spec/items")
          .forEach(
              item -> placed.add(item.at("/content/$ref").asText().replace("#/spec/panels/", "")));
    }
    List<String> panels = new ArrayList<>();
    perses().get("panels").fieldNames().forEachRemaining(panels::add);
    assertThat(placed).containsExactlyInAnyOrderElementsOf(panels);
  }

  private static List<JsonNode> rules() throws IOException {
    List<JsonNode> rules = new ArrayList<>();
    JsonNode file =
        new YAMLMapper().readTree(Project.file("deploy/prometheus/maas.rules.yaml").toFile());
    file.get("groups").forEach(group -> group.get("rules").forEach(rules::add));
    assertThat(rules).hasSizeGreaterThan(10);
    return rules;
  }

  /** As Grafana does for all users, the last five minutes, and a scrape each second. */
  private static String filled(String expression) {
    return expression
        .replace("$__rate_interval", "1m")
        .replace("$__range", "5m")
        .replaceAll("\"\\$\\w+\"", "\".*\"");
  }

  @ParameterizedTest
  @MethodSource("expressions")
  void expressionHasAResult(String expression) {
    assertThat(prometheus.query(filled(expression)))
        .as(filled(expression))
        .isNotEmpty()
        .noneMatch(sample -> sample.at("/value/1").asText().equals("NaN"));
  }

  @Test
  void alertsCanBeEvaluatedAndOnlyThoseFireThatShould() throws IOException {
    for (JsonNode rule : rules()) {
      prometheus.query(rule.get("expr").asText());
    }
    // Those about a share wait for ten minutes.
    assertThat(prometheus.query("ALERTS{alertstate=\"firing\"}"))
        .extracting(alert -> alert.at("/metric/alertname").asText())
        .containsOnly("MaasUnpriced");
  }

  @Test
  void everyMetricOfAnExpressionIsOnThePage() throws IOException {
    String page = Files.readString(Project.file("docs/metrics.md"));
    Set<String> unknown = new TreeSet<>();
    List<String> all = new ArrayList<>(expressions().toList());
    for (JsonNode rule : rules()) {
      all.add(rule.get("expr").asText());
    }
    for (String expression : all) {
      Matcher metric = METRIC.matcher(expression);
      while (metric.find()) {
        String name = metric.group();
        if (!page.contains("`" + name + "`")
            && !page.contains("`" + name.replaceAll("_(bucket|sum|count)$", "") + "`")) {
          unknown.add(name);
        }
      }
    }
    assertThat(unknown).isEmpty();
  }

  @Test
  void promtoolHasNothingToSayOfMetricsRulesAndConfiguration() throws Exception {
    Prometheus.Result metrics = Prometheus.promtool(scrape(), "check", "metrics");
    assertThat(metrics.output()).isEmpty();
    assertThat(metrics.status()).isZero();
    String rules = Project.file("deploy/prometheus/maas.rules.yaml").toString();
    assertThat(Prometheus.promtool("", "check", "rules", rules).output()).contains("SUCCESS");
    String tests = Project.file("deploy/prometheus/maas.rules.test.yaml").toString();
    Prometheus.Result tested = Prometheus.promtool("", "test", "rules", tests);
    assertThat(tested.status()).as(tested.output()).isZero();
    Prometheus.Result config = Prometheus.promtool("", "check", "config", configuration.toString());
    assertThat(config.status()).as(config.output()).isZero();
  }

  private String scrape() throws Exception {
    URI uri = URI.create("https://127.0.0.1:" + server.metricsPort() + "/metrics");
    HttpResponse<String> answer =
        HttpClient.newBuilder()
            .sslContext(authority.clients(null))
            .build()
            .send(
                HttpRequest.newBuilder(uri).header("authorization", "Bearer " + TOKEN).build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer.body();
  }

  /** What it finds are the payers and prices of the load. */
  @Test
  void doctorReadsMetricsThatAreProtected() throws Exception {
    Path config =
        Files.writeString(
            configuration.resolveSibling("doctor.yaml"),
            """
            server:
              grpc_address: 127.0.0.1
              grpc_port: %d
              metrics_address: 127.0.0.1
              metrics_port: %d
            %smaas_integration: { enabled: true }
            """
                .formatted(server.grpcPort(), server.metricsPort(), protection));
    Process doctor =
        run("doctor", "--json", "--config", config.toString(), "--prometheus", prometheus.url());
    String output = new String(doctor.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(new ObjectMapper().readTree(output))
        .as(output)
        .isNotEmpty()
        .extracting(finding -> finding.get("id").asText())
        .noneMatch(id -> id.matches("(metrics|prometheus|certificate|grpc).*"));
  }

  /** What Prometheus has scraped is what the journal has. */
  @Test
  void verifyReadsAPrometheus() throws Exception {
    Process verify =
        run(
            "verify",
            "--journal",
            journal.toString(),
            "--metrics",
            prometheus.url() + "/federate?match[]={__name__=~\"semantic_router_.+\"}");
    String output = new String(verify.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(verify.waitFor()).as(output).isZero();
    assertThat(output).contains("last run ").doesNotContain("differs");
  }

  /** A command of the server's jar, both outputs together. */
  private static Process run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-jar");
    command.add(Project.file("maas-extproc/target/maas-extproc.jar").toString());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  @Test
  void ruleOfTheOperatorIsTheSame() throws IOException {
    YAMLMapper yaml = new YAMLMapper();
    JsonNode resource =
        yaml.readTree(
            Project.file("deploy/kubernetes/components/rules/prometheusrule.yaml").toFile());
    JsonNode file = yaml.readTree(Project.file("deploy/prometheus/maas.rules.yaml").toFile());
    assertThat(resource.get("spec")).isEqualTo(file);
  }

  @Test
  void everyAlertIsTestedByARule() throws IOException {
    String tests = Files.readString(Project.file("deploy/prometheus/maas.rules.test.yaml"));
    for (JsonNode rule : rules()) {
      if (rule.has("alert")) {
        assertThat(tests).contains("{ labels: '{alertname=\"" + rule.get("alert").asText());
      }
    }
  }
}
