// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.engine.Engine;
import io.semanticrouter.maas.internal.engine.KeptAnswer;
import io.semanticrouter.maas.internal.engine.RequestHead;
import io.semanticrouter.maas.internal.engine.ResponseMeter;
import io.semanticrouter.maas.internal.engine.RoutingFacts;
import io.semanticrouter.maas.internal.engine.RoutingHeaders;
import io.semanticrouter.maas.internal.engine.UsageForcing;
import io.semanticrouter.maas.internal.usage.UsageScanner;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Operation;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The response of one {@link Exchange} on its way to the client.
 *
 * <pre>{@code
 * body.edits().forEachSet(toClient::setHeader);
 * body.write(chunk, 0, length, toClient::write);   // each piece, cut anywhere, in order
 * body.end(toClient::write);                       // only when it ended as it should
 * }</pre>
 *
 * <p>A gateway that cannot put itself between the two lets the request {@linkplain RequestBody#pass
 * pass}, and {@linkplain #watch watches}. Calls of one exchange wait for each other, from whatever
 * thread they come.
 */
public final class ResponseBody {
  /** What the gateway has to do with the body. */
  public enum Mode {
    /** Nothing (more): it holds nothing that is metered, and {@link #write} changes nothing. */
    PASS,

    /** It should be shown, and goes on as it is. */
    WATCH,

    /** It has to pass through {@link #write}: it can hold usage that the client did not ask for. */
    EDIT
  }

  private static final int COPY_BYTES = 1024;

  /** No byte has come. */
  static final long NONE = Long.MIN_VALUE;

  private final Exchange exchange;
  private final RequestHead head;
  private final @Nullable UsageForcing forcing;
  private final HeaderEdits edits;

  /** Whether the answer may state the usage of a response that no other has stated. */
  private boolean polls;

  private @Nullable ResponseMeter meter;

  /**
   * Where the body goes when it is only to be measured, without a detour: a chunk can be a single
   * byte.
   */
  private @Nullable UsageScanner plain;

  /** Where it goes when it has a coding. Both null when no more of it is wanted. */
  private @Nullable ByteSink coded;

  /** Whether somebody waits for the final usage. */
  private boolean isFollowed;

  /** When the first byte came, by the ticker. */
  private long firstByteNanos = NONE;

  private boolean ended;
  private boolean replaced;
  private byte @Nullable [] copy;

  ResponseBody(Exchange exchange, RequestHead head, int status, Headers headers) {
    this.exchange = exchange;
    this.head = head;
    forcing = head.forcing();
    Operation operation = head.operation();
    HeaderEdits facts = HeaderEdits.EMPTY;
    if (operation != null
        && exchange.isOpen()
        && (!head.isUnlisted() || isShown(status, headers))) {
      try {
        facts = begin(operation, status, headers);
      } catch (Throwable e) {
        stop();
        exchange.fail(e);
      }
    }
    edits = forcing == null ? facts : strip(forcing, status, facts, headers);
  }

  private HeaderEdits begin(Operation operation, int status, Headers headers) {
    Engine engine = exchange.engine();
    RoutingFacts facts = engine.routingHeaders().read(headers);
    exchange.answered(facts.routing());
    boolean free = operation == Operation.NOT_METERED;
    Operation stored = head.stored();
    polls = stored != null && (!free || engine.pending().isWaiting());
    meter =
        new ResponseMeter(
            polls && free && stored != null ? stored : operation,
            engine.config().usage(),
            head.size() != null,
            engine.codings(),
            status,
            headers,
            polls ? RoutingFacts.NONE : facts);
    plain = meter.plainBody();
    coded = plain == null ? meter.codedBody() : null;
    isFollowed = isMeasured() && !polls && exchange.isFollowed();
    KeptAnswer kept = exchange.kept();
    if (kept != null) {
      kept.begin(isMeasured(), status, headers);
    }
    if (!engine.config().mode().isIntegrated() || head.isUnlisted()) {
      return HeaderEdits.EMPTY;
    }
    // Asked for by us, then, and not by the client.
    boolean debugged = head.edits().sets(RoutingHeaders.DEBUG);
    return engine.routingHeaders().write(exchange.routing(), headers, debugged);
  }

  /** Whether the answer to an unlisted request looks like one of a model; such are counted. */
  private boolean isShown(int status, Headers headers) {
    try {
      boolean successful = status >= 200 && status <= 299;
      if (!successful || !ResponseMeter.holdsDocuments(headers.get("content-type"))) {
        return false;
      }
      Engine engine = exchange.engine();
      engine.unlisted().add(head.path(), engine.nanos());
      return engine.config().usage().unlisted() == UsageConfig.Unlisted.DETECT;
    } catch (Throwable e) {
      exchange.fail(e);
      return false;
    }
  }

  /** Also when the measurement has failed or is over: the usage is there all the same. */
  private HeaderEdits strip(UsageForcing forced, int status, HeaderEdits facts, Headers headers) {
    try {
      boolean encoded = ResponseMeter.isEncoded(headers.get("content-encoding"));
      boolean stripped = forced.beginResponse(status, headers.get("content-type"), encoded);
      if (!stripped || headers.get("content-length") == null) {
        return facts;
      }
      HeaderEdits shorter = facts.withRemove("content-length");
      if (shorter.fitInto(headers)) {
        return shorter;
      }
      forced.stripNothing();
      return facts;
    } catch (Throwable e) {
      exchange.failOnce(e);
      return facts;
    }
  }

  /** What to do with the body. Its first bytes can show that there is nothing to do. */
  public Mode mode() {
    if (replaced) {
      return Mode.PASS;
    }
    if (forcing != null && forcing.isStripping()) {
      return Mode.EDIT;
    }
    return isMeasured() ? Mode.WATCH : Mode.PASS;
  }

  /**
   * One of media under a label that does not say so is measured until its first bytes do; where
   * somebody keeps the answer, all of it is shown.
   */
  private boolean isMeasured() {
    UsageScanner scanner = plain;
    if (scanner == null) {
      return coded != null;
    }
    KeptAnswer kept = exchange.kept();
    return !scanner.isMedia() || (kept != null && kept.isOpen());
  }

  /** What to change in the head; {@link HeaderEdits#EMPTY} in Standalone mode. */
  public HeaderEdits edits() {
    return edits;
  }

  /**
   * The next piece of the body, cut anywhere: measured, and passed on as the client would have got
   * it without the metering. The array is only read, and not kept.
   *
   * @param out gets what goes on to the client, as early as it can
   * @throws IllegalStateException after {@link #end}, or when {@link Exchange#response} was called
   *     again
   */
  public void write(byte[] bytes, int offset, int length, BodySink out) {
    exchange.enter();
    try {
      requireOpen();
      measure(bytes, offset, length);
      if (forcing == null) {
        keep(bytes, offset, length);
        out.accept(bytes, offset, length);
      } else {
        forcing.response(bytes, offset, offset + length, kept(out));
      }
    } finally {
      exchange.leave();
    }
  }

  /**
   * The next piece of a body that goes on as it is, cut anywhere. The array is only read, and not
   * kept.
   *
   * @throws IllegalStateException as {@link #write} does, and in {@link Mode#EDIT}
   */
  public void watch(byte[] bytes, int offset, int length) {
    exchange.enter();
    try {
      requireOpen();
      requireNoEdit();
      measure(bytes, offset, length);
      keep(bytes, offset, length);
    } finally {
      exchange.leave();
    }
  }

  /** The same. The buffer's position does not change. */
  public void watch(ByteBuffer chunk) {
    if (chunk.hasArray()) {
      watch(chunk.array(), chunk.arrayOffset() + chunk.position(), chunk.remaining());
      return;
    }
    if (copy == null) {
      copy = new byte[COPY_BYTES];
    }
    byte[] piece = copy;
    ByteBuffer source = chunk.duplicate();
    while (source.hasRemaining()) {
      int length = Math.min(piece.length, source.remaining());
      source.get(piece, 0, length);
      watch(piece, 0, length);
    }
  }

  private void requireOpen() {
    if (replaced) {
      throw new IllegalStateException(
          "response() was called again: write to the body that it returned last");
    }
    if (ended) {
      throw new IllegalStateException("the response has ended: end() comes last");
    }
  }

  private void requireNoEdit() {
    if (forcing != null && forcing.isStripping()) {
      throw new IllegalStateException("this body is edited: it has to pass through write()");
    }
  }

  private void measure(byte[] bytes, int offset, int length) {
    if (firstByteNanos == NONE && length > 0) {
      firstByteNanos = exchange.engine().nanos();
    }
    try {
      UsageScanner scanner = plain;
      if (scanner != null) {
        scanner.feed(bytes, offset, offset + length);
      } else if (coded != null) {
        coded.accept(bytes, offset, offset + length);
      }
      if (isFollowed) {
        state();
      }
    } catch (Throwable e) {
      exchange.fail(e);
    }
  }

  /** Before the piece goes on that makes the usage final. */
  private void state() {
    ResponseMeter measured = meter;
    if (measured != null && measured.hasFinalUsage()) {
      isFollowed = false;
      Measurement stated = measured.stated();
      if (stated != null) {
        exchange.stated(stated);
      }
    }
  }

  /** Whether somebody wants to hear of it before it has ended. */
  boolean isFollowed() {
    return isFollowed;
  }

  private void keep(byte[] bytes, int offset, int length) {
    KeptAnswer kept = exchange.kept();
    if (kept != null) {
      kept.accept(bytes, offset, length);
    }
  }

  private BodySink kept(BodySink out) {
    KeptAnswer open = exchange.kept();
    return open == null || !open.isOpen()
        ? out
        : (b, from, count) -> {
          open.accept(b, from, count);
          out.accept(b, from, count);
        };
  }

  /**
   * Not all of the body may have been shown: it is measured as far as it was, and nobody keeps it.
   */
  public void incomplete() {
    exchange.enter();
    try {
      KeptAnswer kept = exchange.kept();
      if (kept != null) {
        kept.abandon();
      }
    } finally {
      exchange.leave();
    }
  }

  /**
   * Nothing can be held back any longer: what is left goes on, and from here on the body is only
   * measured.
   *
   * @param out gets what was held back
   */
  public void release(BodySink out) {
    exchange.enter();
    try {
      requireOpen();
      flush(out);
    } finally {
      exchange.leave();
    }
  }

  private void flush(BodySink out) {
    if (forcing != null) {
      forcing.endResponse(kept(out));
    }
  }

  /**
   * The response has ended as it should, its last byte has been seen: settles the exchange. Again,
   * it changes nothing.
   *
   * @param out gets what is left of the body
   * @throws IllegalStateException when {@link Exchange#response} was called again
   */
  public void end(BodySink out) {
    exchange.enter();
    try {
      if (ended) {
        return;
      }
      requireOpen();
      ended = true;
      flush(out);
      exchange.settleAtTheEnd();
    } finally {
      exchange.leave();
    }
  }

  /**
   * The same for a body that was {@linkplain #watch watched}.
   *
   * @throws IllegalStateException as {@link #end(BodySink)} does, and in {@link Mode#EDIT}
   */
  public void end() {
    requireNoEdit();
    end(Exchange.NOWHERE);
  }

  /** What the body came to; null when it is not measured, or that has failed. */
  @Nullable ResponseMeter meter() {
    return meter;
  }

  long firstByteNanos() {
    return firstByteNanos;
  }

  boolean polls() {
    return polls;
  }

  /** Another response takes its place, and it is forgotten, unless it is settled already. */
  void replace(boolean isSettled) {
    replaced = true;
    if (!isSettled) {
      stop();
    }
  }

  /** The exchange is settled: what comes later is passed on only. */
  void settled() {
    plain = null;
    coded = null;
  }

  /** Measures no more, and lets go of what that holds. */
  void stop() {
    ResponseMeter measuring = meter;
    meter = null;
    settled();
    if (measuring != null) {
      measuring.close();
    }
  }
}
