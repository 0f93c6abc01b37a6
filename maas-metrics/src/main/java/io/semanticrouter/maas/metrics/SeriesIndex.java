// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds the {@link Series} of up to four label values: at most {@code max} different ones, and an
 * overflow series for all others. Known series are found without a lock and without garbage.
 *
 * <p>One user opens at most a tenth of them for models that are not listed, and at least 8 where
 * there are so many: most backends answer to any name of a model. Overflow series keep the tier,
 * and the model when it is listed.
 */
final class SeriesIndex {
  static final String OVERFLOW = "__overflow__";

  /** Between values that come as one; a control character, which no value has. */
  static final String SEPARATOR = "\u0001";

  private static final int SHARES = 10;
  private static final int SMALLEST_SHARE = 8;
  private static final int MAX_OVERFLOW_SERIES = 4_000;

  /** In bytes, for few series. */
  private static final long SMALLEST_ROOM = 64 << 10;

  /** All overflow series together take at most an eighth of what the others may. */
  private static final int OVERFLOW_PART = 8;

  private final LabelSpace space;
  private final int max;
  private final ListedModels listed;
  private final int tier;
  private final int model;

  /** Labels between those two, whose values come as one, the last of all. */
  private final int attributes;

  private final UserLabels users;
  private final int share;
  private final long bytesOfShare;
  private final Room room;
  private final Room overflowRoom;
  private final Series rest;

  /**
   * Nested by the last value first. Last come models and categories, of which there are few, so
   * that a look-up touches small, hot maps and one large one, and no user costs a map of its own.
   * Nested maps rather than one with a composite key, because that key would be garbage per
   * exchange; rather than a hand-written table, because clients could fill one of its buckets.
   */
  private final Map<String, Map<String, Map<String, Map<String, Series>>>> root =
      new ConcurrentHashMap<>();

  /** By tier and model. */
  private final Map<String, Map<String, Series>> overflows = new ConcurrentHashMap<>();

  /** By user, of those who have opened a series for a model that is not listed. */
  private final Map<String, Share> shares = new ConcurrentHashMap<>();

  private int size; // guarded by this
  private int overflowSize; // guarded by this
  private volatile boolean full;

  /** What one user has opened. */
  private static final class Share {
    final Room room;
    int size; // guarded by the index
    volatile boolean spent;

    Share(Room room) {
      this.room = room;
    }
  }

  /**
   * An index without series.
   *
   * @param max the most series of their own, 1 or more
   * @param listed models of the configuration
   * @param bytesPerSeries what a series takes of a scrape on average, at most
   * @param users where they are known, each has a share
   */
  SeriesIndex(
      LabelSpace space, int max, ListedModels listed, long bytesPerSeries, UserLabels users) {
    this.space = space;
    this.max = max;
    this.listed = listed;
    this.tier = space.names().indexOf("tier");
    this.model = space.names().indexOf("model");
    this.attributes = model - tier - 1;
    this.users = users;
    this.share = users.areKnown() ? Math.max(SMALLEST_SHARE, max / SHARES) : max;
    long bytes = Math.max(SMALLEST_ROOM, bytesPerSeries * max);
    this.room = new Room(null, bytes);
    this.bytesOfShare = users.areKnown() ? bytes / SHARES : bytes;
    this.overflowRoom = new Room(null, bytes / OVERFLOW_PART);
    this.rest =
        space.series(
            Series.Origin.REST, overflowValues(OVERFLOW, OVERFLOW), Room.UNBOUNDED, null, true);
    space.isFoundBy(this);
  }

  /** How many series of their own there are. */
  synchronized int size() {
    return size;
  }

  /** Whether a model is one of the configuration, so that it has series whatever is asked for. */
  boolean isListed(String name) {
    return listed.has(name);
  }

  /**
   * The series of these label values; those that the label space does not have are empty.
   *
   * @param payer the user who is at the cost of a new one
   */
  Series find(String payer, String first, String second, String third, String fourth) {
    Series series = known(first, second, third, fourth);
    return series != null ? series : open(payer, first, second, third, fourth);
  }

  /** The same, when it is there already. */
  @Nullable Series known(String first, String second, String third, String fourth) {
    Map<String, Map<String, Map<String, Series>>> byThird = root.get(fourth);
    Map<String, Map<String, Series>> bySecond = byThird == null ? null : byThird.get(third);
    Map<String, Series> byFirst = bySecond == null ? null : bySecond.get(second);
    return byFirst == null ? null : byFirst.get(first);
  }

