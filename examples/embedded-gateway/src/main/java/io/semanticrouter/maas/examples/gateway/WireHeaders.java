// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Headers as the JDK's HTTP server and client hold them: a map from names to lines, and values with
 * one char for each byte.
 */
final class WireHeaders {
  /** What belongs to one connection and not to the message (RFC 9110, 7.6.1). */
  private static final Set<String> HOP_BY_HOP =
      Set.of(
          "connection",
          "http2-settings",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade");

  /** What the JDK's client and server write themselves; the JDK's server answers Expect. */
  private static final Set<String> OURS = Set.of("content-length", "date", "expect", "host");

  private WireHeaders() {}

  /** The headers of a message as the metering wants them. */
  static Headers of(Map<String, List<String>> message) {
    return Headers.latin1(Headers.of(message));
  }

  /** The headers to hand on: all but those of this hop, and with the edits of the metering. */
  static Map<String, List<String>> toForward(Map<String, List<String>> from, HeaderEdits edits) {
    Map<String, List<String>> to = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    to.putAll(from);
    for (String named : from.getOrDefault("connection", List.of())) {
      for (String name : named.split(",", -1)) {
        to.remove(name.strip());
      }
    }
    HOP_BY_HOP.forEach(to::remove);
    OURS.forEach(to::remove);
    // First remove, then set: the order that HeaderEdits asks for.
    edits.forEachRemove(to::remove);
    edits.forEachSet((name, value) -> to.put(name, List.of(wire(value))));
    return to;
  }

  private static String wire(String text) {
    return new String(text.getBytes(UTF_8), ISO_8859_1);
  }
}
