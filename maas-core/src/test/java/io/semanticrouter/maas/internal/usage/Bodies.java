// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.internal.framing.Framing;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Puts bodies through the scanner, and through a whole exchange. */
public final class Bodies {
  static final String CHAT = "/v1/chat/completions";

  /** Only what is measured. */
  private static final Metering METERING =
      Metering.builder(
              MaasConfig.from(
                  Map.of(
                      "maas_integration",
                      Map.of(
                          "usage",
                          Map.of("unmeasurable", "pass", "on_disconnect", "last-snapshot")))))
          .build();

  private Bodies() {}

  public static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static UsageScanner scan(Framing framing, String body) {
    return scan(framing, utf8(body));
  }

  static UsageScanner scan(Framing framing, byte[] body) {
    UsageScanner scanner = new UsageScanner(framing);
    scanner.feed(body, 0, body.length);
    scanner.end();
    return scanner;
  }

  /** In chunks of {@code size} bytes. */
  static UsageScanner scan(Framing framing, byte[] body, int size) {
    UsageScanner scanner = new UsageScanner(framing);
    for (int from = 0; from < body.length; from += size) {
      scanner.feed(body, from, Math.min(body.length, from + size));
    }
    scanner.end();
    return scanner;
  }

  /** In random chunks, empty ones included. */
  static UsageScanner scan(Framing framing, byte[] body, Random random) {
    UsageScanner scanner = new UsageScanner(framing);
    int largest = 1 + random.nextInt(64);
    for (int from = 0; from < body.length; ) {
      int to = Math.min(body.length, from + random.nextInt(largest + 1));
      scanner.feed(body, from, to);
      from = to;
    }
    scanner.end();
    return scanner;
  }

  // Counts as they were stated, not yet in canonical form.

  static long prompt(UsageScanner s) {
    return s.stated(Slots.INPUT);
  }

  static long completion(UsageScanner s) {
    return s.stated(Slots.OUTPUT);
  }

  static long total(UsageScanner s) {
    return s.stated(Slots.TOTAL);
  }

  static long cacheRead(UsageScanner s) {
    for (int slot = Slots.CACHE_READ; slot <= Slots.CACHE_READ_INPUT; slot++) {
      if (s.stated(slot) != UsageScanner.ABSENT) {
        return s.stated(slot);
      }
    }
    return UsageScanner.ABSENT;
  }

  static long cacheWrite(UsageScanner s) {
    return s.stated(Slots.CACHE_WRITE);
  }

  static long reasoning(UsageScanner s) {
    return s.stated(Slots.REASONING);
  }

  /** Everything that a scanner says. */
  static String facts(UsageScanner s) {
    return s.model()
        + " prompt="
        + prompt(s)
        + " completion="
        + completion(s)
        + " total="
        + total(s)
        + " cacheRead="
        + cacheRead(s)
        + " cacheWrite="
        + cacheWrite(s)
        + " reasoning="
        + reasoning(s)
        + flag(s.usageSeen(), "seen")
        + flag(s.isFinal(), "final")
        + flag(s.malformedJsonSeen(), "malformedJson")
        + flag(s.malformedUsageSeen(), "malformedUsage")
        + flag(s.duplicateSeen(), "duplicate")
        + flag(s.zeroAfterNonzeroSeen(), "zeroAfterNonzero")
        + flag(s.isOfSeveralChoices(), "ofSeveralChoices")
        + flag(s.isTruncated(), "truncated")
        + flag(s.isUnterminated(), "unterminated")
        + flag(s.errorSeen(), "error");
  }

  private static String flag(boolean set, String name) {
    return set ? " " + name : "";
  }

  static UsageRecord record(
      String path, String contentType, byte[] body, int length, @Nullable AbortReason abort) {
    DrivenExchange exchange = DrivenExchange.of(METERING.begin("POST", path, name -> null));
    exchange.respond(200, name -> name.equals("content-type") ? contentType : null);
    exchange.response(body, 0, length);
    if (abort == null) {
      exchange.end();
    } else {
      exchange.abort(abort);
    }
    return Objects.requireNonNull(exchange.record());
  }

  static Measurement measureJson(String body) {
    byte[] bytes = utf8(body);
    return record(CHAT, "application/json", bytes, bytes.length, null).measurement();
  }

  static Measurement measureStream(String body) {
    byte[] bytes = utf8(body);
    return record(CHAT, "text/event-stream", bytes, bytes.length, null).measurement();
  }

  public static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
