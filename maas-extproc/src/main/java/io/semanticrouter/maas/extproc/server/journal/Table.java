// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Rows of texts, then numbers, for people or for programs. */
final class Table {
  private final List<String> keys;
  private final List<String> numbers;
  private final List<List<String>> rows = new ArrayList<>();

  Table(List<String> keys, List<String> numbers) {
    this.keys = keys;
    this.numbers = numbers;
  }

  void add(List<String> texts, List<String> values) {
    rows.add(joined(texts, values));
  }

  private static List<String> joined(List<String> texts, List<String> values) {
    List<String> row = new ArrayList<>(texts);
    row.addAll(values);
    return row;
  }

  /** Texts to the left, numbers to the right; without columns that are 0 everywhere. */
  void print(PrintWriter out, List<String> totals) {
    List<String> names = joined(keys, numbers);
    List<String> last = new ArrayList<>();
    for (int i = 0; i < keys.size(); i++) {
      last.add(i == 0 ? "total" : "");
    }
    last = joined(last, totals);
    int[] widths = new int[names.size()];
    for (int column = 0; column < widths.length; column++) {
      boolean empty = column > keys.size() && last.get(column).equals("0");
      for (List<String> row : rows) {
        empty &= row.get(column).equals("0");
        widths[column] = Math.max(widths[column], printable(row.get(column)).length());
      }
      widths[column] =
          empty
              ? 0
              : Math.max(
                  widths[column], Math.max(names.get(column).length(), last.get(column).length()));
    }
    printRow(out, names, widths);
    for (List<String> row : rows) {
      printRow(out, row, widths);
    }
    printRow(out, last, widths);
  }

  private void printRow(PrintWriter out, List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < widths.length; column++) {
      if (widths[column] > 0) {
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
  void printCsv(PrintWriter out) {
    printCsv(out, joined(keys, numbers));
    for (List<String> row : rows) {
      printCsv(out, row);
    }
  }

  private void printCsv(PrintWriter out, List<String> row) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < row.size(); column++) {
      String text = row.get(column);
      if (column < keys.size() && !text.isEmpty() && "=+-@\t\r".indexOf(text.charAt(0)) >= 0) {
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
    for (List<String> row : rows) {
      json.writeStartObject();
      for (int i = 0; i < keys.size(); i++) {
        json.writeStringField(keys.get(i), row.get(i));
      }
      for (int i = 0; i < numbers.size(); i++) {
        json.writeFieldName(numbers.get(i));
        json.writeNumber(row.get(keys.size() + i));
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
    json.close();
    out.println();
  }
}
