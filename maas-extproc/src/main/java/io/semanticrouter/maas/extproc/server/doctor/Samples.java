// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.doctor;

/** The lines of a scrape in the text format of Prometheus. */
public final class Samples {
  private static final String PREFIX = "semantic_router_";

  private final String text;

  /** Those of a whole scrape. */
  public Samples(String text) {
    this.text = text;
  }

  /**
   * The sum of a metric.
   *
   * @param name without {@code semantic_router_}
   * @param labels that a line has to have, as it has them, such as {@code field="user"}
   */
  public double sum(String name, String... labels) {
    double sum = 0;
    for (String line : text.split("\n", -1)) {
      int end = PREFIX.length() + name.length();
      if (line.startsWith(PREFIX)
          && line.startsWith(name, PREFIX.length())
          && line.length() > end
          && (line.charAt(end) == '{' || line.charAt(end) == ' ')
          && hasAll(line, labels)) {
        sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      }
    }
    return sum;
  }

  /** When the process started, in seconds since 1970; NaN when it does not say. */
  public double started() {
    String name = "\nprocess_start_time_seconds ";
    int start = text.indexOf(name);
    return start < 0
        ? Double.NaN
        : Double.parseDouble(text.substring(start + name.length()).split("\n", 2)[0]);
  }

  /** Whether it is of this server at all. */
  public boolean isOurs() {
    return text.contains(PREFIX + "build_info{");
  }

  private static boolean hasAll(String line, String... labels) {
    for (String label : labels) {
      if (!line.contains(label)) {
        return false;
      }
    }
    return true;
  }
}
