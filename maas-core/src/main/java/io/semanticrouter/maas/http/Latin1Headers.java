// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Headers with one char for each byte of their values, read as the UTF-8 that the bytes are. */
final class Latin1Headers extends ForwardingHeaders {
  Latin1Headers(Headers headers) {
    super(headers);
  }

  @Override
  public @Nullable String get(String lowerCaseName) {
    String value = headers.get(lowerCaseName);
    return value == null ? null : text(value);
  }

  private static String text(String wire) {
    int bits = 0;
    for (int i = 0; i < wire.length(); i++) {
      bits |= wire.charAt(i);
    }
    // A char that is no byte shows that somebody has decoded the value already.
    return bits < 0x80 || bits > 0xFF
        ? wire
        : new String(wire.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }
}
