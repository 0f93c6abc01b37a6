// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import java.util.EnumSet;
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
    /** The exchange ended before any response headers. */
    NO_RESPONSE,
    /** The response status is not 2xx. */
    HTTP_ERROR,
    /** The response was complete and contained no usage. */
    NO_USAGE,
    /** The backend reported an error inside a 2xx response. */
    IN_BAND_ERROR,
    /** A 2xx response that is neither JSON nor an event stream. */
    CONTENT_TYPE,
    /** The response body is compressed with something that is not decoded here. */
    CONTENT_ENCODING,
    /** An LLM API whose usage format is not read by this version. */
    UNSUPPORTED_API,
    /** The body is not well-formed JSON, in whole or in one event. */
    MALFORMED_JSON,
    /** A usage field that is not an integer from 0 to 2^53-1, or a usage that is no object. */
    MALFORMED_USAGE,
    /** One key stated twice with different values; the last one was taken. */
    DUPLICATE_KEY,
    /** Usage without one of its totals. */
    MISSING_FIELD,
    /** All-zero usage after a nonzero one in the same stream; it was not taken. */
    ZERO_AFTER_NONZERO,
    /** Only running usage of several parallel choices was seen, which is not a request total. */
    MULTIPLE_CHOICES,
    /** The last event had no blank line behind it; it was read all the same. */
    UNTERMINATED_FINAL,
    /** The stream ended without any sign that it was complete. */
    NO_TERMINATOR,
    /** The body ended in the middle of a value. */
    TRUNCATED,
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

  private Measurement(Status status, Set<Reason> reasons, @Nullable TokenUsage usage) {
    this.status = status;
    this.reasons = reasons;
    this.usage = usage;
  }

  /**
   * A measurement.
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
    // EnumSet iterates in declaration order, so that metrics and logs are deterministic.
    return new Measurement(status, reasons.isEmpty() ? Set.of() : EnumSet.copyOf(reasons), usage);
  }

  /** How surely the usage is known. */
  public Status status() {
    return status;
  }

  /** Why; often empty for {@link Status#COMPLETE}. */
  public Set<Reason> reasons() {
    return reasons.isEmpty() ? reasons : java.util.Collections.unmodifiableSet(reasons);
  }

  /** Whether this reason applies. */
  public boolean has(Reason reason) {
    return reasons.contains(reason);
  }

  /** The usage, or null when none is known. */
  public @Nullable TokenUsage usage() {
    return usage;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Measurement that
        && status == that.status
        && reasons.equals(that.reasons)
        && java.util.Objects.equals(usage, that.usage);
  }

  @Override
  public int hashCode() {
    return java.util.Objects.hash(status, reasons, usage);
  }

  @Override
  public String toString() {
    return status + reasons.toString() + (usage == null ? "" : " " + usage);
  }
}
