// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;

/**
 * The shipped config/envoy.yaml with small changes, in one Envoy: each listener is a copy of the
 * shipped one that differs in what the test is about.
 */
final class EnvoyConfig {
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final String SHIPPED = "llm";

  /** The listener of {@link #patient}. */
  static final String PATIENT = "patient";

  private final ObjectNode root;
  private final ObjectNode shipped;

  private EnvoyConfig(ObjectNode root) {
    this.root = root;
    this.shipped = named(listeners(), SHIPPED).deepCopy();
  }

  /** The shipped configuration on free ports; its listener is called {@code llm}. */
  static EnvoyConfig shipped(int serverPort, int backendPort) throws IOException {
    return new EnvoyConfig((ObjectNode) YAML.readTree(Envoy.config(serverPort, backendPort)));
  }

  /**
   * The shipped configuration with one more listener, on which Envoy waits for the server as long
   * as a busy machine needs: for tests in which nothing may pass unseen.
   */
  static String patient(int serverPort, int backendPort) throws IOException {
    EnvoyConfig config = shipped(serverPort, backendPort);
    config.listener(PATIENT).extProc("message_timeout: 60s");
    return config.text();
  }

  /** The shipped listener itself. */
  Listener shipped() {
    return new Listener(named(listeners(), SHIPPED));
  }

  /** Adds a copy of the shipped listener. Its name is the prefix of its statistics too. */
  Listener listener(String name) {
    ObjectNode copy = shipped.deepCopy();
    copy.put("name", name);
    listeners().add(copy);
    return new Listener(copy).http("stat_prefix: " + name);
  }

  /** Adds a cluster that differs from an existing one in its name and in where it is. */
  EnvoyConfig cluster(String name, String like, int port) {
    ObjectNode copy = cluster(like).deepCopy();
    copy.put("name", name);
    // That thousands connect at once on a busy machine is no failure of any test.
    copy.put("connect_timeout", "30s");
    copy.withObject("/load_assignment").put("cluster_name", name);
    copy.withObject("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address")
        .put("port_value", port);
    ((ArrayNode) root.at("/static_resources/clusters")).add(copy);
    return this;
  }

  /** Sets an option of the HTTP/1.1 that a cluster speaks. */
  EnvoyConfig http1(String cluster, String yaml) {
    merge(
        (ObjectNode)
            cluster(cluster)
                .at("/typed_extension_protocol_options")
                .elements()
                .next()
                .at("/explicit_http_config/http_protocol_options"),
        yaml);
    return this;
  }

  String text() {
    return root.toPrettyString();
  }

  private ArrayNode listeners() {
    return (ArrayNode) root.at("/static_resources/listeners");
  }

  private ObjectNode cluster(String name) {
    return named((ArrayNode) root.at("/static_resources/clusters"), name);
  }

  private static ObjectNode named(ArrayNode nodes, String name) {
    for (JsonNode node : nodes) {
      if (node.get("name").asText().equals(name)) {
        return (ObjectNode) node;
      }
    }
    throw new AssertionError("no " + name + " in " + nodes);
  }

  /** Each key of the text takes the place of the one that is there. */
  private static void merge(ObjectNode into, String yaml) {
    into.setAll((ObjectNode) parse(yaml));
  }

  private static JsonNode parse(String yaml) {
    try {
      return YAML.readTree(yaml);
    } catch (IOException e) {
      throw new AssertionError(yaml, e);
    }
  }

  /** A changed copy of the shipped listener. What is said twice is what was said last. */
  static final class Listener {
    private static final String EXT_PROC = "envoy.filters.http.ext_proc";

    private final ObjectNode listener;
    private final ObjectNode manager;

    private Listener(ObjectNode listener) {
      this.listener = listener;
      this.manager = (ObjectNode) listener.at("/filter_chains/0/filters/0/typed_config");
    }

    /** Sets options of the listener itself. */
    Listener socket(String yaml) {
      merge(listener, yaml);
      return this;
    }

    /** Sets options of the HTTP connection manager. */
    Listener http(String yaml) {
      merge(manager, yaml);
      return this;
    }

    /** Sets options of the ext_proc filter. */
    Listener extProc(String yaml) {
      merge((ObjectNode) named(filters(), EXT_PROC).get("typed_config"), yaml);
      return this;
    }

    /** Shows headers in both directions, and bodies like this, with trailers where there is one. */
    Listener bodies(String request, String response) {
      return extProc(
          """
          processing_mode:
            request_header_mode: SEND
            request_body_mode: %s
            request_trailer_mode: %s
            response_header_mode: SEND
            response_body_mode: %s
            response_trailer_mode: %s
          """
              .formatted(request, trailers(request), response, trailers(response)));
    }

    private static String trailers(String bodyMode) {
      return bodyMode.equals("NONE") ? "SKIP" : "SEND";
    }

    /** Sets options of the action of the route that takes everything. */
    Listener route(String yaml) {
      merge((ObjectNode) virtualHost().at("/routes/0/route"), yaml);
      return this;
    }

    /** Puts a route in front of the one that takes everything. */
    Listener firstRoute(String yaml) {
      ((ArrayNode) virtualHost().get("routes")).insert(0, parse(yaml));
      return this;
    }

    /** Puts a filter in front of the ext_proc filter. */
    Listener before(String yaml) {
      filters().insert(0, parse(yaml));
      return this;
    }

    /** Puts a filter right behind the ext_proc filter. */
    Listener after(String yaml) {
      filters().insert(indexOfExtProc() + 1, parse(yaml));
      return this;
    }

    /** Puts a second ext_proc filter right behind the first, in all else like it. */
    Listener secondExtProc(String cluster) {
      return secondExtProc(cluster, "{}");
    }

    /** Puts a second ext_proc filter with other options right behind the first. */
    Listener secondExtProc(String cluster, String yaml) {
      ObjectNode second = named(filters(), EXT_PROC).deepCopy();
      second.put("name", EXT_PROC + ".second");
      ObjectNode config = (ObjectNode) second.get("typed_config");
      merge(config, "grpc_service: { envoy_grpc: { cluster_name: " + cluster + " } }");
      config.put("stat_prefix", "second");
      merge(config, yaml);
      filters().insert(indexOfExtProc() + 1, second);
      return this;
    }

    /** Takes the ext_proc filter out, for what happens without us. */
    Listener withoutExtProc() {
      filters().remove(indexOfExtProc());
      return this;
    }

    private ObjectNode virtualHost() {
      return (ObjectNode) manager.at("/route_config/virtual_hosts/0");
    }

    private ArrayNode filters() {
      return (ArrayNode) manager.get("http_filters");
    }

    private int indexOfExtProc() {
      int index = 0;
      while (!filters().get(index).get("name").asText().equals(EXT_PROC)) {
        index++;
      }
      return index;
    }
  }
}
