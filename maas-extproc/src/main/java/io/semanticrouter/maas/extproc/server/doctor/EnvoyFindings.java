// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.doctor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the configuration that an Envoy runs with, and its counters, say against being metered. The
 * names of the fields are those of Envoy's v3 API, as {@code /config_dump} writes them.
 */
public final class EnvoyFindings {
  private static final String NAMESPACE = "io.semanticrouter.maas";
  private static final double SHORTEST_SECONDS = 1;

  /** Types of filters that set or check who asks. */
  private static final Set<String> IDENTIFYING =
      Set.of(
          "ExtAuthz",
          "JwtAuthentication",
          "Wasm",
          "BasicAuth",
          "ApiKeyAuth",
          "OAuth2",
          "HeaderMutation",
          "Lua",
          "DynamicModuleFilter");

  private final Node dump;
  private final String stats;
  private final Expected server;
  private final List<Finding> findings = new ArrayList<>();

  private EnvoyFindings(Node dump, String stats, Expected server) {
    this.dump = dump;
    this.stats = stats;
    this.server = server;
  }

  /**
   * What is wrong.
   *
   * @param configDump what {@code /config_dump} of the admin port answers
   * @param stats what {@code /stats?filter=ext_proc} answers
   * @throws IOException when the first is no JSON
   */
  public static List<Finding> of(String configDump, String stats, Expected server)
      throws IOException {
    EnvoyFindings envoy = new EnvoyFindings(Node.read(configDump), stats, server);
    envoy.look();
    return envoy.findings;
  }

  private void look() {
    List<Node> chains = dump.all(node -> node.is("HttpConnectionManager"));
    int meters = 0;
    for (Node chain : chains) {
      List<Node> filters = chain.at("http_filters").elements();
      for (int i = 0; i < filters.size(); i++) {
        Node config = filters.get(i).at("typed_config");
        if (config.is("ExternalProcessor") && isOurs(config)) {
          meters++;
          place(filters, i);
          filter(config);
        }
      }
    }
    if (meters == 0) {
      add(
          "filter-missing",
          "No ext_proc filter of " + chains.size() + " listeners leads to this server",
          "Every request passes unmetered",
          "Add the filter and its cluster, as in config/envoy.yaml");
    }
    if (!dump.all(node -> node.is("ExtProcPerRoute") && node.at("disabled").isTrue()).isEmpty()) {
      add(
          "route-without-filter",
          "A route switches ext_proc off (ExtProcPerRoute.disabled)",
          "Its requests pass unmetered",
          "Remove it where the route leads to models");
    }
    passed();
  }

  /** By where it leads; where that is not in the dump, by its name. */
  private boolean isOurs(Node config) {
    String cluster = config.at("grpc_service", "envoy_grpc", "cluster_name").text();
    String target = config.at("grpc_service", "google_grpc", "target_uri").text();
    for (Node found : dump.all(n -> n.is("Cluster") && n.at("name").text().equals(cluster))) {
      List<Node> addresses =
          found.all(n -> n.at("socket_address").isThere() || n.at("pipe").isThere());
      for (Node address : addresses) {
        String port = address.at("socket_address", "port_value").text();
        String path = address.at("pipe", "path").text();
        if (port.equals(Integer.toString(server.grpcPort()))
            || (!server.socket().isEmpty() && path.equals(server.socket()))) {
          return true;
        }
      }
    }
    return (cluster + target).contains("maas");
  }

