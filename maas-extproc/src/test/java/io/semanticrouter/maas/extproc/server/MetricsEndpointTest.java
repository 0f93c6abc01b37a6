// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.extproc.server.StatusPage.Fact;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each client of the metrics port gets, whatever it asks for and however slowly it reads. */
@Timeout(120)
class MetricsEndpointTest {
  private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0";
  private static final String TEXT = "text/plain; version=0.0.4";

  private static final String PROTOBUF =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

  /** What a client sends as Accept, without the quotes; «none» for no such header. */
  private static final List<String> ACCEPTS =
      List.of(
          "none",
          "*/*",
          "application/json",
          PROTOBUF,
          PROTOBUF + ",application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1",
          "application/openmetrics-text; version=1.0.0",
          "text/plain;q=x, ;;,q=1,/;q=");

  @SuppressWarnings("ArrayRecordComponent") // read, and no more
  private record Answer(int status, String head, byte[] body) {
    String header(String name) {
      return head.lines()
          .filter(line -> line.regionMatches(true, 0, name + ": ", 0, name.length() + 2))
          .map(line -> line.substring(name.length() + 2))
          .findFirst()
          .orElse("");
    }

    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final List<AutoCloseable> resources = new ArrayList<>();
  private MetricsEndpoint endpoint;

  @BeforeEach
  void start() throws IOException {
    Counter.builder().name("some").help("Some.").register(registry).inc(3);
    start(false);
  }

  private void start(boolean createdTimestamps) throws IOException {
    ListenAddress address = new ListenAddress("127.0.0.1", 0);
    endpoint =
        MetricsEndpoint.start(
            new MetricsConfig(address, true, null, null, createdTimestamps),
            null,
            null,
            registry,
            () -> true,
            new StatusPage(() -> List.of(new Fact("A \"title\"", "a text", true))));
    resources.add(endpoint);
  }

  @Test
  void onlyOpenMetricsSaysWhenACounterBeganAndOnlyWhenThatIsConfigured() throws IOException {
    assertThat(ask("GET", "/metrics", "accept: " + OPEN_METRICS).text()).doesNotContain("_created");
    start(true);
    assertThat(ask("GET", "/metrics").text()).doesNotContain("_created");
    assertThat(ask("GET", "/metrics", "accept: " + OPEN_METRICS).text())
        .containsPattern("some_created 1\\d{9}\\.\\d{3}\n");
  }

  @AfterEach
  void stop() throws Exception {
    for (int i = resources.size() - 1; i >= 0; i--) {
      resources.get(i).close();
    }
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
    socket.setSoTimeout(30_000);
    resources.add(socket);
    return socket;
  }

