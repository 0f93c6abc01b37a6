// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.internal.engine.Defects;
import io.semanticrouter.maas.internal.engine.Engine;
import io.semanticrouter.maas.internal.engine.ErrorAnswers;
import io.semanticrouter.maas.internal.engine.KeptAnswer;
import io.semanticrouter.maas.internal.engine.PendingResponses;
import io.semanticrouter.maas.internal.engine.RequestHead;
import io.semanticrouter.maas.internal.engine.RequestRouting;
import io.semanticrouter.maas.internal.engine.ResponseMeter;
import io.semanticrouter.maas.internal.spelling.ModelPath;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.RoutedRequest;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The life of one HTTP exchange, from {@link Metering#begin} to its settlement.
 *
 * <pre>{@code
 * try (Exchange exchange = metering.begin("POST", path, Headers.of(request.headers()))) {
 *   exchange.request().pass().forEachRemove(upstreamRequest::removeHeader);
 *   ...
 *   ResponseBody body = exchange.response(status, Headers.of(upstreamResponse.headers()));
 *   ...
 *   body.watch(chunk);   // each one, cut anywhere, in order
 *   ...
 *   body.end();          // only when the response ended as it should
 * }
 * }</pre>
 *
 * <p>What ends it first settles it, exactly once: the end of its response, {@link #abort} or {@link
 * #close}. What comes later changes nothing. No method throws because of traffic; a call out of its
 * order throws {@link IllegalStateException} and says which one comes first.
 *
 * <p>Thread-safe. Calls wait for each other, but for {@link #abort} and {@link #close}: they return
 * at once, also while a piece of a body is on its way, and then settle the exchange after it.
 */
public final class Exchange implements AutoCloseable {
  static final BodySink NOWHERE = (bytes, offset, length) -> {};

  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final VarHandle ENDING;

  static {
    try {
      ENDING = MethodHandles.lookup().findVarHandle(Exchange.class, "ending", AbortReason.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Records records;
  private final Engine engine;
  private final RequestHead head;
  private final RequestBody request;
  private final Instant startedAt;
  private final long startedNanos;

  /** Held while anything below changes, also while a sink is at work. */
  private final ReentrantLock lock = new ReentrantLock();

  /** What ends the exchange as soon as the lock is free; null when nothing does. */
  private volatile @Nullable AbortReason ending;

  private volatile boolean settled;
  private int status;

  /** What has settled it; null when it ended as it should. */
  private @Nullable AbortReason abortedBy;

  private Routing routing = Routing.UNKNOWN;
  private @Nullable ResponseBody response;

  /** Gets the body as the client gets it; null when nobody wants it. */
  private @Nullable KeptAnswer kept;

  private volatile @Nullable LocalAnswer localAnswer;
  private boolean defective;

  /** Whether a sink has heard of its usage, and waits for the record. */
  private boolean isStated;

  /** Made when it is first asked for. */
  private @Nullable String id;

  private volatile @Nullable UsageRecord record;

  Exchange(Records records, Engine engine, RequestHead head) {
    this.records = records;
    this.engine = engine;
    this.head = head;
    request = new RequestBody(this, head);
    startedAt = engine.now();
    startedNanos = engine.nanos();
  }

  // --- the way of a call ---------------------------------------------------------------------

  void enter() {
    lock.lock();
  }

  /** Also settles what was to be settled meanwhile. */
  void leave() {
    lock.unlock();
    if (ending != null) {
      settleIfFree();
    }
  }

  /** If not, the call that holds the lock does it when it leaves. */
  private void settleIfFree() {
    if (!settled && !lock.isHeldByCurrentThread() && lock.tryLock()) {
      try {
        settle(ending);
      } finally {
        lock.unlock();
      }
    }
  }

  // --- the face ------------------------------------------------------------------------------

  /**
   * Whether this is an LLM operation, so that a record will come of it, or may turn out to be one:
   * of a request on a path that no list names a record comes only when its answer states usage. If
   * not, no body needs to be shown; only the edits of the request apply all the same.
   */
  public boolean isMetered() {
    return head.operation() != null;
  }

  /** Whether a record may still come of it: it is metered, and not settled. */
  public boolean isOpen() {
    return isMetered() && !settled;
  }

  /** The id that its record has, or will have; also of an exchange of which no record comes. */
  public String id() {
    enter();
    try {
      return recordId();
    } finally {
      leave();
    }
  }

  /** What the client or the gateway calls the request ({@code x-request-id}), or null. */
  public @Nullable String requestId() {
    return head.requestId();
  }

  /** Whom the exchange is billed to. */
  public Identity identity() {
    return head.identity();
  }

  /**
   * Refuses the request where the configuration says so: settles the exchange, and returns the
   * answer for the client instead of a backend's. Null when the request goes on. Refused is an
   * identity that cannot be billed ({@code authentication.unusable: refuse}) or that nothing
   * vouches for ({@code authentication.untrusted: refuse}), and a head that has no room for the
   * edits that a bill depends on ({@code usage.unmeasurable: refuse}), or for the removal of
   * headers with which a client would steer a router. Called right after {@link Metering#begin}, by
   * gateways that can answer themselves; without it nothing is refused. Nor are unlisted requests:
   * they need not have to do with models.
   */
  public @Nullable LocalAnswer refuse() {
    Operation operation = head.operation();
    if (operation == null || head.isUnlisted()) {
      return null;
    }
    enter();
    try {
      if (settled) {
        return null;
      }
      if (head.isFull()) {
        return refuse(ErrorAnswers.fullHead(operation), EnumSet.of(Reason.UNMEASURABLE));
      }
      return engine.identities().refuses(head.identity())
          ? refuse(
              ErrorAnswers.identity(operation, head.identity()),
              EnumSet.of(Reason.HTTP_ERROR, Reason.IDENTITY_REFUSED))
          : null;
    } finally {
      leave();
    }
  }

  /** The request on its way to the backend: always the same. */
  public RequestBody request() {
    return request;
  }

  /**
   * The response headers have arrived. Informational (1xx) responses are not for this method. Where
   * a gateway has asked again, or answers in place of a backend, they come a second time: the
   * client gets that response, so that it alone counts, and what was measured of the one before is
   * forgotten.
   *
   * @param responseStatus the HTTP status code
   * @param headers read during this call only
   * @return the response on its way to the client
   * @throws IllegalStateException when the edits of the request were not asked for
   */
  public ResponseBody response(int responseStatus, Headers headers) {
    enter();
    try {
      request.requireEdits();
      ResponseBody before = response;
      if (before != null) {
        try {
          before.replace(settled);
        } catch (Throwable e) {
          fail(e);
        }
      }
      if (settled) {
        return new ResponseBody(this, head, responseStatus, headers);
      }
      status = responseStatus;
      ResponseBody next = new ResponseBody(this, head, responseStatus, headers);
      response = next;
      Operation operation = head.operation();
      if (operation != null && next.isFollowed() && !head.isUnlisted()) {
        Measurement none = Measurement.of(Status.NONE, Set.of(), null);
        records.opened(newRecord(operation, head.identity(), facts(), none));
      }
      return next;
    } finally {
      leave();
    }
  }

  /**
   * Whether the backend has stated its final usage. It can be acted upon at once; the record comes
   * with the end of the exchange.
   */
  public boolean hasFinalUsage() {
    enter();
    try {
      ResponseMeter meter = meter();
      return meter != null && meter.hasFinalUsage();
    } finally {
      leave();
    }
  }

  /**
   * What an exchange has come to.
   *
   * @param model the model to bill as far as it is known: the one that the record will name
   * @param usage the usage stated so far: the final one, a running one, or null when there is none
   * @param cost what that usage costs; null when there is none, when it has no price, or when cost
   *     is not calculated here
   */
  public record SoFar(String model, @Nullable TokenUsage usage, @Nullable Cost cost) {}

  /** What the exchange has come to by now. Asking changes nothing. */
  public SoFar soFar() {
    enter();
    try {
      TokenUsage usage = usageSoFar();
      UsageRecord done = record;
      if (done != null) {
        return new SoFar(done.model(), usage, done.cost());
      }
      Routing facts = facts();
      ResponseMeter meter = meter();
      Cost cost =
          usage == null || meter == null
              ? null
              : engine
                  .pricing()
                  .cost(
                      head.identity(),
                      facts,
                      serviceTier(),
                      usage,
                      meter.unitsSoFar(),
                      meter.otherLinesSoFar(),
                      at(engine.nanos() - startedNanos));
      return new SoFar(facts.model(), usage, cost);
    } finally {
      leave();
    }
  }

  private @Nullable TokenUsage usageSoFar() {
    try {
      ResponseMeter meter = meter();
      return meter == null ? null : meter.usageSoFar();
    } catch (Throwable e) {
      fail(e);
      return null;
    }
  }

  /**
   * The record, once the exchange is settled; null before, for what is not metered, and for an
   * unlisted request whose answer states no usage.
   */
  public @Nullable UsageRecord record() {
    return record;
  }

  /** The exchange ended otherwise than as it should. What is known by now is what is billed. */
  public void abort(AbortReason reason) {
    if (isOpen()) {
      ENDING.compareAndSet(this, null, reason);
      settleIfFree();
    }
  }

  /** Settles as {@link AbortReason#ABANDONED} what is not settled yet. */
  @Override
  public void close() {
    abort(AbortReason.ABANDONED);
  }

  // --- what the two bodies need --------------------------------------------------------------

  Engine engine() {
    return engine;
  }

  Routing routing() {
    return routing;
  }

  @Nullable KeptAnswer kept() {
    return kept;
  }

  @Nullable LocalAnswer localAnswer() {
    return localAnswer;
  }

  /** The request does not go on. */
  LocalAnswer refuse(LocalAnswer refusal, Set<Reason> reasons) {
    answer(refusal, Measurement.of(Status.NONE, reasons, null));
    return refusal;
  }

  private void answer(LocalAnswer answer, Measurement measurement) {
    status = answer.status();
    localAnswer = answer;
    Operation operation = head.operation();
    if (ending != null) {
      settle(ending);
    } else if (operation != null && !settled) {
      settled = true;
      record(operation, measurement);
    }
  }

  void takeDecision(RequestRouting decided) {
    RoutedRequest routed = decided.routed();
    if (routed == null) {
      return;
    }
    routing = withSafeModel(routed.routing());
    RoutedRequest.Answer routedAnswer = routed.answer();
    LocalAnswer answer = decided.localAnswer();
    if (routedAnswer != null && answer != null) {
      answer(answer, routedAnswer.measurement());
    } else if (routed.keeper() != null) {
      kept = new KeptAnswer(engine.defects(), routed.keeper());
    }
  }

  /** A router reads the requested model from the body, where it can be any text. */
  private static Routing withSafeModel(Routing of) {
    String model = of.requestedModel();
    String safe = Texts.sanitise(model);
    return Objects.equals(model, safe) ? of : of.toBuilder().requestedModel(safe).build();
  }

  /** A backend has answered, and said so much about its way. */
  void answered(Routing facts) {
    RequestRouting requestRouting = head.routing();
    if (requestRouting != null) {
      requestRouting.answered();
    }
    RoutedRequest routed = requestRouting == null ? null : requestRouting.routed();
    routing = routed == null ? facts : withSafeModel(routed.routing()).over(facts);
  }

  /** What a callback catches: one defect, and the exchange is not measured any more. */
  void fail(Throwable e) {
    defective = true;
    try {
      if (response != null) {
        response.stop();
      }
    } catch (Throwable again) {
      Defects.passOn(again);
    }
    if (kept != null) {
      kept.abandon();
    }
    engine.defects().add(e);
  }

  /** One defect, however often it shows; the measurement goes on. */
  void failOnce(Throwable e) {
    if (!defective) {
      engine.defects().add(e);
    }
  }

  // --- settlement ----------------------------------------------------------------------------

  /** As it should, unless something has ended the exchange while its last piece went on. */
  void settleAtTheEnd() {
    settle(ending);
  }

  /** With the lock held. */
  private void settle(@Nullable AbortReason abort) {
    Operation operation = head.operation();
    if (operation == null || settled) {
      return;
    }
    settled = true;
    abortedBy = abort;
    ResponseMeter meter = meter();
    if (response != null) {
      response.settled();
    }
    if (meter != null && head.forcing() != null) {
      meter.choicesPerPrompt(head.forcing().choices());
    }
    if (head.routing() != null) {
      head.routing().settled();
    }
    Measurement measurement = measure(abort);
    if (head.isUnlisted() && !isStated && (meter() == null || !meter().isUsageStated())) {
      return; // an estimate of what may be no model's answer is none
    }
    recordOnce(operation, measurement);
    if (kept != null) {
      if (abort != null || defective) {
        kept.abandon();
      } else {
        kept.end(measurement, model());
      }
    }
  }

  private String model() {
    UsageRecord done = record;
    return done == null ? facts().model() : done.model();
  }

  private Measurement measure(@Nullable AbortReason abort) {
    if (defective) {
      return ResponseMeter.without(Status.FAILED, Reason.INTERNAL_ERROR);
    }
    ResponseMeter meter = meter();
    if (meter == null) {
      return Measurement.of(
          Status.NONE,
          abort == null
              ? Set.of(Reason.NO_RESPONSE)
              : EnumSet.of(Reason.NO_RESPONSE, abort.reason()),
          null);
    }
    try {
      return meter.measure(abort, head.size());
    } catch (Throwable e) {
      fail(e);
      return ResponseMeter.without(Status.FAILED, Reason.INTERNAL_ERROR);
    }
  }

  /** What a response that goes on after its POST used is billed once, as the POST was. */
  private void recordOnce(Operation operation, Measurement measurement) {
    ResponseMeter measured = meter();
    if (measured == null || response == null || defective) {
      record(operation, measurement);
      return;
    }
    boolean polls = response.polls();
    long id = measured.responseId();
    boolean stated = polls && id != 0 && measured.isUsageStated() && !measured.isRunning();
    PendingResponses.Posted posted = stated ? engine.pending().bill(id, engine.nanos()) : null;
    if (posted != null && !posted.billed()) {
      record(
          posted.operation(),
          posted.identity(),
          posted.routing().withModels(null, measured.model()),
          posted.estimated() ? measurement.with(Reason.REPLACES_ESTIMATE) : measurement);
    } else if (posted != null || (polls && operation == Operation.NOT_METERED)) {
      Measurement none = ResponseMeter.without(Status.NONE, Reason.NOT_METERED);
      boolean unknown = stated && posted == null && measured.isBackground();
      record(operation, unknown ? none.with(Reason.UNKNOWN_RESPONSE) : none);
    } else {
      record(operation, measurement);
      remember(operation, measured, measurement);
    }
  }

  private void remember(Operation operation, ResponseMeter measured, Measurement measurement) {
    long id = measured.responseId();
    boolean awaited =
        measured.isAwaited()
            && (measurement.status() == Status.NONE || measurement.status() == Status.ESTIMATED);
    if (id != 0 && head.stored() == null && (awaited || measured.isBackground())) {
      engine
          .pending()
          .put(
              id,
              new PendingResponses.Posted(
                  operation,
                  head.identity(),
                  facts(),
                  measurement.status() == Status.ESTIMATED,
                  engine.nanos(),
                  !awaited));
    }
  }

  private void record(Operation operation, Measurement measurement) {
    record(operation, head.identity(), facts(), measurement);
  }

  private void record(Operation operation, Identity payer, Routing facts, Measurement measurement) {
    UsageRecord done = newRecord(operation, payer, facts, measurement);
    record = done;
    records.deliver(done);
  }

  boolean isFollowed() {
    return records.isFollowed();
  }

  /** What is final although the exchange has not ended. */
  void stated(Measurement measurement) {
    Operation operation = head.operation();
    if (operation != null && !settled) {
      isStated = true;
      records.stated(newRecord(operation, head.identity(), facts(), measurement));
    }
  }

  private String recordId() {
    String known = id;
    if (known == null) {
      known = records.newId();
      id = known;
    }
    return known;
  }

  private UsageRecord newRecord(
      Operation operation, Identity payer, Routing facts, Measurement measurement) {
    ServiceTier tier = serviceTier();
    long nanos = Math.max(0, engine.nanos() - startedNanos);
    boolean isOurs = localAnswer != null && !measurement.has(Reason.UNMEASURABLE);
    long firstByteNanos = response == null ? ResponseBody.NONE : response.firstByteNanos();
    UsageRecord.Builder done =
        UsageRecord.builder(recordId(), startedAt, operation, measurement)
            .timeToFirstByte(
                firstByteNanos == ResponseBody.NONE ? null : sinceStart(firstByteNanos))
            .duration(Duration.ofNanos(nanos))
            .streamed(meter() != null && meter().isStream())
            .requestId(head.requestId())
            .identity(payer)
            .routing(facts)
            .httpStatus(status)
            .abortReason(abortedBy)
            .forcedUsage(isOurs ? ForcedUsage.OFF : head.forcedUsage())
            .router(head.routerReport())
            .serviceTier(tier);
    engine.pricing().price(done, payer, facts, tier, measurement, at(nanos));
    return done.build();
  }

  /** So long after the start, in seconds since 1970. */
  private long at(long nanos) {
    return startedAt.getEpochSecond() + (startedAt.getNano() + nanos) / NANOS_PER_SECOND;
  }

  private Duration sinceStart(long nanos) {
    return Duration.ofNanos(Math.max(0, nanos - startedNanos));
  }

  private @Nullable ResponseMeter meter() {
    return response == null ? null : response.meter();
  }

  private Routing facts() {
    ResponseMeter meter = meter();
    String model = meter == null ? null : meter.model();
    String ofPath = ModelPath.model(head.path());
    String ofBody = head.forcing() == null ? null : Texts.sanitise(head.forcing().model());
    return routing.withModels(ofBody != null ? ofBody : ofPath, model != null ? model : ofPath);
  }

  private ServiceTier serviceTier() {
    ResponseMeter meter = meter();
    String requested = head.forcing() == null ? null : head.forcing().serviceTier();
    String served = meter == null ? null : meter.serviceTier();
    return requested == null && served == null
        ? ServiceTier.UNKNOWN
        : new ServiceTier(Texts.sanitise(requested), Texts.sanitise(served));
  }
}