  private void place(List<Node> filters, int index) {
    boolean identified = false;
    for (int i = 0; i < filters.size(); i++) {
      Node other = filters.get(i).at("typed_config");
      String type = other.at("@type").text();
      String simple = type.substring(type.lastIndexOf('.') + 1);
      String name = filters.get(i).at("name").text();
      if (i < index && other.is("ExternalProcessor")) {
        add(
            "filter-after-router",
            "The ext_proc filter " + name + " comes before the meter",
            "What it adds to responses, such as the model that a semantic router has chosen, the"
                + " meter never sees: responses pass the filters from the last to the first",
            "Put the meter before it, after the filters that say who asks");
      } else if (i < index && other.is("Router")) {
        add(
            "filter-never-runs",
            "The meter comes after the filter " + name + ", which ends the chain",
            "Every request passes unmetered",
            "Put the meter before it");
      } else if (IDENTIFYING.contains(simple)) {
        identified |= i < index;
        if (i > index && !other.is("Lua") && !other.is("HeaderMutation")) {
          add(
              "identity-after-filter",
              "The filter " + name + " comes after the meter",
              "Who pays is read before it is known, from whatever the client sends",
              "Put it before the meter");
        }
      }
    }
    if (server.integrated() && !server.headers().isEmpty() && !identified) {
      add(
          "identity-unchecked",
          "No filter before the meter sets "
              + String.join(" and ", server.headers())
              + ", and they are believed",
          "Clients say themselves who pays",
          "Put an auth filter before the meter that sets them in every request, or ask for a proof"
              + " (authentication.trust)");
    }
  }

  private void filter(Node config) {
    double seconds = seconds(config.at("message_timeout").text(), 0.2);
    if (seconds < SHORTEST_SECONDS) {
      add(
          "timeout-short",
          "message_timeout is " + Math.round(seconds * 1000) + " ms",
          "A pause of the server that is longer lets requests pass unmetered",
          "Set it to 5s; it costs nothing while the server answers");
    }
    String body = config.at("processing_mode", "response_body_mode").text();
    if ((body.isEmpty() || body.equals("NONE")) && !config.at("allow_mode_override").isTrue()) {
      add(
          "no-bodies",
          "Envoy shows no response bodies, and allow_mode_override is not set",
          "Usage stands in bodies: no exchange has any",
          "Set allow_mode_override with the modes of config/envoy.yaml");
    }
    Node options = config.at("metadata_options");
    if (server.integrated()
        && !texts(options.at("receiving_namespaces", "untyped")).contains(NAMESPACE)) {
      add(
          "metadata-dropped",
          "metadata_options.receiving_namespaces.untyped does not list " + NAMESPACE,
          "Envoy drops the usage that the server states: access logs and token rate limits have"
              + " none",
          "List it there");
    }
    List<String> forwarded = texts(options.at("forwarding_namespaces", "untyped"));
    for (String namespace : server.namespaces()) {
      if (!forwarded.contains(namespace)) {
        add(
            "identity-not-forwarded",
            "metadata_options.forwarding_namespaces.untyped does not list " + namespace,
            "The server is to read from it who pays, and never sees it: the fallback pays",
            "List it there");
      }
    }
  }

  private void passed() {
    for (String line : stats.lines().toList()) {
      int colon = line.lastIndexOf(':');
      if (colon > 0 && line.startsWith(".failure_mode_allowed", colon - 21)) {
        String count = line.substring(colon + 1).strip();
        if (!count.equals("0")) {
          add(
              "failing-open",
              count
                  + " requests passed unmetered since Envoy started ("
                  + line.substring(0, colon)
                  + ")",
              "Nobody is billed for them, and no metric of the server counts them",
              "Set an alert on this counter (deploy/prometheus); is the server up, reachable, and"
                  + " fast enough for message_timeout?");
        }
      }
    }
  }

  private static List<String> texts(Node list) {
    List<String> texts = new ArrayList<>();
    list.elements().forEach(element -> texts.add(element.text()));
    return texts;
  }

  /** A duration as the JSON of protobuf has it: {@code 0.200s}. */
  private static double seconds(String text, double absent) {
    @Nullable String number = text.endsWith("s") ? text.substring(0, text.length() - 1) : null;
    try {
      return number == null ? absent : Double.parseDouble(number);
    } catch (NumberFormatException e) {
      return absent;
    }
  }

  private void add(String id, String what, String why, String todo) {
    findings.add(new Finding(id, what, why, todo));
  }
}