  private Answer ask(String request) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      byte[] all = socket.getInputStream().readAllBytes();
      String text = new String(all, StandardCharsets.ISO_8859_1);
      int end = text.indexOf("\r\n\r\n") + 4;
      byte[] body = new byte[all.length - end];
      System.arraycopy(all, end, body, 0, body.length);
      return new Answer(Integer.parseInt(text.substring(9, 12)), text.substring(0, end), body);
    }
  }

  private Answer ask(String method, String path, String... headers) throws IOException {
    StringBuilder request = new StringBuilder(method + ' ' + path + " HTTP/1.1\r\nhost: a\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    return ask(request + "connection: close\r\n\r\n");
  }

  @ParameterizedTest
  @CsvSource({
    "/metrics, 200",
    "/metrics?, 200",
    "/metrics?name[]=x, 200",
    "/metrics?debug=prometheus-protobuf, 200",
    "http://a/metrics, 200",
    "/live, 200",
    "/ready, 200",
    "/, 200",
    "/status.json, 200",
    "/index.html, 404",
    "/metricsx, 404",
    "/metrics/, 404",
    "/metrics/foo, 404",
    "/metrics%2Ffoo, 404",
    "/metrics;x, 404",
    "/METRICS, 404",
    "/x/../metrics, 404",
    "/metrics.json, 404",
    "/live/x, 404",
    "/livex, 404",
    "/ready/, 404",
    "/-/healthy, 404",
    "/-/metrics, 404",
    "/favicon.ico, 404"
  })
  void eachPathWithEachMethodAndAcceptHeaderHasItsStatus(String path, int known)
      throws IOException {
    for (String accept : ACCEPTS) {
      String[] headers = accept.equals("none") ? new String[0] : new String[] {"accept: " + accept};
      for (String method :
          List.of("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO")) {
        boolean reads = method.equals("GET") || method.equals("HEAD");
        Answer answer = ask(method, path, headers);
        assertThat(answer.status())
            .as("%s %s %s", method, path, accept)
            .isEqualTo(known == 404 ? 404 : reads ? known : 405);
        assertThat(answer.header("allow")).isEqualTo(answer.status() == 405 ? "GET, HEAD" : "");
        assertThat(answer.text()).doesNotContain("Exception", "\tat ");
        if (method.equals("HEAD")) {
          assertThat(answer.body()).isEmpty();
        }
      }
    }
  }

  /** From the sources of each, November 2026. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        // No Accept; curl, wget, Go; browsers.
        "none | " + TEXT,
        "'' | " + TEXT,
        "*/* | " + TEXT,
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8 | "
            + TEXT,
        // Prometheus 1.x, and kubelet's scrapers of that time.
        PROTOBUF
            + ";q=0.7,text/plain;version=0.0.4;q=0.3,"
            + "application/json;schema=\"prometheus/telemetry\";version=0.0.2;q=0.2,*/*;q=0.1 | "
            + TEXT,
        // Prometheus 2.0 to 2.4, VictoriaMetrics and vmagent.
        "text/plain;version=0.0.4;q=1,*/*;q=0.1 | " + TEXT,
        // Prometheus 2.5 to 2.33, and agents that took it over.
        "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | "
            + OPEN_METRICS,
        // Prometheus 2.34 to 2.48, OpenTelemetry's collector and Grafana's agents of that time.
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
            + "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | "
            + OPEN_METRICS,
        // Prometheus 2.40 to 2.48 with native histograms.
        PROTOBUF
            + ",application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;"
            + "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | "
            + OPEN_METRICS,
        // Prometheus 2.49 and newer, OpenTelemetry's collector, Grafana Alloy.
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;"
            + "version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2 | "
            + OPEN_METRICS,
        // The same with native histograms.
        PROTOBUF
            + ";q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,"
            + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,"
            + "*/*;q=0.2 | "
            + OPEN_METRICS,
        // Prometheus 3.x.
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            + "application/openmetrics-text;version=0.0.1;q=0.5,"
            + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
            + "*/*;q=0.2 | "
            + OPEN_METRICS,
        PROTOBUF
            + ";q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            + "application/openmetrics-text;version=0.0.1;q=0.5,"
            + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
            + "*/*;q=0.2 | "
            + OPEN_METRICS,
        // Prometheus 3.x with scrape_protocols of one entry each.
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.2,*/*;q=0.1 | " + TEXT,
        "text/plain;version=0.0.4;q=0.2,*/*;q=0.1 | " + TEXT,
        "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.2,*/*;q=0.1 | "
            + OPEN_METRICS,
        PROTOBUF + ";escaping=allow-utf-8;q=0.2,*/*;q=0.1 | " + TEXT,
        // Datadog's agent.
        "text/plain | " + TEXT,
        "application/openmetrics-text; version=1.0.0, application/openmetrics-text; version=0.0.1 |"
            + OPEN_METRICS,
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
            + "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | "
            + OPEN_METRICS,
        // Telegraf, Elastic's metricbeat.
        PROTOBUF + ";q=0.7,text/plain;version=0.0.4;q=0.3 | " + TEXT,
        "application/openmetrics-text; version=1.0.0; charset=utf-8,text/plain | " + OPEN_METRICS,
        // What the formats themselves would need.
        "application/openmetrics-text | " + OPEN_METRICS,
        "APPLICATION/OpenMetrics-Text ; Version=1.0.0 ; Q=0.9 , text/plain ; q=0.8 | "
            + OPEN_METRICS,
        "application/openmetrics-text;version=2.0.0;q=0.9,text/plain;version=0.0.4;q=0.5 | " + TEXT,
        "application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;"
            + "q=0.8,text/plain;q=0.5 | "
            + OPEN_METRICS,
        "application/openmetrics-text;q=0,text/plain;q=0.1 | " + TEXT,
        "application/openmetrics-text;q=0.1,text/plain;q=0.9 | " + TEXT,
        "application/openmetrics-text;q=0.1,text/*;q=0.9 | " + TEXT,
        "application/vnd.google.protobuf | " + TEXT,
        "application/json, text/html | " + TEXT,
        "text/plain;q=NaN;version, ;;,q=1,/;q= | " + TEXT
      })
  void eachScraperGetsAFormatThatItReads(String accept, String format) throws IOException {
    Answer answer =
        accept == null ? ask("GET", "/metrics") : ask("GET", "/metrics", "accept: " + accept);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("content-type")).startsWith(format + ";");
    assertThat(answer.text()).contains("some_total 3.0\n");
    assertThat(answer.text().endsWith("# EOF\n")).isEqualTo(format.equals(OPEN_METRICS));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gzip | true",
        "GZIP | true",
        "gzip, deflate, br, zstd | true",
        "deflate, gzip;q=1.0, *;q=0.5 | true",
        "* | true",
        "gzip;q=0 | false",
        "gzip;q=0, * | false",
        "identity | false",
        "deflate | false",
        "zstd | false",
        "xgzip | false"
      })
  void bodyIsCompressedForClientsThatSaySo(String accepted, boolean zipped) throws IOException {
    Answer answer = ask("GET", "/metrics", "accept-encoding: " + accepted);
    assertThat(answer.header("content-encoding")).isEqualTo(zipped ? "gzip" : "");
    byte[] body = answer.body();
    if (zipped) {
      body = new GZIPInputStream(new ByteArrayInputStream(body)).readAllBytes();
    }
    assertThat(new String(body, StandardCharsets.UTF_8)).contains("some_total 3.0\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CONNECT a:80 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        "GET mailto:a@b HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET /metrics HTTP/9.9\r\nconnection: close\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET /metrics HTTP/1.1\r\ncontent-length: x\r\nconnection: close\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HEAD //metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        "\r\n\r\n",
        "GET\r\n\r\n"
      })
  void oddRequestGetsNoStackTraceAndTheNextOneItsAnswer(String request) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.shutdownOutput();
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
          .doesNotContain("\tat ", "java.");
    }
    assertThat(ask("GET", "/metrics").status()).isEqualTo(200);
  }

  @Test
  void metricThatCannotBeReadGives500WithoutAStackTrace() throws IOException {
    GaugeWithCallback.builder()
        .name("broken")
        .callback(
            callback -> {
              throw new IllegalStateException("secret");
            })
        .register(registry);
    for (String accept : ACCEPTS) {
      Answer answer = ask("GET", "/metrics", "accept: " + accept);
      assertThat(answer.status()).isEqualTo(500);
      assertThat(answer.text()).isEqualTo("The metrics cannot be written; the log says why\n");
    }
  }

  /** More than a socket takes, so that who does not read holds a thread. */
  private void fill() {
    Counter many = Counter.builder().name("many").help("Many.").labelNames("n").register(registry);
    for (int i = 0; i < 40; i++) {
      many.labelValues("x".repeat(200_000) + i).inc();
    }
  }

  @Test
  void fiftyClientsThatNeverReadDoNotHoldUpThoseThatDo() throws IOException {
    fill();
    for (int i = 0; i < 50; i++) {
      Socket slow = connect();
      slow.getOutputStream()
          .write("GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    assertThat(ask("GET", "/live").status()).isEqualTo(200);
    Answer answer = ask("GET", "/metrics");
    while (answer.status() == 503) {
      assertThat(answer.header("retry-after")).isEqualTo("1");
      answer = ask("GET", "/metrics");
    }
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).contains("some_total 3.0\n");
  }
}
