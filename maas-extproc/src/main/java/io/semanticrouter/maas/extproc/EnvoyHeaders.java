// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.semanticrouter.maas.http.Headers;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Headers as Envoy sends them: names in lower case, values as bytes in {@code raw_value}; other
 * data planes and hand-made messages use {@code value}. Only what is asked for becomes text.
 */
final class EnvoyHeaders implements Headers {
  private final List<HeaderValue> headers;

  EnvoyHeaders(HeaderMap map) {
    this.headers = map.getHeadersList();
  }

  @Override
  public @Nullable String get(String lowerCaseName) {
    for (int i = headers.size() - 1; i >= 0; i--) {
      HeaderValue header = headers.get(i);
      if (isNamed(header, lowerCaseName)) {
        ByteString raw = header.getRawValue();
        // toStringUtf8 puts U+FFFD where the bytes are no UTF-8, as Headers wants it.
        return raw.isEmpty() ? header.getValue() : raw.toStringUtf8();
      }
    }
    return null;
  }

  @Override
  public int count(String lowerCaseName) {
    int count = 0;
    for (int i = 0; i < headers.size(); i++) {
      if (isNamed(headers.get(i), lowerCaseName)) {
        count++;
      }
    }
    return count;
  }

  @Override
  public boolean mayHave(String lowerCasePrefix) {
    for (int i = 0; i < headers.size(); i++) {
      if (lowerCase(headers.get(i).getKey()).startsWith(lowerCasePrefix)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Iterable<String> names() {
    List<String> names = new ArrayList<>(headers.size());
    for (int i = 0; i < headers.size(); i++) {
      names.add(lowerCase(headers.get(i).getKey()));
    }
    return names;
  }

  @Override
  public boolean hasRoomFor(int lines, int bytes) {
    int size = bytes;
    for (int i = 0; i < headers.size(); i++) {
      size += headers.get(i).getSerializedSize();
    }
    return headers.size() + lines <= WireHeaders.MAX_LINES && size <= WireHeaders.MAX_BYTES;
  }

  private static boolean isNamed(HeaderValue header, String lowerCaseName) {
    String key = header.getKey();
    return key.length() == lowerCaseName.length() && lowerCase(key).equals(lowerCaseName);
  }

  /** Letters of ASCII in lower case; the same text where there are no others. */
  static String lowerCase(String name) {
    for (int i = 0; i < name.length(); i++) {
      if (isUpperCase(name.charAt(i))) {
        StringBuilder lower = new StringBuilder(name);
        for (int j = i; j < lower.length(); j++) {
          if (isUpperCase(lower.charAt(j))) {
            lower.setCharAt(j, (char) (lower.charAt(j) + 32));
          }
        }
        return lower.toString();
      }
    }
    return name;
  }

  private static boolean isUpperCase(char c) {
    return c >= 'A' && c <= 'Z';
  }
}
