// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.internal.RequestSplice;
import io.semanticrouter.maas.internal.UsageStrip;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Asks for usage in the request of one exchange, and gives the response back as the client would
 * have seen it without that. Used by one thread at a time.
 */
final class UsageForcing {
  private static final BodySink NOWHERE = (bytes, offset, length) -> {};

  /** Reads and edits the request; null once that has ended, and its facts are below. */
  private @Nullable RequestSplice splice;

  private UsageStrip.@Nullable Mode mode;
  private long choices;
  private ForcedUsage outcome = ForcedUsage.UNSEEN;

  private @Nullable UsageStrip strip;
  private BodySink requestSink = NOWHERE;
  private BodySink responseSink = NOWHERE;
  private boolean seen;

  /**
   * Begins with the request headers.
   *
   * @param continuous whether the backend can state usage in every chunk
   */
  UsageForcing(boolean continuous) {
    splice = new RequestSplice((b, from, to) -> requestSink.accept(b, from, to - from), continuous);
  }

  /** Whether a body is JSON as it stands there. */
  static boolean isPlainJson(Headers request) {
    String type = request.get("content-type");
    return type == null || type.strip().toLowerCase(Locale.ROOT).startsWith("application/json");
  }

  void request(byte[] b, int from, int to, BodySink out) {
    if (splice == null) {
      out.accept(b, from, to - from);
      return;
    }
    seen = true;
    requestSink = out;
    try {
      splice.feed(b, from, to);
      note(splice);
    } finally {
      requestSink = NOWHERE;
    }
  }

  void endRequest(BodySink out) {
    RequestSplice open = splice;
    if (open == null) {
      return;
    }
    splice = null;
    requestSink = out;
    try {
      open.end();
      if (seen) {
        note(open);
      }
    } finally {
      requestSink = NOWHERE;
    }
  }

  /** What is known so far: a response may begin before the request has ended. */
  private void note(RequestSplice request) {
    mode = request.strip();
    choices = request.n() == RequestSplice.ABSENT ? 1 : request.n();
    outcome =
        switch (request.outcome()) {
          case EDITED -> ForcedUsage.EDITED;
          case ALREADY -> ForcedUsage.ALREADY;
          case NOT_STREAMING -> ForcedUsage.NOT_STREAMING;
          case NOT_JSON -> ForcedUsage.NOT_JSON;
          case MALFORMED -> ForcedUsage.MALFORMED;
          case UNSAFE -> ForcedUsage.UNSAFE;
        };
  }

  /** Whether the request body has not ended, so that there may be more of it to come. */
  boolean isRequestOpen() {
    return seen && splice != null;
  }

  /** Whether the response has to be freed of what the client did not ask for. */
  boolean beginResponse(int status, @Nullable String contentType, boolean encoded) {
    boolean events =
        contentType != null
            && contentType.strip().toLowerCase(Locale.ROOT).startsWith("text/event-stream");
    if (mode != null && events && !encoded && status >= 200 && status <= 299) {
      strip = new UsageStrip((b, from, to) -> responseSink.accept(b, from, to - from), mode);
    }
    return strip != null;
  }

  boolean isStripping() {
    return strip != null;
  }

  void response(byte[] b, int from, int to, BodySink out) {
    if (strip == null) {
      out.accept(b, from, to - from);
      return;
    }
    responseSink = out;
    try {
      strip.feed(b, from, to);
    } finally {
      responseSink = NOWHERE;
    }
  }

  void endResponse(BodySink out) {
    if (strip == null) {
      return;
    }
    responseSink = out;
    try {
      strip.end();
    } finally {
      responseSink = NOWHERE;
      strip = null;
    }
  }

  /** How many choices the request asks for, 0 when it was not seen. */
  long choices() {
    return choices;
  }

  ForcedUsage outcome() {
    return outcome;
  }
}
