// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.Cost;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the counters of a sink have come to, for another run. First how users are shown, and the
 * labels of each space; then the names of all slots; then for each series what it was found by, its
 * counts by the number of the slot, and its costs, each with the time at which it began; a 0 ends
 * it. Texts are at most some hundred bytes long, so that {@link DataOutput#writeUTF} takes them.
 */
final class KeptCounters {
  private static final int FORMAT = 0x4d43_0004;
  private static final int END = 0;
  private static final int SERIES = 1;
  private static final Series.Kind[] KINDS = Series.Kind.values();

  private final Spaces spaces;

  /** Of users and labels: a value of another one may not stand in the same place. */
  private final String shape;

  /** Where a slot of another run is here. */
  private record Place(LabelSpace space, int slot) {}

  /** Those of all spaces that there are. */
  KeptCounters(Spaces spaces, UserLabels users) {
    this.spaces = spaces;
    List<List<String>> labels = new ArrayList<>();
    spaces.all().forEach(space -> labels.add(space.names()));
    shape = users.form() + labels;
  }

  void save(DataOutput out) throws IOException {
    out.writeInt(FORMAT);
    out.writeUTF(shape);
    int slots = 0;
    for (LabelSpace space : spaces.all()) {
      slots += space.counters().size();
    }
    out.writeInt(slots);
    for (LabelSpace space : spaces.all()) {
      for (int slot = 0; slot < space.counters().size(); slot++) {
        out.writeUTF(space.counters().get(slot).nameOfSlot(slot));
      }
    }
    int first = 0;
    for (LabelSpace space : spaces.all()) {
      for (Series series : space.all()) {
        save(out, series, first);
      }
      first += space.counters().size();
    }
    out.writeByte(END);
  }

  private static void save(DataOutput out, Series series, int first) throws IOException {
    List<Point> points = new ArrayList<>();
    for (int slot = 0; slot < series.slots(); slot++) {
      Point point = series.point(slot);
      if (point != null && point.owner == series && point.slot == slot) {
        points.add(point);
      }
    }
    List<CostSum> costs = new ArrayList<>();
    for (CostSum sum = series.costs(); sum != null; sum = sum.next) {
      if (!sum.isElsewhere()) {
        costs.add(sum);
      }
    }
    if (points.isEmpty() && costs.isEmpty()) {
      return;
    }
    out.writeByte(SERIES);
    Series.Origin origin = series.origin();
    out.writeByte(index(origin.kind()));
    out.writeUTF(origin.payer());
    out.writeByte(origin.values().size());
    for (String value : origin.values()) {
      out.writeUTF(value);
    }
    out.writeInt(first); // tells the space, also where there are only costs
    out.writeInt(points.size());
    for (Point point : points) {
      out.writeInt(first + point.slot);
      out.writeLong(point.sum());
      out.writeDouble(point.large());
      out.writeLong(point.created);
    }
    out.writeInt(costs.size());
    for (CostSum sum : costs) {
      out.writeUTF(sum.counter.name());
      out.writeUTF(sum.currency);
      out.writeUTF(sum.total().amount().toString());
      out.writeLong(sum.created);
    }
  }

  private static int index(Series.Kind kind) {
    return List.of(KINDS).indexOf(kind);
  }

  long restore(DataInput in) throws IOException {
    if (in.readInt() != FORMAT || !in.readUTF().equals(shape)) {
      return PrometheusSink.OTHER;
    }
    Map<String, Place> known = new HashMap<>();
    for (LabelSpace space : spaces.all()) {
      for (int slot = 0; slot < space.counters().size(); slot++) {
        known.put(space.counters().get(slot).nameOfSlot(slot), new Place(space, slot));
      }
    }
    List<@Nullable Place> places = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      places.add(known.get(in.readUTF()));
    }
    long leftOut = 0;
    try {
      while (in.readByte() != END) {
        leftOut += series(in, places);
      }
    } finally {
      spaces.endReplay();
    }
    return leftOut;
  }

  /** How much of it has no place. */
  private long series(DataInput in, List<@Nullable Place> places) throws IOException {
    Series.Kind kind = KINDS[in.readByte()];
    String payer = in.readUTF();
    List<String> values = new ArrayList<>();
    for (int left = in.readByte(); left > 0; left--) {
      values.add(in.readUTF());
    }
    Series.Origin origin = new Series.Origin(kind, payer, List.copyOf(values));
    Place first = places.get(in.readInt());
    Series found = first == null ? null : first.space.found(origin);
    long leftOut = 0;
    for (int left = in.readInt(); left > 0; left--) {
      Place place = places.get(in.readInt());
      long sum = in.readLong();
      double large = in.readDouble();
      spaces.replay(in.readLong());
      Series series =
          place == null
              ? null
              : first != null && place.space == first.space ? found : place.space.found(origin);
      if (place == null || series == null) {
        leftOut++;
      } else {
        place.space.counters().get(place.slot).inSlot(series, place.slot).add(sum, large);
      }
    }
    for (int left = in.readInt(); left > 0; left--) {
      String name = in.readUTF();
      String currency = in.readUTF();
      BigDecimal amount = new BigDecimal(in.readUTF());
      spaces.replay(in.readLong());
      MoneyCounter counter = first == null ? null : first.space.money(name);
      if (found == null || counter == null) {
        leftOut++;
      } else {
        counter.add(found, cost(currency, amount), 1);
      }
    }
    return leftOut;
  }

  private static Cost cost(String currency, BigDecimal amount) {
    int scale = new Cost(currency, 0, 0).amount().scale();
    BigDecimal fraction = amount.remainder(BigDecimal.ONE).setScale(scale);
    return new Cost(
        currency,
        amount.toBigInteger().longValueExact(),
        fraction.unscaledValue().longValueExact());
  }
}
