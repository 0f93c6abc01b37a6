// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import com.sun.net.httpserver.Headers;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What the {@code x-sim-} headers of one request ask for. Headers, because they pass through a
 * gateway unchanged: a test drives the backend from the client's side.
 */
record Knobs(
    int delayMillis,
    int chunkDelayMillis,
    OptionalInt splitBytes,
    OptionalInt status,
    OptionalInt abortAfterEvents,
    OptionalInt tokens,
    OptionalInt cachedTokens,
    boolean omitUsage,
    boolean nullUsage,
    boolean forceUsage,
    boolean gzip,
    boolean cacheHit,
    boolean pii,
    String lineEnding) {

  static final int MAX_DELAY_MILLIS = 60_000;
  static final int MAX_TOKENS = 100_000;
  static final int MAX_SPLIT_BYTES = 1 << 20;

  private static final String PREFIX = "x-sim-";
  private static final Set<String> NAMES =
      Set.of(
          "delay-ms",
          "chunk-delay-ms",
          "split-bytes",
          "status",
          "abort-after-events",
          "tokens",
          "cached-tokens",
          "omit-usage",
          "null-usage",
          "force-usage",
          "gzip",
          "cache-hit",
          "pii",
          "line-ending");

  /**
   * Reads the knobs of a request.
   *
   * @throws ApiException with status 400 for a bad value or an unknown knob: a mistyped knob that
   *     did nothing would make a test pass for the wrong reason
   */
  static Knobs of(Headers headers) {
    for (Map.Entry<String, List<String>> header : headers.entrySet()) {
      String name = header.getKey().toLowerCase(Locale.ROOT);
      if (name.startsWith(PREFIX)) {
        if (!NAMES.contains(name.substring(PREFIX.length()))) {
          throw ApiException.badRequest("Unknown header '" + name + "'.");
        }
        if (header.getValue().size() > 1) {
          throw ApiException.badRequest("Header '" + name + "' must be given once.");
        }
      }
    }
    return new Knobs(
        number(headers, "delay-ms", 0, MAX_DELAY_MILLIS).orElse(0),
        number(headers, "chunk-delay-ms", 0, MAX_DELAY_MILLIS).orElse(0),
        number(headers, "split-bytes", 1, MAX_SPLIT_BYTES),
        number(headers, "status", 400, 599),
        number(headers, "abort-after-events", 0, Integer.MAX_VALUE),
        number(headers, "tokens", 0, MAX_TOKENS),
        number(headers, "cached-tokens", 0, Integer.MAX_VALUE),
        flag(headers, "omit-usage", false),
        flag(headers, "null-usage", true),
        flag(headers, "force-usage", false),
        flag(headers, "gzip", false),
        flag(headers, "cache-hit", false),
        flag(headers, "pii", false),
        lineEnding(headers));
  }

  private static OptionalInt number(Headers headers, String knob, int min, int max) {
    String value = headers.getFirst(PREFIX + knob);
    if (value == null) {
      return OptionalInt.empty();
    }
    // The pattern keeps out what Integer.parseInt would take: signs and other scripts' digits.
    if (value.matches("[0-9]{1,10}")) {
      long number = Long.parseLong(value);
      if (number >= min && number <= max) {
        return OptionalInt.of((int) number);
      }
    }
    throw wrong(knob, "an integer from " + min + " to " + max);
  }

  private static boolean flag(Headers headers, String knob, boolean defaultValue) {
    String value = headers.getFirst(PREFIX + knob);
    if (value == null) {
      return defaultValue;
    }
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong(knob, "true or false");
    };
  }

  private static String lineEnding(Headers headers) {
    String value = headers.getFirst(PREFIX + "line-ending");
    return switch (value == null ? "lf" : value) {
      case "lf" -> "\n";
      case "crlf" -> "\r\n";
      case "cr" -> "\r";
      default -> throw wrong("line-ending", "lf, crlf or cr");
    };
  }

  private static ApiException wrong(String knob, String expected) {
    return ApiException.badRequest("Header '" + PREFIX + knob + "' must be " + expected + ".");
  }
}
