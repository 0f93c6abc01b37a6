// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.IdentitySource;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.extproc.server.doctor.EnvoyFindings;
import io.semanticrouter.maas.extproc.server.doctor.Expected;
import io.semanticrouter.maas.extproc.server.doctor.Finding;
import io.semanticrouter.maas.extproc.server.doctor.MetricsFindings;
import io.semanticrouter.maas.extproc.server.doctor.PrometheusFindings;
import io.semanticrouter.maas.extproc.server.doctor.Samples;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Looks for what is wrong with a set-up, from the configuration to Prometheus. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Looks for what is wrong: in the configuration, at the ports, in the metrics of the running"
          + " server, and in Envoy, Prometheus and the gateway where they are named. Says of each"
          + " finding what it is, why it costs money, and what to do. Changes nothing.",
      "Exit status: 0 when nothing was found, 2 for a wrong configuration, 4 for findings."
    })
final class DoctorCommand implements Callable<Integer> {
  private static final int WRONG_CONFIGURATION = 2;
  private static final int FOUND = 4;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration BEFORE_EXPIRY = Duration.ofDays(14);
  private static final Duration UNTIL_COUNTED = Duration.ofSeconds(5);

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // by picocli
  private Main main;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration file of the server (default: as for the server).")
  private @Nullable Path config;

  @Option(
      names = "--metrics",
      paramLabel = "URL",
      description = "Where its metrics are (default: /metrics on its metrics port, here).")
  private @Nullable String metrics;

  @Option(
      names = "--envoy-admin",
      paramLabel = "URL",
      description = "Admin port of Envoy, such as http://localhost:19000.")
  private @Nullable String envoyAdmin;

  @Option(
      names = "--prometheus",
      paramLabel = "URL",
      description = "Prometheus, such as http://localhost:9090.")
  private @Nullable String prometheus;

