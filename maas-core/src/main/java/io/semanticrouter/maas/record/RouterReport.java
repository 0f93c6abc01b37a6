// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What the embedded router did with one request. Immutable.
 *
 * @param result what became of the request
 * @param piiTypes the kinds of personal data in it; never the data
 */
public record RouterReport(Result result, Set<PiiType> piiTypes) {
  /** No router, or not for such a request. */
  public static final RouterReport OFF = new RouterReport(Result.OFF, Set.of());

  /** Copies the types. */
  public RouterReport {
    piiTypes =
        piiTypes.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(piiTypes));
  }

  /** Without personal data. */
  public static RouterReport of(Result result) {
    return new RouterReport(result, Set.of());
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
