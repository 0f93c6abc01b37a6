// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Records of every kind, with texts that are hard to write. Prints its seed. */
final class RandomRecords {
  private static final String[] CHARACTERS = {
    "a", "Z", "7", " ", "-", "\"", "\\", "/", "\n", "\r", "\t", "\0", "\u001f", "\u007f", "\u0085",
    "é", "ß", "中", "\u2028", "\uFFFD", "😀", "\uD800", "\uDC00", "{", "}", "crc32c", "\\u0041"
  };

  private final Random random;
  private long count;

  RandomRecords() {
    this(Long.getLong("maas.seed", System.nanoTime()));
  }

  RandomRecords(long seed) {
    System.out.println("-Dmaas.seed=" + seed);
    random = new Random(seed);
  }

  UsageRecord next() {
    return UsageRecord.builder(
            "run-" + Long.toHexString(++count),
            micros(random.nextLong(0, 4_000_000_000_000_000L)),
            any(Operation.class),
            measurement())
        .duration(Duration.ofNanos(1000 * random.nextLong(0, 1L << random.nextInt(1, 42))))
        .timeToFirstByte(
            random.nextBoolean()
                ? null
                : Duration.ofNanos(1000 * random.nextLong(0, 1L << random.nextInt(1, 42))))
        .streamed(random.nextBoolean())
        .requestId(optionalText())
        .identity(identity())
        .routing(
            Routing.builder()
                .requestedModel(optionalText())
                .selectedModel(optionalText())
                .responseModel(optionalText())
                .routingDecision(optionalText())
                .category(optionalText())
                .reasoning(flag())
                .cacheHit(flag())
                .systemPromptInjected(flag())
                .piiDetected(flag())
                .jailbreakDetected(flag())
                .responsePath(random.nextBoolean() ? null : any(ResponsePath.class))
                .build())
        .httpStatus(random.nextInt(4) == 0 ? random.nextInt(-5, 100_000) : 200)
        .abortReason(random.nextInt(3) == 0 ? any(AbortReason.class) : null)
        .forcedUsage(any(ForcedUsage.class))
        .router(
            RouterReport.of(any(RouterReport.Result.class)).withPiiTypes(some(PiiType.class, 3)))
        .serviceTier(new ServiceTier(optionalText(), optionalText()))
        .cost(random.nextBoolean() ? null : cost())
        .charge(random.nextInt(4) == 0 ? cost() : null)
        .priceGap(random.nextInt(8) == 0 ? any(PriceGap.class) : null)
        .appliedPrice(random.nextBoolean() ? null : new AppliedPrice(text(), text()))
        .build();
  }

  private Identity identity() {
    Map<String, String> attributes = new HashMap<>();
    Map<String, Identity.Source> sources = new HashMap<>();
    for (int i = random.nextInt(3) == 0 ? random.nextInt(4) : 0; i > 0; i--) {
      String name = text();
      attributes.put(name, text());
      sources.put(name, any(Identity.Source.class));
    }
    return Identity.of(text(), text())
        .withSources(any(Identity.Source.class), any(Identity.Source.class))
        .withAttributes(attributes, sources)
        .withUntrusted(random.nextInt(4) == 0 ? any(Identity.Untrusted.class) : null);
  }

  private Measurement measurement() {
    Status status = any(Status.class);
    boolean hasUsage = status != Status.NONE && status != Status.FAILED;
    List<UsageLine> others = new ArrayList<>();
    for (int i = random.nextInt(20) == 0 ? random.nextInt(4) : 0; i > 0; i--) {
      others.add(new UsageLine(text(), tokens()));
    }
    UnitUsage.Builder units =
        UnitUsage.builder().audioSeconds(sometimes()).images(sometimes()).searchUnits(sometimes());
    for (ProviderTool tool : some(ProviderTool.class, 8)) {
      units.calls(tool, random.nextLong(1, 100));
    }
    return Measurement.of(status, some(Reason.class, 3), hasUsage ? tokens() : null)
        .withOtherLines(others)
        .withUnits(units.build())
        .withProviderStatement(random.nextInt(4) == 0 ? decimal() : null, null);
  }

  private BigDecimal decimal() {
    return new BigDecimal(new BigInteger(random.nextInt(1, 90), random), random.nextInt(-5, 20));
  }

  private Cost cost() {
    long units = random.nextInt(3) == 0 ? random.nextLong(0, Long.MAX_VALUE) : 0;
    long attos = random.nextInt(3) == 0 ? 0 : random.nextLong(0, 1L << random.nextInt(1, 59));
    return new Cost("USD", units, attos);
  }

  private TokenUsage tokens() {
    TokenUsage.Builder tokens = TokenUsage.builder(sometimes(), count());
    for (TokenPart part : some(TokenPart.class, 2)) {
      tokens.part(part, count());
    }
    return tokens.providerTotal(sometimes()).build();
  }

  private long count() {
    return random.nextLong(0, 1L << random.nextInt(1, 53));
  }

  private long sometimes() {
    return random.nextInt(3) == 0 ? count() : TokenUsage.UNKNOWN;
  }

  private @Nullable Boolean flag() {
    int value = random.nextInt(3);
    return value == 2 ? null : Boolean.valueOf(value == 1);
  }

  private @Nullable String optionalText() {
    return random.nextInt(3) == 0 ? null : text();
  }

  private String text() {
    int length = random.nextInt(50) == 0 ? random.nextInt(3000) : random.nextInt(12);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append(CHARACTERS[random.nextInt(CHARACTERS.length)]);
    }
    return text.toString();
  }

  private <E extends Enum<E>> E any(Class<E> type) {
    E[] constants = type.getEnumConstants();
    return constants[random.nextInt(constants.length)];
  }

  private <E extends Enum<E>> Set<E> some(Class<E> type, int rarity) {
    Set<E> constants = EnumSet.noneOf(type);
    while (random.nextInt(rarity) == 0) {
      constants.add(any(type));
    }
    return constants;
  }

  private static Instant micros(long micros) {
    return Instant.ofEpochSecond(micros / 1_000_000, micros % 1_000_000 * 1000);
  }
}
