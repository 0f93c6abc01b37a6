// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.List;

/**
 * One text to complete or embed, which a client may send as a string or as token ids.
 *
 * @param text the text, empty if the client sent token ids
 * @param tokens its length
 * @param seed a number that depends on the content only
 */
record TextInput(String text, long tokens, int seed) {

  /** The most texts in one request, as in the OpenAI API. */
  static final int MAX_INPUTS = 2048;

  private static final String EXPECTED =
      "a string, an array of strings, an array of token ids or an array of arrays of token ids";

  static TextInput of(String text) {
    return new TextInput(text, TokenCounter.count(text), text.hashCode());
  }

  /** Reads a member that holds one text or several, in any of the forms the API has. */
  static List<TextInput> listOf(Fields request, String name) {
    Object value = request.any(name).orElseThrow(() -> request.wrong(name, EXPECTED));
    if (value instanceof String text) {
      return List.of(of(text));
    }
    if (!(value instanceof List<?> items) || items.isEmpty()) {
      throw request.wrong(name, EXPECTED);
    }
    if (items.get(0) instanceof Number) {
      return List.of(ofTokenIds(request, name, items));
    }
    if (items.size() > MAX_INPUTS) {
      throw request.wrong(name, "at most " + MAX_INPUTS + " texts");
    }
    return items.stream().map(item -> ofItem(request, name, item)).toList();
  }

  private static TextInput ofItem(Fields request, String name, Object item) {
    if (item instanceof String text) {
      return of(text);
    }
    if (item instanceof List<?> ids && !ids.isEmpty()) {
      return ofTokenIds(request, name, ids);
    }
    throw request.wrong(name, EXPECTED);
  }

  private static TextInput ofTokenIds(Fields request, String name, List<?> ids) {
    for (Object id : ids) {
      if (Fields.whole(id) < 0) {
        throw request.wrong(name, EXPECTED);
      }
    }
    return new TextInput("", ids.size(), ids.hashCode());
  }
}
