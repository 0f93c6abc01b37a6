// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The domains that are shipped, read from the resources {@code domains/NAME.txt} and {@code
 * languages.txt}. A line is a weight, a colon and phrases between commas; {@code #} begins a
 * comment. {@code contract(s)} stands for both words, counted once.
 */
final class Domains {
  /** In the order in which the first of several with the same score is taken. */
  private static final List<String> NAMES =
      List.of(
          "math",
          "code",
          "science",
          "law",
          "medicine",
          "finance",
          "history",
          "philosophy",
          "writing");

  private static final List<String> SUFFIXES =
      List.of("s", "es", "e", "en", "n", "er", "r", "d", "ed", "ing");

  private static final Map<String, Domain> SHIPPED = read();

  private Domains() {}

  /** In their order. */
  static Map<String, Domain> shipped() {
    return SHIPPED;
  }

  private static Map<String, Domain> read() {
    Map<String, Domain> domains = new LinkedHashMap<>();
    for (String name : NAMES) {
      Map<String, Integer> keywords = new LinkedHashMap<>();
      for (Line line : lines("domains/" + name + ".txt")) {
        int weight = Integer.parseInt(line.key());
        for (String phrase : line.phrases()) {
          keywords.put(phrase, weight);
        }
      }
      domains.put(name, new Domain(name, Domain.DEFAULT_THRESHOLD, Map.copyOf(keywords)));
    }
    return Collections.unmodifiableMap(domains);
  }

  /** A line of a resource. */
  record Line(String key, List<String> phrases) {}

  static List<Line> lines(String resource) {
    InputStream in = Domains.class.getResourceAsStream(resource);
    if (in == null) {
      throw new IllegalStateException("not in the jar: " + resource);
    }
    List<Line> lines = new ArrayList<>();
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        int colon = line.indexOf(':');
        List<String> phrases = new ArrayList<>();
        for (String phrase : line.substring(colon + 1).split(",", -1)) {
          if (!phrase.isBlank()) {
            phrases.add(phrase.strip());
          }
        }
        lines.add(new Line(line.substring(0, colon).strip(), phrases));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return lines;
  }

  /** A phrase, or the two that a phrase with an ending in parentheses stands for. */
  static List<String> spellings(String phrase) {
    int open = phrase.lastIndexOf('(');
    if (open < 3
        || !phrase.endsWith(")")
        || !SUFFIXES.contains(phrase.substring(open + 1, phrase.length() - 1))) {
      return List.of(phrase);
    }
    String stem = phrase.substring(0, open);
    return List.of(stem, stem + phrase.substring(open + 1, phrase.length() - 1));
  }
}
