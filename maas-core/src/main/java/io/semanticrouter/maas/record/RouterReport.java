// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the embedded router did with one request. Immutable. */
public final class RouterReport {
  /** No router, or not for such a request. */
  public static final RouterReport OFF = of(Result.OFF);

  private final Result result;
  private final Set<PiiType> piiTypes;

  private RouterReport(Result result, Set<PiiType> piiTypes) {
    this.result = result;
    this.piiTypes = piiTypes;
  }

  /** Without personal data. */
  public static RouterReport of(Result result) {
    return new RouterReport(result, Set.of());
  }

  /** The same with the kinds of personal data in the request; copies them. */
  public RouterReport withPiiTypes(Set<PiiType> types) {
    return new RouterReport(
        result, types.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(types)));
  }

  /** What became of the request. */
  public Result result() {
    return result;
  }

  /** The kinds of personal data in it, never the data; unmodifiable. */
  public Set<PiiType> piiTypes() {
    return piiTypes;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RouterReport that
        && result == that.result
        && piiTypes.equals(that.piiTypes);
  }

  @Override
  public int hashCode() {
    return 31 * result.hashCode() + piiTypes.hashCode();
  }

  @Override
  public String toString() {
    return "RouterReport[" + result + ", " + piiTypes + "]";
  }

  /** What became of a request: a closed set, so that each can be a metric label value. */
  public enum Result {
    /** No router, or not for such a request. */
    OFF,
    /** A routing decision matched. */
    ROUTED,
    /** No routing decision matched; the default applies. */
    DEFAULT,
    /** The client named a model that is not routed. */
    PINNED,
    /** Answered from the response cache. */
    CACHED,
    /** Refused. */
    BLOCKED,
    /** The body is no JSON of the operation; it passed as it is. */
    NOT_JSON,
    /** The body is compressed; it passed as it is. */
    ENCODED,
    /** The body is longer than the limit; it passed as it is. */
    TOO_LARGE,
    /** Other requests took so much room, or time, that there was none; it passed as it is. */
    CROWDED,
    /** The gateway did not show the whole body before some of it had to go on. */
    UNSEEN,
    /** A defect in the router; the body passed as it is. Please report it. */
    FAILED;

    private final String label = Labels.of(this);

    /** The metric label value. */
    public String label() {
      return label;
    }
  }
}
