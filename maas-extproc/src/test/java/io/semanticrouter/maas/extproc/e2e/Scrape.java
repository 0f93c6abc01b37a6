// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The series of one scrape in the Prometheus text format. */
record Scrape(String text, Map<Series, Double> series) {
  private static final Pattern LINE = Pattern.compile("(\\w+)(?:\\{(.*)})? ([^ ]+)");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"([^\"]*)\"");

  record Series(String name, Map<String, String> labels) {}

  static Scrape parse(String text) {
    Map<Series, Double> series =
        text.lines()
            .filter(line -> !line.startsWith("#"))
            .map(LINE::matcher)
            .filter(Matcher::matches)
            .collect(
                Collectors.toMap(
                    m -> new Series(m.group(1), labels(m.group(2))),
                    m -> Double.parseDouble(m.group(3))));
    return new Scrape(text, series);
  }

  /** The sum over all series of that name with all of these labels, given as name, value, … */
  double sum(String name, String... labels) {
    return series.entrySet().stream()
        .filter(entry -> entry.getKey().name().equals(name))
        .filter(entry -> matches(entry.getKey().labels(), labels))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }

  boolean has(String name) {
    return series.keySet().stream().anyMatch(s -> s.name().equals(name));
  }

  private static boolean matches(Map<String, String> actual, String... expected) {
    for (int i = 0; i < expected.length; i += 2) {
      if (!expected[i + 1].equals(actual.get(expected[i]))) {
        return false;
      }
    }
    return true;
  }

  private static Map<String, String> labels(String text) {
    Map<String, String> labels = new TreeMap<>();
    if (text != null) {
      Matcher matcher = LABEL.matcher(text);
      while (matcher.find()) {
        labels.put(matcher.group(1), matcher.group(2));
      }
    }
    return labels;
  }
}
