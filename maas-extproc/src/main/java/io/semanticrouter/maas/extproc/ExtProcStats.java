// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ObjLongConsumer;

/**
 * What the service itself has done, since its start. Thread-safe; sums are exact only while nothing
 * happens, and up to 63 pieces of a body behind where a stream is open.
 */
public final class ExtProcStats {
  /** What a reply says, by the most that it says. */
  public enum ReplyKind {
    /** Go on. */
    NEUTRAL,
    /** Headers to change. */
    HEADERS,
    /** Another processing mode. */
    MODE_OVERRIDE,
    /** Bytes that go on instead of a piece of a body. */
    BODY,
    /** Bytes sent back in full duplex. */
    ECHO,
    /** Dynamic metadata. */
    METADATA,
    /** An answer of the embedded router, instead of a backend's. */
    ANSWER;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The metric label value. */
    public String label() {
      return label;
    }
  }

  /** What settled an exchange. */
  public enum End {
    /**
     * The last message of the response: its {@code end_of_stream}, its trailers, or its headers.
     */
    END_OF_RESPONSE,
    /** The embedded router answered. */
    LOCAL_ANSWER,
    /** The data plane closed the stream in good order, without having shown the end. */
    HALF_CLOSE,
    /** The data plane reset the stream without having shown the end. */
    CANCEL,
    /** Another exchange began on the same stream. */
    NEXT_REQUEST,
    /** Nothing came for too long. */
    IDLE_TIMEOUT,
    /** The server stops. */
    DRAIN;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The metric label value. */
    public String label() {
      return label;
    }
  }

  /** What went wrong in handling a message. */
  public enum Failure {
    /** A message could not be handled; it got the reply that changes nothing. */
    MESSAGE,
    /** Bytes that are no message came; their stream ended, and what it had shown was settled. */
    UNREADABLE,
    /** A reply could not be sent. */
    REPLY,
    /** An exchange could not be settled. */
    SETTLEMENT;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The metric label value. */
    public String label() {
      return label;
    }
  }

  /** The upper bounds of {@link #handlingTimes}: a microsecond to a tenth of a second. */
  private static final long[] BOUNDS_NANOS = {
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000
  };

  private final LongAdder started = new LongAdder();
  private final LongAdder unknownRequests = new LongAdder();
  private final LongAdder bodyBytes = new LongAdder();
  private final LongAdder handlingNanos = new LongAdder();
  private final Counts<Phase> messages = new Counts<>(Phase.class);
  private final Counts<ReplyKind> replies = new Counts<>(ReplyKind.class);
  private final Counts<End> ends = new Counts<>(End.class);
  private final Counts<Failure> failures = new Counts<>(Failure.class);
  private final LongAdder[] times = new LongAdder[BOUNDS_NANOS.length + 1];

  ExtProcStats() {
    Arrays.setAll(times, i -> new LongAdder());
  }

  /** A counter for each constant. */
  private static final class Counts<K extends Enum<K>> {
    private final EnumMap<K, LongAdder> adders;

    Counts(Class<K> type) {
      adders = new EnumMap<>(type);
      for (K key : type.getEnumConstants()) {
        adders.put(key, new LongAdder());
      }
    }

    private LongAdder of(K key) {
      return Objects.requireNonNull(adders.get(key));
    }
  }

  void streamStarted() {
    started.increment();
  }

  void requestUnknown() {
    unknownRequests.increment();
  }

  void replied(Reply reply) {
    ReplyKind kind =
        reply.answer != null
            ? ReplyKind.ANSWER
            : reply.metadata != null
                ? ReplyKind.METADATA
                : reply.body == Reply.Body.ECHOED
                    ? ReplyKind.ECHO
                    : reply.body == Reply.Body.REPLACED
                        ? ReplyKind.BODY
                        : reply.override != null
                            ? ReplyKind.MODE_OVERRIDE
                            : reply.edits.isEmpty() ? ReplyKind.NEUTRAL : ReplyKind.HEADERS;
    replies.of(kind).increment();
  }

  void settled(End end) {
    ends.of(end).increment();
  }

  void failed(Failure failure) {
    failures.of(failure).increment();
  }

  void repliedNeutrally(int count) {
    replies.of(ReplyKind.NEUTRAL).add(count);
  }

  void scanned(long bytes) {
    bodyBytes.add(bytes);
  }

  void handled(Phase phase, int count) {
    messages.of(phase).add(count);
  }

  void took(long nanos) {
    handlingNanos.add(nanos);
    int bucket = 0;
    while (bucket < BOUNDS_NANOS.length && nanos > BOUNDS_NANOS[bucket]) {
      bucket++;
    }
    times[bucket].increment();
  }

  /** How many streams have begun. */
  public long streamsStarted() {
    return started.sum();
  }

  /**
   * How many streams began with something else than the head of a request, and no attribute named
   * the request: it was answered by a filter before us, or the data plane is not to show it.
   */
  public long unknownRequests() {
    return unknownRequests.sum();
  }

  /** Visits how many messages of each phase have come, by the metric label value of the phase. */
  public void forEachPhase(ObjLongConsumer<String> action) {
    messages.adders.forEach((phase, count) -> action.accept(phase.label(), count.sum()));
  }

  /** How many replies have been sent. */
  public long replies(ReplyKind kind) {
    return replies.of(kind).sum();
  }

  /** How many exchanges have been settled so. */
  public long ends(End end) {
    return ends.of(end).sum();
  }

  /** How often this went wrong. */
  public long failures(Failure failure) {
    return failures.of(failure).sum();
  }

  /** How many bytes of response bodies have been read for their usage. */
  public long bodyBytes() {
    return bodyBytes.sum();
  }

  /**
   * The time that messages took from being decoded to their reply being sent, in seconds: of all
   * but the pieces of bodies, of which one in eight is timed.
   */
  public double handlingSeconds() {
    return handlingNanos.sum() / 1e9;
  }

  /** The upper bounds of {@link #handlingTimes} in seconds; the last one is infinite. */
  public static double[] handlingBounds() {
    double[] bounds = new double[BOUNDS_NANOS.length + 1];
    Arrays.setAll(
        bounds, i -> i < BOUNDS_NANOS.length ? BOUNDS_NANOS[i] / 1e9 : Double.POSITIVE_INFINITY);
    return bounds;
  }

  /** How many timed messages took as long as each bound, and longer than the one before. */
  public long[] handlingTimes() {
    long[] counts = new long[times.length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = times[i].sum();
    }
    return counts;
  }
}
