// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** RFC 4180, of a file that fits into memory. */
final class Csv {
  private Csv() {}

  /**
   * All lines, each with its values. A mark of UTF-8 at the beginning is skipped, and so are empty
   * lines.
   *
   * @throws IOException when a quote is not closed
   */
  static List<List<String>> read(String text) throws IOException {
    List<List<String>> lines = new ArrayList<>();
    List<String> line = new ArrayList<>();
    StringBuilder value = new StringBuilder();
    boolean quoted = false;
    for (int i = text.startsWith("\uFEFF") ? 1 : 0; i <= text.length(); i++) {
      char c = i < text.length() ? text.charAt(i) : '\n';
      if (quoted && i == text.length()) {
        throw new IOException("a quote is not closed");
      }
      if (c == '"') {
        boolean twice = quoted && i + 1 < text.length() && text.charAt(i + 1) == '"';
        if (twice) {
          value.append('"');
          i++;
        } else {
          quoted = !quoted;
        }
      } else if (quoted || (c != ',' && c != '\n' && c != '\r')) {
        value.append(c);
      } else if (c != '\r') {
        line.add(value.toString());
        value.setLength(0);
        if (c == '\n') {
          if (line.size() > 1 || !line.get(0).isEmpty()) {
            lines.add(line);
          }
          line = new ArrayList<>();
        }
      }
    }
    return lines;
  }
}
