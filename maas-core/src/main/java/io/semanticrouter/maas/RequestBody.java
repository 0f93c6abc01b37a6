// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.internal.engine.ErrorAnswers;
import io.semanticrouter.maas.internal.engine.RequestHead;
import io.semanticrouter.maas.internal.engine.RequestRouting;
import io.semanticrouter.maas.internal.engine.RequestSize;
import io.semanticrouter.maas.internal.engine.UsageForcing;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Operation;
import java.util.EnumSet;
import org.jspecify.annotations.Nullable;

/**
 * The request of one {@link Exchange} on its way to the backend. Its body is handed in, or goes on
 * unseen:
 *
 * <pre>{@code
 * HeaderEdits edits = body.edits();      // handed in: then write() each piece, and end()
 * HeaderEdits edits = body.pass();       // or unseen: the gateway forwards it as it came
 * }</pre>
 *
 * <p>One of the two comes before {@link Exchange#response}: the edits keep clients from posing as a
 * router, and belong into the request in every case. Calls of one exchange wait for each other,
 * from whatever thread they come.
 */
public final class RequestBody {
  /** What the gateway has to do with the body. */
  public enum Mode {
    /** Nothing: it can go on unseen, and {@link #write} changes nothing. */
    PASS,

    /** It should be handed in piece by piece, and what comes out goes on instead. */
    STREAM,

    /**
     * It should be handed in, and nothing comes out before it is whole: a router reads it, and may
     * answer it. Once that has happened the mode is {@link #STREAM}.
     */
    HOLD
  }

  private final Exchange exchange;
  private final RequestHead head;
  private boolean isHandedIn;
  private boolean isUnseen;
  private boolean isEdited;
  private boolean ended;

  RequestBody(Exchange exchange, RequestHead head) {
    this.exchange = exchange;
    this.head = head;
  }

  /** What to do with the body. What another thread does at this moment may not show yet. */
  public Mode mode() {
    if (!head.wantsBody()) {
      return Mode.PASS;
    }
    RequestRouting routing = head.routing();
    return routing != null && routing.isOpen() ? Mode.HOLD : Mode.STREAM;
  }

  /**
   * What to change in the head of a request of which the body is handed in; {@link
   * HeaderEdits#EMPTY} in Standalone mode. {@code content-length} goes where the length can change,
   * and the backend is kept from codings of which no usage could be taken out again.
   *
   * @throws IllegalStateException after {@link #pass}, unless the mode is {@link Mode#PASS}
   */
  public HeaderEdits edits() {
    exchange.enter();
    try {
      handIn();
      isEdited = true;
      return head.editsWithBody();
    } finally {
      exchange.leave();
    }
  }

  /**
   * Lets the body go on unseen: it is neither routed nor asked for usage.
   *
   * @return what to change in the head of the request
   * @throws IllegalStateException when it has been handed in, unless the mode is {@link Mode#PASS}
   */
  public HeaderEdits pass() {
    exchange.enter();
    try {
      if (isHandedIn && head.wantsBody()) {
        throw new IllegalStateException("the body is handed in: write() it and end() it");
      }
      isUnseen = true;
      return head.edits();
    } finally {
      exchange.leave();
    }
  }

  private void handIn() {
    if (isUnseen && head.wantsBody()) {
      throw new IllegalStateException(
          "pass() has let the body go on unseen: take edits() instead to hand it in");
    }
    isHandedIn = true;
  }

  /** Before a response. */
  void requireEdits() {
    if (!isEdited && !isUnseen) {
      throw new IllegalStateException(
          "request().edits() or request().pass() comes before response(): what they return belongs"
              + " into the request");
    }
  }

  /**
   * The next piece of the body, cut anywhere. The array is only read, and not kept. What comes
   * after {@link #end} goes on as it is.
   *
   * @param out gets what goes on to the backend: at most a few bytes later, all of it; in {@link
   *     Mode#HOLD} with its last piece, or not at all when there is an {@link #answer}
   * @throws IllegalStateException after {@link #pass}
   */
  public void write(byte[] bytes, int offset, int length, BodySink out) {
    exchange.enter();
    try {
      handIn();
      RequestSize size = head.size();
      if (size != null) {
        size.add(length);
      }
      RequestRouting routing = head.routing();
      if (routing == null) {
        force(bytes, offset, length, out);
        return;
      }
      boolean decided = !routing.isOpen();
      try {
        routing.request(bytes, offset, length, (b, from, count) -> force(b, from, count, out));
      } finally {
        if (!decided) {
          exchange.takeDecision(routing);
        }
      }
    } finally {
      exchange.leave();
    }
  }

  /**
   * The body has ended. Again, it changes nothing.
   *
   * @param out gets what is left of it
   * @return {@link #answer}
   * @throws IllegalStateException after {@link #pass}
   */
  public @Nullable LocalAnswer end(BodySink out) {
    exchange.enter();
    try {
      handIn();
      if (!ended) {
        ended = true;
        endRouting(out);
        endForcing(out);
      }
      return answer();
    } finally {
      exchange.leave();
    }
  }

  private void endRouting(BodySink out) {
    RequestRouting routing = head.routing();
    if (routing != null && routing.isOpen()) {
      try {
        routing.end((b, from, count) -> force(b, from, count, out));
      } finally {
        exchange.takeDecision(routing);
      }
    }
  }

  private void endForcing(BodySink out) {
    UsageForcing forcing = head.forcing();
    Operation operation = head.operation();
    if (forcing == null || operation == null) {
      return;
    }
    forcing.endRequest(out);
    boolean isText = operation == Operation.CHAT || operation == Operation.COMPLETION;
    if (isText && answer() == null && forcing.isRefused()) {
      exchange.refuse(ErrorAnswers.unmeasurableBody(operation), EnumSet.of(Reason.UNMEASURABLE));
    }
  }

  /**
   * What was handed in cannot be held back any longer: it goes on unrouted. More of it may follow.
   *
   * @param out gets what was held back
   */
  public void release(BodySink out) {
    exchange.enter();
    try {
      RequestRouting routing = head.routing();
      if (routing != null) {
        routing.pass((b, from, count) -> force(b, from, count, out));
      }
    } finally {
      exchange.leave();
    }
  }

  private void force(byte[] bytes, int offset, int length, BodySink out) {
    UsageForcing forcing = head.forcing();
    if (forcing == null) {
      out.accept(bytes, offset, length);
    } else {
      forcing.request(bytes, offset, offset + length, out);
    }
  }

  /**
   * What the client gets instead of a backend's answer; null when a backend answers. Known once the
   * request was {@linkplain Exchange#refuse refused}, or its body is whole. The exchange is settled
   * then.
   */
  public @Nullable LocalAnswer answer() {
    return exchange.localAnswer();
  }

  /** Whether some of the body is held back here, or more of it may come that has to be edited. */
  public boolean isOpen() {
    UsageForcing forcing = head.forcing();
    RequestRouting routing = head.routing();
    return (forcing != null && forcing.isRequestOpen()) || (routing != null && routing.isHolding());
  }
}
