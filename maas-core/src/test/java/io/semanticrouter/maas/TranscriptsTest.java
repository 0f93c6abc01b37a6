// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Wire.concat;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Transcripts.Transcript;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One truth per transcript, however it is cut, however its lines end, wherever it breaks off. */
class TranscriptsTest {
  /** {@code -Dtranscripts.seed=7} tries other partitions. */
  private static final long SEED = Long.getLong("transcripts.seed", 1);

  private static final int PARTITIONS = 1000;

  /** Bytes that are fed per transcript in random pieces: longer ones get fewer partitions. */
  private static final int PARTITIONED_BYTES = 2_000_000;

  private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final List<String> LINE_ENDS = List.of("\n", "\r\n", "\r");

  static List<Transcript> transcripts() {
    return Transcripts.all();
  }

  // --- the index -----------------------------------------------------------------------------

  @Test
  void everyFileIsInTheIndexOnce() throws IOException, URISyntaxException {
    Path directory =
        Path.of(Objects.requireNonNull(TranscriptsTest.class.getResource("/transcripts")).toURI());
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(transcripts())
          .extracting(t -> t.name() + ".txt")
          .containsExactlyInAnyOrderElementsOf(
              files.map(file -> file.getFileName().toString()).toList());
    }
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void truthInTheIndexContradictsItselfNowhere(Transcript t) {
    TokenUsage u = t.truth().usage();
    if (u == null) {
      return;
    }
    assertThat(
            Math.max(0, u.part(TokenPart.CACHE_READ)) + Math.max(0, u.part(TokenPart.CACHE_WRITE)))
        .isLessThanOrEqualTo(Math.max(0, u.prompt()));
    assertThat(
            Math.max(0, u.part(TokenPart.PROMPT_AUDIO))
                + Math.max(0, u.part(TokenPart.PROMPT_IMAGE)))
        .isLessThanOrEqualTo(Math.max(0, u.prompt()));
    assertThat(
            Math.max(0, u.part(TokenPart.CACHE_WRITE_5M))
                + Math.max(0, u.part(TokenPart.CACHE_WRITE_1H)))
        .isLessThanOrEqualTo(Math.max(0, u.part(TokenPart.CACHE_WRITE)));
    assertThat(u.part(TokenPart.TOOL_USE)).isLessThanOrEqualTo(u.prompt());
    assertThat(u.part(TokenPart.REASONING)).isLessThanOrEqualTo(u.completion());
    // Converse may leave the cached part out of its total.
    boolean sum = t.wire().path().equals(Wire.CONVERSE) || u.providerTotal() < 0;
    assertThat(sum || u.providerTotal() == u.prompt() + u.completion()).as("%s", u).isTrue();
  }

