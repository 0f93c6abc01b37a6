// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.spelling;

import java.util.Set;

/**
 * What gateways send where they have no value: the text that a language prints for nothing, and
 * templates that nobody expanded. Spelled exactly as they are written, so that few names that a
 * person could have are among them.
 */
public final class Placeholders {
  /**
   * Printed for nothing by: Go's {@code fmt} (Authorino) and its {@code text/template}; JSON, CEL
   * and Java; JavaScript; Python; Lua and Ruby; cjson of Lua (OpenResty, APISIX, Kong); Envoy's and
   * nginx's format strings; Apache's; kubectl; Java's {@code Optional}; an empty list, object and
   * text of JSON.
   */
  private static final Set<String> NOTHING =
      Set.of(
          "<nil>",
          "%!s(<nil>)",
          "%!v(<nil>)",
          "<no value>",
          "null",
          "<null>",
          "undefined",
          "[object Undefined]",
          "[object Null]",
          "[object Object]",
          "None",
          "nil",
          "userdata: NULL",
          "userdata: (nil)",
          "-",
          "(null)",
          "(nil)",
          "<none>",
          "Optional.empty",
          "[]",
          "{}",
          "\"\"");

  /** Roots of what Authorino offers to templates ("Common feature: JSON paths"). */
  private static final String[] AUTHORINO = {
    "{auth.identity.", "{auth.metadata.", "{auth.authorization.", "{context.request.", "{request."
  };

  private Placeholders() {}

  /** Whether a text stands for no value at all. */
  public static boolean isNothing(String text) {
    return NOTHING.contains(text);
  }

  /**
   * Whether a text is a template of Authorino, Envoy, Helm, a shell or Kubernetes that nobody
   * expanded, and surely nobody's name.
   */
  public static boolean isTemplate(String text) {
    return isPathIn(text, "${", "}")
        || isPathIn(text, "$(", ")")
        || isPathIn(text, "{{", "}}")
        || isEnvoyCommand(text)
        || isOfAuthorino(text);
  }

  /** Whether a text looks like a template, known or not. It is not empty. */
  public static boolean isBracketed(String text) {
    char first = text.charAt(0);
    if (first != '%' && first != '$' && text.indexOf('{') < 0) {
      return false;
    }
    return isIn(text, "{", "}")
        || isIn(text, "${", "}")
        || isIn(text, "$(", ")")
        || (isIn(text, "%", "%") && text.length() > 2)
        || text.contains("{auth.")
        || isOfAuthorino(text);
  }

  private static boolean isIn(String text, String open, String close) {
    return text.length() >= open.length() + close.length()
        && text.startsWith(open)
        && text.endsWith(close);
  }

  /** Names, joined as in the paths and calls of templates; at least one letter. */
  private static boolean isPathIn(String text, String open, String close) {
    if (!isIn(text, open, close)) {
      return false;
    }
    boolean named = false;
    for (int i = open.length(); i < text.length() - close.length(); i++) {
      char c = text.charAt(i);
      named |= isLetter(c);
      if (!isLetter(c) && !(c >= '0' && c <= '9') && "_.-:$| '\"()[]".indexOf(c) < 0) {
        return false;
      }
    }
    return named;
  }

  private static boolean isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  /** {@code %REQ(x)%}, {@code %REQ(x):9%}, {@code %DOWNSTREAM_PEER_SUBJECT%}. */
  private static boolean isEnvoyCommand(String text) {
    if (!isIn(text, "%", "%")) {
      return false;
    }
    int name = 1;
    while ((text.charAt(name) >= 'A' && text.charAt(name) <= 'Z') || text.charAt(name) == '_') {
      name++;
    }
    return name > 1
        && ((text.charAt(name) == '(' && text.indexOf(')', name) > 0)
            || (name == text.length() - 1 && text.startsWith("%DOWNSTREAM_")));
  }

  private static boolean isOfAuthorino(String text) {
    for (String root : AUTHORINO) {
      int at = text.indexOf(root);
      if (at >= 0 && text.indexOf('}', at) > 0) {
        return true;
      }
    }
    return false;
  }
}
