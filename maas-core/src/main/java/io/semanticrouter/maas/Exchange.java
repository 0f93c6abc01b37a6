// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.engine.Defects;
import io.semanticrouter.maas.internal.engine.ErrorAnswers;
import io.semanticrouter.maas.internal.engine.KeptAnswer;
import io.semanticrouter.maas.internal.engine.PendingResponses;
import io.semanticrouter.maas.internal.engine.RequestRouting;
import io.semanticrouter.maas.internal.engine.RequestSize;
import io.semanticrouter.maas.internal.engine.ResponseMeter;
import io.semanticrouter.maas.internal.engine.RoutingFacts;
import io.semanticrouter.maas.internal.engine.RoutingHeaders;
import io.semanticrouter.maas.internal.engine.UsageForcing;
import io.semanticrouter.maas.internal.spelling.ModelPath;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.internal.usage.UsageScanner;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.RoutedRequest;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The life of one HTTP exchange, from {@link Metering#begin} to its settlement.
 *
 * <pre>{@code
 * try (Exchange exchange = metering.begin("POST", path, Headers.of(request.headers()))) {
 *   exchange.requestEdits().forEachRemove(upstreamRequest::removeHeader);
 *   HeaderEdits edits =
 *       exchange.onResponseHeaders(status, Headers.of(upstreamResponse.headers()));
 *   ...
 *   exchange.onResponseBody(chunk);   // each one, cut anywhere, in order
 *   ...
 *   exchange.end();                   // only when the response ended as it should
 * }
 * }</pre>
 *
 * <p>Whatever ends it first settles it, exactly once: {@link #end}, {@link #abort} or {@link
 * #close}. What comes later changes nothing. No method throws because of traffic.
 *
 * <p>Used by one thread at a time; hand-over from thread to thread needs a happens-before edge.
 */
public final class Exchange implements AutoCloseable {
  private static final VarHandle SETTLED;
  private static final int COPY_BYTES = 1024;

  static {
    try {
      SETTLED = MethodHandles.lookup().findVarHandle(Exchange.class, "settled", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Metering metering;
  private final @Nullable Operation operation;

  /** Whether only the answer can say that this is an operation at all. */
  private final boolean unlisted;

  /** What has made the response that is read or cancelled here; null for all other requests. */
  private final @Nullable Operation stored;

  private final String path;
  private final @Nullable RequestSize requestSize;
  private final Identity identity;
  private final HeaderEdits requestEdits;
  private final HeaderEdits requestEditsWithBody;
  private final @Nullable UsageForcing forcing;
  private final ForcedUsage forcedUsage;
  private final @Nullable RequestRouting requestRouting;
  private final RouterReport routerReport;

  /** Whether the head has no room for an edit without which the request must not go on. */
  private final boolean isHeadFull;

  private final Instant startedAt;
  private final long startedNanos;

  @SuppressWarnings("UnusedVariable") // through SETTLED
  private volatile boolean settled;

  private int status;
  private Routing routing = Routing.UNKNOWN;
  private @Nullable ResponseMeter meter;

  /**
   * Where the response body goes when it is only to be measured, without a detour: a chunk can be a
   * single byte.
   */
  private @Nullable UsageScanner plainBody;

  /** Where it goes when it has a coding or is kept. Both null when no more of it is wanted. */
  private @Nullable ByteSink otherBody;

  /** Gets the body as the client gets it; null when nobody wants it. */
  private @Nullable KeptAnswer kept;

  private @Nullable LocalAnswer localAnswer;

  /** Whether the answer may state the usage of a response that no other has stated. */
  private boolean polls;

  private boolean defective;
  private byte @Nullable [] copy;
  private @Nullable UsageRecord record;

  Exchange(
      Metering metering,
      @Nullable Operation operation,
      boolean unlisted,
      @Nullable Operation stored,
      String path,
      @Nullable RequestSize requestSize,
      Identity identity,
      HeaderEdits requestEdits,
      HeaderEdits requestEditsWithBody,
      @Nullable UsageForcing forcing,
      ForcedUsage forcedUsage,
      @Nullable RequestRouting requestRouting,
      RouterReport routerReport,
      boolean isHeadFull,
      Instant startedAt,
      long startedNanos) {
    this.metering = metering;
    this.operation = operation;
    this.unlisted = unlisted;
    this.stored = stored;
    this.path = path;
    this.requestSize = requestSize;
    this.identity = identity;
    this.requestEdits = requestEdits;
    this.requestEditsWithBody = requestEditsWithBody;
    this.forcing = forcing;
    this.forcedUsage = forcedUsage;
    this.requestRouting = requestRouting;
    this.routerReport = routerReport;
    this.isHeadFull = isHeadFull;
    this.startedAt = startedAt;
    this.startedNanos = startedNanos;
  }

  /**
   * Whether this is an LLM operation, so that a record will come of it, or may turn out to be one:
   * of a request on a path that no list names a record comes only when its answer states usage. If
   * not, nothing needs to be fed any more; only {@link #requestEdits} applies all the same.
   */
  public boolean isMetered() {
    return operation != null;
  }

  /** Whether a record may still come of it: it is metered, and not settled. */
  public boolean isOpen() {
    return operation != null && !settled;
  }

  /** Whom the exchange is billed to. */
  public Identity identity() {
    return identity;
  }

  /**
   * Refuses the request where the configuration says so: settles the exchange, and returns the
   * answer for the client instead of a backend's. Null when the request goes on. Refused is an
   * identity that cannot be billed ({@code authentication.unusable: refuse}), and a head that has
   * no room for the edits that a bill depends on ({@code usage.unmeasurable: refuse}), or for the
   * removal of headers with which a client would steer a router. Called right after {@link
   * Metering#begin}, by gateways that can answer themselves; without it nothing is refused. Nor are
   * unlisted requests: they need not have to do with models.
   */
  public @Nullable LocalAnswer refuse() {
    if (operation == null || unlisted || settled) {
      return null;
    }
    if (isHeadFull) {
      return refuse(ErrorAnswers.fullHead(operation), EnumSet.of(Reason.UNMEASURABLE));
    }
    return metering.refuses(identity)
        ? refuse(
            ErrorAnswers.unusableIdentity(operation),
            EnumSet.of(Reason.HTTP_ERROR, Reason.IDENTITY_REFUSED))
        : null;
  }

  /** The request does not go on. */
  private LocalAnswer refuse(LocalAnswer refusal, Set<Reason> reasons) {
    status = refusal.status();
    localAnswer = refusal;
    settleAnswered(Measurement.of(Status.NONE, reasons, null));
    return refusal;
  }

  /**
   * What to change in a request before it goes on of which the body goes on as it is; {@link
   * HeaderEdits#EMPTY} in Standalone mode.
   */
  public HeaderEdits requestEdits() {
    return requestEdits;
  }

  /**
   * What to change instead where the body passes through {@link #onRequestBody}: {@code
   * content-length} goes, since the length can change, and the backend is kept from codings of
   * which no usage could be taken out again. The same as {@link #requestEdits} unless {@link
   * #editsRequestBody}.
   */
  public HeaderEdits requestEditsWithBody() {
    return requestEditsWithBody;
  }

  /**
   * Whether the request body has to pass through {@link #onRequestBody} on its way to the backend:
   * it may be routed, or the backend asked for usage, or its bytes have to be counted. Its head
   * then wants {@link #requestEditsWithBody}.
   */
  public boolean editsRequestBody() {
    return forcing != null
        || requestRouting != null
        || (requestSize != null && requestSize.isCounting());
  }

  /**
   * Whether the request body is held back until it is whole, to be routed. A gateway that cannot
   * hold it calls {@link #passRequestBody} before any of it has to go on.
   */
  public boolean routesRequestBody() {
    return requestRouting != null && requestRouting.isOpen();
  }

  /**
   * The next piece of the request body, cut anywhere.
   *
   * @param out gets what goes on to the backend: at most a few bytes later, all of it; when it
   *     {@linkplain #routesRequestBody() is routed}, with its last piece, or not at all when there
   *     is a {@link #localAnswer()}
   */
  public void onRequestBody(byte[] bytes, int offset, int length, BodySink out) {
    if (requestSize != null) {
      requestSize.add(length);
    }
    RequestRouting open = requestRouting;
    if (open == null) {
      force(bytes, offset, length, out);
      return;
    }
    boolean decided = !open.isOpen();
    try {
      open.request(bytes, offset, length, (b, from, count) -> force(b, from, count, out));
    } finally {
      if (!decided) {
        takeDecision(open);
      }
    }
  }

  /**
   * The request body has ended.
   *
   * @param out gets what is left of it
   */
  public void endRequestBody(BodySink out) {
    RequestRouting open = requestRouting;
    if (open != null && open.isOpen()) {
      try {
        open.end((b, from, count) -> force(b, from, count, out));
      } finally {
        takeDecision(open);
      }
    }
    if (forcing != null) {
      forcing.endRequest(out);
      boolean isText = operation == Operation.CHAT || operation == Operation.COMPLETION;
      if (operation != null && isText && localAnswer == null && forcing.isRefused()) {
        refuse(ErrorAnswers.unmeasurableBody(operation), EnumSet.of(Reason.UNMEASURABLE));
      }
    }
  }

  /**
   * The request body cannot be held back any longer: it goes on unrouted.
   *
   * @param out gets what was held back
   */
  public void passRequestBody(BodySink out) {
    if (requestRouting != null) {
      requestRouting.pass((b, from, count) -> force(b, from, count, out));
    }
  }

  private void force(byte[] bytes, int offset, int length, BodySink out) {
    if (forcing == null) {
      out.accept(bytes, offset, length);
    } else {
      forcing.request(bytes, offset, offset + length, out);
    }
  }

  private void takeDecision(RequestRouting decided) {
    RoutedRequest routed = decided.routed();
    if (routed == null) {
      return;
    }
    routing = routed.routing();
    RoutedRequest.Answer answer = routed.answer();
    if (answer != null) {
      status = answer.status();
      localAnswer = decided.localAnswer();
      settleAnswered(answer.measurement());
    } else if (routed.keeper() != null) {
      kept = new KeptAnswer(metering.failures(), routed.keeper());
    }
  }

  /**
   * What the client gets instead of a backend's answer; null when a backend answers. Known once the
   * request was {@linkplain #refuse() refused}, or once its body is whole. The exchange is settled
   * then.
   */
  public @Nullable LocalAnswer localAnswer() {
    return localAnswer;
  }

  /** Whether more of the request body may come that has to be edited. */
  public boolean isRequestBodyOpen() {
    return (forcing != null && forcing.isRequestOpen())
        || (requestRouting != null && requestRouting.isHolding());
  }

  /**
   * The response headers have arrived. Informational (1xx) responses are not for this method. Where
   * a gateway has asked again, or answers in place of a backend, they come a second time: the
   * client gets that response, so that it alone counts, and what was measured of the one before is
   * forgotten.
   *
   * @param responseStatus the HTTP status code
   * @return what to change in them before they go on; {@link HeaderEdits#EMPTY} in Standalone mode
   */
  public HeaderEdits onResponseHeaders(int responseStatus, Headers headers) {
    if (operation == null) {
      return HeaderEdits.EMPTY;
    }
    if (settled) {
      return forcing == null
          ? HeaderEdits.EMPTY
          : strip(forcing, responseStatus, HeaderEdits.EMPTY, headers);
    }
    status = responseStatus;
    if (unlisted && !mayStateUsage(headers)) {
      return HeaderEdits.EMPTY;
    }
    if (requestRouting != null) {
      requestRouting.answered();
    }
    HeaderEdits edits = HeaderEdits.EMPTY;
    try {
      stopMeasuring();
      RoutingFacts facts = metering.routingHeaders().read(headers);
      RoutedRequest routed = requestRouting == null ? null : requestRouting.routed();
      routing = routed == null ? facts.routing() : routed.routing().over(facts.routing());
      boolean free = operation == Operation.NOT_METERED;
      polls = stored != null && (!free || metering.pending().isWaiting());
      meter =
          new ResponseMeter(
              polls && free && stored != null ? stored : operation,
              metering.config().usage(),
              requestSize != null,
              metering.codings(),
              responseStatus,
              headers,
              polls ? RoutingFacts.NONE : facts);
      UsageScanner plain = meter.plainBody();
      if (kept == null) {
        plainBody = plain;
        otherBody = meter.codedBody();
      } else {
        otherBody = plain == null ? meter.codedBody() : plain::feed;
        kept.begin(wantsResponseBody(), responseStatus, headers);
      }
      if (metering.config().mode().isIntegrated() && !unlisted) {
        // Asked for by us, then, and not by the client.
        boolean debugged = requestEdits.sets(RoutingHeaders.DEBUG);
        edits = metering.routingHeaders().write(routing, headers, debugged);
      }
    } catch (Throwable e) {
      fail(e);
    }
    return forcing == null ? edits : strip(forcing, responseStatus, edits, headers);
  }

  /** Whether the answer to an unlisted request looks like one of a model; such are counted. */
  private boolean mayStateUsage(Headers headers) {
    try {
      boolean successful = status >= 200 && status <= 299;
      if (!successful || !ResponseMeter.holdsDocuments(headers.get("content-type"))) {
        return false;
      }
      metering.unlisted().add(path, metering.nanos());
      return metering.config().usage().unlisted() == UsageConfig.Unlisted.DETECT;
    } catch (Throwable e) {
      fail(e);
      return false;
    }
  }

  /** Also when the measurement has failed or is over: the usage is there all the same. */
  private HeaderEdits strip(
      UsageForcing forced, int responseStatus, HeaderEdits edits, Headers headers) {
    try {
      boolean encoded = ResponseMeter.isEncoded(headers.get("content-encoding"));
      boolean stripped = forced.beginResponse(responseStatus, headers.get("content-type"), encoded);
      if (!stripped || headers.get("content-length") == null) {
        return edits;
      }
      HeaderEdits shorter = edits.withRemove("content-length");
      if (shorter.fitInto(headers)) {
        return shorter;
      }
      forced.stripNothing();
      return edits;
    } catch (Throwable e) {
      if (!defective) { // one defect, however often it shows
        metering.failures().add(e);
      }
      return edits;
    }
  }

  /**
   * Whether the response body is needed; known once the response headers are. One of media under a
   * label that does not say so is needed until its first bytes do.
   */
  public boolean wantsResponseBody() {
    UsageScanner plain = plainBody;
    return plain == null ? otherBody != null : !plain.isMedia();
  }

  /**
   * Whether the response body has to pass through {@link #onResponseBody(byte[], int, int,
   * BodySink)} on its way to the client, because it can hold usage that the client did not ask for.
   * Known once the response headers are.
   */
  public boolean editsResponseBody() {
    return forcing != null && forcing.isStripping();
  }

  /**
   * The next piece of the response body, cut anywhere: measured, and passed on as the client would
   * have got it without the metering.
   *
   * @param out gets what goes on to the client, as early as it can
   */
  public void onResponseBody(byte[] bytes, int offset, int length, BodySink out) {
    measure(bytes, offset, length);
    if (forcing == null) {
      keep(bytes, offset, length);
      out.accept(bytes, offset, length);
    } else {
      forcing.response(bytes, offset, offset + length, kept(out));
    }
  }

  private BodySink kept(BodySink out) {
    KeptAnswer open = kept;
    return open == null || !open.isOpen()
        ? out
        : (b, from, count) -> {
          open.accept(b, from, count);
          out.accept(b, from, count);
        };
  }

  /**
   * The response body has ended.
   *
   * @param out gets what is left of it
   */
  public void endResponseBody(BodySink out) {
    if (forcing != null) {
      forcing.endResponse(kept(out));
    }
  }

  /** The next piece of the response body, cut anywhere. The buffer's position does not change. */
  public void onResponseBody(ByteBuffer chunk) {
    if (!wantsResponseBody()) {
      return;
    }
    if (chunk.hasArray()) {
      int from = chunk.arrayOffset() + chunk.position();
      onResponseBody(chunk.array(), from, chunk.remaining());
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
      onResponseBody(piece, 0, length);
    }
  }

  /** The next piece of the response body, cut anywhere. The array is only read, and not kept. */
  public void onResponseBody(byte[] bytes, int offset, int length) {
    UsageScanner plain = plainBody;
    if (plain == null) {
      measureOther(bytes, offset, length);
      keep(bytes, offset, length);
      return;
    }
    try {
      plain.feed(bytes, offset, offset + length);
    } catch (Throwable e) {
      fail(e);
    }
  }

  private void keep(byte[] bytes, int offset, int length) {
    if (kept != null) {
      kept.accept(bytes, offset, length);
    }
  }

  private void measure(byte[] bytes, int offset, int length) {
    if (plainBody == null) {
      measureOther(bytes, offset, length);
    } else {
      onResponseBody(bytes, offset, length);
    }
  }

  private void measureOther(byte[] bytes, int offset, int length) {
    ByteSink body = otherBody;
    if (body == null) {
      return;
    }
    try {
      body.accept(bytes, offset, offset + length);
    } catch (Throwable e) {
      fail(e);
    }
  }

  /**
   * Whether the backend has stated its final usage. It can be acted upon at once; the record comes
   * with the end of the exchange.
   */
  public boolean hasFinalUsage() {
    return meter != null && meter.hasFinalUsage();
  }

  /** The usage stated so far: the final one, a running one, or null when there is none yet. */
  public @Nullable TokenUsage usageSoFar() {
    try {
      return meter == null ? null : meter.usageSoFar();
    } catch (Throwable e) {
      fail(e);
      return null;
    }
  }

  /** The model to bill as far as it is known: the one that the record will name, once settled. */
  public String modelSoFar() {
    return record == null ? facts().model() : record.model();
  }

  /**
   * What the usage so far costs; null when there is none, when it has no price, or when cost is not
   * calculated here.
   */
  public @Nullable Cost costSoFar() {
    return soFar().cost();
  }

  /** What an exchange has come to: {@link #modelSoFar}, {@link #usageSoFar}, {@link #costSoFar}. */
  public record SoFar(String model, @Nullable TokenUsage usage, @Nullable Cost cost) {}

  /** All three at once, for less than one after the other. */
  public SoFar soFar() {
    TokenUsage usage = usageSoFar();
    if (record != null) {
      return new SoFar(record.model(), usage, record.cost());
    }
    Routing facts = facts();
    Cost cost =
        usage == null || meter == null
            ? null
            : metering.pricing().cost(facts, serviceTier(), usage, meter.otherLinesSoFar());
    return new SoFar(facts.model(), usage, cost);
  }

  private Routing facts() {
    String model = meter == null ? null : meter.model();
    return routing.withResponseModel(model != null ? model : ModelPath.model(path));
  }

  /**
   * The record, once the exchange is settled; null before, for what is not metered, and for an
   * unlisted request whose answer states no usage.
   */
  public @Nullable UsageRecord record() {
    return record;
  }

  /**
   * Not all of the response body may have been shown: it is measured as far as it was, and nobody
   * keeps it.
   */
  public void keepNothing() {
    if (kept != null) {
      kept.abandon();
    }
  }

  /** The response has ended as it should: its last byte has been seen. */
  public void end() {
    settle(null);
  }

  /** The exchange ended otherwise. What is known by now is what is billed. */
  public void abort(AbortReason reason) {
    settle(reason);
  }

  /** Settles as {@link AbortReason#ABANDONED} what is not settled yet. */
  @Override
  public void close() {
    settle(AbortReason.ABANDONED);
  }

  private void settle(@Nullable AbortReason abort) {
    if (operation == null || !SETTLED.compareAndSet(this, false, true)) {
      return;
    }
    plainBody = null;
    otherBody = null;
    if (meter != null && forcing != null) {
      meter.choicesPerPrompt(forcing.choices());
    }
    if (requestRouting != null) {
      requestRouting.settled();
    }
    Measurement measurement = measure(abort);
    if (unlisted && (meter == null || !meter.isUsageStated())) {
      return; // an estimate of what may be no model's answer is none
    }
    recordOnce(operation, measurement);
    if (kept != null) {
      if (abort != null || defective) {
        kept.abandon();
      } else {
        kept.end(measurement, modelSoFar());
      }
    }
  }

  /** What a response that goes on after its POST used is billed once, as the POST was. */
  private void recordOnce(Operation settledOperation, Measurement measurement) {
    ResponseMeter measured = meter;
    if (measured == null || defective) {
      record(settledOperation, measurement);
      return;
    }
    long id = measured.responseId();
    boolean stated = polls && id != 0 && measured.isUsageStated() && !measured.isRunning();
    PendingResponses.Posted posted = stated ? metering.pending().bill(id, metering.nanos()) : null;
    if (posted != null && !posted.billed()) {
      record(
          posted.operation(),
          posted.identity(),
          posted.routing().withResponseModel(measured.model()),
          posted.estimated() ? measurement.with(Reason.REPLACES_ESTIMATE) : measurement);
    } else if (posted != null || (polls && settledOperation == Operation.NOT_METERED)) {
      Measurement none = ResponseMeter.without(Status.NONE, Reason.NOT_METERED);
      boolean unknown = stated && posted == null && measured.isBackground();
      record(settledOperation, unknown ? none.with(Reason.UNKNOWN_RESPONSE) : none);
    } else {
      record(settledOperation, measurement);
      remember(settledOperation, measured, measurement);
    }
  }

  private void remember(
      Operation settledOperation, ResponseMeter measured, Measurement measurement) {
    long id = measured.responseId();
    boolean awaited =
        measured.isAwaited()
            && (measurement.status() == Status.NONE || measurement.status() == Status.ESTIMATED);
    if (id != 0 && stored == null && (awaited || measured.isBackground())) {
      metering
          .pending()
          .put(
              id,
              new PendingResponses.Posted(
                  settledOperation,
                  identity,
                  facts(),
                  measurement.status() == Status.ESTIMATED,
                  metering.nanos(),
                  !awaited));
    }
  }

  /** Without a backend. */
  private void settleAnswered(Measurement measurement) {
    if (operation != null && SETTLED.compareAndSet(this, false, true)) {
      record(operation, measurement);
    }
  }

  private void record(Operation settledOperation, Measurement measurement) {
    record(settledOperation, identity, facts(), measurement);
  }

  private void record(
      Operation settledOperation, Identity payer, Routing facts, Measurement measurement) {
    ForcedUsage forced = forcing == null ? forcedUsage : forcing.outcome();
    record =
        metering.settle(
            settledOperation,
            payer,
            facts,
            status,
            localAnswer == null || measurement.has(Reason.UNMEASURABLE) ? forced : ForcedUsage.OFF,
            requestRouting == null ? routerReport : requestRouting.report(),
            serviceTier(),
            measurement,
            startedAt,
            Duration.ofNanos(Math.max(0, metering.nanos() - startedNanos)));
  }

  private ServiceTier serviceTier() {
    String requested = forcing == null ? null : forcing.serviceTier();
    String served = meter == null ? null : meter.serviceTier();
    return requested == null && served == null
        ? ServiceTier.UNKNOWN
        : new ServiceTier(Texts.sanitise(requested), Texts.sanitise(served));
  }

  private Measurement measure(@Nullable AbortReason abort) {
    if (defective) {
      return ResponseMeter.without(Status.FAILED, Reason.INTERNAL_ERROR);
    }
    if (meter == null) {
      return Measurement.of(
          Status.NONE,
          abort == null
              ? Set.of(Reason.NO_RESPONSE)
              : EnumSet.of(Reason.NO_RESPONSE, abort.reason()),
          null);
    }
    try {
      return meter.measure(abort, requestSize);
    } catch (Throwable e) {
      fail(e);
      return ResponseMeter.without(Status.FAILED, Reason.INTERNAL_ERROR);
    }
  }

  /** Whatever a callback catches: one defect, and the exchange is not measured any more. */
  private void fail(Throwable e) {
    defective = true;
    try {
      stopMeasuring();
    } catch (Throwable again) {
      Defects.passOn(again);
    }
    keepNothing();
    metering.failures().add(e);
  }

  private void stopMeasuring() {
    ResponseMeter measuring = meter;
    meter = null;
    plainBody = null;
    otherBody = null;
    if (measuring != null) {
      measuring.close();
    }
  }
}
