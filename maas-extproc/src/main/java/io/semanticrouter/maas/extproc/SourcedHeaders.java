// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.semanticrouter.maas.http.Headers;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Request headers of which some come from another source. Those are absent when their source has
 * nothing, whatever the client sent under their names.
 */
final class SourcedHeaders implements Headers {
  private static final HeaderSource PATH = HeaderSource.attribute("request.path");
  private static final HeaderSource METHOD = HeaderSource.attribute("request.method");

  private final Headers headers;
  private final Map<String, @Nullable String> sourced;

  private SourcedHeaders(Headers headers, Map<String, @Nullable String> sourced) {
    this.headers = headers;
    this.sourced = sourced;
  }

  /** The headers of a message, as configured. */
  static Headers of(Message message, Map<String, HeaderSource> sources) {
    return sources.isEmpty()
        ? message.headers
        : new SourcedHeaders(message.headers, values(message.whole(), sources));
  }

  /**
   * The request headers of an exchange whose first message is the response: what there is of them
   * in other sources; null when not even the path is.
   */
  static @Nullable Headers ofRequest(Message response, Map<String, HeaderSource> sources) {
    ProcessingRequest whole = response.whole();
    Map<String, @Nullable String> values = values(whole, sources);
    if (whole != null) {
      values.computeIfAbsent(":path", name -> PATH.in(whole));
      values.computeIfAbsent(":method", name -> METHOD.in(whole));
    }
    return values.get(":path") == null ? null : new SourcedHeaders(Headers.EMPTY, values);
  }

  private static Map<String, @Nullable String> values(
      @Nullable ProcessingRequest whole, Map<String, HeaderSource> sources) {
    Map<String, @Nullable String> values = new HashMap<>();
    for (Map.Entry<String, HeaderSource> source : sources.entrySet()) {
      values.put(source.getKey(), whole == null ? null : source.getValue().in(whole));
    }
    return values;
  }

  @Override
  public @Nullable String get(String lowerCaseName) {
    return sourced.containsKey(lowerCaseName)
        ? sourced.get(lowerCaseName)
        : headers.get(lowerCaseName);
  }

  @Override
  public int count(String lowerCaseName) {
    if (sourced.containsKey(lowerCaseName)) {
      return sourced.get(lowerCaseName) == null ? 0 : 1;
    }
    return headers.count(lowerCaseName);
  }

  @Override
  public Iterable<String> names() {
    return headers.names();
  }

  @Override
  public Iterable<String> names(String lowerCasePrefix) {
    return headers.names(lowerCasePrefix);
  }

  @Override
  public boolean hasRoomFor(int lines, int bytes) {
    return headers.hasRoomFor(lines, bytes);
  }

  @Override
  public boolean mayHave(String lowerCasePrefix) {
    return headers.mayHave(lowerCasePrefix);
  }
}
