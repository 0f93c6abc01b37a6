// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

import java.util.List;
import java.util.function.BiFunction;

/** Headers of which the gateway knows more than they say. */
final class HeadersWithNotes extends ForwardingHeaders {
  private final BiFunction<String, String, List<String>> notes;

  HeadersWithNotes(Headers headers, BiFunction<String, String, List<String>> notes) {
    super(headers);
    this.notes = notes;
  }

  @Override
  public List<String> noted(String namespace, String key) {
    return notes.apply(namespace, key);
  }
}
