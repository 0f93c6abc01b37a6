// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.edit.RequestSplice;
import io.semanticrouter.maas.internal.edit.UsageStrip;
import io.semanticrouter.maas.internal.framing.Framing;
import io.semanticrouter.maas.record.ForcedUsage;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Asks for usage in the request of one exchange, and gives the response back as the client would
 * have seen it without that. Used by one thread at a time.
 */
public final class UsageForcing {
  private static final BodySink NOWHERE = (bytes, offset, length) -> {};

  private final Defects defects;
  private final AskedModels askedModels;
  private final String path;

  /** Whether a request that cannot be asked for its usage is not to go on. */
  private final boolean refuses;

  /** Whether the head says that the body has a coding; it may lie. */
  private final boolean encoded;

  /** Reads and edits the request; null once that has ended, and its facts are below. */
  private @Nullable RequestSplice splice;

  private UsageStrip.@Nullable Mode mode;
  private long choices;
  private @Nullable String model;
  private @Nullable String serviceTier;
  private ForcedUsage outcome = ForcedUsage.UNSEEN;

  private @Nullable UsageStrip strip;
  private BodySink requestSink = NOWHERE;
  private BodySink responseSink = NOWHERE;

  /** Whether a sink is at work, so that what is thrown is not ours. */
  private boolean delivering;

  private boolean seen;

  /** Whether the body has any bytes. */
  private boolean filled;

  private boolean answered;

  /**
   * Begins with the request headers.
   *
   * @param refuses whether a request that cannot be asked for its usage is not to go on
   * @param path of the request
   * @param continuous whether the backend can state usage in every chunk
   * @param encoded whether the head says that the body has a coding
   */
  public UsageForcing(
      Defects defects,
      AskedModels askedModels,
      boolean refuses,
      String path,
      boolean continuous,
      boolean encoded) {
    this.defects = defects;
    this.askedModels = askedModels;
    this.path = path;
    this.refuses = refuses;
    this.encoded = encoded;
    splice =
        new RequestSplice(
            (b, from, to) -> deliver(requestSink, b, from, to),
            continuous,
            name -> askedModels.asks(this.path, name));
  }

  private void deliver(BodySink sink, byte[] b, int from, int to) {
    delivering = true;
    sink.accept(b, from, to - from);
    delivering = false;
  }

  /** Whether a body is JSON as it stands there. */
  public static boolean isPlainJson(Headers request) {
    String type = request.get("content-type");
    return type == null || type.strip().toLowerCase(Locale.ROOT).startsWith("application/json");
  }

  /** A defect of ours is counted, and costs the edit; what a sink throws is the caller's. */
  public void request(byte[] b, int from, int to, BodySink out) {
    if (answered) {
      // What the client will see has been decided; asking for more would show in it.
      endRequest(out);
    }
    RequestSplice open = splice;
    if (open == null) {
      out.accept(b, from, to - from);
      return;
    }
    seen = true;
    filled |= from < to;
    requestSink = out;
    delivering = false;
    try {
      open.feed(b, from, to);
      note(open);
    } catch (RuntimeException | Error e) {
      if (delivering) {
        throw e;
      }
      giveUp(open, to - from, e);
    } finally {
      requestSink = NOWHERE;
    }
  }

  public void endRequest(BodySink out) {
    RequestSplice open = splice;
    if (open == null) {
      return;
    }
    splice = null;
    requestSink = out;
    delivering = false;
    try {
      open.end();
      if (seen && !answered) {
        note(open);
      }
    } catch (RuntimeException | Error e) {
      if (delivering) {
        throw e;
      }
      giveUp(open, 0, e);
    } finally {
      requestSink = NOWHERE;
    }
  }

  private void giveUp(RequestSplice open, int length, Throwable e) {
    defects.add(e);
    splice = null;
    open.giveUp(length);
  }

