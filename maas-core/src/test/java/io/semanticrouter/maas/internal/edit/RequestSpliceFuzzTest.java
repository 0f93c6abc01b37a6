// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.edit;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.edit.RequestSplice.Outcome;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random bodies against an implementation on trees. {@code -Dsplice.oracle.documents=1000000
 * -Dsplice.oracle.seed=7} runs more and others.
 */
@Tag("slow")
class RequestSpliceFuzzTest {
  private static final int DOCUMENTS = Integer.getInteger("splice.oracle.documents", 10_000);
  private static final long SEED = Long.getLong("splice.oracle.seed", 20_260_201L);

  @Test
  void bodiesAreEditedAsTreesAre() {
    Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
    for (int i = 0; i < DOCUMENTS; i++) {
      long seed = SEED + i;
      Random random = new Random(seed);
      byte[] body = new Generator(random).body();
      try {
        Outcome outcome = RequestSpliceFuzz.check(body, random.nextBoolean(), random);
        outcomes.merge(outcome, 1, Integer::sum);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    // Guards the generator.
    for (Outcome outcome : EnumSet.complementOf(EnumSet.of(Outcome.NOT_ASKED))) {
      assertThat(outcomes).as("outcomes").containsKey(outcome);
    }
    assertThat(outcomes.get(Outcome.EDITED)).as("edited").isGreaterThan(DOCUMENTS / 10);
  }

  @Test
  void randomBytesAreEditedAsTreesAre() {
    String alphabet = "{}[]\",:\\ \nfalsetrun0";
    for (int i = 0; i < 2_000; i++) {
      long seed = SEED + i;
      Random random = new Random(seed);
      byte[] data = new byte[2 + random.nextInt(60)];
      random.nextBytes(data);
      for (int k = 3; k < data.length && i % 4 > 0; k++) {
        data[k] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
      }
      if (data.length > 2) {
        data[2] = '{';
      }
      try {
        RequestSpliceFuzz.fuzzerTestOneInput(data);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  /** Bodies that look like requests, and some that do not. */
  private static final class Generator {
    private static final String HOSTILE = "{}[]\",:\\ \n0179-.eEtrufalsn\u0000\u00ff\u00ef";
    private static final String[] SCALARS = {
      "true",
      "false",
      "null",
      "0",
      "1",
      "-7.5e3",
      "\"\"",
      "\"true\"",
      "\"YES\"",
      "\"off\"",
      "1.0",
      "NaN",
      "\"\\\"stream\\\":true,{[\"",
      "\"\\ud83c\\udf0d\u00c3\u00a9\"",
      "[]",
      "{}",
      "\"gpt\\u00e9\"",
      "12345678901234567890"
    };

    private final Random random;

    Generator(Random random) {
      this.random = random;
    }

    byte[] body() {
      StringBuilder body = new StringBuilder();
      body.append(pick("", "", "", "", "\u00ef\u00bb\u00bf", " \n"));
      body.append(random.nextInt(20) == 0 ? value(0) : root());
      body.append(pick("", "", "", "\n", " {\"stream\":true}", "x"));
      if (random.nextInt(3) == 0) {
        for (int n = 1 + random.nextInt(3); n > 0 && body.length() > 0; n--) {
          int at = random.nextInt(body.length());
          char c = HOSTILE.charAt(random.nextInt(HOSTILE.length()));
          switch (random.nextInt(4)) {
            case 0 -> body.setCharAt(at, c);
            case 1 -> body.insert(at, c);
            case 2 -> body.setLength(at);
            default -> body.deleteCharAt(at);
          }
        }
      }
      return body.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private String root() {
      StringBuilder object = new StringBuilder("{").append(space());
      int members = random.nextInt(8);
      for (int i = 0; i < members; i++) {
        object.append(i == 0 ? "" : ",").append(space());
        switch (random.nextInt(6)) {
          case 0, 1 ->
              object.append(
                  member(
                      cased("stream"),
                      random.nextInt(3) > 0 ? "true" : pick("false", "null", scalar())));
          case 2 -> object.append(member(cased("stream_options"), options()));
          case 3 -> object.append(member("model", scalar()));
          default -> object.append(member(pick("n", "messages", "include_usage", "x"), value(1)));
        }
      }
      return object.append(space()).append('}').toString();
    }

    private String options() {
      if (random.nextInt(4) == 0) {
        return pick("null", "null", scalar());
      }
      StringBuilder object = new StringBuilder("{").append(space());
      int members = random.nextInt(4);
      for (int i = 0; i < members; i++) {
        object.append(i == 0 ? "" : ",").append(space());
        String name =
            pick("include_usage", "include_usage", "continuous_usage_stats", "stream", "x");
        object.append(
            member(cased(name), pick("true", "false", "false", "null", scalar(), value(2))));
      }
      return object.append(space()).append('}').toString();
    }

    private String member(String name, String value) {
      return key(name) + space() + ":" + space() + value + space();
    }

    private String value(int depth) {
      return switch (depth > 4 ? 0 : random.nextInt(5)) {
        case 1 ->
            "{"
                + member(pick("stream", "stream_options", "include_usage", "x"), value(depth + 1))
                + ","
                + member("y", value(depth + 1))
                + "}";
        case 2 -> "[" + space() + value(depth + 1) + "," + value(depth + 1) + space() + "]";
        default -> scalar();
      };
    }

    private String scalar() {
      return SCALARS[random.nextInt(SCALARS.length)];
    }

    /** Mostly as it is. */
    private String cased(String name) {
      return switch (random.nextInt(20)) {
        case 0 -> name.toUpperCase(java.util.Locale.ROOT);
        case 1 -> Character.toUpperCase(name.charAt(0)) + name.substring(1);
        case 2 -> name.replaceFirst("s", "\u00c5\u00bf");
        default -> name;
      };
    }

    private String key(String name) {
      int at = random.nextInt(name.length());
      return random.nextInt(6) > 0 || name.indexOf('\u00c5') >= 0
          ? '"' + name + '"'
          : '"'
              + name.substring(0, at)
              + "\\u00"
              + Integer.toHexString(name.charAt(at))
              + name.substring(at + 1)
              + '"';
    }

    private String space() {
      return pick("", "", "", " ", "\n", "\t \r\n");
    }

    private String pick(String... of) {
      return of[random.nextInt(of.length)];
    }
  }
}
