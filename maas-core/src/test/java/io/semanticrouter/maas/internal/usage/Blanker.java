// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import com.fasterxml.jackson.databind.JsonNode;
import io.semanticrouter.maas.internal.usage.OracleFormat.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Replaces the values that a reader of usage passes over, so that Jackson judges only the rest.
 * What cannot be told apart stays as it is, and Jackson rejects it.
 */
final class Blanker {
  private static final String SPACES = " \t\r\n";

  /** RFC 8259, 3 and 6. */
  private static final Pattern JSON =
      Pattern.compile(
          "true|false|null|-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?", Pattern.DOTALL);

  private final String text;
  private final Node root;
  private final boolean rootArray;
  private final StringBuilder out = new StringBuilder();
  private int at;

  /** Whether a literal at the root runs into an opening bracket: two documents for Jackson. */
  boolean glued;

  /** Whether the name of a model has an escape that is none: judged only while it is looked for. */
  boolean undecided;

  Blanker(String text, OracleFormat format, boolean rootArray) {
    this.text = text;
    this.root = format.root;
    this.rootArray = rootArray;
  }

  String blanked() {
    if (rootArray) {
      space();
      if (at < text.length() && text.charAt(at) == '[') {
        list(']', () -> value(root));
        return rest();
      }
    }
    while (at < text.length() && value(root)) {
      // the next document
    }
    return rest();
  }

  private String rest() {
    return out.append(text.substring(at)).toString();
  }

  /** Copies one value, blank where it is passed over; false when it cannot be made out. */
  private boolean value(@Nullable Node node) {
    space();
    if (at == text.length()) {
      return false;
    }
    char c = text.charAt(at);
    if (c == '"') {
      return text(node);
    }
    Node element = node == null ? null : node.element;
    if (c == '[' && element != null) {
      return list(']', () -> value(element));
    }
    if (c == '{' && node != null && node.isObject()) {
      return list('}', () -> member(node));
    }
    boolean container = c == '{' || c == '[';
    return container ? skipped() : scalar(node);
  }

  /** The items of an object or array, with the commas between them. */
  private boolean list(char close, BooleanSupplier item) {
    copy(1);
    space();
    if (at < text.length() && text.charAt(at) == close) {
      copy(1);
      return true;
    }
    while (item.getAsBoolean()) {
      space();
      if (at == text.length()) {
        return false;
      }
      if (text.charAt(at) != ',') {
        boolean closed = text.charAt(at) == close;
        copy(closed ? 1 : 0);
        return closed;
      }
      copy(1);
    }
    return false;
  }

  private boolean member(Node object) {
    space();
    int from = at;
    if (at == text.length() || text.charAt(at) != '"') {
      return false;
    }
    int end = endOfString();
    if (end < 0) {
      return false;
    }
    copy(end - at);
    String name = unescaped(text.substring(from, at));
    space();
    if (name == null || at == text.length() || text.charAt(at) != ':') {
      return false;
    }
    copy(1);
    return value(object.members.get(name));
  }

  private static @Nullable String unescaped(String json) {
    if (json.indexOf('\\') < 0) {
      return json.substring(1, json.length() - 1);
    }
    List<JsonNode> string = Oracle.trees(json);
    return string == null ? null : string.get(0).textValue();
  }

  private boolean text(@Nullable Node node) {
    int end = endOfString();
    if (end < 0) {
      return false;
    }
    if (node != null && node.isText()) {
      undecided |= node.meaning.equals("name") && Oracle.trees(text.substring(at, end)) == null;
      copy(end - at);
    } else {
      out.append("\"x\"");
      at = end;
    }
    return true;
  }

  /** Behind the closing quote; -1 if there is none. */
  private int endOfString() {
    int end = at + 1;
    while (end < text.length() && text.charAt(end) != '"') {
      end += text.charAt(end) == '\\' ? 2 : 1;
    }
    return end >= text.length() ? -1 : end + 1;
  }

  private boolean scalar(@Nullable Node node) {
    int end = at;
    while (end < text.length() && (SPACES + ",]}").indexOf(text.charAt(end)) < 0) {
      end++;
    }
    String scalar = text.substring(at, end);
    boolean plausible = !scalar.isEmpty() && "-0123456789tfn".indexOf(scalar.charAt(0)) >= 0;
    boolean opening = scalar.chars().anyMatch(c -> "\":{[".indexOf(c) >= 0);
    glued |= plausible && node == root && opening;
    if (!plausible || opening) {
      return false;
    }
    // A count that is no JSON number is as malformed as a text; the document goes on.
    boolean valid = JSON.matcher(scalar).matches();
    boolean count = node != null && node.isCount();
    out.append(valid ? scalar : count ? "[]" : "7");
    at = end;
    return true;
  }

  private boolean skipped() {
    List<Character> open = new ArrayList<>();
    for (int i = at; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        i++;
        while (i < text.length() && text.charAt(i) != '"') {
          i += text.charAt(i) == '\\' ? 2 : 1;
        }
      } else if (c == '{' || c == '[') {
        open.add(c);
      } else if (c == '}' || c == ']') {
        char opened = open.remove(open.size() - 1);
        if (open.size() < Long.SIZE && opened != (c == '}' ? '{' : '[')) {
          return false;
        }
        if (open.isEmpty()) {
          out.append(opened).append(c);
          at = i + 1;
          return true;
        }
      }
    }
    return false;
  }

  private void space() {
    while (at < text.length() && SPACES.indexOf(text.charAt(at)) >= 0) {
      copy(1);
    }
  }

  private void copy(int length) {
    out.append(text, at, at + length);
    at += length;
  }
}
