// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.Arrays;
import java.util.List;

/** What the embedded router did with requests; nothing where there is none. */
final class RouterMetrics implements SeriesMetrics {
  private final SeriesCounter requests;
  private final Series everything;

  RouterMetrics(Spaces spaces) {
    LabelSpace global = spaces.space(List.of());
    requests =
        global.counter(
            "semantic_router_routed_requests",
            "Requests by what the embedded router did with them.",
            ClosedLabels.of("result", Arrays.stream(Result.values()).map(Result::label).toList()));
    everything = global.single();
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    Result result = record.router().result();
    if (result != Result.OFF) {
      requests.add(everything, ClosedLabels.index(result), sign);
    }
  }
}