  @Option(
      names = "--gateway",
      paramLabel = "URL",
      description =
          "Send one chat completion of one token to this gateway, and look whether it is billed.")
  private @Nullable String gateway;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "The model that it asks for (default: ${DEFAULT-VALUE}).")
  private String model = "auto";

  @Option(
      names = "--header",
      paramLabel = "'NAME: VALUE'",
      description = "A header of it, such as 'Authorization: Bearer …'; can come several times.")
  private List<String> headers = new ArrayList<>();

  @Option(names = "--json", description = "Print the findings as JSON.")
  private boolean json;

  /**
   * Made when it is needed: it logs, and this object is made for each command, before the log level
   * is known.
   */
  private @Nullable HttpClient client;

  /** The same for the metrics, where they have TLS. */
  private @Nullable HttpClient pinned;

  private @Nullable MetricsConfig protection;

  private final List<Finding> findings = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    System.setProperty("LOG_LEVEL", "off"); // no lines of libraries among the findings
    ConfigFile file;
    try {
      file = ConfigFile.read(main.configFile(config), "info");
    } catch (UnreadableException | ConfigException e) {
      spec.commandLine().getErr().println("maas-extproc doctor: " + e.getMessage());
      return WRONG_CONFIGURATION;
    }
    Expected server = expected(file);
    configuration(file);
    port(file.server().grpc());
    MetricsConfig open = file.server().metrics();
    protection = open;
    String url =
        metrics != null
            ? metrics
            : (open.tls() == null ? "http://" : "https://") + here(open.address()) + "/metrics";
    Samples samples = samples(url);
    if (samples != null && gateway != null) {
      samples = gateway(gateway, url, samples, file.server().journal() != null);
    }
    if (samples != null) {
      findings.addAll(MetricsFindings.of(samples, server));
    }
    if (envoyAdmin != null) {
      envoy(envoyAdmin, server);
    }
    if (prometheus != null) {
      prometheus(prometheus, samples);
    }
    print(spec.commandLine().getOut());
    return findings.isEmpty() ? 0 : FOUND;
  }

  private static Expected expected(ConfigFile file) {
    GrpcConfig grpc = file.server().grpc();
    List<String> believed = new ArrayList<>();
    List<String> namespaces = new ArrayList<>();
    for (IdentitySource source : file.metering().authentication().trust()) {
      if (source.by() == IdentitySource.By.HEADERS && source.isUnproven()) {
        believed.add(source.user());
      } else if (source.by() == IdentitySource.By.METADATA) {
        namespaces.add(source.namespace());
      }
    }
    return new Expected(
        grpc.tcp() == null ? -1 : grpc.tcp().port(),
        grpc.socket() == null ? "" : grpc.socket().path().toString(),
        file.metering().mode().isIntegrated(),
        believed,
        namespaces);
  }

  private void configuration(ConfigFile file) {
    Mode mode = file.metering().mode();
    if (mode == Mode.STANDALONE) {
      add(
          "mode-standalone",
          "The mode is Standalone: maas_integration.enabled is false",
          "No metric has a user or a tier, so that nobody can be billed",
          "Set maas_integration.enabled: true");
    } else if (mode == Mode.HYBRID && file.metering().rateCard().isEmpty()) {
      add(
          "no-prices",
          "Cost is to be calculated, and no model has a price",
          "All exchanges are unpriced",
          "Fill the section pricing");
    }
    TlsConfig tls = file.server().grpc().tls();
    if (tls != null) {
      certificate(
          tls.certificate(),
          "Envoy trusts the server no longer, and every request passes unmetered");
    }
    TlsConfig ofMetrics = file.server().metrics().tls();
    if (ofMetrics != null) {
      certificate(
          ofMetrics.certificate(),
          "Prometheus reads nothing any more, and its counters are the bill");
    }
  }

  private void certificate(Path path, String why) {
    String todo = "Renew it; the server takes a new one from the file without a restart";
    try (InputStream in = Files.newInputStream(path)) {
      X509Certificate certificate =
          (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
      Instant end = certificate.getNotAfter().toInstant();
      Instant now = Instant.now();
      if (end.isBefore(now)) {
        add("certificate-expired", "The certificate in " + path + " expired at " + end, why, todo);
      } else if (end.isBefore(now.plus(BEFORE_EXPIRY))) {
        add("certificate-expires", "The certificate in " + path + " expires at " + end, why, todo);
      }
    } catch (IOException | CertificateException e) {
      add(
          "certificate-unreadable",
          "The certificate in " + path + " cannot be read: " + e,
          "The server does not start, and every request passes unmetered",
          "Put a certificate in PEM there that the server may read");
    }
  }

  private void port(GrpcConfig grpc) {
    String why = "Envoy cannot reach it: every request passes unmetered, or fails";
    ListenAddress tcp = grpc.tcp();
    if (tcp != null) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(host(tcp), tcp.port()), (int) TIMEOUT.toMillis());
      } catch (IOException e) {
        add(
            "grpc-closed",
            "Nothing listens for ExtProc on " + here(tcp),
            why,
            "Start the server, or run this where it runs");
      }
    }
    if (grpc.socket() != null && !Files.exists(grpc.socket().path())) {
      add(
          "grpc-closed",
          "There is no socket at " + grpc.socket().path(),
          why,
          "Start the server, or run this where it runs");
    }
  }

  private @Nullable Samples samples(String url) {
    try {
      Samples samples = new Samples(metrics(url));
      if (samples.isOurs()) {
        return samples;
      }
      add(
          "metrics-closed",
          "What answers at " + url + " is not this server",
          "Its counters are the bill",
          "Name the right place with --metrics");
    } catch (IOException e) {
      add(
          "metrics-closed",
          "No metrics at " + url + ": " + why(e),
          "What nobody can scrape is lost with the process",
          "Start the server, or name the right place with --metrics");
    }
    return null;
  }

  private void envoy(String admin, Expected server) {
    try {
      findings.addAll(
          EnvoyFindings.of(
              get(admin + "/config_dump"), get(admin + "/stats?filter=ext_proc"), server));
    } catch (IOException e) {
      add(
          "envoy-unreachable",
          "No admin port of Envoy answers at " + admin + ": " + why(e),
          "Whether requests pass unmetered, only Envoy knows",
          "Name the right place with --envoy-admin");
    }
  }

  private void prometheus(String url, @Nullable Samples samples) {
    try {
      String query = URLEncoder.encode(PrometheusFindings.QUERY, StandardCharsets.UTF_8);
      findings.addAll(
          PrometheusFindings.of(
              get(url + "/api/v1/query?query=" + query),
              samples == null ? Double.NaN : samples.started()));
    } catch (IOException e) {
      add(
          "prometheus-unreachable",
          "No Prometheus answers at " + url + ": " + why(e),
          "What nobody scrapes is lost with the process",
          "Name the right place with --prometheus");
    }
  }

  /** Sends a request; what the metrics say afterwards. */
  private Samples gateway(String url, String metricsUrl, Samples before, boolean journal)
      throws IOException {
    int status;
    try {
      status = ask(url + "/v1/chat/completions");
    } catch (IOException e) {
      add(
          "gateway-unreachable",
          "No gateway answers at " + url + ": " + why(e),
          "Nothing can be used, or billed",
          "Name the right place with --gateway");
      return before;
    }
    Samples after = before;
    long deadline = System.nanoTime() + UNTIL_COUNTED.toNanos();
    while (after.sum("requests_total") == before.sum("requests_total")
        && System.nanoTime() < deadline) {
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
      after = new Samples(metrics(metricsUrl));
    }
    // One more: only what comes after the exchange was seen is sure to have all of it.
    after = new Samples(metrics(metricsUrl));
    if (after.sum("requests_total") == before.sum("requests_total")) {
      add(
          "gateway-unmetered",
          "A request to the gateway was answered with "
              + status
              + ", and the server has not seen it",
          "It passed unmetered",
          "Look at the filter and the port with --envoy-admin; was it refused before the meter?");
      return after;
    }
    String user = "field=\"user\"";
    if (after.sum("identity_fallbacks_total", user)
        > before.sum("identity_fallbacks_total", user)) {
      add(
          "gateway-nobody",
          "A request to the gateway had no user",
          "The fallback user pays for it",
          "Send what the auth filter asks for with --header; else it sets another header than the"
              + " server reads");
    }
    for (String outcome : List.of("none", "failed", "estimated")) {
      String label = "outcome=\"" + outcome + "\"";
      if (after.sum("requests_total", label) > before.sum("requests_total", label)) {
        add(
            "gateway-no-usage",
            "A request to the gateway has the outcome " + outcome,
            "Its tokens are not in the bill",
            "Does the backend state usage, and does Envoy show bodies? semantic_router_measurement_"
                + "reasons_total says more");
      }
    }
    if (journal && after.sum("journal_lines_total") == before.sum("journal_lines_total")) {
      add(
          "gateway-not-in-journal",
          "A request to the gateway is in no line of the journal",
          "It is in no bill that is made of it",
          "Look at the journal's metrics and at the log");
    }
    return after;
  }

  private int ask(String url) throws IOException {
    String body =
        "{\"model\":\""
            + model.replace("\\", "\\\\").replace("\"", "\\\"")
            + "\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"ping\"}]}";
    HttpRequest.Builder request =
        request(url)
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body));
    for (String header : headers) {
      int colon = header.indexOf(':');
      if (colon > 0) {
        request.header(header.substring(0, colon).strip(), header.substring(colon + 1).strip());
      }
    }
    try {
      return http()
          .send(request.timeout(TIMEOUT.multipliedBy(6)).build(), BodyHandlers.ofString())
          .statusCode();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** What the server shows, which may ask for a token and have a certificate of its own. */
  private String metrics(String url) throws IOException {
    HttpRequest.Builder request = request(url);
    if (protection != null && protection.tokenFile() != null) {
      request.header("authorization", "Bearer " + AccessToken.text(protection.tokenFile()));
    }
    if (protection == null || protection.tls() == null || !url.startsWith("https:")) {
      return get(http(), request);
    }
    if (pinned == null) {
      pinned =
          HttpClient.newBuilder()
              .connectTimeout(TIMEOUT)
              .sslContext(OwnCertificate.context(protection.tls()))
              .build();
    }
    return get(pinned, request);
  }

  private String get(String url) throws IOException {
    return get(http(), request(url));
  }

  private static String get(HttpClient client, HttpRequest.Builder request) throws IOException {
    try {
      var response = client.send(request.timeout(TIMEOUT).build(), BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new IOException("status " + response.statusCode());
      }
      return response.body();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** The client of the JDK does not say that nothing listens, or that there is no such host. */
  private static String why(IOException e) {
    return e.getMessage() == null ? "no connection" : e.getMessage();
  }

  private HttpClient http() {
    if (client == null) {
      client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    }
    return client;
  }

  private static HttpRequest.Builder request(String url) throws IOException {
    try {
      return HttpRequest.newBuilder(URI.create(url));
    } catch (IllegalArgumentException e) {
      throw new IOException("no URL", e);
    }
  }

  private static String here(ListenAddress address) {
    return host(address) + ":" + address.port();
  }

  /** An address that is reached from here, for one that means all. */
  private static String host(ListenAddress address) {
    InetAddress resolved = new InetSocketAddress(address.host(), address.port()).getAddress();
    return resolved != null && resolved.isAnyLocalAddress() ? "127.0.0.1" : address.host();
  }

  private void print(PrintWriter out) throws IOException {
    if (json) {
      out.println(asJson());
    } else if (findings.isEmpty()) {
      out.println("Nothing found.");
    } else {
      for (Finding finding : findings) {
        out.println(finding.what() + ". [" + finding.id() + "]");
        out.println("  costs: " + finding.why() + ".");
        out.println("  do:    " + finding.todo() + ".");
      }
    }
    out.flush();
  }

  private String asJson() throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = new JsonFactory().createGenerator(text)) {
      generator.writeStartArray();
      for (Finding finding : findings) {
        generator.writeStartObject();
        generator.writeStringField("id", finding.id());
        generator.writeStringField("what", finding.what());
        generator.writeStringField("why", finding.why());
        generator.writeStringField("todo", finding.todo());
        generator.writeEndObject();
      }
      generator.writeEndArray();
    }
    return text.toString();
  }

  private void add(String id, String what, String why, String todo) {
    findings.add(new Finding(id, what, why, todo));
  }
}
