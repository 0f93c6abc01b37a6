// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.journal.JournalConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Ports, labels, headers, metrics and files that the manifests and the guides name are those of the
 * code. That a manifest is valid at all is for {@code tools/validate-manifests}.
 */
class ManifestsTest {
  private static final Path ROOT = Path.of("..");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SPARE_SECONDS = 10;

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  /** All resources of a manifest, with what their aliases stand for. */
  private static List<JsonNode> resources(Path manifest) throws IOException {
    List<JsonNode> resources = new ArrayList<>();
    for (Object tree :
        new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(Files.readString(manifest))) {
      resources.add(JSON.valueToTree(tree));
    }
    return resources;
  }

  private static JsonNode resource(Path manifest, String kind) throws IOException {
    return resources(manifest).stream()
        .filter(r -> r.path("kind").asText().equals(kind))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + kind + " in " + manifest));
  }

  private static Path file(String path) {
    return ROOT.resolve(path);
  }

  private ServerConfig defaults() throws Exception {
    return ConfigFile.read(Files.writeString(directory.resolve("config.yaml"), ""), "info")
        .server();
  }

  @ParameterizedTest
  @ValueSource(strings = {"kubernetes", "openshift"})
  void portsOfTheManifestAreThoseThatTheServerListensOn(String platform) throws Exception {
    Path manifest = file("deploy/" + platform + "/semantic-router.yaml");
    JsonNode container = container(manifest);
    ServerConfig defaults = defaults();
    ObjectNode ports = JSON.createObjectNode();
    for (JsonNode port : container.path("ports")) {
      ports.put(port.path("name").asText(), port.path("containerPort").asInt());
    }
    ListenAddress grpc = Objects.requireNonNull(defaults.grpc().tcp());
    assertThat(ports)
        .isEqualTo(
            JSON.createObjectNode()
                .put("grpc", grpc.port())
                .put("metrics", defaults.metrics().address().port()));
    for (JsonNode port : resource(manifest, "Service").at("/spec/ports")) {
      // Without an address of its own a Service cannot translate ports.
      assertThat(port.path("port")).isEqualTo(ports.path(port.path("targetPort").asText()));
      assertThat(port.path("name")).isEqualTo(port.path("targetPort"));
    }
    for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
      assertThat(container.at("/" + probe + "/grpc/port")).isEqualTo(ports.path("grpc"));
    }
    List<String> allowed = new ArrayList<>();
    for (JsonNode rule : resource(manifest, "NetworkPolicy").at("/spec/ingress")) {
      rule.path("ports").forEach(port -> allowed.add(port.path("port").asText()));
      assertThat(rule.path("from")).as("from whom").isNotEmpty();
      for (JsonNode from : rule.path("from")) {
        assertThat(from.has("namespaceSelector") && from.has("podSelector")).isTrue();
      }
    }
    assertThat(allowed).containsExactly("grpc", "metrics");
  }

  @ParameterizedTest
  @ValueSource(strings = {"kubernetes", "openshift"})
  void selectorsOfTheManifestSelectItsPodsAndNoOthers(String platform) throws Exception {
    Path manifest = file("deploy/" + platform + "/semantic-router.yaml");
    JsonNode deployment = resource(manifest, "Deployment");
    JsonNode selected = deployment.at("/spec/selector/matchLabels");
    JsonNode labels = deployment.at("/spec/template/metadata/labels");
    selected
        .fieldNames()
        .forEachRemaining(label -> assertThat(labels.get(label)).isEqualTo(selected.get(label)));
    assertThat(selected).hasSize(2);
    assertThat(resource(manifest, "Service").at("/spec/selector")).isEqualTo(selected);
    assertThat(resource(manifest, "NetworkPolicy").at("/spec/podSelector/matchLabels"))
        .isEqualTo(selected);
    assertThat(
            deployment.at(
                "/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels"))
        .isEqualTo(selected);
    String overlay = "deploy/kubernetes/overlays/high-availability/poddisruptionbudget.yaml";
    assertThat(resources(file(overlay)).get(0).at("/spec/selector/matchLabels"))
        .isEqualTo(selected);
    for (String monitor : List.of("servicemonitor", "podmonitor")) {
      JsonNode spec =
          resources(file("deploy/kubernetes/components/%1$s/%1$s.yaml".formatted(monitor)))
              .get(0)
              .path("spec");
      assertThat(spec.at("/selector/matchLabels")).isEqualTo(selected);
      JsonNode endpoint =
          spec.path(monitor.equals("podmonitor") ? "podMetricsEndpoints" : "endpoints").get(0);
      assertThat(endpoint.path("port").asText()).isEqualTo("metrics");
      assertThat(endpoint.path("path").asText()).isEqualTo("/metrics");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"kubernetes", "openshift"})
  void podsHaveNoRightsThatTheyDoNotNeed(String platform) throws Exception {
    Path manifest = file("deploy/" + platform + "/semantic-router.yaml");
    JsonNode pod = resource(manifest, "Deployment").at("/spec/template/spec");
    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
    assertThat(pod.at("/securityContext/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
    assertThat(pod.at("/automountServiceAccountToken").asBoolean(true)).isFalse();
    // OpenShift chooses the user.
    assertThat(pod.at("/securityContext").has("runAsUser"))
        .isEqualTo(platform.equals("kubernetes"));
    JsonNode context = container(manifest).path("securityContext");
    assertThat(context)
        .isEqualTo(
            JSON.readTree(
                """
                {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                 "capabilities": {"drop": ["ALL"]}}
                """));
    assertThat(resource(manifest, "Deployment").at("/spec/strategy/rollingUpdate/maxUnavailable"))
        .isEqualTo(JSON.getNodeFactory().numberNode(0));
  }

  @Test
  void configurationIsWhereTheServerLooksForIt() throws Exception {
    Path manifest = file("deploy/kubernetes/semantic-router.yaml");
    JsonNode container = container(manifest);
    Set<String> variables = new TreeSet<>();
    for (JsonNode variable : container.path("env")) {
      variables.add(variable.path("name").asText());
      if (variable.path("name").asText().equals("CONFIG_FILE")) {
        assertThat(variable.path("value").asText())
            .isEqualTo(container.at("/volumeMounts/0/mountPath").asText() + "/config.yaml");
      }
    }
    // Those of the command line (MainTest has them), and of every JVM.
    assertThat(variables).containsExactly("CONFIG_FILE", "JAVA_TOOL_OPTIONS", "LOG_LEVEL");
    assertThat(
            resource(manifest, "Deployment")
                .at("/spec/template/spec/volumes/0/configMap/name")
                .asText())
        .isEqualTo("semantic-router-config");
  }

  static Stream<Path> shippedConfigurations() throws IOException {
    try (Stream<Path> files = Files.walk(file("deploy"))) {
      return files
          .filter(f -> f.getFileName().toString().matches("config(\\.maas)?\\.yaml"))
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("shippedConfigurations")
  void shippedConfigurationIsAccepted(Path config) throws Exception {
    assertThat(ConfigFile.read(config, "info")).isNotNull();
  }

  @Test
  void podsHaveTheTimeThatTheirServersTakeToStop() throws Exception {
    Path manifest = file("deploy/kubernetes/semantic-router.yaml");
    int preStop = container(manifest).at("/lifecycle/preStop/sleep/seconds").asInt();
    assertThat(preStop).isPositive();
    assertThat(
            resource(manifest, "Deployment")
                .at("/spec/template/spec/terminationGracePeriodSeconds")
                .asLong())
        .isEqualTo(preStop + stopSeconds(defaults()) + SPARE_SECONDS);
    Path overlay = file("deploy/kubernetes/overlays/high-availability");
    String patches = Files.readString(overlay.resolve("kustomization.yaml"));
    long seconds =
        preStop + stopSeconds(ConfigFile.read(overlay.resolve("config.yaml"), "info").server());
    assertThat(patches)
        .contains(
            "path: /spec/template/spec/terminationGracePeriodSeconds\n      value: "
                + (seconds + SPARE_SECONDS));
  }

  private static long stopSeconds(ServerConfig config) {
    return config
        .shutdownDelay()
        .plus(config.drainTimeout())
        .plus(config.metricsLinger())
        .toSeconds();
  }

  @Test
  void sidecarHasOneSocketForBoth() throws Exception {
    Path overlay = file("deploy/kubernetes/overlays/sidecar");
    SocketConfig socket =
        Objects.requireNonNull(
            ConfigFile.read(overlay.resolve("config.yaml"), "info").server().grpc().socket());
    assertThat(overlay.resolve("envoy.yaml"))
        .content()
        .contains("pipe: { path: " + socket.path() + " }");
    JsonNode pod =
        resource(overlay.resolve("deployment.yaml"), "Deployment").at("/spec/template/spec");
    for (JsonNode container : List.of(pod.at("/containers/1"), pod.at("/initContainers/0"))) {
      assertThat(container.path("volumeMounts"))
          .anySatisfy(
              mount -> {
                assertThat(mount.path("name").asText()).isEqualTo("socket");
                assertThat(Path.of(mount.path("mountPath").asText()))
                    .isEqualTo(socket.path().getParent());
              });
    }
    // What the base says of the server holds for the sidecar too.
    JsonNode base = container(file("deploy/kubernetes/semantic-router.yaml"));
    JsonNode sidecar = pod.at("/initContainers/0");
    for (String field :
        List.of("image", "resources", "securityContext", "env", "imagePullPolicy")) {
      assertThat(sidecar.get(field)).as(field).isEqualTo(base.get(field));
    }
  }

  @Test
  void journalIsOnAVolumeOfItsOwnThatIsLargerThanWhatIsKept() throws Exception {
    Path overlay = file("deploy/kubernetes/overlays/journal");
    JournalConfig journal =
        Objects.requireNonNull(
            ConfigFile.read(overlay.resolve("config.yaml"), "info").server().journal());
    JsonNode patches = resources(overlay.resolve("kustomization.yaml")).get(0).path("patches");
    JsonNode operations =
        JSON.valueToTree(
            new Yaml(new SafeConstructor(new LoaderOptions()))
                .load(patches.get(0).path("patch").asText()));
    ObjectNode values = JSON.createObjectNode();
    operations.forEach(each -> values.set(each.path("path").asText(), each.path("value")));
    assertThat(values.path("/kind").asText()).isEqualTo("StatefulSet");
    JsonNode mount = values.path("/spec/template/spec/containers/0/volumeMounts/-");
    JsonNode claim = values.path("/spec/volumeClaimTemplates").get(0);
    assertThat(mount.path("name")).isEqualTo(claim.at("/metadata/name"));
    assertThat(Path.of(mount.path("mountPath").asText()))
        .isEqualTo(journal.directory().getParent());
    String size = claim.at("/spec/resources/requests/storage").asText();
    assertThat(size).endsWith("Gi");
    assertThat(resources(overlay.resolve("config.yaml")).get(0).at("/journal/keep_gb").asInt())
        .isBetween(1, Integer.parseInt(size.substring(0, size.length() - 2)) - 1);
    String service =
        resource(file("deploy/kubernetes/base/service.yaml"), "Service")
            .at("/metadata/name")
            .asText();
    assertThat(values.path("/spec/serviceName").asText()).isEqualTo(service);
  }

  @Test
  void filterOfIstioIsTheShippedOneAtFourAnchors() throws Exception {
    JsonNode istio = resources(file("deploy/gateways/istio/envoyfilter.yaml")).get(0).path("spec");
    JsonNode shipped = resources(file("config/envoy.yaml")).get(0).path("static_resources");
    JsonNode filter =
        shipped.at(
            "/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config");
    assertThat(istio.path("priority").asInt())
        .as("after the payload processing of MaaS")
        .isGreaterThan(10);
    List<String> anchors = new ArrayList<>();
    JsonNode patches = istio.path("configPatches");
    for (int i = 0; i < patches.size() - 1; i++) {
      JsonNode patch = patches.get(i);
      anchors.add(patch.at("/match/listener/filterChain/filter/subFilter/name").asText());
      assertThat(patch.at("/patch/operation").asText()).isEqualTo("INSERT_AFTER");
      assertThat(patch.at("/patch/value/typed_config")).isEqualTo(filter);
    }
    String gateway = "openshift-ingress.kuadrant-maas-default-gateway";
    assertThat(anchors)
        .containsExactly(
            "extensions.istio.io/trafficextension/" + gateway + "~istio-translated-wasmplugin",
            "extensions.istio.io/wasmplugin/" + gateway,
            "extenstions.istio.io/wasmplugin/" + gateway,
            "envoy.filters.http.wasm");

    ObjectNode cluster = (ObjectNode) patches.get(patches.size() - 1).at("/patch/value");
    ObjectNode expected = shipped.at("/clusters/0").deepCopy();
    expected.put("type", "STRICT_DNS");
    ((ObjectNode)
            expected.at(
                "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address"))
        .put("address", "semantic-router.maas.svc.cluster.local");
    cluster.remove("ignore_health_on_host_removal");
    cluster.remove("health_checks");
    assertThat(cluster).isEqualTo(expected);
  }

  @Test
  void gatewaysSetTheIdentityHeadersThatTheServerReads() throws Exception {
    MaasConfig metering = ConfigFile.read(file("deploy/maas/config.maas.yaml"), "info").metering();
    Set<String> expected =
        Set.of(metering.authentication().userHeader(), metering.authentication().tierHeader());
    JsonNode policy = resources(file("deploy/gateways/kuadrant/authpolicy.yaml")).get(0);
    assertThat(names(policy.at("/spec/rules/response/success/headers"))).isEqualTo(expected);
    JsonNode config = resources(file("deploy/gateways/kuadrant/authconfig.yaml")).get(0);
    assertThat(names(config.at("/spec/response/success/headers"))).isEqualTo(expected);
    Set<String> claims = new TreeSet<>();
    resources(file("deploy/gateways/envoy-gateway/securitypolicy.yaml"))
        .get(0)
        .at("/spec/jwt/providers/0/claimToHeaders")
        .forEach(claim -> claims.add(claim.path("header").asText()));
    assertThat(claims).isEqualTo(expected);
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static final Pattern METRIC = Pattern.compile("semantic_router_[a-z_]+[a-z]");
  private static final Pattern LINK = Pattern.compile("]\\(([^)#:\\s]+)(?:#[^)]*)?\\)");

  static Stream<Path> guides() throws IOException {
    List<Path> guides =
        new ArrayList<>(List.of(file("README.md"), file("CONTRIBUTING.md"), file("SECURITY.md")));
    for (String place : List.of("deploy", "docs", "tools")) {
      try (Stream<Path> files = Files.walk(file(place))) {
        files.filter(f -> f.toString().endsWith(".md")).forEach(guides::add);
      }
    }
    return guides.stream();
  }

  @ParameterizedTest
  @MethodSource("guides")
  void guideNamesFilesAndMetricsThatExist(Path guide) throws Exception {
    String text = Files.readString(guide);
    Matcher link = LINK.matcher(text);
    while (link.find()) {
      assertThat(guide.resolveSibling(link.group(1)).normalize())
          .as("a link of %s", guide)
          .exists();
    }
    String metrics = Files.readString(file("docs/metrics.md"));
    Matcher metric = METRIC.matcher(text);
    while (metric.find()) {
      assertThat(metrics).as("a metric of %s", guide).contains(metric.group());
    }
  }

  private static final Pattern TEST_NAME = Pattern.compile("`(\\w+(?:Test|IT))(?:\\.(\\w+))?`");

  @ParameterizedTest
  @ValueSource(strings = {"README", "maas-security", "maas-backward-compatibility"})
  void guideNamesTestsThatExist(String guide) throws Exception {
    Matcher name = TEST_NAME.matcher(Files.readString(file("deploy/maas/" + guide + ".md")));
    int names = 0;
    while (name.find()) {
      names++;
      String test = name.group(1) + ".java";
      List<Path> sources;
      try (Stream<Path> files = Files.walk(ROOT)) {
        sources = files.filter(f -> f.getFileName().toString().equals(test)).toList();
      }
      assertThat(sources).as(test).hasSize(1);
      if (name.group(2) != null) {
        assertThat(sources.get(0)).content().contains("void " + name.group(2) + "(");
      }
    }
    assertThat(names).isPositive();
  }

  private static JsonNode container(Path manifest) throws IOException {
    JsonNode containers = resource(manifest, "Deployment").at("/spec/template/spec/containers");
    assertThat(containers).hasSize(1);
    return containers.get(0);
  }
}