  // --- split-invariance ----------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource("transcripts")
  void wholeTranscriptGivesTheNumbersInTheIndex(Transcript t) {
    for (String lineEnd : LINE_ENDS) {
      byte[] body = t.body(lineEnd);
      assertTruth(t, t.wire().record(body, body.length, Wire.WHOLE, null));
    }
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void byteByByteGivesTheSameRecord(Transcript t) {
    for (String lineEnd : LINE_ENDS) {
      byte[] body = t.body(lineEnd);
      assertTruth(t, t.wire().record(body, body.length, Wire.BYTES, null));
    }
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  @Tag("slow")
  void anyPartitionGivesTheSameRecord(Transcript t) {
    for (int n = 0; n < LINE_ENDS.size(); n++) {
      byte[] body = t.body(LINE_ENDS.get(n));
      UsageRecord whole = whole(t, t.wire(), body);
      int partitions = Math.min(PARTITIONS, PARTITIONED_BYTES / body.length);
      for (int i = n; i < partitions; i += LINE_ENDS.size()) {
        assertSame(whole, t.wire(), body, Wire.random(SEED + i), "seed " + (SEED + i));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void byteOrderMarkChangesNothing(Transcript t) {
    if (t.isFrames()) {
      return;
    }
    for (String lineEnd : LINE_ENDS) {
      byte[] body = concat(BOM, t.body(lineEnd));
      UsageRecord whole = whole(t, t.wire(), body);
      assertSame(whole, t.wire(), body, Wire.BYTES, "byte by byte");
      assertSame(whole, t.wire(), body, Wire.random(SEED), "seed " + SEED);
    }
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void formatIsToldByTheFirstBytesWhenNoContentTypeDoes(Transcript t) {
    Wire wire = t.wire().without("content-type");
    for (String lineEnd : LINE_ENDS) {
      byte[] body = t.body(lineEnd);
      assertSame(whole(t, wire, body), wire, body, Wire.BYTES, "byte by byte");
    }
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void compressedBodyGivesTheSameRecord(Transcript t) {
    Wire wire = t.wire().with("content-encoding", "gzip");
    byte[] body = Wire.gzip(t.body());
    UsageRecord whole = whole(t, wire, body);
    assertSame(whole, wire, body, Wire.BYTES, "byte by byte");
    for (int i = 0; i < PARTITIONS / 20; i++) {
      assertSame(whole, wire, body, Wire.random(SEED + i), "seed " + (SEED + i));
    }
  }

  private static void assertTruth(Transcript t, UsageRecord record) {
    assertThat(record.measurement()).isEqualTo(t.truth());
    assertThat(record.model()).isEqualTo(t.model());
    assertThat(record.httpStatus()).isEqualTo(200);
  }

  /** The true record of a body, which comes in one piece. */
  private static UsageRecord whole(Transcript t, Wire wire, byte[] body) {
    UsageRecord record = wire.record(body, body.length, Wire.WHOLE, null);
    assertTruth(t, record);
    return record;
  }

  /** In pieces it is the same record, to the provider's own wording. */
  private static void assertSame(
      UsageRecord whole, Wire wire, byte[] body, IntSupplier chunks, String how) {
    UsageRecord record = wire.record(body, body.length, chunks, null);
    boolean same =
        record.measurement().equals(whole.measurement())
            && record.routing().equals(whole.routing())
            && record.operation() == whole.operation()
            && record.httpStatus() == whole.httpStatus()
            && Objects.equals(record.measurement().rawUsage(), whole.measurement().rawUsage());
    if (!same) {
      assertThat(Wire.facts(record)).as(how).isEqualTo(Wire.facts(whole));
      assertThat(record.measurement().rawUsage())
          .as("raw usage, %s", how)
          .isEqualTo(whole.measurement().rawUsage());
    }
  }

  // --- breaking off --------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource("transcripts")
  @Tag("slow")
  void bodyThatEndsEarlyIsCompleteOnlyBehindTheFinalUsage(Transcript t) {
    cutEverywhere(t, null);
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  @Tag("slow")
  void exchangeThatIsCancelledIsCompleteOnlyBehindTheFinalUsage(Transcript t) {
    cutEverywhere(t, AbortReason.CANCELLED);
  }

  private static void cutEverywhere(Transcript t, @Nullable AbortReason abort) {
    for (String lineEnd : t.isFrames() ? List.of("\n") : LINE_ENDS) {
      byte[] body = t.body(lineEnd);
      int firstFinal = t.firstFinal(lineEnd);
      for (int length = 0; length <= body.length; length++) {
        Measurement m = t.wire().record(body, length, Wire.WHOLE, abort).measurement();
        String problem = problem(m, t.truth(), length < firstFinal, length == body.length, abort);
        if (problem != null) {
          throw new AssertionError(
              "%s with %s cut at %d of %d, final from %d: %s: %s, not %s"
                  .formatted(
                      t,
                      lineEnd.replace("\r", "CR").replace("\n", "LF"),
                      length,
                      body.length,
                      firstFinal,
                      problem,
                      m,
                      t.truth()));
        }
      }
    }
  }

  /** What is wrong with the measurement of a part; null when nothing is. */
  private static @Nullable String problem(
      Measurement m,
      Measurement truth,
      boolean tooEarly,
      boolean whole,
      @Nullable AbortReason abort) {
    if (m.status() == Status.FAILED || m.status() == Status.ESTIMATED) {
      return "neither a failure nor an estimate";
    }
    if (tooEarly && m.status() == Status.COMPLETE) {
      return "not complete yet";
    }
    if (m.status() != Status.COMPLETE && m.reasons().isEmpty()) {
      return "no reason";
    }
    if (m.status() == Status.PARTIAL && abort != null && !m.has(abort.reason())) {
      return "the reason of the abort is missing";
    }
    if (!isAtMost(m, truth)) {
      return "more than the truth";
    }
    boolean differs =
        m.status() != truth.status()
            || !Objects.equals(m.usage(), truth.usage())
            || !m.otherLines().equals(truth.otherLines())
            || !m.units().equals(truth.units());
    return whole && differs ? "the whole is not the truth" : null;
  }

  private static boolean isAtMost(Measurement part, Measurement truth) {
    boolean tokens = part.usage() == null || isAtMost(part.usage(), truth.usage());
    UnitUsage p = part.units();
    UnitUsage t = truth.units();
    boolean units =
        p.audioSeconds() <= t.audioSeconds()
            && p.images() <= t.images()
            && p.searchUnits() <= t.searchUnits()
            && p.toolCalls() <= t.toolCalls();
    Set<String> models =
        truth.otherLines().stream().map(UsageLine::model).collect(Collectors.toSet());
    boolean lines =
        part.otherLines().stream()
            .allMatch(
                line ->
                    models.contains(line.model())
                        && truth.otherLines().stream()
                            .anyMatch(other -> isAtMost(line.usage(), other.usage())));
    return tokens && units && lines && isAtMost(part.providerCost(), truth.providerCost());
  }

  private static boolean isAtMost(@Nullable BigDecimal part, @Nullable BigDecimal truth) {
    return part == null || (truth != null && part.compareTo(truth) <= 0);
  }

  private static boolean isAtMost(TokenUsage part, @Nullable TokenUsage truth) {
    if (truth == null) {
      return false;
    }
    long[] p = Tokens.counts(part);
    long[] t = Tokens.counts(truth);
    // A total of one choice is as stated, where that of all choices is not.
    int compared = truth.providerTotal() < 0 ? p.length - 1 : p.length;
    for (int i = 0; i < compared; i++) {
      if (p[i] > t[i]) {
        return false;
      }
    }
    return true;
  }
}
