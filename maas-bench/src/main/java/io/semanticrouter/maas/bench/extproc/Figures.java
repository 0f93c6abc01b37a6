// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** What a client saw. Of one thread; merged into others when that is done. */
final class Figures {
  /** What is timed, from the sending of a message to the arrival of its reply. */
  enum Timed {
    REQUEST_HEADERS("request headers"),
    REQUEST_BODY("request body"),
    RESPONSE_HEADERS("response headers"),
    CHUNK("body chunk"),
    /** Of the message that ends the response. */
    LAST("last chunk"),
    /** What an exchange waits for: all of the above but {@link #CHUNK}, added up. */
    ADDED("added to exchange"),
    /** How much later than planned an exchange began; the fault of the client. */
    LATE("late begin");

    private final String label;

    Timed(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  private static final int FIRST = 100;
  private static final long LONGEST = TimeUnit.SECONDS.toNanos(60);

  private final Map<Timed, Histogram> times = new EnumMap<>(Timed.class);

  /** What went wrong: each kind once. */
  final Set<String> failures = new TreeSet<>();

  /** Exchanges of which the reply to the request headers has arrived: the server knows them. */
  long begun;

  /** Exchanges whose response was answered to its end marker. */
  long answered;

  long ended;
  long cancelled;
  long failed;
  long replies;
  int open;

  /** Exchanges that were left open on purpose. */
  int held;

  /** How long the request headers of the first exchanges took, in ns and in order. */
  private final List<Long> first = new ArrayList<>();

  Figures() {
    for (Timed timed : Timed.values()) {
      times.put(timed, new Histogram(100, LONGEST, 3));
    }
  }

  void time(Timed timed, long nanos) {
    histogram(timed).recordValue(Math.max(0, Math.min(nanos, LONGEST)));
    if (timed == Timed.REQUEST_HEADERS && first.size() < FIRST) {
      first.add(nanos);
    }
  }

  private Histogram histogram(Timed timed) {
    Histogram histogram = times.get(timed);
    if (histogram == null) {
      throw new IllegalStateException();
    }
    return histogram;
  }

  /** A percentile in microseconds; 0 without any value. */
  double micros(Timed timed, double percentile) {
    Histogram histogram = histogram(timed);
    return histogram.getTotalCount() == 0 ? 0 : histogram.getValueAtPercentile(percentile) / 1000.0;
  }

  List<Long> first() {
    return first;
  }

  void failure(String what) {
    failed++;
    if (failures.size() < 10) {
      failures.add(what);
    }
  }

  void add(Figures other) {
    times.forEach((timed, histogram) -> histogram.add(other.histogram(timed)));
    failures.addAll(other.failures);
    begun += other.begun;
    answered += other.answered;
    ended += other.ended;
    cancelled += other.cancelled;
    failed += other.failed;
    replies += other.replies;
    open += other.open;
    held += other.held;
    first.addAll(other.first);
  }
}
