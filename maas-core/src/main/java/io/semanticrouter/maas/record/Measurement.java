// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is known about the usage of one exchange, and how surely. Immutable.
 *
 * <p>{@link #usage()} is present for {@link Status#COMPLETE}, {@link Status#PARTIAL} and {@link
 * Status#ESTIMATED} and absent for the other two.
 */
public final class Measurement {

  /** How surely the usage is known. */
  public enum Status {
    /** The backend stated its final usage and all of it arrived. */
    COMPLETE,
    /** A measured lower bound, or some of the fields: the reasons say what is missing. */
    PARTIAL,
    /** Derived, not stated by the backend. */
    ESTIMATED,
    /** No usage was seen. */
    NONE,
    /** There may have been usage, but it could not be read. */
    FAILED;

    private final String label = Labels.of(this);

    /** The metric label value. */
    public String label() {
      return label;
    }
  }

  /** Why a measurement is what it is: a closed set, so that each can be a metric label value. */
  public enum Reason {
    /** The exchange was cancelled: client gone, upstream reset or route timeout look the same. */
    CANCELLED,
    /** The transport to the data plane failed. */
    TRANSPORT_ERROR,
    /** Nothing happened for too long. */
    IDLE_TIMEOUT,
    /** The server shut down first. */
    DRAIN,
    /** The embedding gateway closed the exchange without saying how it ended. */
    ABANDONED,
    /** The process was killed; its next run found that the exchange had been open. */
    CRASH,
    /** The exchange ended before any response headers. */
    NO_RESPONSE,
    /** The response status is not 2xx. */
    HTTP_ERROR,
    /** The embedded router refused the request; no backend has seen it. */
    BLOCKED,
    /** Refused, because the gateway vouches for nobody that it could be billed to. */
    IDENTITY_REFUSED,
    /** The request was answered by the gateway, since its usage could not have been measured. */
    UNMEASURABLE,
    /** The response was complete and contained no usage. */
    NO_USAGE,
    /** The backend reported an error inside a 2xx response. */
    IN_BAND_ERROR,
    /** A 2xx response that is neither JSON nor an event stream. */
    CONTENT_TYPE,
    /** The response body is compressed with something that is not decoded here. */
    CONTENT_ENCODING,
    /** The compressed response body is not what its encoding says. */
    MALFORMED_ENCODING,
    /** The compressed response body grew beyond the limits for inflating it. */
    INFLATE_LIMIT,
    /** The framing of an AWS event stream is broken: wrong checksum or impossible length. */
    CORRUPT_FRAME,
    /** Usage in a format that neither the path nor the body tells. */
    UNKNOWN_DIALECT,
    /** A request that uses no billable tokens: counting tokens, listing models and the like. */
    NOT_METERED,
    /**
     * The response goes on when its request has been answered; its usage comes with a later one.
     */
    BACKGROUND,
    /** The usage of a response of which an estimate has been recorded when its stream broke off. */
    REPLACES_ESTIMATE,
    /** A response made in the background of which no POST is known here: it is billed to nobody. */
    UNKNOWN_RESPONSE,
    /** The router answered itself, without asking any model. */
    FAST_RESPONSE,
    /** The usage is what the router states for several calls; the body states less, or none. */
    ROUTER_TOTALS,
    /** The body is not well-formed JSON, in whole or in one event. */
    MALFORMED_JSON,
    /** A usage field that is not an integer from 0 to 2^53-1, or a usage that is no object. */
    MALFORMED_USAGE,
    /** One key stated twice with different values; the last one was taken. */
    DUPLICATE_KEY,
    /** A count above the sanity limit of the configuration; nothing of it was taken. */
    QUARANTINED,
    /** Usage without one of its totals. */
    MISSING_FIELD,
    /** The backend stated a total, and none of its parts. */
    TOTAL_ONLY,
    /**
     * The total is higher than its parts; the difference was taken as unattributed completion, or
     * as prompt where nothing is generated.
     */
    RESIDUAL,
    /** The total as stated is lower than the sum of its parts; the parts were taken. */
    TOTAL_MISMATCH,
    /** A part exceeds what it should be part of, or the total says so: it was added to it. */
    EXCLUSIVE_PART,
    /** A part exceeds what it is a part of, and the total has no room for it: it was cut. */
    CUT_PART,
    /** The lifetimes of cache writes do not add up to their total; the rest has none. */
    UNKNOWN_TTL,
    /** A zero, or an all-zero usage, after a real one of the same response; it was not taken. */
    ZERO_AFTER_NONZERO,
    /** A later statement of the same response is lower than an earlier one; it was taken. */
    LOWERED_COUNT,
    /** The usage is zero beside an answer; what was really used is not known. */
    ZERO_USAGE,
    /** The body holds several responses with ids of their own; they were added up. */
    SEVERAL_RESPONSES,
    /** Only running usage of several parallel choices was seen, and added up per choice. */
    MULTIPLE_CHOICES,
    /** More parallel choices, or further models, than there is room to keep apart. */
    TOO_MANY_PARTS,
    /** The last event had no blank line behind it; it was read all the same. */
    UNTERMINATED_FINAL,
    /** The stream ended without any sign that it was complete. */
    NO_TERMINATOR,
    /** The body ended in the middle of a value. */
    TRUNCATED,
    /** The stream broke off, and the policy is to bill nothing then. */
    DROPPED,
    /** A defect in the metering itself. Please report it. */
    INTERNAL_ERROR;

    private final String label = Labels.of(this);

    /** The metric label value. */
    public String label() {
      return label;
    }
  }

  private final Status status;
  private final Set<Reason> reasons;
  private final @Nullable TokenUsage usage;
  private final List<UsageLine> otherLines;
  private final UnitUsage units;
  private final @Nullable BigDecimal providerCost;
  private final @Nullable String rawUsage;

  private Measurement(
      Status status,
      Set<Reason> reasons,
      @Nullable TokenUsage usage,
      List<UsageLine> otherLines,
      UnitUsage units,
      @Nullable BigDecimal providerCost,
      @Nullable String rawUsage) {
    this.status = status;
    this.reasons = reasons;
    this.usage = usage;
    this.otherLines = otherLines;
    this.units = units;
    this.providerCost = providerCost;
    this.rawUsage = rawUsage;
  }

  /**
   * A measurement of nothing but tokens of one model.
   *
   * @throws IllegalArgumentException when usage is present for {@link Status#NONE} or {@link
   *     Status#FAILED}, or absent for another status
   */
  public static Measurement of(Status status, Set<Reason> reasons, @Nullable TokenUsage usage) {
    boolean usageExpected = status != Status.NONE && status != Status.FAILED;
    if (usageExpected != (usage != null)) {
      throw new IllegalArgumentException(
          status + (usageExpected ? " needs usage" : " cannot have usage"));
    }
    return new Measurement(status, copy(reasons), usage, List.of(), UnitUsage.NONE, null, null);
  }

  /** EnumSet iterates in declaration order, so that metrics and logs are deterministic. */
  private static Set<Reason> copy(Set<Reason> reasons) {
    return reasons.isEmpty() ? Set.of() : EnumSet.copyOf(reasons);
  }

  /** The same with one more reason. */
  public Measurement with(Reason reason) {
    Set<Reason> more = EnumSet.of(reason);
    more.addAll(reasons);
    return new Measurement(status, more, usage, otherLines, units, providerCost, rawUsage);
  }

  /** The same with usage of further models. */
  public Measurement withOtherLines(List<UsageLine> lines) {
    return new Measurement(
        status, reasons, usage, List.copyOf(lines), units, providerCost, rawUsage);
  }

  /** The same with what is billed by the piece. */
  public Measurement withUnits(UnitUsage newUnits) {
    return new Measurement(status, reasons, usage, otherLines, newUnits, providerCost, rawUsage);
  }

  /**
   * The same with what the provider said about it, verbatim.
   *
   * @param cost in US dollars, null when it stated none
   * @param raw the usage object, null when there was none
   */
  public Measurement withProviderStatement(@Nullable BigDecimal cost, @Nullable String raw) {
    return new Measurement(status, reasons, usage, otherLines, units, cost, raw);
  }

  /** How surely the usage is known. */
  public Status status() {
    return status;
  }

  /** Why; often empty for {@link Status#COMPLETE}. */
  public Set<Reason> reasons() {
    return reasons.isEmpty() ? reasons : Collections.unmodifiableSet(reasons);
  }

  /** Whether this reason applies. */
  public boolean has(Reason reason) {
    return reasons.contains(reason);
  }

  /**
   * The usage of the model that answered, or null when none is known. For what is billed by the
   * piece only, it is there and says that no tokens were stated.
   */
  public @Nullable TokenUsage usage() {
    return usage;
  }

  /** The usage of further models in the same exchange; nearly always empty. */
  public List<UsageLine> otherLines() {
    return otherLines;
  }

  /** What is billed by the piece. */
  public UnitUsage units() {
    return units;
  }

  /**
   * What the provider says it charges for the exchange, in US dollars: for reconciliation, never
   * billed from. Null when it stated none.
   */
  public @Nullable BigDecimal providerCost() {
    return providerCost;
  }

  /**
   * {@link #providerCost()} as an amount that can be compared with {@link UsageRecord#cost()}: in
   * US dollars, with {@value Cost#SCALE} decimal places, rounded half to even. Null when it stated
   * none, or none that a cost can be.
   */
  public @Nullable Cost statedCost() {
    BigDecimal stated = providerCost;
    if (stated == null || stated.signum() < 0) {
      return null;
    }
    long digits = stated.precision() - (long) stated.scale(); // before the point
    if (digits > Cost.SCALE) {
      return null;
    }
    // What is rounded to nothing in any case may have too many places to be set to so few.
    BigDecimal rounded =
        (digits < -Cost.SCALE ? BigDecimal.ZERO : stated)
            .setScale(Cost.SCALE, RoundingMode.HALF_EVEN);
    BigInteger[] parts =
        rounded.unscaledValue().divideAndRemainder(BigInteger.valueOf(Cost.ATTOS_PER_UNIT));
    return new Cost("USD", parts[0].longValueExact(), parts[1].longValueExact());
  }

  /**
   * The last usage object as the provider wrote it, for audits: at most 2 KiB, and cut off there.
   * It may hold anything that the provider puts there, so it belongs into no log and no metric.
   * Null when there was none.
   */
  public @Nullable String rawUsage() {
    return rawUsage;
  }

  /** Equal in everything but the provider's own wording, {@link #rawUsage()}. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Measurement that
        && status == that.status
        && reasons.equals(that.reasons)
        && Objects.equals(usage, that.usage)
        && otherLines.equals(that.otherLines)
        && units.equals(that.units)
        && Objects.equals(providerCost, that.providerCost);
  }

  @Override
  public int hashCode() {
    return Objects.hash(status, reasons, usage, otherLines, units, providerCost);
  }

  @Override
  public String toString() {
    return status
        + reasons.toString()
        + (usage == null ? "" : " " + usage)
        + (otherLines.isEmpty() ? "" : " " + otherLines)
        + (units.equals(UnitUsage.NONE) ? "" : " " + units)
        + (providerCost == null ? "" : " provider cost " + providerCost);
  }
}
