// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.spi.ContentCoding;
import java.util.List;

/**
 * Keeps backends from answering in a coding that cannot be decoded here. Source of the header's
 * form: RFC 9110, 12.5.3.
 */
public final class AcceptEncoding {
  private static final String NAME = "accept-encoding";
  private static final String IDENTITY = "identity";

  /** What is decoded without any further coding. */
  private static final List<String> BUILT_IN = List.of("gzip", "x-gzip", "deflate", IDENTITY);

  private AcceptEncoding() {}

  /** The edits of a request that its {@code accept-encoding} is part of. */
  public static HeaderEdits edit(
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
    StringBuilder kept = new StringBuilder(value.length());
    boolean all = true;
    for (int next = 0; next <= value.length(); ) {
      int comma = value.indexOf(',', next);
      int end = comma < 0 ? value.length() : comma;
      int from = stripLeading(value, next, end);
      int to = stripTrailing(value, from, end);
      next = end + 1;
      if (from == to) {
        continue;
      }
      if (isDecodable(value, from, to, codings)) {
        kept.append(kept.isEmpty() ? "" : ", ").append(value, from, to);
      } else {
        all = false;
      }
    }
    return all ? value : kept.isEmpty() ? IDENTITY : kept.toString();
  }

  private static boolean isDecodable(String value, int from, int to, List<ContentCoding> codings) {
    int weight = value.indexOf(';', from);
    int end = weight < 0 || weight > to ? to : stripTrailing(value, from, weight);
    for (int i = 0; i < BUILT_IN.size(); i++) {
      if (isNamed(value, from, end, BUILT_IN.get(i))) {
        return true;
      }
    }
    for (int i = 0; i < codings.size(); i++) {
      if (isNamed(value, from, end, codings.get(i).name())) {
        return true;
      }
    }
    return false;
  }

  // Positions instead of pieces: nearly every request stays as it is, and is then read for nothing.

  private static int stripLeading(String value, int from, int to) {
    int i = from;
    while (i < to && Character.isWhitespace(value.charAt(i))) {
      i++;
    }
    return i;
  }

  private static int stripTrailing(String value, int from, int to) {
    int i = to;
    while (i > from && Character.isWhitespace(value.charAt(i - 1))) {
      i--;
    }
    return i;
  }

  private static boolean isNamed(String value, int from, int to, String lowerCaseName) {
    if (to - from != lowerCaseName.length()) {
      return false;
    }
    for (int i = from; i < to; i++) {
      char c = value.charAt(i);
      char lowerCase = c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
      if (lowerCase != lowerCaseName.charAt(i - from)) {
        return false;
      }
    }
    return true;
  }
}