  /** What is known so far: a response may begin before the request has ended. */
  private void note(RequestSplice request) {
    mode = request.strip();
    serviceTier = request.serviceTier();
    choices = request.n() == RequestSplice.ABSENT ? 1 : request.n();
    model = request.model();
    outcome =
        switch (request.outcome()) {
          case EDITED -> ForcedUsage.EDITED;
          case ALREADY -> ForcedUsage.ALREADY;
          case NOT_STREAMING -> ForcedUsage.NOT_STREAMING;
          case NOT_JSON -> encoded ? ForcedUsage.ENCODED : ForcedUsage.NOT_JSON;
          case MALFORMED -> ForcedUsage.MALFORMED;
          case UNSAFE -> ForcedUsage.UNSAFE;
          case NOT_ASKED -> ForcedUsage.NOT_ASKED;
        };
  }

  /** Whether the request, which has ended, must not go on: what it costs could not be measured. */
  public boolean isRefused() {
    return refuses
        && filled
        && !answered
        && splice == null
        && (outcome == ForcedUsage.NOT_JSON
            || outcome == ForcedUsage.ENCODED
            || outcome == ForcedUsage.MALFORMED
            || outcome == ForcedUsage.UNSAFE);
  }

  /** Whether the request body has not ended, so that there may be more of it to come. */
  public boolean isRequestOpen() {
    return seen && splice != null;
  }

  /**
   * Whether the response may have to be freed of what the client did not ask for: it is to be fed,
   * its first bytes tell.
   */
  public boolean beginResponse(int status, @Nullable String contentType, boolean coded) {
    answered = true;
    strip = null;
    if (isRequestOpen() && (outcome == ForcedUsage.MALFORMED || outcome == ForcedUsage.NOT_JSON)) {
      // So far; and from here on nothing is edited.
      outcome = mode != null ? ForcedUsage.EDITED : ForcedUsage.UNSEEN;
    }
    boolean successful = status >= 200 && status <= 299;
    learn(successful, status == 400 || status == 422);
    Framing label = ResponseMeter.framing(contentType);
    if (mode != null && label != null && !coded && successful) {
      strip = new UsageStrip((b, from, to) -> deliver(responseSink, b, from, to), mode, label);
    }
    return strip != null;
  }

  /** What the answer says about asking this model. */
  private void learn(boolean successful, boolean refused) {
    if (outcome == ForcedUsage.EDITED && successful) {
      askedModels.taken(path, model);
    } else if (outcome == ForcedUsage.EDITED && refused) {
      outcome = ForcedUsage.REFUSED;
      askedModels.refused(path, model);
    } else if (outcome == ForcedUsage.NOT_ASKED && refused) {
      askedModels.refusedUnasked(path, model);
    }
  }

  /** The response cannot be changed: it goes on as it is. */
  public void stripNothing() {
    strip = null;
  }

  public boolean isStripping() {
    return strip != null;
  }

  public void response(byte[] b, int from, int to, BodySink out) {
    UsageStrip open = strip;
    if (open == null) {
      out.accept(b, from, to - from);
      return;
    }
    responseSink = out;
    delivering = false;
    try {
      open.feed(b, from, to);
    } catch (RuntimeException | Error e) {
      if (delivering) {
        throw e;
      }
      giveUp(open, to - from, e);
    } finally {
      responseSink = NOWHERE;
    }
  }

  public void endResponse(BodySink out) {
    UsageStrip open = strip;
    if (open == null) {
      return;
    }
    strip = null;
    responseSink = out;
    delivering = false;
    try {
      open.end();
    } catch (RuntimeException | Error e) {
      if (delivering) {
        throw e;
      }
      giveUp(open, 0, e);
    } finally {
      responseSink = NOWHERE;
    }
  }

  private void giveUp(UsageStrip open, int length, Throwable e) {
    defects.add(e);
    strip = null;
    open.giveUp(length);
  }

  /** The model that the request names, as it spells it; null when it names none or was not seen. */
  public @Nullable String model() {
    return model;
  }

  /** How many choices the request asks for, 0 when it was not seen. */
  public long choices() {
    return choices;
  }

  /** The service tier that the request asks for; null when it asks for none or was not seen. */
  public @Nullable String serviceTier() {
    return serviceTier;
  }

  public ForcedUsage outcome() {
    return outcome;
  }
}
