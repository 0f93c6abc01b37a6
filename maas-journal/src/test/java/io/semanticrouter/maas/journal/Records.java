// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/** Records as they are. */
final class Records {
  static final Instant START = Instant.parse("2026-11-30T01:23:45.123456Z");

  private static final TokenUsage TOKENS =
      TokenUsage.builder(17, 10)
          .part(TokenPart.CACHE_READ, 5)
          .part(TokenPart.REASONING, 3)
          .providerTotal(27)
          .build();

  private Records() {}

  static UsageRecord chat(String id, String user, String model) {
    return new UsageRecord(
        id,
        START,
        Duration.ofMillis(1500),
        Operation.CHAT,
        new Identity(user, "premium", Source.HEADER, Source.HEADER),
        new Routing(
            model,
            model + "-8b",
            "math",
            "maths",
            true,
            false,
            true,
            false,
            null,
            ResponsePath.UPSTREAM),
        200,
        ForcedUsage.EDITED,
        RouterReport.OFF,
        new ServiceTier("flex", null),
        Measurement.of(Status.COMPLETE, Set.of(), TOKENS),
        new Cost("USD", 0, 123_000_000),
        false);
  }

  /** What is known of an exchange when its response begins. */
  static UsageRecord begun(UsageRecord of) {
    return new UsageRecord(
        of.id(),
        of.startedAt(),
        Duration.ZERO,
        of.operation(),
        of.identity(),
        of.routing(),
        of.httpStatus(),
        of.forcedUsage(),
        of.router(),
        of.serviceTier(),
        Measurement.of(Status.NONE, Set.of(), null),
        null,
        false);
  }

  static UsageRecord lasting(UsageRecord of, Duration duration) {
    return new UsageRecord(
        of.id(),
        of.startedAt(),
        duration,
        of.operation(),
        of.identity(),
        of.routing(),
        of.httpStatus(),
        of.forcedUsage(),
        of.router(),
        of.serviceTier(),
        of.measurement(),
        of.cost(),
        of.unpriced());
  }

  static UsageRecord measured(UsageRecord of, Status status, TokenUsage usage) {
    return new UsageRecord(
        of.id(),
        of.startedAt(),
        of.duration(),
        of.operation(),
        of.identity(),
        of.routing(),
        of.httpStatus(),
        of.forcedUsage(),
        of.router(),
        of.serviceTier(),
        Measurement.of(status, Set.of(), usage),
        of.cost(),
        of.unpriced());
  }
}
