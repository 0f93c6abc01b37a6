// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The hours, and the days, for which a price counts. Hours across midnight belong to the day on
 * which they begin. Immutable; asking it allocates nothing.
 */
final class PriceWindow {
  private static final String HOURS_RULE =
      "must be hours such as 22:00-06:00, from 00:00 to 24:00, without overlaps";
  private static final Pattern HOURS =
      Pattern.compile(
          "(?<from>([01][0-9]|2[0-3]):[0-5][0-9])-(?!\\k<from>)(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)");
  private static final int DAY = 24 * 60 * 60;
  private static final int MINUTES_OF_WEEK = 7 * 24 * 60;

  /** Clocks are changed until then as the laws of today say. */
  private static final Instant LAST_CHANGE = Instant.parse("2100-01-01T00:00:00Z");

  private static final Instant FIRST_CHANGE = Instant.parse("2020-01-01T00:00:00Z");

  private final String name;
  private final ZoneId zone;

  /** When the clocks of the zone are changed, in seconds since 1970, ascending. */
  private final long[] changes;

  /** Seconds that they are ahead of UTC before the first change, and after each. */
  private final int[] offsets;

  /** The second of the day with which each span of hours begins. */
  private final int[] from;

  /** The second after its last, from the same midnight on: more than a day across the next one. */
  private final int[] until;

  private final boolean weekdaysOnly;

  /** Days since 1970, ascending. */
  private final long[] holidays;

  private PriceWindow(
      ZoneId zone, List<String> hours, boolean weekdaysOnly, List<LocalDate> holidays) {
    this.zone = zone;
    ZoneRules rules = zone.getRules();
    List<ZoneOffsetTransition> transitions = new ArrayList<>();
    ZoneOffsetTransition change = rules.nextTransition(FIRST_CHANGE);
    while (change != null && change.getInstant().isBefore(LAST_CHANGE)) {
      transitions.add(change);
      change = rules.nextTransition(change.getInstant());
    }
    changes = transitions.stream().mapToLong(ZoneOffsetTransition::toEpochSecond).toArray();
    offsets = new int[changes.length + 1];
    offsets[0] = rules.getOffset(FIRST_CHANGE).getTotalSeconds();
    for (int i = 0; i < changes.length; i++) {
      offsets[i + 1] = transitions.get(i).getOffsetAfter().getTotalSeconds();
    }
    from = new int[Math.max(1, hours.size())];
    until = new int[from.length];
    until[0] = DAY;
    for (int i = 0; i < hours.size(); i++) {
      // hh:mm-hh:mm
      from[i] = seconds(hours.get(i), 0);
      int end = seconds(hours.get(i), 6);
      until[i] = end > from[i] ? end : end + DAY;
    }
    this.weekdaysOnly = weekdaysOnly;
    this.holidays = holidays.stream().mapToLong(LocalDate::toEpochDay).sorted().toArray();
    name =
        (weekdaysOnly ? " weekdays" : "")
            + (hours.isEmpty() ? "" : " " + String.join(",", hours))
            + (zone.equals(ZoneOffset.UTC) ? "" : " " + zone);
  }

  private static int seconds(String text, int at) {
    return Integer.parseInt(text, at, at + 2, 10) * 3600
        + Integer.parseInt(text, at + 3, at + 5, 10) * 60;
  }

  /** Reads the window of an entry; null when it has none. */
  static @Nullable PriceWindow read(ConfigSection entry) {
    boolean absent = !entry.has("window");
    ConfigSection section = entry.section("window");
    if (absent) {
      return null;
    }
    List<String> hours = section.strings("hours");
    boolean readable = hours.stream().allMatch(text -> HOURS.matcher(text).matches());
    boolean weekdaysOnly = section.bool("weekdays_only", false);
    if (hours.isEmpty() && !weekdaysOnly) {
      section.reject("hours", "or weekdays_only is required: when the price counts");
    }
    List<LocalDate> holidays = new ArrayList<>();
    for (String date : section.strings("holidays")) {
      try {
        holidays.add(LocalDate.parse(date));
      } catch (DateTimeParseException e) {
        section.reject("holidays", "must be dates such as 2026-12-25");
        break;
      }
    }
    if (!weekdaysOnly && !holidays.isEmpty()) {
      section.reject("holidays", "need weekdays_only: they count as a Sunday");
    }
    ZoneId zone = ZoneOffset.UTC;
    try {
      zone = ZoneId.of(section.string("zone", "UTC")).normalized();
    } catch (DateTimeException e) {
      section.reject("zone", "must be a time zone such as UTC, +08:00 or Europe/Paris");
    }
    section.rejectUnknownKeys();
    PriceWindow window =
        new PriceWindow(zone, readable ? hours : List.of(), weekdaysOnly, holidays);
    if (!readable || window.minutes() == null) {
      section.reject("hours", HOURS_RULE);
    }
    return window;
  }

  /** How a price is named that counts then: {@code weekdays 09:00-12:00,14:00-18:00 +08:00}. */
  String name() {
    return name;
  }

  /** Whether it contains a moment, in seconds since 1970. */
  boolean contains(long at) {
    int change = Arrays.binarySearch(changes, at);
    long local = at + offsets[change < 0 ? -change - 1 : change + 1];
    long day = Math.floorDiv(local, (long) DAY);
    int second = (int) Math.floorMod(local, (long) DAY);
    for (int i = 0; i < from.length; i++) {
      if ((second >= from[i] && second < until[i] && isOn(day))
          || (second < until[i] - DAY && isOn(day - 1))) {
        return true;
      }
    }
    return false;
  }

  private boolean isOn(long day) {
    // The first day of 1970 was a Thursday.
    return !weekdaysOnly
        || (Math.floorMod(day + 3, 7L) < 5 && Arrays.binarySearch(holidays, day) < 0);
  }

  /** Whether they have a minute of the week in common, or are in zones that differ. */
  boolean overlaps(PriceWindow other) {
    BitSet minutes = minutes();
    BitSet others = other.minutes();
    return !zone.equals(other.zone)
        || minutes == null
        || others == null
        || minutes.intersects(others);
  }

  /** The minutes of the week from Monday on; null when there are some twice. */
  private @Nullable BitSet minutes() {
    BitSet minutes = new BitSet(MINUTES_OF_WEEK);
    for (int day = 0; day < (weekdaysOnly ? 5 : 7); day++) {
      for (int i = 0; i < from.length; i++) {
        for (int minute = from[i] / 60; minute < until[i] / 60; minute++) {
          int ofWeek = (day * 24 * 60 + minute) % MINUTES_OF_WEEK;
          if (minutes.get(ofWeek)) {
            return null;
          }
          minutes.set(ofWeek);
        }
      }
    }
    return minutes;
  }
}
