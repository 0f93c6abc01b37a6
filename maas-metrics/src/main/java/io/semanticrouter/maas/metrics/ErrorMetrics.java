// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.List;

/**
 * Errors by the model that was asked for: an exchange that failed has none that served it. Bounded
 * on its own, so that models that do not exist take no room from those that are billed.
 */
final class ErrorMetrics implements SeriesMetrics {
  /** Room for one or two lines with longer names than usual. */
  private static final long BYTES_PER_SERIES = 256;

  private static final int REDIRECT = 0;
  private static final int CLIENT_ERROR = 1;
  private static final int SERVER_ERROR = 2;
  private static final int IN_BAND = 3;
  private static final int NO_RESPONSE = 4;
  private static final int OTHER = 5;
  private static final int NO_ERROR = -1;

  private final SeriesCounter errors;
  private final SeriesIndex index;

  ErrorMetrics(Spaces spaces, int max, ListedModels listed, UserLabels users) {
    LabelSpace space = spaces.space(List.of("model"));
    errors =
        space.counter(
            "semantic_router_errors",
            "Exchanges that ended in an error, by the model that was asked for.",
            ClosedLabels.of("status", "3xx", "4xx", "5xx", "in_band", "no_response", "other"));
    index = new SeriesIndex(space, max, listed, BYTES_PER_SERIES, users);
  }

  int series() {
    return index.size();
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    int error = error(record);
    if (error != NO_ERROR) {
      String model = record.routing().requestedModel();
      errors.add(
          index.find(
              record.identity().user(), model == null ? Routing.UNKNOWN_MODEL : model, "", "", ""),
          error,
          sign);
    }
  }

  private static int error(UsageRecord record) {
    Measurement measurement = record.measurement();
    if (measurement.has(Reason.IN_BAND_ERROR)) {
      return IN_BAND;
    }
    return switch (record.httpStatus() / 100) {
      case 2 -> NO_ERROR;
      case 3 -> REDIRECT;
      case 4 -> CLIENT_ERROR;
      case 5 -> SERVER_ERROR;
      case 0 -> NO_RESPONSE;
      default -> OTHER;
    };
  }
}
