// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;

/**
 * How an exchange counts among the requests: the status of its measurement, and {@link #ERROR} for
 * exchanges that the backend refused, which are no gap in the metering.
 */
public enum Outcome {
  /** Usage fully known. */
  COMPLETE,
  /** A lower bound or a part of the usage is known. */
  PARTIAL,
  /** Usage was estimated. */
  ESTIMATED,
  /** The backend answered 2xx, or not at all, and no usage was seen. */
  NONE,
  /** Usage could not be read. */
  FAILED,
  /** The backend answered with an error status and no usage. */
  ERROR,
  /** A request that uses no billable tokens. */
  NOT_METERED,
  /** The router, or the gateway, answered without asking any model. */
  NOT_GENERATED;

  private final String label = Labels.of(this);

  /** The metric label value. */
  public String label() {
    return label;
  }

  static Outcome of(Measurement measurement) {
    return switch (measurement.status()) {
      case COMPLETE -> COMPLETE;
      case PARTIAL -> PARTIAL;
      case ESTIMATED -> ESTIMATED;
      case NONE ->
          measurement.has(Measurement.Reason.HTTP_ERROR)
              ? ERROR
              : measurement.has(Measurement.Reason.NOT_METERED)
                  ? NOT_METERED
                  : measurement.has(Measurement.Reason.FAST_RESPONSE)
                          || measurement.has(Measurement.Reason.UNMEASURABLE)
                      ? NOT_GENERATED
                      : NONE;
      case FAILED -> FAILED;
    };
  }
}
