// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.semanticrouter.maas.http.Headers;
import org.jspecify.annotations.Nullable;

/**
 * What of a {@code ProcessingRequest} is read, whoever decoded it. Its headers and its bytes are
 * lent: nothing of them may be read once it is {@linkplain #release released}.
 */
final class Message {
  /** Where a message has been read from. */
  interface Source {
    /** The message in full; null when the generated classes cannot read it. */
    @Nullable ProcessingRequest whole();

    /** Takes back what is lent. */
    void release();
  }

  private static final byte[] NOTHING = {};

  /** Stands for bytes that are no {@code ProcessingRequest}. */
  static final Message UNREADABLE =
      head(
          new Source() {
            @Override
            public @Nullable ProcessingRequest whole() {
              return null;
            }

            @Override
            public void release() {
              // Nothing is lent.
            }
          },
          Phase.UNKNOWN,
          false,
          false,
          Headers.EMPTY,
          BodyMode.UNKNOWN,
          BodyMode.UNKNOWN);

  final Phase phase;

  /** Whether the message ends its direction of the exchange. */
  final boolean endOfStream;

  /** Whether the data plane only lets us watch ({@code observability_mode}): it wants no reply. */
  final boolean observed;

  /** Of the header phases; none in the others. */
  final Headers headers;

  /** The body is from {@link #from} to {@link #to}; empty in the phases that have none. */
  final byte[] bytes;

  final int from;
  final int to;

  final BodyMode requestMode;
  final BodyMode responseMode;

  private final Source source;

  private Message(
      Source source,
      Phase phase,
      boolean endOfStream,
      boolean observed,
      Headers headers,
      byte[] bytes,
      int from,
      int to,
      BodyMode requestMode,
      BodyMode responseMode) {
    this.source = source;
    this.phase = phase;
    this.endOfStream = endOfStream;
    this.observed = observed;
    this.headers = headers;
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.requestMode = requestMode;
    this.responseMode = responseMode;
  }

  /** A message with or without headers. */
  static Message head(
      Source source,
      Phase phase,
      boolean endOfStream,
      boolean observed,
      Headers headers,
      BodyMode requestMode,
      BodyMode responseMode) {
    return new Message(
        source, phase, endOfStream, observed, headers, NOTHING, 0, 0, requestMode, responseMode);
  }

  /** A message with a piece of a body. */
  static Message body(
      Source source,
      Phase phase,
      boolean endOfStream,
      boolean observed,
      byte[] bytes,
      int from,
      int to,
      BodyMode requestMode,
      BodyMode responseMode) {
    return new Message(
        source,
        phase,
        endOfStream,
        observed,
        Headers.EMPTY,
        bytes,
        from,
        to,
        requestMode,
        responseMode);
  }

  /**
   * The message in full, for what is rarely asked for. Null when the generated classes cannot read
   * it.
   */
  @Nullable ProcessingRequest whole() {
    return source.whole();
  }

  /**
   * The message has been handled. One that is not released only costs its buffer: the next message
   * gets a new one.
   */
  void release() {
    source.release();
  }
}
