// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.semanticrouter.maas.Headers;
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
      if (header.getKey().equals(lowerCaseName)) {
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
      if (headers.get(i).getKey().equals(lowerCaseName)) {
        count++;
      }
    }
    return count;
  }

  @Override
  public Iterable<String> names() {
    List<String> names = new ArrayList<>(headers.size());
    for (int i = 0; i < headers.size(); i++) {
      names.add(headers.get(i).getKey());
    }
    return names;
  }
}
