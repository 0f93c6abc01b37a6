// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import static io.semanticrouter.maas.internal.Bodies.CHAT;
import static io.semanticrouter.maas.internal.Bodies.concat;
import static io.semanticrouter.maas.internal.Bodies.facts;
import static io.semanticrouter.maas.internal.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.AbortReason;
import io.semanticrouter.maas.Measurement;
import io.semanticrouter.maas.Measurement.Reason;
import io.semanticrouter.maas.Measurement.Status;
import io.semanticrouter.maas.TokenUsage;
import io.semanticrouter.maas.UsageRecord;
import io.semanticrouter.maas.internal.UsageScanner.Framing;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One truth per transcript, however it is cut, however its lines end, wherever it breaks off. */
class UsageScannerSplitTest {
  private static final int PARTITIONS = 100;
  private static final long UNKNOWN = TokenUsage.UNKNOWN;
  private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  /**
   * A transcript and what it says, derived by hand.
   *
   * @param firstFinal ends where the usage that will not be raised any more is closed; null when
   *     there is none, so that no cut of the transcript may count as complete
   */
  record Transcript(
      String name,
      String path,
      String model,
      @Nullable TokenUsage usage,
      Status status,
      Set<Reason> reasons,
      @Nullable String firstFinal) {
    boolean isStream() {
      return body().startsWith("data:");
    }

    String contentType() {
      return isStream() ? "text/event-stream; charset=utf-8" : "application/json";
    }

    Framing framing() {
      return isStream() ? Framing.SSE : Framing.JSON;
    }

    String body() {
      try (InputStream in =
          UsageScannerSplitTest.class.getResourceAsStream("/transcripts/" + name + ".txt")) {
        return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public String toString() {
      return name;
    }
  }

  // Columns of usage: prompt, completion, cache read, cache write, reasoning, total as stated.
  static List<Transcript> transcripts() {
    return List.of(
        complete("openai-chat-json", "gpt-x", usage(120, 45, 64, 32, 30, 165), "ns\": 0}\n  }"),
        complete("openai-chat-stream", "qwen3", usage(21, 9, 16, UNKNOWN, UNKNOWN, 30), "16}}"),
        complete(
            "openai-chat-stream-usage-null",
            "qwen3",
            usage(21, 9, UNKNOWN, UNKNOWN, UNKNOWN, 30),
            "\"total_tokens\":30}"),
        complete(
            "openai-chat-stream-usage-first",
            "gpt-x",
            usage(33, 12, UNKNOWN, UNKNOWN, UNKNOWN, 45),
            "\"total_tokens\":45}"),
        // Only num_cached_tokens counts: prompt_token_details (singular) is no known path.
        complete(
            "finish-chunk-usage",
            "mistral-s",
            usage(14, 26, 8, UNKNOWN, UNKNOWN, 40),
            "\"queue_time\":0.0123}"),
        // The running completions are 1, 2, 3, 4, 5, 333, 336; their sum, 684, would be wrong.
        complete(
            "cumulative-usage",
            "sonar-x",
            usage(11, 336, UNKNOWN, UNKNOWN, UNKNOWN, 347),
            "\"completion_tokens\":336,\"total_tokens\":347}"),
        complete(
            "vllm-continuous-n1",
            "qwen3",
            usage(50, 3, 48, UNKNOWN, UNKNOWN, 53),
            "\"completion_tokens\":3,\"total_tokens\":53}"),
        // Choice 0 took 2 tokens and choice 1 took 3; the last chunk states the sum.
        complete(
            "vllm-continuous-n2",
            "qwen3",
            usage(50, 5, UNKNOWN, UNKNOWN, UNKNOWN, 55),
            "\"completion_tokens\":5,\"total_tokens\":55}"),
        complete(
            "vllm-final-chunk",
            "qwen3",
            usage(1000, 234, UNKNOWN, UNKNOWN, UNKNOWN, 1234),
            "\"prompt_tokens_details\":null}"),
        complete(
            "deepseek-json",
            "deepseek-x",
            usage(300, 80, 256, UNKNOWN, 60, 380),
            "\"reasoning_tokens\":60}}"),
        new Transcript(
            "embeddings-json",
            "/v1/embeddings",
            "embed-x",
            usage(8, 0, UNKNOWN, UNKNOWN, UNKNOWN, 8),
            Status.COMPLETE,
            Set.of(),
            "\"total_tokens\":8}"),
        new Transcript(
            "completions-json",
            "/v1/completions",
            "base-x",
            usage(49, 58, UNKNOWN, UNKNOWN, UNKNOWN, 107),
            Status.COMPLETE,
            Set.of(),
            "\"total_tokens\":107}"),
        new Transcript(
            "completions-stream",
            "/v1/completions",
            "base-x",
            usage(5, 17, UNKNOWN, UNKNOWN, UNKNOWN, 22),
            Status.COMPLETE,
            Set.of(),
            "\"total_tokens\":22}"),
        new Transcript(
            "error-mid-stream",
            CHAT,
            "qwen3",
            usage(50, 2, UNKNOWN, UNKNOWN, UNKNOWN, 52),
            Status.PARTIAL,
            Set.of(Reason.IN_BAND_ERROR),
            null),
        new Transcript(
            "error-before-usage",
            CHAT,
            "qwen3",
            null,
            Status.NONE,
            Set.of(Reason.IN_BAND_ERROR),
            null),
        complete(
            "no-done",
            "qwen3",
            usage(21, 9, UNKNOWN, UNKNOWN, UNKNOWN, 30),
            "\"total_tokens\":30}"),
        complete(
            "fields-after-usage",
            "qwen3",
            usage(70, 30, UNKNOWN, UNKNOWN, UNKNOWN, 100),
            "\"cost_details\":{\"usage\":{\"prompt_tokens\":1}}}"),
        new Transcript(
            "no-usage-stream", CHAT, "qwen3", null, Status.NONE, Set.of(Reason.NO_USAGE), null));
  }

  private static Transcript complete(
      String name, String model, TokenUsage usage, String firstFinal) {
    return new Transcript(name, CHAT, model, usage, Status.COMPLETE, Set.of(), firstFinal);
  }

  private static TokenUsage usage(
      long prompt, long completion, long read, long write, long reasoning, long total) {
    return new TokenUsage(prompt, completion, read, write, reasoning, total);
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void whole_transcript_gives_the_numbers_in_the_table(Transcript t) {
    for (String body : lineEndings(t)) {
      byte[] bytes = utf8(body);
      UsageRecord record = Bodies.record(t.path(), t.contentType(), bytes, bytes.length, null);
      assertThat(record.model()).isEqualTo(t.model());
      assertThat(record.measurement())
          .isEqualTo(Measurement.of(t.status(), t.reasons(), t.usage()));
    }
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void any_cut_line_ending_and_byte_order_mark_gives_the_same_facts(Transcript t) {
    String expected = facts(Bodies.scan(t.framing(), t.body()));
    for (String body : lineEndings(t)) {
      for (byte[] bytes : List.of(utf8(body), concat(BOM, utf8(body)))) {
        for (Framing framing : List.of(t.framing(), Framing.DETECT)) {
          assertThat(facts(Bodies.scan(framing, bytes))).as("whole").isEqualTo(expected);
          for (int size : new int[] {1, 2, 3, 7}) {
            assertThat(facts(Bodies.scan(framing, bytes, size)))
                .as("%s in chunks of %d", framing, size)
                .isEqualTo(expected);
          }
          for (long seed = 0; seed < PARTITIONS; seed++) {
            assertThat(facts(Bodies.scan(framing, bytes, new Random(seed))))
                .as("%s, seed %d", framing, seed)
                .isEqualTo(expected);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void stream_that_ends_early_is_complete_only_behind_the_final_usage(Transcript t) {
    cutEverywhere(t, null);
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void exchange_that_is_aborted_is_complete_only_behind_the_final_usage(Transcript t) {
    cutEverywhere(t, AbortReason.CANCELLED);
  }

  private static void cutEverywhere(Transcript t, @Nullable AbortReason abort) {
    for (String text : lineEndings(t)) {
      byte[] body = utf8(text);
      int firstFinal = Integer.MAX_VALUE;
      if (t.firstFinal() != null) {
        int at = text.indexOf(t.firstFinal().replace("\n", lineEndOf(text)));
        assertThat(at).as("marker in %s", t).isGreaterThan(0);
        firstFinal =
            utf8(text.substring(0, at)).length
                + utf8(t.firstFinal().replace("\n", lineEndOf(text))).length;
      }
      for (int length = 0; length <= body.length; length++) {
        Measurement m = Bodies.record(t.path(), t.contentType(), body, length, abort).measurement();
        if (length < firstFinal) {
          assertThat(m.status()).as("%s cut at %d: %s", t, length, m).isNotEqualTo(Status.COMPLETE);
          assertThat(m.reasons()).as("%s cut at %d", t, length).isNotEmpty();
        }
        assertThat(m.status()).as("%s cut at %d: %s", t, length, m).isNotEqualTo(Status.FAILED);
        if (m.usage() != null) {
          assertAtMost(m.usage(), Objects.requireNonNull(t.usage()), t + " cut at " + length);
        }
      }
      Measurement whole =
          Bodies.record(t.path(), t.contentType(), body, body.length, abort).measurement();
      if (t.usage() != null) {
        assertThat(whole.status()).isEqualTo(t.status());
        assertThat(whole.usage()).isEqualTo(t.usage());
      }
    }
  }

  private static void assertAtMost(TokenUsage part, TokenUsage truth, String description) {
    assertThat(part.prompt()).as(description).isLessThanOrEqualTo(truth.prompt());
    assertThat(part.completion()).as(description).isLessThanOrEqualTo(truth.completion());
    assertThat(part.cacheRead()).as(description).isLessThanOrEqualTo(truth.cacheRead());
    assertThat(part.cacheWrite()).as(description).isLessThanOrEqualTo(truth.cacheWrite());
    assertThat(part.reasoning()).as(description).isLessThanOrEqualTo(truth.reasoning());
    assertThat(part.providerTotal()).as(description).isLessThanOrEqualTo(truth.providerTotal());
  }

  private static List<String> lineEndings(Transcript t) {
    String body = t.body();
    return Stream.of(body, body.replace("\n", "\r\n"), body.replace('\n', '\r')).toList();
  }

  private static String lineEndOf(String text) {
    return text.contains("\r\n") ? "\r\n" : text.contains("\r") ? "\r" : "\n";
  }
}
