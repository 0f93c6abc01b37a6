// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import org.jspecify.annotations.Nullable;

/**
 * Why an exchange that should cost tokens has no usage of its backend: what the request was, else
 * what the answer was. A closed set, so that each can be a metric label value.
 */
public enum Unmeasured {
  /** The head of the request has no room for an edit. */
  NO_ROOM,
  /** The request body is compressed. */
  ENCODED,
  /** The request body is no JSON object. */
  NOT_JSON,
  /** The request body is not well-formed. */
  MALFORMED,
  /** The request body could not be changed without a guess. */
  UNSAFE,
  /** The gateway did not show the request body. */
  UNSEEN,
  /** The backend refuses to be asked. */
  NOT_ASKED,
  /** The answer states no usage. */
  NO_USAGE,
  /** The answer is neither JSON nor an event stream. */
  CONTENT_TYPE,
  /** The coding of the answer cannot be taken off here. */
  CONTENT_ENCODING,
  /** The answer is not well-formed. */
  MALFORMED_JSON,
  /** The answer ends in the middle of a value. */
  TRUNCATED,
  /** The answer breaks off with an error. */
  IN_BAND_ERROR;

  private final String label = Labels.of(this);

  /** The metric label value. */
  public String label() {
    return label;
  }

  /** Null when the usage was measured, or when there is none to measure. */
  static @Nullable Unmeasured of(ForcedUsage forced, Measurement measurement) {
    boolean measured = measurement.usage() != null && measurement.status() != Status.ESTIMATED;
    if (measured) {
      return null;
    }
    boolean refused = measurement.has(Reason.UNMEASURABLE);
    Unmeasured answer = of(measurement);
    boolean brokenOff = answer == null && measurement.status() == Status.ESTIMATED;
    Unmeasured request = refused || answer != null || brokenOff ? of(forced) : null;
    return request != null ? request : answer;
  }

  private static @Nullable Unmeasured of(ForcedUsage forced) {
    return switch (forced) {
      case NO_ROOM -> NO_ROOM;
      case ENCODED -> ENCODED;
      case NOT_JSON -> NOT_JSON;
      case MALFORMED -> MALFORMED;
      case UNSAFE -> UNSAFE;
      case UNSEEN -> UNSEEN;
      case NOT_ASKED -> NOT_ASKED;
      default -> null;
    };
  }

  private static @Nullable Unmeasured of(Measurement measurement) {
    for (Reason reason : measurement.reasons()) {
      Unmeasured answer =
          switch (reason) {
            case NO_USAGE -> NO_USAGE;
            case CONTENT_TYPE -> CONTENT_TYPE;
            case CONTENT_ENCODING, MALFORMED_ENCODING, INFLATE_LIMIT -> CONTENT_ENCODING;
            case MALFORMED_JSON -> MALFORMED_JSON;
            case TRUNCATED -> TRUNCATED;
            case IN_BAND_ERROR -> IN_BAND_ERROR;
            default -> null;
          };
      if (answer != null) {
        return answer;
      }
    }
    return null;
  }
}
