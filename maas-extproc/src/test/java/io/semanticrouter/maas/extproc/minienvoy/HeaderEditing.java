// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Header mutations as Envoy applies them: removes before sets, {@code raw_value} only, {@code
 * append_action} ignored, and within limits beyond which the client gets a 500 even from a filter
 * that fails open.
 */
final class HeaderEditing {
  private static final int MAX_EDITS = 100;
  private static final int MAX_HEADERS = 100;
  private static final int MAX_BYTES = 60 << 10;
  private static final Set<String> PROTECTED = Set.of("host", ":authority", ":scheme", ":method");

  private HeaderEditing() {}

  /** Changes the headers in place. */
  static void apply(
      HeaderMutation mutation, List<HeaderValue> headers, Consumer<String> violations) {
    if (mutation.getSetHeadersCount() == 0 && mutation.getRemoveHeadersCount() == 0) {
      return;
    }
    if (mutation.getSetHeadersCount() > MAX_EDITS || mutation.getRemoveHeadersCount() > MAX_EDITS) {
      violations.accept("more than " + MAX_EDITS + " header edits");
    }
    for (String name : mutation.getRemoveHeadersList()) {
      if (name.startsWith(":") || isProtected(name)) {
        violations.accept("removes the protected header " + name);
      } else {
        headers.removeIf(header -> header.getKey().equals(name));
      }
    }
    for (HeaderValueOption option : mutation.getSetHeadersList()) {
      set(option, headers, violations);
    }
    int bytes = 0;
    for (HeaderValue header : headers) {
      bytes += header.getKey().length() + header.getRawValue().size();
    }
    if (headers.size() > MAX_HEADERS || bytes > MAX_BYTES) {
      violations.accept("edited to " + headers.size() + " headers of " + bytes + " bytes");
    }
  }

  @SuppressWarnings("deprecation") // the field that Envoy reads instead of append_action
  private static void set(
      HeaderValueOption option, List<HeaderValue> headers, Consumer<String> violations) {
    HeaderValue header = option.getHeader();
    String name = header.getKey();
    if (isProtected(name)) {
      violations.accept("sets the protected header " + name);
      return;
    }
    if (!header.getValue().isEmpty()) {
      violations.accept("uses value instead of raw_value for " + name);
    }
    if (!isName(name)) {
      violations.accept("not the name of a header: " + name);
    }
    if (!isValue(header.getRawValue())) {
      violations.accept("not the value of a header: " + name);
    }
    if (!option.getAppend().getValue()) {
      headers.removeIf(other -> other.getKey().equals(name));
    } else if (name.startsWith(":")) {
      violations.accept("appends to " + name);
    }
    headers.add(header);
  }

  private static boolean isProtected(String name) {
    return PROTECTED.contains(name) || name.startsWith("x-envoy-");
  }

  private static boolean isName(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (!plain && "!#$%&'*+-.^_`|~".indexOf(c) < 0 && !(c == ':' && i == 0)) {
        return false;
      }
    }
    return !name.isEmpty();
  }

  private static boolean isValue(ByteString value) {
    for (int i = 0; i < value.size(); i++) {
      int b = value.byteAt(i) & 0xFF;
      if ((b < 0x20 && b != '\t') || b == 0x7F) {
        return false;
      }
    }
    return true;
  }
}
