// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Holds the body of one request until it is whole, and has the router decide. Whatever keeps it
 * from that, all bytes go on, in order, as they came. Used by one thread at a time.
 */
public final class RequestRouting {
  private static final int FIRST_BYTES = 4096;
  private static final byte[] NOTHING = {};

  private final Defects defects;
  private final HeldRequests heldRequests;
  private final BiFunction<Routing, RoutedRequest.Answer, LocalAnswer> answers;
  private final RequestRouter router;
  private final Operation operation;
  private final String path;
  private final Identity identity;
  private final int maxBodyBytes;
  private final long maxHeldBytes;

  /** Alternating names and values: those of a request are gone when its body is whole. */
  private final List<String> headers;

  /** Where the body ends, as the head of the request says; -1 when it does not. */
  private final long bodyBytes;

  private byte[] held = NOTHING;
  private int length;
  private boolean open = true;

  /** What {@link #held} takes of the room for all requests. */
  private int reserved;

  /**
   * A backend has answered what it has seen, or the exchange is settled: the rest of the request
   * cannot change that.
   */
  private boolean late;

  private RouterReport report = RouterReport.of(Result.UNSEEN);
  private @Nullable RoutedRequest routed;
  private @Nullable LocalAnswer localAnswer;

  public RequestRouting(
      Defects defects,
      HeldRequests heldRequests,
      BiFunction<Routing, RoutedRequest.Answer, LocalAnswer> answers,
      RequestRouter router,
      Operation operation,
      String path,
      Identity identity,
      Headers headers,
      long bodyBytes) {
    this.defects = defects;
    this.heldRequests = heldRequests;
    this.answers = answers;
    this.router = router;
    this.operation = operation;
    this.path = path;
    this.identity = identity;
    this.maxBodyBytes = router.maxBodyBytes();
    this.maxHeldBytes = router.maxHeldBytes();
    this.headers = kept(router.headers(), headers);
    this.bodyBytes = bodyBytes;
  }

  private static List<String> kept(List<String> names, Headers headers) {
    List<String> kept = new ArrayList<>(0);
    for (int i = 0; i < names.size(); i++) {
      String value = headers.get(names.get(i));
      if (value != null) {
        kept.add(names.get(i));
        kept.add(value);
      }
    }
    return kept;
  }

  private @Nullable String header(String name) {
    for (int i = 0; i < headers.size(); i += 2) {
      if (headers.get(i).equals(name)) {
        return headers.get(i + 1);
      }
    }
    return null;
  }

  /** Whether nothing of the request has gone on so far. */
  public boolean isOpen() {
    return open;
  }

  /** Whether some of it is held back. */
  public boolean isHolding() {
    return open && length > 0;
  }

  /** A response has begun: what has not been decided is decided no more. */
  public void answered() {
    late = true;
  }

  /** The exchange is settled. What is held back still goes on, if it is asked for. */
  public void settled() {
    late = true;
    release();
  }

  /** Takes a piece. What follows the end that the head states is not looked at. */
  public void request(byte[] b, int offset, int count, BodySink next) {
    if (late) {
      pass(next);
    }
    if (!open) {
      next.accept(b, offset, count);
      return;
    }
    if (length + (long) count > maxBodyBytes) {
      pass(Result.TOO_LARGE, next);
      next.accept(b, offset, count);
      return;
    }
    if (length == 0 && count == bodyBytes) {
      decide(b, offset, offset + count, next);
      return;
    }
    if (!hasRoomFor(length + count)) {
      pass(Result.CROWDED, next);
      next.accept(b, offset, count);
      return;
    }
    System.arraycopy(b, offset, held, length, count);
    length += count;
    if (length == bodyBytes) {
      decide(held, 0, length, next);
    }
  }

  /** The body is whole. */
  public void end(BodySink next) {
    if (late) {
      pass(next);
    }
    if (open && length > 0) {
      decide(held, 0, length, next);
    }
    open = false;
  }

  /** It will not become whole here, or not before it has to go on. */
  public void pass(BodySink next) {
    if (open) {
      pass(Result.UNSEEN, next);
    }
  }

  private void pass(Result why, BodySink next) {
    open = false;
    report = RouterReport.of(why);
    byte[] bytes = held;
    letGo();
    if (length > 0) {
      next.accept(bytes, 0, length);
    }
  }

  private void decide(byte[] b, int from, int to, BodySink next) {
    open = false;
    letGo();
    RoutedRequest decided;
    try {
      decided =
          router.route(
              RoutableRequest.of(operation, path, b, from, to)
                  .withIdentity(identity)
                  .withHeaders(this::header));
      RoutedRequest.Answer answer = decided.answer();
      localAnswer = answer == null ? null : answers.apply(decided.routing(), answer);
    } catch (Throwable e) {
      defects.add(e);
      report = RouterReport.of(Result.FAILED);
      next.accept(b, from, to - from);
      return;
    }
    routed = decided;
    report = decided.report();
    if (localAnswer != null) {
      return;
    }
    byte[] body = decided.body();
    if (body == null) {
      next.accept(b, from, to - from);
    } else {
      next.accept(body, 0, body.length);
    }
  }

  private boolean hasRoomFor(int needed) {
    if (needed <= held.length) {
      return true;
    }
    long doubled = Math.max(Math.max(FIRST_BYTES, needed), 2L * held.length);
    int larger = (int) Math.min(doubled, maxBodyBytes);
    if (!heldRequests.reserve(larger - reserved, maxHeldBytes)) {
      return false;
    }
    reserved = larger;
    held = Arrays.copyOf(held, larger);
    return true;
  }

  private void letGo() {
    held = NOTHING;
    release();
  }

  private void release() {
    heldRequests.release(reserved);
    reserved = 0;
  }

  /** What was decided; null when nothing was. */
  public @Nullable RoutedRequest routed() {
    return routed;
  }

  /** What the client gets without a backend; null when nothing like that was decided. */
  public @Nullable LocalAnswer localAnswer() {
    return localAnswer;
  }

  public RouterReport report() {
    return report;
  }
}
