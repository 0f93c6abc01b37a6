// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Headers that others hold; what differs is overridden. */
class ForwardingHeaders implements Headers {
  final Headers headers;

  ForwardingHeaders(Headers headers) {
    this.headers = headers;
  }

  @Override
  public @Nullable String get(String lowerCaseName) {
    return headers.get(lowerCaseName);
  }

  @Override
  public int count(String lowerCaseName) {
    return headers.count(lowerCaseName);
  }

  @Override
  public List<String> noted(String namespace, String key) {
    return headers.noted(namespace, key);
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