  private Series open(String payer, String first, String second, String third, String fourth) {
    List<String> values = values(first, second, third, fourth);
    boolean isListed = isListed(values.get(model));
    Share spent = isListed ? null : shares.get(payer);
    if (full || (spent != null && spent.spent)) {
      // Neither ever ends: a flood takes no lock.
      Series series = known(first, second, third, fourth);
      return series != null ? series : overflow(values);
    }
    synchronized (this) {
      Series series = known(first, second, third, fourth);
      if (series != null) {
        return series;
      }
      if (size == max) {
        return overflow(values);
      }
      Room own = room;
      if (!isListed && !payer.isEmpty()) { // empty: of another run, which has named nobody
        Share opened =
            shares.computeIfAbsent(payer, user -> new Share(new Room(room, bytesOfShare)));
        if (opened.size == share) {
          return overflow(values);
        }
        opened.size++;
        opened.spent = opened.size == share;
        own = opened.room;
      }
      List<String> shown = shown(values);
      Series.Origin origin =
          new Series.Origin(
              Series.Kind.OWN,
              users.shown(payer),
              shown.equals(values) ? shown : List.copyOf(values));
      Series admitted = space.series(origin, shown, own, overflow(values), false);
      put(admitted, first, second, third, fourth);
      size++;
      // Only now: a thread that sees this without the lock must find the last one admitted.
      full = size == max;
      return admitted;
    }
  }

  /** The series that another run found so; null when it had other labels. */
  @Nullable Series found(Series.Origin origin) {
    List<String> values = origin.values();
    if (origin.kind() == Series.Kind.REST) {
      return rest;
    }
    if (values.size() != space.names().size()) {
      return null;
    }
    if (origin.kind() == Series.Kind.OVERFLOW) {
      return overflow(values);
    }
    String[] all = {"", "", "", ""};
    if (attributes > 0) {
      for (int i = 0; i <= tier; i++) {
        all[i] = values.get(i);
      }
      all[tier + 1] = values.get(model);
      all[3] = String.join(SEPARATOR, values.subList(tier + 1, model));
    } else {
      for (int i = 0; i < values.size(); i++) {
        all[i] = values.get(i);
      }
    }
    return find(origin.payer(), all[0], all[1], all[2], all[3]);
  }

  /** The values in the order of the names: the attributes of a payer stand before the model. */
  private List<String> values(String first, String second, String third, String fourth) {
    List<String> all = List.of(first, second, third, fourth);
    if (attributes == 0) {
      return all.subList(0, space.names().size());
    }
    List<String> values = new ArrayList<>(all.subList(0, tier + 1));
    values.addAll(List.of(fourth.split(SEPARATOR, -1)));
    values.add(all.get(tier + 1));
    return values;
  }

  private void put(Series series, String first, String second, String third, String fourth) {
    root.computeIfAbsent(fourth, value -> new ConcurrentHashMap<>())
        .computeIfAbsent(third, value -> new ConcurrentHashMap<>())
        .computeIfAbsent(second, value -> new ConcurrentHashMap<>())
        .put(first, series);
  }

  private Series overflow(List<String> values) {
    String ofTier = tier < 0 ? "" : values.get(tier);
    String ofModel = isListed(values.get(model)) ? values.get(model) : OVERFLOW;
    Map<String, Series> byModel = overflows.get(ofTier);
    Series series = byModel == null ? null : byModel.get(ofModel);
    return series != null ? series : openOverflow(ofTier, ofModel);
  }

  private synchronized Series openOverflow(String ofTier, String ofModel) {
    Map<String, Series> byModel = overflows.get(ofTier);
    Series series = byModel == null ? null : byModel.get(ofModel);
    if (series != null) {
      return series;
    }
    if (overflowSize == MAX_OVERFLOW_SERIES || (tier < 0 && ofModel.equals(OVERFLOW))) {
      return rest;
    }
    String shownModel = ofModel.equals(OVERFLOW) ? OVERFLOW : LabelText.shown(ofModel);
    List<String> values = overflowValues(LabelText.shown(ofTier), shownModel);
    // Where the model is the only label, that of a listed one is not shared with others.
    Series.Origin origin =
        new Series.Origin(Series.Kind.OVERFLOW, "", overflowValues(ofTier, ofModel));
    series = space.series(origin, values, overflowRoom, rest, values.contains(OVERFLOW));
    overflows.computeIfAbsent(ofTier, value -> new ConcurrentHashMap<>()).put(ofModel, series);
    overflowSize++;
    return series;
  }

  private List<String> overflowValues(String ofTier, String ofModel) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < space.names().size(); i++) {
      values.add(i == tier ? ofTier : i == model ? ofModel : OVERFLOW);
    }
    return List.copyOf(values);
  }

  private static List<String> shown(List<String> values) {
    List<String> shown = new ArrayList<>(values.size());
    for (String value : values) {
      shown.add(LabelText.shown(value));
    }
    return List.copyOf(shown);
  }
}
