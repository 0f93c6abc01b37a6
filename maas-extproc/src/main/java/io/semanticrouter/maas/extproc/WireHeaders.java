// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.http.Headers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Headers as they lie in a serialised {@code HeaderMap}: only where each one is has been noted, and
 * only what is asked for becomes text. Values from {@code raw_value}, where Envoy puts them, else
 * from {@code value}, where others do.
 */
final class WireHeaders implements Headers {
  /** Where a name begins and ends, where its value begins and ends. */
  private static final int FIELDS = 4;

  private static final int FIRST_HEADERS = 24;

  /**
   * What Envoy takes by default ({@code max_headers_count}, {@code max_request_headers_kb}).
   * Headers that become more by an edit fail the exchange, even where the filter fails open.
   */
  static final int MAX_LINES = 100;

  static final int MAX_BYTES = 60 * 1024;

  /**
   * Names that have come lately, each at a place that its bytes say: messages have the same ones
   * again and again. Threads may overwrite each other's, since a name is compared before it is
   * used.
   */
  private static final String[] NAMES = new String[512];

  /** Longer ones are not kept, so that clients cannot make us hold much. */
  private static final int MAX_KEPT_NAME = 64;

  static {
    Arrays.fill(NAMES, "");
  }

  private byte[] bytes = {};
  private int[] spans = new int[FIRST_HEADERS * FIELDS];
  private int end;

  /** What was listed last: the same names are asked for when facts are read and written. */
  private @Nullable String listedPrefix;

  private List<String> listed = List.of();

  /** Forgets all headers; those that follow lie in this message. */
  void begin(byte[] message) {
    bytes = message;
    end = 0;
    listedPrefix = null;
    listed = List.of();
  }

  void add(int nameFrom, int nameTo, int valueFrom, int valueTo) {
    if (end == spans.length) {
      spans = Arrays.copyOf(spans, end * 2);
    }
    spans[end] = nameFrom;
    spans[end + 1] = nameTo;
    spans[end + 2] = valueFrom;
    spans[end + 3] = valueTo;
    end += FIELDS;
  }

  @Override
  public @Nullable String get(String lowerCaseName) {
    for (int i = end - FIELDS; i >= 0; i -= FIELDS) {
      if (isNamed(i, lowerCaseName)) {
        return text(spans[i + 2], spans[i + 3]);
      }
    }
    return null;
  }

  @Override
  public int count(String lowerCaseName) {
    int count = 0;
    for (int i = 0; i < end; i += FIELDS) {
      if (isNamed(i, lowerCaseName)) {
        count++;
      }
    }
    return count;
  }

  @Override
  public boolean mayHave(String lowerCasePrefix) {
    for (int i = 0; i < end; i += FIELDS) {
      if (hasPrefix(i, lowerCasePrefix)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Iterable<String> names() {
    List<String> names = new ArrayList<>(end / FIELDS);
    for (int i = 0; i < end; i += FIELDS) {
      names.add(name(i));
    }
    return names;
  }

  @Override
  public Iterable<String> names(String lowerCasePrefix) {
    if (!lowerCasePrefix.equals(listedPrefix)) {
      listedPrefix = lowerCasePrefix;
      listed = new ArrayList<>();
      for (int i = 0; i < end; i += FIELDS) {
        if (hasPrefix(i, lowerCasePrefix)) {
          listed.add(name(i));
        }
      }
    }
    return listed;
  }

  @Override
  public boolean hasRoomFor(int lines, int more) {
    // With what lies between names and values, so that it is rather too much.
    int size = end == 0 ? 0 : Math.max(spans[end - 1], spans[end - 3]) - spans[0];
    return end / FIELDS + lines <= MAX_LINES && size + more <= MAX_BYTES;
  }

  private String name(int header) {
    int from = spans[header];
    int to = spans[header + 1];
    int hash = to - from;
    // Some of the bytes tell names apart, most of them near the end.
    for (int i = to - 1; i >= from; i -= 3) {
      hash = 31 * hash + bytes[i];
    }
    int place = (hash ^ hash >>> 16) & (NAMES.length - 1);
    String kept = NAMES[place];
    if (isNamed(header, kept)) {
      return kept;
    }
    String name = EnvoyHeaders.lowerCase(text(from, to));
    if (to - from <= MAX_KEPT_NAME) {
      NAMES[place] = name;
    }
    return name;
  }

  private boolean hasPrefix(int header, String prefix) {
    int from = spans[header];
    return spans[header + 1] - from >= prefix.length() && begins(from, prefix);
  }

  private boolean isNamed(int header, String name) {
    int from = spans[header];
    return spans[header + 1] - from == name.length() && begins(from, name);
  }

  private boolean begins(int from, String prefix) {
    // From its end: names differ there more often than at x-.
    for (int j = prefix.length() - 1; j >= 0; j--) {
      int c = bytes[from + j];
      if (c != prefix.charAt(j) && (c < 'A' || c > 'Z' || c + 32 != prefix.charAt(j))) {
        return false;
      }
    }
    return true;
  }

  private String text(int from, int to) {
    // Puts U+FFFD where the bytes are no UTF-8, as Headers wants it.
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }
}
