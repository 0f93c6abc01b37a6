// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.Metering;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The truth about one exchange: who, where, what, how surely, for how much. Immutable. */
public final class UsageRecord {
  private final String id;
  private final Instant startedAt;
  private final @Nullable Duration timeToFirstByte;
  private final Duration duration;
  private final boolean streamed;
  private final @Nullable String requestId;
  private final Operation operation;
  private final Identity identity;
  private final Routing routing;
  private final int httpStatus;
  private final @Nullable AbortReason abortReason;
  private final ForcedUsage forcedUsage;
  private final RouterReport router;
  private final ServiceTier serviceTier;
  private final Measurement measurement;
  private final @Nullable Cost cost;
  private final @Nullable Cost charge;
  private final @Nullable PriceGap priceGap;
  private final @Nullable AppliedPrice appliedPrice;

  private UsageRecord(Builder b) {
    id = b.id;
    startedAt = b.startedAt;
    timeToFirstByte = b.timeToFirstByte;
    duration = b.duration;
    streamed = b.streamed;
    requestId = b.requestId;
    operation = b.operation;
    identity = b.identity;
    routing = b.routing;
    httpStatus = b.httpStatus;
    abortReason = b.abortReason;
    forcedUsage = b.forcedUsage;
    router = b.router;
    serviceTier = b.serviceTier;
    measurement = b.measurement;
    cost = b.cost;
    charge = b.charge;
    priceGap = b.priceGap;
    appliedPrice = b.appliedPrice;
  }

  /**
   * A builder of a record. What is not set is what an exchange has of which nothing more is known:
   * no duration, no request id, {@link Identity#ANONYMOUS}, {@link Routing#UNKNOWN}, no response,
   * nothing forced, no router, no service tier, no cost.
   *
   * @param id see {@link #id}
   */
  public static Builder builder(
      String id, Instant startedAt, Operation operation, Measurement measurement) {
    return new Builder(id, startedAt, operation, measurement);
  }

  /** A builder that begins with all of this. */
  public Builder toBuilder() {
    return new Builder(id, startedAt, operation, measurement)
        .timeToFirstByte(timeToFirstByte)
        .duration(duration)
        .streamed(streamed)
        .requestId(requestId)
        .identity(identity)
        .routing(routing)
        .httpStatus(httpStatus)
        .abortReason(abortReason)
        .forcedUsage(forcedUsage)
        .router(router)
        .serviceTier(serviceTier)
        .cost(cost)
        .charge(charge)
        .priceGap(priceGap)
        .appliedPrice(appliedPrice);
  }

  /**
   * Unique among all records of all {@link Metering} instances, from the gateway's own sources;
   * never derived from anything a client sends.
   */
  public String id() {
    return id;
  }

  /** When the exchange began. */
  public Instant startedAt() {
    return startedAt;
  }

  /**
   * From begin to the first byte of the response's body; null when none was seen, also because the
   * body was not shown.
   */
  public @Nullable Duration timeToFirstByte() {
    return timeToFirstByte;
  }

  /** From begin to settlement. */
  public Duration duration() {
    return duration;
  }

  /**
   * Whether the answer was a stream of events, so that its first byte came with the first of them:
   * server-sent events, or frames of AWS.
   */
  public boolean streamed() {
    return streamed;
  }

  /**
   * What the header {@code x-request-id} of the request says, at most 256 bytes of UTF-8: to find
   * an exchange that somebody asks about. A client can state any, also that of another exchange.
   * Null when there is none, or one that is no text.
   */
  public @Nullable String requestId() {
    return requestId;
  }

  /** The LLM operation. */
  public Operation operation() {
    return operation;
  }

  /** Whom to bill; {@link Identity#ANONYMOUS} in Standalone mode. */
  public Identity identity() {
    return identity;
  }

  /** What the router decided. */
  public Routing routing() {
    return routing;
  }

  /** The response status, 0 when there was no response. */
  public int httpStatus() {
    return httpStatus;
  }

  /**
   * What ended the exchange; null when it ended as it should. Its usage can be known all the same.
   */
  public @Nullable AbortReason abortReason() {
    return abortReason;
  }

  /** Whether the backend was asked for usage on behalf of the client. */
  public ForcedUsage forcedUsage() {
    return forcedUsage;
  }

  /** What the embedded router did; {@link RouterReport#OFF} where there is none. */
  public RouterReport router() {
    return router;
  }

  /** The terms that the provider served it on. */
  public ServiceTier serviceTier() {
    return serviceTier;
  }

  /** The usage and its certainty. */
  public Measurement measurement() {
    return measurement;
  }

  /**
   * The money; null when cost is not calculated here, when no usage is known or when the exchange
   * is {@linkplain #unpriced() unpriced}.
   */
  public @Nullable Cost cost() {
    return cost;
  }

  /** What the customer is charged; null when that is not calculated apart from the cost. */
  public @Nullable Cost charge() {
    return charge;
  }

  /** What the rate card lacks for the usage; null when nothing, or when no cost was asked for. */
  public @Nullable PriceGap priceGap() {
    return priceGap;
  }

  /** Which price the cost was calculated with; null when there is no cost. */
  public @Nullable AppliedPrice appliedPrice() {
    return appliedPrice;
  }

  /**
   * Whether cost was asked for, usage is known, and no price exists for it, for the reason that
   * {@link #priceGap} states: unpriced is not free.
   */
  public boolean unpriced() {
    return priceGap != null && priceGap.isUnpriced();
  }

  /** The model to bill. */
  public String model() {
    return routing.model();
  }

  /** How the exchange counts among the requests. */
  public Outcome outcome() {
    return Outcome.of(measurement);
  }

