// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.LocalAnswer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One reply, as what it says; a codec makes a {@code ProcessingResponse} of it. It answers one
 * message of the same phase, or ends the exchange with an answer of its own: Envoy takes any other
 * for an error of ours. Nearly all are constants. Immutable.
 */
final class Reply {
  /** What becomes of the piece of a body that is answered. */
  enum Body {
    /** It goes on as it is; so do messages without a body. */
    KEPT,
    /** These bytes go on instead, or none. */
    REPLACED,
    /** These bytes are what goes on: in full duplex nothing else does. */
    ECHOED
  }

  private static final byte[] NOTHING = {};

  private static final Map<Phase, Reply> NEUTRAL = new EnumMap<>(Phase.class);
  private static final Map<ModeOverride, Reply> REQUEST_OVERRIDES =
      new EnumMap<>(ModeOverride.class);
  private static final Map<ModeOverride, Reply> RESPONSE_OVERRIDES =
      new EnumMap<>(ModeOverride.class);
  private static final List<Reply> CONSTANTS;

  static {
    List<Reply> all = new ArrayList<>();
    for (Phase phase : Phase.values()) {
      if (phase != Phase.UNKNOWN) {
        NEUTRAL.put(phase, constant(phase, null, all));
      }
    }
    for (ModeOverride override : ModeOverride.values()) {
      REQUEST_OVERRIDES.put(override, constant(Phase.REQUEST_HEADERS, override, all));
      RESPONSE_OVERRIDES.put(override, constant(Phase.RESPONSE_HEADERS, override, all));
    }
    CONSTANTS = List.copyOf(all);
  }

  static final Reply REQUEST_TRAILERS = neutral(Phase.REQUEST_TRAILERS);
  static final Reply RESPONSE_TRAILERS = neutral(Phase.RESPONSE_TRAILERS);

  final Phase phase;
  final HeaderEdits edits;
  final @Nullable ModeOverride override;
  final Body body;

  /** What goes on is from {@link #from} to {@link #to}. Read when the reply is sent, not later. */
  final byte[] bytes;

  final int from;
  final int to;

  /** Whether an echoed piece is the last one of its direction. */
  final boolean endOfStream;

  final @Nullable UsageMetadata metadata;

  /** What the client gets instead of an answer of a backend; null when the exchange goes on. */
  final @Nullable LocalAnswer answer;

  /** Its place among the {@link #constants}, or -1. */
  private final int constant;

  private Reply(
      Phase phase,
      HeaderEdits edits,
      @Nullable ModeOverride override,
      Body body,
      byte[] bytes,
      int from,
      int to,
      boolean endOfStream,
      @Nullable UsageMetadata metadata,
      @Nullable LocalAnswer answer,
      int constant) {
    this.phase = phase;
    this.edits = edits;
    this.override = override;
    this.body = body;
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.endOfStream = endOfStream;
    this.metadata = metadata;
    this.answer = answer;
    this.constant = constant;
  }

  private static Reply constant(
      Phase phase, @Nullable ModeOverride override, List<Reply> constants) {
    HeaderEdits none = HeaderEdits.EMPTY;
    int place = constants.size();
    Reply reply =
        new Reply(phase, none, override, Body.KEPT, NOTHING, 0, 0, false, null, null, place);
    constants.add(reply);
    return reply;
  }

  /** The replies that are sent again and again, each at its {@link #constantIndex}. */
  static List<Reply> constants() {
    return CONSTANTS;
  }

  /** The reply that changes nothing. */
  static Reply neutral(Phase phase) {
    Reply reply = NEUTRAL.get(phase);
    if (reply == null) {
      throw new IllegalArgumentException("no reply to " + phase);
    }
    return reply;
  }

  /** A reply to headers. */
  static Reply headers(Phase phase, HeaderEdits edits, @Nullable ModeOverride override) {
    if (!edits.isEmpty()) {
      return new Reply(phase, edits, override, Body.KEPT, NOTHING, 0, 0, false, null, null, -1);
    }
    Reply reply =
        override == null
            ? NEUTRAL.get(phase)
            : (phase == Phase.REQUEST_HEADERS ? REQUEST_OVERRIDES : RESPONSE_OVERRIDES)
                .get(override);
    if (reply == null) {
      throw new IllegalArgumentException("no reply to headers: " + phase);
    }
    return reply;
  }

  /** A piece of a body that goes on as this instead. */
  static Reply replaced(Phase phase, byte[] bytes, int from, int to) {
    return new Reply(
        phase, HeaderEdits.EMPTY, null, Body.REPLACED, bytes, from, to, false, null, null, -1);
  }

  /** A piece of a body that goes on in full duplex. */
  static Reply echoed(Phase phase, byte[] bytes, int from, int to, boolean endOfStream) {
    return new Reply(
        phase, HeaderEdits.EMPTY, null, Body.ECHOED, bytes, from, to, endOfStream, null, null, -1);
  }

  /** Ends the exchange: no backend sees the request any more. */
  static Reply answered(Phase phase, LocalAnswer answer) {
    return new Reply(
        phase, HeaderEdits.EMPTY, null, Body.KEPT, NOTHING, 0, 0, false, null, answer, -1);
  }

  /** The same with something to know for Envoy. */
  Reply withMetadata(UsageMetadata added) {
    return new Reply(phase, edits, override, body, bytes, from, to, endOfStream, added, answer, -1);
  }

  /** Whether it is one of the {@link #constants}. */
  boolean isConstant() {
    return constant >= 0;
  }

  /** Its place among the {@link #constants}; -1 when it is none of them. */
  int constantIndex() {
    return constant;
  }
}
