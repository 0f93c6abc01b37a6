// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.edit;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.edit.UsageStrip.Mode;
import io.semanticrouter.maas.internal.edit.UsageStripFuzz.Oracle;
import io.semanticrouter.maas.internal.edit.UsageStripFuzz.Removed;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random streams against an implementation on whole texts. {@code -Dstrip.oracle.streams=1000000
 * -Dstrip.oracle.seed=7} runs more and others.
 */
@Tag("slow")
class UsageStripFuzzTest {
  private static final int STREAMS = Integer.getInteger("strip.oracle.streams", 10_000);
  private static final long SEED = Long.getLong("strip.oracle.seed", 20_260_301L);

  @Test
  void streamsAreStrippedAsWholeTextsAre() {
    long dropped = 0;
    long cut = 0;
    for (int i = 0; i < STREAMS; i++) {
      long seed = SEED + i;
      Random random = new Random(seed);
      byte[] body = UsageStripFuzz.latin(new Generator(random).stream(true));
      try {
        UsageStrip strip =
            UsageStripFuzz.check(body, random.nextBoolean() ? Mode.ALL : Mode.CONTINUOUS, random);
        dropped += strip.droppedEvents();
        cut += strip.cutMembers();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    // Guards the generator.
    assertThat(dropped).as("events dropped").isGreaterThan(STREAMS / 20);
    assertThat(cut).as("members cut").isGreaterThan(STREAMS / 2);
  }

  @Test
  void randomBytesAreStrippedAsWholeTextsAre() {
    String[] words = {
      "data:",
      "data: {",
      "\n",
      "\n\n",
      "\r",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "\"usage\"",
      "\"choices\"",
      "\"\\u0075sage\":null",
      "\"usage\":{}",
      "\"choices\":[]",
      "\"choices\":[1]",
      "null",
      " ",
      "\"",
      "\\",
      "x",
      "}\n\n"
    };
    for (int i = 0; i < 2_000; i++) {
      long seed = SEED + i;
      Random random = new Random(seed);
      StringBuilder data = new StringBuilder();
      data.append((char) random.nextInt(256)).append((char) random.nextInt(256)).append("data: {");
      for (int n = random.nextInt(30); n > 0; n--) {
        data.append(words[random.nextInt(words.length)]);
      }
      try {
        UsageStripFuzz.fuzzerTestOneInput(UsageStripFuzz.latin(data.toString()));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  @Test
  void aStreamThatBreaksOffAnywhereLosesNothingElse() {
    int removedAtAll = 0;
    for (int n = 0; n < 150; n++) {
      long seed = SEED + n;
      Random random = new Random(seed);
      String text = new Generator(random).stream(false);
      Mode mode = random.nextInt(3) > 0 ? Mode.ALL : Mode.CONTINUOUS;
      Oracle oracle = new Oracle(text, mode);
      if (!oracle.malformed.isEmpty()) {
        continue;
      }
      List<Removed> removed = oracle.removed;
      removedAtAll += removed.size();
      for (int k = 0; k <= text.length(); k++) {
        byte[] part = UsageStripFuzz.latin(text.substring(0, k));
        String out =
            UsageStripFuzz.latin(
                SplicedBodies.strip(
                        part, mode, UsageStrip.LIMIT, SplicedBodies.randomChunks(random))
                    .out());
        assertThat(possible(text, k, removed))
            .as("seed %s, %s, broken off at %s: %s", seed, mode, k, text)
            .contains(out);
      }
    }
    assertThat(removedAtAll).as("places in which something is removed").isGreaterThan(100);
  }

  /** The outputs that are right: what is decided by then is removed, what is not may be. */
  private static List<String> possible(String text, int k, List<Removed> removed) {
    List<String> outputs = new ArrayList<>(List.of(""));
    List<String> ended = new ArrayList<>();
    int at = 0;
    for (Removed span : removed) {
      if (span.from() >= k) {
        break;
      }
      String before = text.substring(at, span.from());
      String inside = text.substring(span.from(), Math.min(k, span.to()));
      boolean must = span.eventEnd() <= k;
      boolean can = must || span.event() || span.to() <= k;
      List<String> longer = new ArrayList<>();
      for (String output : outputs) {
        if (can) {
          longer.add(output + before);
        }
        if (!must) {
          longer.add(output + before + inside);
        }
        if (!must && span.event()) {
          // With the first bytes of a line that would have begun another document.
          ended.add(output + text.substring(at, span.eventStart()));
        }
      }
      outputs = longer;
      at = Math.min(k, span.to());
    }
    String rest = text.substring(at, k);
    outputs.replaceAll(output -> output + rest);
    outputs.addAll(ended);
    return outputs;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "openai-chat-stream",
        "openai-chat-stream-usage-first",
        "openai-chat-stream-usage-null",
        "completions-stream",
        "cumulative-usage",
        "fields-after-usage",
        "finish-chunk-usage",
        "error-mid-stream",
        "no-done",
        "no-usage-stream",
        "vllm-continuous-n1",
        "vllm-continuous-n2",
        "vllm-final-chunk"
      })
  void aTranscriptIsStrippedTheSameWhereverItIsCutInTwo(String name) throws IOException {
    byte[] body;
    try (InputStream in = getClass().getResourceAsStream("/transcripts/" + name + ".txt")) {
      body = Objects.requireNonNull(in).readAllBytes();
    }
    for (Mode mode : Mode.values()) {
      String expected = new Oracle(UsageStripFuzz.latin(body), mode).expected();
      for (int k = 0; k <= body.length; k++) {
        int first = k;
        int[] calls = new int[1];
        byte[] out =
            SplicedBodies.strip(
                    body, mode, UsageStrip.LIMIT, () -> calls[0]++ == 0 ? first : body.length)
                .out();
        assertThat(new String(out, StandardCharsets.ISO_8859_1))
            .as("%s, cut at %s", mode, k)
            .isEqualTo(expected);
      }
    }
  }

  /** Streams that look like answers, and some that do not. */
  private static final class Generator {
    private static final String HOSTILE = "{}[]\",:\\ \n\r\t0179truenl\u0000\u00ff\u00ef";
    private static final String USAGE =
        "{\"prompt_tokens\":1,\"details\":{\"usage\":null,\"a\":[{}]}}";

    private final Random random;

    Generator(Random random) {
      this.random = random;
    }

    String stream(boolean hostile) {
      StringBuilder stream = new StringBuilder();
      if (random.nextInt(8) == 0) {
        stream.append("\u00ef\u00bb\u00bf");
      }
      for (int n = random.nextInt(5); n >= 0; n--) {
        event(stream, hostile);
      }
      if (hostile && random.nextInt(3) == 0) {
        for (int n = 1 + random.nextInt(3); n > 0 && stream.length() > 0; n--) {
          int at = random.nextInt(stream.length());
          char c = HOSTILE.charAt(random.nextInt(HOSTILE.length()));
          switch (random.nextInt(4)) {
            case 0 -> stream.setCharAt(at, c);
            case 1 -> stream.insert(at, c);
            case 2 -> stream.setLength(at);
            default -> stream.deleteCharAt(at);
          }
        }
      }
      return stream.toString();
    }

    private void event(StringBuilder stream, boolean hostile) {
      String end = pick("\n", "\n", "\r", "\r\n");
      for (int n = random.nextInt(4); n > 2; n--) {
        stream
            .append(pick(": c", "event: x", "id", "data2: {}", " data: {}", "retry: 3"))
            .append(end);
      }
      String clean = document(hostile).replaceAll("[\r\n]", " ");
      for (int n = random.nextInt(6); n > 3; n--) {
        int cut = random.nextInt(clean.length() + 1);
        String between =
            end + pick("", "", ": c" + end, "id: 4" + end, "data" + end) + pick("data:", "data: ");
        clean = clean.substring(0, cut) + between + clean.substring(cut);
      }
      stream.append(pick("data: ", "data:")).append(clean).append(end);
      // Some backends put no blank line between events.
      boolean blank = random.nextInt(4) > 0;
      stream.append(pick("", "", "", "id: 1" + end, ":" + end)).append(blank ? end : "");
      if (random.nextInt(6) == 0) {
        stream.append(pick("data: [DONE]", "data: x", ": ping", "data", "event: ping")).append(end);
        stream.append(pick(end, "")).append(end);
      }
    }

    private String document(boolean hostile) {
      if (hostile && random.nextInt(12) == 0) {
        return pick("[DONE]", "[]", "7", "", "{}", "{}{}", "x");
      }
      StringBuilder object = new StringBuilder(space()).append('{').append(space());
      int members = random.nextInt(6);
      int usages = 0;
      for (int i = 0; i < members; i++) {
        object.append(i == 0 ? "" : ",").append(space());
        switch (random.nextInt(5)) {
          case 0, 1 -> {
            if (usages++ < 3) {
              object.append(
                  member("usage", pick(USAGE, "{ }", "null", "null", "{}", "7", "[]", "\"\"")));
            } else {
              object.append(member("x", "1"));
            }
          }
          case 2, 3 ->
              object.append(
                  member(
                      "choices",
                      pick(
                          "[]",
                          "[]",
                          "[ ]",
                          "[{\"index\":0,\"delta\":{\"content\":\",\\\"usage\\\":null\"}}]",
                          "[ [[],{}] , {\"usage\":{}} ]",
                          "null",
                          "{}")));
          default ->
              object.append(
                  member(
                      pick("id", "x_groq", "error", "uſage", "usag", "choice")
                          .replace("ſ", "s\\u0020"),
                      pick(
                          "1",
                          "\"a\\\\\"",
                          "{\"usage\":{}}",
                          "[[],[{}]]",
                          "-1.5e3",
                          "false",
                          "\"}\"")));
        }
      }
      return object.append(space()).append('}').append(space()).toString();
    }

    private String member(String name, String value) {
      String key = name;
      if (random.nextInt(8) == 0 && name.indexOf('\\') < 0) {
        int at = random.nextInt(name.length());
        key =
            name.substring(0, at)
                + "\\u00"
                + Integer.toHexString(name.charAt(at))
                + name.substring(at + 1);
      }
      return '"' + key + '"' + space() + ":" + space() + value + space();
    }

    private String space() {
      return pick("", "", "", "", " ", "\t ");
    }

    private String pick(String... of) {
      return of[random.nextInt(of.length)];
    }
  }
}
