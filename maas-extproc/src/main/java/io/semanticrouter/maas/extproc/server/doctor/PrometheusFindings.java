// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.doctor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Whether a Prometheus scrapes the server, and once. */
public final class PrometheusFindings {
  /** Its answer is for {@link #of}: when each server that is scraped was started. */
  public static final String QUERY =
      "process_start_time_seconds * on (job, instance) group_left () semantic_router_build_info";

  private PrometheusFindings() {}

  /**
   * What is wrong.
   *
   * @param answer of the API to {@link #QUERY}
   * @param started when the server was started, as its metrics say; NaN when that is not known
   * @throws IOException when it is no JSON
   */
  public static List<Finding> of(String answer, double started) throws IOException {
    List<Node> servers = Node.read(answer).at("data", "result").elements();
    List<Finding> findings = new ArrayList<>();
    Set<Double> starts = new HashSet<>();
    Set<Double> twice = new HashSet<>();
    for (Node server : servers) {
      double start = Double.parseDouble(server.at("value", "1").text());
      if (!starts.add(start)) {
        twice.add(start);
      }
    }
    if (servers.isEmpty() || !(Double.isNaN(started) || starts.contains(started))) {
      findings.add(
          new Finding(
              "not-scraped",
              servers.isEmpty()
                  ? "Prometheus scrapes no such server"
                  : "Prometheus scrapes " + servers.size() + " such servers, and not this one",
              "Its counters are lost when its process ends",
              "Add its metrics port to the targets (deploy/kubernetes/components/servicemonitor),"
                  + " and let the network policy pass it"));
    }
    if (!twice.isEmpty()) {
      findings.add(
          new Finding(
              "scraped-twice",
              "Prometheus scrapes " + twice.size() + " servers as two targets or more",
              "Every sum has their usage twice",
              "Keep either the ServiceMonitor or the PodMonitor"));
    }
    return findings;
  }
}
