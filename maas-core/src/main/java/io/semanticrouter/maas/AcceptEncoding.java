// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.spi.ContentCoding;
import java.util.List;
import java.util.Locale;

/**
 * Keeps backends from answering in a coding that cannot be decoded here. Source of the header's
 * form: RFC 9110, 12.5.3.
 */
final class AcceptEncoding {
  private static final String NAME = "accept-encoding";
  private static final String IDENTITY = "identity";

  private AcceptEncoding() {}

  /** The edits of a request that its {@code accept-encoding} is part of. */
  static HeaderEdits edit(
      HeaderEdits edits,
      Headers request,
      UsageConfig.AcceptEncoding policy,
      List<ContentCoding> codings) {
    String value = policy == UsageConfig.AcceptEncoding.KEEP ? null : request.get(NAME);
    if (value == null) {
      return edits;
    }
    String narrowed =
        policy == UsageConfig.AcceptEncoding.IDENTITY ? IDENTITY : decodable(value, codings);
    // Of several lines only one is known here; it replaces all of them.
    boolean changed = !narrowed.equals(value) || request.count(NAME) > 1;
    return changed ? edits.withSet(NAME, narrowed) : edits;
  }

  private static String decodable(String value, List<ContentCoding> codings) {
    StringBuilder kept = new StringBuilder();
    boolean all = true;
    for (int from = 0; from <= value.length(); ) {
      int comma = value.indexOf(',', from);
      int to = comma < 0 ? value.length() : comma;
      String element = value.substring(from, to).strip();
      from = to + 1;
      if (element.isEmpty()) {
        continue;
      }
      if (isDecodable(element, codings)) {
        kept.append(kept.isEmpty() ? "" : ", ").append(element);
      } else {
        all = false;
      }
    }
    return all ? value : kept.isEmpty() ? IDENTITY : kept.toString();
  }

  private static boolean isDecodable(String element, List<ContentCoding> codings) {
    int weight = element.indexOf(';');
    String coding =
        (weight < 0 ? element : element.substring(0, weight)).strip().toLowerCase(Locale.ROOT);
    switch (coding) {
      case "gzip", "x-gzip", "deflate", IDENTITY -> {
        return true;
      }
      default -> {
        for (int i = 0; i < codings.size(); i++) {
          if (codings.get(i).name().equals(coding)) {
            return true;
          }
        }
        return false;
      }
    }
  }
}