  /** Why the backend's usage is not known; null when it is, or when there is none to know. */
  public @Nullable Unmeasured unmeasured() {
    return Unmeasured.of(forcedUsage, measurement);
  }

  /** Whether the answer came from the router's response cache. */
  public boolean isCacheHit() {
    return Boolean.TRUE.equals(routing.cacheHit());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof UsageRecord that
        && id.equals(that.id)
        && startedAt.equals(that.startedAt)
        && Objects.equals(timeToFirstByte, that.timeToFirstByte)
        && duration.equals(that.duration)
        && streamed == that.streamed
        && Objects.equals(requestId, that.requestId)
        && operation.equals(that.operation)
        && identity.equals(that.identity)
        && routing.equals(that.routing)
        && httpStatus == that.httpStatus
        && abortReason == that.abortReason
        && forcedUsage.equals(that.forcedUsage)
        && router.equals(that.router)
        && serviceTier.equals(that.serviceTier)
        && measurement.equals(that.measurement)
        && Objects.equals(cost, that.cost)
        && Objects.equals(charge, that.charge)
        && priceGap == that.priceGap
        && Objects.equals(appliedPrice, that.appliedPrice);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }

  @Override
  public String toString() {
    return "UsageRecord["
        + "id="
        + id
        + ", startedAt="
        + startedAt
        + ", timeToFirstByte="
        + timeToFirstByte
        + ", duration="
        + duration
        + ", streamed="
        + streamed
        + ", requestId="
        + requestId
        + ", operation="
        + operation
        + ", identity="
        + identity
        + ", routing="
        + routing
        + ", httpStatus="
        + httpStatus
        + ", abortReason="
        + abortReason
        + ", forcedUsage="
        + forcedUsage
        + ", router="
        + router
        + ", serviceTier="
        + serviceTier
        + ", measurement="
        + measurement
        + ", cost="
        + cost
        + ", charge="
        + charge
        + ", priceGap="
        + priceGap
        + ", appliedPrice="
        + appliedPrice
        + "]";
  }

  /** Gathers what is known of an exchange. Not thread-safe. */
  public static final class Builder {
    private final String id;
    private Instant startedAt;
    private @Nullable Duration timeToFirstByte;
    private Duration duration = Duration.ZERO;
    private boolean streamed;
    private @Nullable String requestId;
    private final Operation operation;
    private Identity identity = Identity.ANONYMOUS;
    private Routing routing = Routing.UNKNOWN;
    private int httpStatus;
    private @Nullable AbortReason abortReason;
    private ForcedUsage forcedUsage = ForcedUsage.OFF;
    private RouterReport router = RouterReport.OFF;
    private ServiceTier serviceTier = ServiceTier.UNKNOWN;
    private Measurement measurement;
    private @Nullable Cost cost;
    private @Nullable Cost charge;
    private @Nullable PriceGap priceGap;
    private @Nullable AppliedPrice appliedPrice;

    private Builder(String id, Instant startedAt, Operation operation, Measurement measurement) {
      this.id = id;
      this.startedAt = startedAt;
      this.operation = operation;
      this.measurement = measurement;
    }

    /** See {@link UsageRecord#startedAt}. */
    public Builder startedAt(Instant value) {
      startedAt = value;
      return this;
    }

    /** See {@link UsageRecord#timeToFirstByte}. */
    public Builder timeToFirstByte(@Nullable Duration value) {
      timeToFirstByte = value;
      return this;
    }

    /** See {@link UsageRecord#duration}. */
    public Builder duration(Duration value) {
      duration = value;
      return this;
    }

    /** See {@link UsageRecord#streamed}. */
    public Builder streamed(boolean value) {
      streamed = value;
      return this;
    }

    /** See {@link UsageRecord#requestId}. */
    public Builder requestId(@Nullable String value) {
      requestId = value;
      return this;
    }

    /** See {@link UsageRecord#identity}. */
    public Builder identity(Identity value) {
      identity = value;
      return this;
    }

    /** See {@link UsageRecord#routing}. */
    public Builder routing(Routing value) {
      routing = value;
      return this;
    }

    /** See {@link UsageRecord#httpStatus}. */
    public Builder httpStatus(int value) {
      httpStatus = value;
      return this;
    }

    /** See {@link UsageRecord#abortReason}. */
    public Builder abortReason(@Nullable AbortReason value) {
      abortReason = value;
      return this;
    }

    /** See {@link UsageRecord#forcedUsage}. */
    public Builder forcedUsage(ForcedUsage value) {
      forcedUsage = value;
      return this;
    }

    /** See {@link UsageRecord#router}. */
    public Builder router(RouterReport value) {
      router = value;
      return this;
    }

    /** See {@link UsageRecord#serviceTier}. */
    public Builder serviceTier(ServiceTier value) {
      serviceTier = value;
      return this;
    }

    /** See {@link UsageRecord#measurement}. */
    public Builder measurement(Measurement value) {
      measurement = value;
      return this;
    }

    /** See {@link UsageRecord#cost}. */
    public Builder cost(@Nullable Cost value) {
      cost = value;
      return this;
    }

    /** See {@link UsageRecord#charge}. */
    public Builder charge(@Nullable Cost value) {
      charge = value;
      return this;
    }

    /** See {@link UsageRecord#priceGap}. */
    public Builder priceGap(@Nullable PriceGap value) {
      priceGap = value;
      return this;
    }

    /** See {@link UsageRecord#appliedPrice}. */
    public Builder appliedPrice(@Nullable AppliedPrice value) {
      appliedPrice = value;
      return this;
    }

    /** The record. */
    public UsageRecord build() {
      return new UsageRecord(this);
    }
  }
}
