// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.journal.UsageJournal;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Writes a journal as a server does in a month: of each exchange the line of its beginning and that
 * of its usage, from 2,000 users with 12 models, a fiftieth of them unmetered and a twentieth
 * estimated.
 *
 * <p>{@code GeneratedJournal DIRECTORY EXCHANGES [SEED]}; 10^6 exchanges take 2 GB until they are
 * compressed, which it waits for, and a fourteenth of that then.
 */
public final class GeneratedJournal {
  private static final int USERS = 2000;
  private static final int MODELS = 12;
  private static final long MAX_WAITING = 1 << 20;
  private static final Instant FROM = Instant.parse("2026-11-01T00:00:00Z");
  private static final long SECONDS = Duration.ofDays(30).toSeconds();

  private final Random random;
  private final long exchanges;

  private GeneratedJournal(long exchanges, long seed) {
    this.exchanges = exchanges;
    random = new Random(seed);
  }

  /** See the class. */
  public static void main(String[] args) throws IOException {
    long seed = args.length > 2 ? Long.parseLong(args[2]) : 1;
    GeneratedJournal made = new GeneratedJournal(Long.parseLong(args[1]), seed);
    try (UsageJournal journal =
        UsageJournal.open(JournalConfig.in(Path.of(args[0])), "generated 1")) {
      for (long i = 0; i < made.exchanges; i++) {
        UsageRecord begun = made.begun(journal.instanceId() + '-' + Long.toHexString(i), i);
        journal.opened(begun);
        journal.record(made.settled(begun));
        while (i % 1000 == 0 && journal.stats().waitingBytes() > MAX_WAITING) {
          LockSupport.parkNanos(1_000_000); // nobody else does: a gateway never waits for long
        }
      }
      if (journal.stats().lost() > 0) {
        throw new IllegalStateException("lost: " + journal.stats());
      }
      while (unsealed(Path.of(args[0])) > 1) {
        LockSupport.parkNanos(100_000_000);
      }
    }
  }

  private static long unsealed(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".jsonl")).count() - 1; // the manifest
    }
  }

  private UsageRecord begun(String id, long number) {
    double share = random.nextDouble(); // a few users ask for most
    int user = (int) (USERS * share * share * share);
    int model = (int) (MODELS * random.nextDouble() * random.nextDouble());
    return UsageRecord.builder(
            id,
            FROM.plusMillis(SECONDS * 1000 / exchanges * number),
            random.nextInt(10) == 0 ? Operation.RESPONSES : Operation.CHAT,
            Measurement.of(Status.NONE, Set.of(), null))
        .timeToFirstByte(Duration.ofNanos(1000L * random.nextInt(20_000, 900_000)))
        .requestId(new UUID(random.nextLong(), random.nextLong()).toString())
        .identity(
            Identity.of("user-" + user + "@example.com", user % 3 == 0 ? "premium" : "free")
                .withAttributes(Map.of("cost_center", Integer.toString(4000 + user % 40))))
        .routing(
            Routing.builder()
                .requestedModel("auto")
                .selectedModel("model-" + model)
                .responseModel("model-" + model + "-2026-10-01")
                .routingDecision("decision-" + model % 5)
                .category("category-" + random.nextInt(14))
                .reasoning(model % 2 == 0)
                .cacheHit(false)
                .build())
        .httpStatus(200)
        .build();
  }

  private UsageRecord settled(UsageRecord begun) {
    UsageRecord.Builder record =
        begun.toBuilder().duration(Duration.ofNanos(1000L * random.nextInt(1_000_000, 30_000_000)));
    if (random.nextInt(50) == 0) {
      return record.measurement(Measurement.of(Status.NONE, Set.of(Reason.NO_USAGE), null)).build();
    }
    long prompt = random.nextInt(20, 20_000);
    long completion = random.nextInt(1, 4000);
    TokenUsage usage =
        TokenUsage.builder(prompt, completion)
            .part(TokenPart.CACHE_READ, random.nextInt((int) prompt))
            .part(TokenPart.REASONING, random.nextInt((int) completion))
            .providerTotal(prompt + completion)
            .build();
    boolean estimated = random.nextInt(20) == 0;
    return record
        .measurement(
            Measurement.of(estimated ? Status.ESTIMATED : Status.COMPLETE, Set.of(), usage))
        .cost(new Cost("USD", 0, 1_000_000_000L * (150 * prompt + 600 * completion)))
        .build();
  }
}
