// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Exchanges that nothing vouches for, and those billed to a fallback or to the hash of a name, and
 * why: what to look at when everything is "unknown".
 */
final class IdentityMetrics implements SeriesMetrics {
  private static final int SOURCES = Source.values().length;
  private static final int UNLISTED_TIER = Untrusted.values().length;

  private final SeriesCounter fallbacks;
  private final SeriesCounter hashes;
  private final SeriesCounter untrusted;
  private final Series everything;

  IdentityMetrics(Spaces spaces) {
    LabelSpace global = spaces.space(List.of());
    fallbacks =
        counter(
            global,
            "semantic_router_identity_fallbacks",
            "Exchanges whose user or tier is the configured fallback, by the reason.");
    hashes =
        counter(
            global,
            "semantic_router_identity_hashes",
            "Exchanges whose user or tier is shown as the hash of its name, by the reason.");
    List<String> reasons = new ArrayList<>();
    Arrays.stream(Untrusted.values()).map(Untrusted::label).forEach(reasons::add);
    reasons.add("unlisted_tier");
    untrusted =
        global.counter(
            "semantic_router_untrusted_identity",
            "Exchanges that nothing vouches for, or whose tier is not listed, by the reason.",
            ClosedLabels.of("reason", reasons));
    everything = global.single();
  }

  private static SeriesCounter counter(LabelSpace global, String name, String help) {
    return global.counter(
        name,
        help,
        ClosedLabels.of(
            "field",
            List.of("user", "tier"),
            "reason",
            Arrays.stream(Source.values()).map(Source::label).toList()));
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    Identity identity = record.identity();
    count(identity.userSource(), 0, sign);
    count(identity.tierSource(), SOURCES, sign);
    if (identity.untrusted() != null) {
      untrusted.add(everything, ClosedLabels.index(identity.untrusted()), sign);
    } else if (identity.tierSource() == Source.UNLISTED) {
      untrusted.add(everything, UNLISTED_TIER, sign);
    }
  }

  private void count(Source source, int field, int sign) {
    if (source.isFallback()) {
      fallbacks.add(everything, field + ClosedLabels.index(source), sign);
    } else if (source.isHash()) {
      hashes.add(everything, field + ClosedLabels.index(source), sign);
    }
  }
}
