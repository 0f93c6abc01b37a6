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
    return UsageRecord.builder(
            id, START, Operation.CHAT, Measurement.of(Status.COMPLETE, Set.of(), TOKENS))
        .timeToFirstByte(Duration.ofMillis(250))
        .duration(Duration.ofMillis(1500))
        .requestId("5c1e0f6a-client")
        .identity(Identity.of(user, "premium").withSources(Source.HEADER, Source.HEADER))
        .routing(
            Routing.builder()
                .requestedModel("auto")
                .selectedModel(model)
                .responseModel(model + "-8b")
                .routingDecision("math")
                .category("maths")
                .reasoning(true)
                .cacheHit(false)
                .systemPromptInjected(true)
                .piiDetected(false)
                .responsePath(ResponsePath.UPSTREAM)
                .build())
        .httpStatus(200)
        .forcedUsage(ForcedUsage.EDITED)
        .serviceTier(new ServiceTier("flex", null))
        .cost(new Cost("USD", 0, 123_000_000_000_000L))
        .build();
  }

  /** What is known of an exchange when its response begins. */
  static UsageRecord begun(UsageRecord of) {
    return of.toBuilder()
        .timeToFirstByte(null)
        .duration(Duration.ZERO)
        .measurement(Measurement.of(Status.NONE, Set.of(), null))
        .cost(null)
        .build();
  }
}
