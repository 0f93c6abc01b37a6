// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a client would like to get, and how much: {@code Accept} or {@code Accept-Encoding} (RFC
 * 9110, 12.5). What cannot be understood is no wish.
 */
final class AcceptHeader {
  /** From names, with a version of the format where one is stated, to 0 (never) to 1 (best). */
  private final Map<String, Double> qualities = new TreeMap<>();

  /** Reads all lines of the header; null when there is none. */
  AcceptHeader(@Nullable List<String> lines) {
    for (String line : lines == null ? List.<String>of() : lines) {
      for (String wish : line.toLowerCase(Locale.ROOT).split(",", -1)) {
        add(wish.split(";", -1));
      }
    }
  }

  private void add(String[] fields) {
    String name = fields[0].strip();
    double quality = 1;
    for (int i = 1; i < fields.length; i++) {
      String field = fields[i].strip();
      if (field.startsWith("version=")) {
        name += ';' + field;
      } else if (field.startsWith("q=")) {
        quality = quality(field.substring(2));
      }
    }
    qualities.merge(name, quality, Math::max);
  }

  private static double quality(String text) {
    try {
      double quality = Double.parseDouble(text);
      return quality >= 0 && quality <= 1 ? quality : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /**
   * How much the first of the names is wanted that is stated at all, 0 to 1, and 0 when none is. A
   * name can end with the beginning of a version.
   */
  double quality(String... names) {
    for (String name : names) {
      double best = -1;
      for (Map.Entry<String, Double> wish : qualities.entrySet()) {
        if (wish.getKey().equals(name) || (name.endsWith(".") && wish.getKey().startsWith(name))) {
          best = Math.max(best, wish.getValue());
        }
      }
      if (best >= 0) {
        return best;
      }
    }
    return 0;
  }
}
