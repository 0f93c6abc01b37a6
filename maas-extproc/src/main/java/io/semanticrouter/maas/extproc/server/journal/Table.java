// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Rows of texts, then numbers, for people or for programs. It holds one row at a time: a report may
 * have a hundred thousand, of seventy columns.
 */
final class Table {
  /** All rows in their order, as often as they are asked for. */
  interface Rows {
    /** Gives all of them to a taker, one after the other. */
    void each(Row taker) throws IOException;
  }

  /** Takes a row. */
  interface Row {
    /** The next one, with a value for each column. */
    void take(List<String> keys, List<String> numbers) throws IOException;
  }

  private final List<String> keys;
  private final List<String> numbers;
  private final Rows rows;

  Table(List<String> keys, List<String> numbers, Rows rows) {
    this.keys = keys;
    this.numbers = numbers;
    this.rows = rows;
  }

  private static List<String> joined(List<String> texts, List<String> values) {
    List<String> row = new ArrayList<>(texts);
    row.addAll(values);
    return row;
  }

  /**
   * Texts to the left, numbers to the right; without columns that are 0 everywhere.
   *
   * @param stated columns that stay all the same: a cost of 0 was stated, and is not unknown
   */
  void print(PrintWriter out, List<String> totals, Set<String> stated) throws IOException {
    List<String> names = joined(keys, numbers);
    List<String> firstOfLast = new ArrayList<>();
    for (int i = 0; i < keys.size(); i++) {
      firstOfLast.add(i == 0 ? "total" : "");
    }
    List<String> last = joined(firstOfLast, totals);
    int[] widths = new int[names.size()];
    boolean[] shown = new boolean[names.size()];
    for (int column = 0; column < widths.length; column++) {
      widths[column] = Math.max(names.get(column).length(), last.get(column).length());
      shown[column] =
          column <= keys.size()
              || stated.contains(names.get(column))
              || !last.get(column).equals("0");
    }
    rows.each(
        (texts, values) -> {
          for (int column = 0; column < widths.length; column++) {
            String text = value(texts, values, column);
            widths[column] = Math.max(widths[column], text.length());
            shown[column] |= !text.equals("0");
          }
        });
    printRow(out, names, widths, shown);
    rows.each((texts, values) -> printRow(out, joined(texts, values), widths, shown));
    printRow(out, last, widths, shown);
  }

  private static String value(List<String> texts, List<String> values, int column) {
    return column < texts.size() ? texts.get(column) : values.get(column - texts.size());
  }

  private void printRow(PrintWriter out, List<String> row, int[] widths, boolean[] shown) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < widths.length; column++) {
      if (shown[column]) {
        String text = printable(row.get(column));
        String space = " ".repeat(widths[column] - text.length());
        line.append(column < keys.size() ? text + space : space + text).append("  ");
      }
    }
    out.println(line.toString().stripTrailing());
  }

  /** A terminal obeys control characters. */
  static String printable(String text) {
    StringBuilder printable = new StringBuilder(text);
    for (int i = 0; i < text.length(); i++) {
      if (Character.isISOControl(text.charAt(i))) {
        printable.setCharAt(i, '\uFFFD');
      }
    }
    return printable.toString();
  }

  /** RFC 4180. */
  void printCsv(PrintWriter out) throws IOException {
    printCsv(out, keys, numbers);
    rows.each((texts, values) -> printCsv(out, texts, values));
  }

  private static void printCsv(PrintWriter out, List<String> texts, List<String> values) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < texts.size() + values.size(); column++) {
      String text = value(texts, values, column);
      if (column < texts.size() && !text.isEmpty() && "=+-@\t\r".indexOf(text.charAt(0)) >= 0) {
        text = "'" + text; // a spreadsheet would take it for a formula
      }
      boolean quoted = text.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
      line.append(column == 0 ? "" : ",")
          .append(quoted ? '"' + text.replace("\"", "\"\"") + '"' : text);
    }
    out.print(line);
    out.print("\r\n");
  }

  void printJson(PrintWriter out, long problems) throws IOException {
    JsonGenerator json =
        new JsonFactory().createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    json.writeStartObject();
    json.writeNumberField("problems", problems);
    json.writeArrayFieldStart("rows");
    rows.each(
        (texts, values) -> {
          json.writeStartObject();
          for (int i = 0; i < keys.size(); i++) {
            json.writeStringField(keys.get(i), texts.get(i));
          }
          for (int i = 0; i < numbers.size(); i++) {
            json.writeFieldName(numbers.get(i));
            json.writeNumber(values.get(i));
          }
          json.writeEndObject();
        });
    json.writeEndArray();
    json.writeEndObject();
    json.close();
    out.println();
  }
}
