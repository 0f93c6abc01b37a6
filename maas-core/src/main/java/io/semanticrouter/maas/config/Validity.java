// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/**
 * When a price counts: from a moment to another, in seconds since 1970, and in between at all
 * hours, or in a window.
 */
record Validity(long from, long until, @Nullable PriceWindow window) {
  /** Reads that of an entry. */
  static Validity read(ConfigSection entry) {
    long from = moment(entry, "valid_from", Long.MIN_VALUE);
    long until = moment(entry, "valid_to", Long.MAX_VALUE);
    if (until <= from) {
      entry.reject("valid_to", "must be later than valid_from");
    }
    return new Validity(from, until, PriceWindow.read(entry));
  }

  private static long moment(ConfigSection section, String key, long otherwise) {
    String text = section.string(key, "");
    if (text.isEmpty()) {
      return otherwise;
    }
    try {
      return text.indexOf('T') < 0
          ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toEpochSecond()
          : Instant.parse(text).getEpochSecond();
    } catch (DateTimeParseException e) {
      section.reject(key, "must be a date such as 2026-11-30 (UTC), or 2026-11-30T16:00:00Z");
      return otherwise;
    }
  }

  boolean contains(long at) {
    return from <= at && at < until && (window == null || window.contains(at));
  }

  boolean isAlways() {
    return from == Long.MIN_VALUE && until == Long.MAX_VALUE && window == null;
  }

  /** Whether there is a time for which neither goes first: a window does before all hours. */
  boolean meets(Validity other) {
    boolean together = from < other.until && other.from < until;
    return together
        && (window == null
            ? other.window == null
            : other.window != null && window.overlaps(other.window));
  }

  /** How a price is named that counts then. */
  String name() {
    return window == null ? "" : window.name();
  }
}
