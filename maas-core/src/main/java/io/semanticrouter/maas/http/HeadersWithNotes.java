// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Headers of which the gateway knows more than they say. */
record HeadersWithNotes(Headers headers, BiFunction<String, String, List<String>> notes)
    implements Headers {

  @Override
  public @Nullable String get(String lowerCaseName) {
    return headers.get(lowerCaseName);
  }

  @Override
  public List<String> noted(String namespace, String key) {
    return notes.apply(namespace, key);
  }

  @Override
  public int count(String lowerCaseName) {
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
