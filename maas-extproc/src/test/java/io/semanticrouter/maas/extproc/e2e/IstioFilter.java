// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What {@code deploy/gateways/istio/envoyfilter.yaml} puts into the Envoy of a gateway. */
final class IstioFilter {
  private static final ObjectMapper JSON = new ObjectMapper();

  private IstioFilter() {}

  /** The patches, with what their aliases stand for. */
  static JsonNode patches() throws IOException {
    String text = Files.readString(Project.file("deploy/gateways/istio/envoyfilter.yaml"));
    Object tree = new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
    return JSON.valueToTree(tree).at("/spec/configPatches");
  }

  static JsonNode filter() throws IOException {
    return patches().at("/0/patch/value");
  }

  /** The cluster of the meter, with so many endpoints on this machine. */
  static ObjectNode cluster(int... ports) throws IOException {
    JsonNode patches = patches();
    ObjectNode cluster = (ObjectNode) patches.get(patches.size() - 1).at("/patch/value");
    ArrayNode endpoints = (ArrayNode) cluster.at("/load_assignment/endpoints/0/lb_endpoints");
    JsonNode endpoint = endpoints.remove(0);
    for (int port : ports) {
      ObjectNode copy = endpoint.deepCopy();
      ((ObjectNode) copy.at("/endpoint/address/socket_address"))
          .put("address", "127.0.0.1")
          .put("port_value", port);
      endpoints.add(copy);
    }
    return cluster;
  }

  /** The shipped configuration with filter and cluster of the gateway in the place of its own. */
  static JsonNode in(String envoyConfig, ObjectNode cluster) throws IOException {
    JsonNode root = new YAMLMapper().readTree(envoyConfig);
    ((ArrayNode)
            root.at(
                "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters"))
        .set(0, filter());
    ((ArrayNode) root.at("/static_resources/clusters")).set(0, cluster);
    return root;
  }
}
