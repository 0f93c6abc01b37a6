// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.UserNames;
import io.semanticrouter.maas.journal.JournalConfig.Durability;
import io.semanticrouter.maas.journal.JournalProblem.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is done to a journal shows. Three sealed segments of ten lines, and one that is not. */
class VerifyTest {
  private final Path directory;

  VerifyTest(@TempDir(factory = InMemory.class) Path directory) {
    this.directory = directory;
  }

  @BeforeEach
  void write() throws IOException {
    JournalConfig config =
        new JournalConfig(
            directory, Durability.NONE, UserNames.plain(), 1, Duration.ofDays(1), 0, Duration.ZERO);
    int count = 0;
    for (int run = 1; run <= 4; run++) {
      try (UsageJournal journal =
          UsageJournal.open(run == 4 ? JournalConfig.in(directory) : config, "test 1")) {
        for (int i = 0; i < 10; i++) {
          journal.record(Records.chat("run-" + ++count, "alice", "granite"));
        }
      }
    }
    UsageJournalTest.awaitSealed(directory, 3);
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).hasSize(40);
    assertThat(read.problems()).isEmpty();
  }

  private Segment segment(int index) throws IOException {
    return List.copyOf(Segment.in(directory)).get(index);
  }

  private void change(int index, UnaryOperator<List<String>> change) throws IOException {
    Segment segment = segment(index);
    boolean packed = Files.exists(segment.packed());
    List<String> lines;
    try (InputStream in = segment.open()) {
      lines =
          new ArrayList<>(new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
    }
    String text = String.join("\n", change.apply(lines)) + "\n";
    try (OutputStream file = Files.newOutputStream(segment.file());
        OutputStream out = packed ? new GZIPOutputStream(file) : file) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void aChangedByteIsFound() throws IOException {
    Path file = segment(1).packed();
    change(
        1,
        lines -> {
          lines.set(3, lines.get(3).replace("\"prompt\":17", "\"prompt\":16"));
          return lines;
        });
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).hasSize(39);
    assertThat(read.problems())
        .containsExactly(
            new JournalProblem(Kind.UNREADABLE, file, 4, "the checksum is not that of the line"),
            new JournalProblem(Kind.GAP, file, 5, "lines 14 to 14 are missing before it"),
            new JournalProblem(Kind.SEGMENT, file, 0, "is not as it was sealed"));
  }

  @Test
  void anyChangedByteIsFound() throws IOException {
    ReadJournal whole = ReadJournal.of(directory);
    Random random = new Random(7);
    Segment segment = segment(1);
    byte[] packed = Files.readAllBytes(segment.packed());
    byte[] plain;
    try (InputStream in = new GZIPInputStream(Files.newInputStream(segment.packed()))) {
      plain = in.readAllBytes();
    }
    for (int i = 0; i < 300; i++) {
      byte[] changed = plain.clone();
      changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
        gzip.write(changed);
      }
      Files.write(segment.packed(), out.toByteArray());
      ReadJournal read = ReadJournal.of(directory);
      assertThat(read.kinds()).contains(Kind.SEGMENT);
      assertThat(read.records().size()).isBetween(38, 40);
      changed = packed.clone();
      changed[10 + random.nextInt(changed.length - 10)] ^= (byte) (1 << random.nextInt(8));
      Files.write(segment.packed(), changed);
      read = ReadJournal.of(directory);
      if (!read.equals(whole)) { // a few bits of a compressed file mean nothing
        assertThat(read.kinds()).contains(Kind.SEGMENT);
      }
    }
  }

  @Test
  void aMissingLineIsFound() throws IOException {
    change(
        3,
        lines -> {
          lines.remove(4);
          return lines;
        });
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).hasSize(39);
    assertThat(read.problems())
        .containsExactly(
            new JournalProblem(
                Kind.GAP, segment(3).plain(), 5, "lines 35 to 35 are missing before it"));
  }

  @Test
  void aDoubleRecordIsFoundAndCountedOnce() throws IOException {
    change(
        3,
        lines -> {
          lines.add(lines.get(2));
          return lines;
        });
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).hasSize(40);
    assertThat(read.problems())
        .containsExactly(
            new JournalProblem(Kind.DOUBLE, segment(3).plain(), 11, "line 33 is there already"));
  }

  @Test
  void aMissingSegmentIsFound() throws IOException {
    Path file = segment(1).packed();
    Files.delete(file);
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).hasSize(30);
    assertThat(read.kinds()).containsExactly(Kind.SEGMENT, Kind.GAP);
    assertThat(read.problems().get(0).text()).isEqualTo("is gone: lines 11 to 20");
  }

  @Test
  void swappedSegmentsAreFound() throws IOException {
    Path one = segment(1).packed();
    Path other = segment(2).packed();
    Path aside = directory.resolve("aside");
    Files.move(one, aside);
    Files.move(other, one);
    Files.move(aside, other);
    ReadJournal read = ReadJournal.of(directory);
    assertThat(Collections.frequency(read.kinds(), Kind.SEGMENT)).isEqualTo(2);
    assertThat(read.kinds()).contains(Kind.GAP, Kind.DOUBLE);
  }

  @Test
  void aSegmentThatNobodySealedIsFound() throws IOException {
    Segment first = segment(0);
    Path foreign = new Segment(directory, first.writer(), first.epoch() + 1_000_000, 41).packed();
    Files.copy(first.packed(), foreign, StandardCopyOption.REPLACE_EXISTING);
    assertThat(ReadJournal.of(directory).problems())
        .contains(new JournalProblem(Kind.SEGMENT, foreign, 0, "is not in the manifest"));
  }

  @Test
  void aChangedManifestIsFound() throws IOException {
    Path manifest = directory.resolve("manifest.jsonl");
    String text = Files.readString(manifest);
    Files.writeString(manifest, text.replaceFirst("\"lines\":10", "\"lines\":11"));
    assertThat(ReadJournal.of(directory).kinds()).containsExactly(Kind.MANIFEST, Kind.SEGMENT);
    Files.writeString(manifest, text.substring(text.indexOf('\n') + 1));
    assertThat(ReadJournal.of(directory).kinds()).containsExactly(Kind.MANIFEST, Kind.SEGMENT);
  }

  @Test
  void aManifestLineThatWasNotWrittenToItsEndIsWrittenAgain() throws IOException {
    Path manifest = directory.resolve("manifest.jsonl");
    String text = Files.readString(manifest);
    Files.writeString(manifest, text + "{\"segment\":\"usage-");
    assertThat(ReadJournal.of(directory).kinds()).containsExactly(Kind.MANIFEST);
    UsageJournal.open(JournalConfig.in(directory), "test 2").close();
    UsageJournalTest.awaitSealed(directory, 4);
    assertThat(ReadJournal.of(directory).problems()).isEmpty();
    assertThat(Files.readString(manifest)).startsWith(text);
  }

  @Test
  void sealingGoesOnWhereItWasInterrupted() throws IOException {
    Segment segment = segment(2);
    byte[] plain;
    try (InputStream in = segment.open()) {
      plain = in.readAllBytes();
    }
    Path manifest = directory.resolve("manifest.jsonl");
    String text = Files.readString(manifest);
    String without = text.substring(0, text.lastIndexOf('\n', text.length() - 2) + 1);
    byte[] packed = Files.readAllBytes(segment.packed());

    Files.write(segment.plain(), plain); // listed, and not deleted
    expectWhole(text);

    Files.write(segment.plain(), plain); // compressed, and not listed
    Files.writeString(manifest, without);
    expectWhole(text);

    Files.write(segment.plain(), plain); // not yet compressed
    Files.delete(segment.packed());
    Files.writeString(directory.resolve(segment.name() + ".unfinished"), "half");
    Files.writeString(manifest, without);
    expectWhole(text);
    assertThat(segment.packed()).hasBinaryContent(packed);
  }

  private void expectWhole(String manifest) throws IOException {
    assertThat(ReadJournal.of(directory).records()).hasSize(40);
    new Sealer(JournalConfig.in(directory), () -> Records.START).seal(segment(3), () -> {});
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).hasSize(40);
    assertThat(read.problems()).isEmpty();
    assertThat(Files.readString(directory.resolve("manifest.jsonl"))).isEqualTo(manifest);
    assertThat(Files.exists(segment(2).plain())).isFalse();
  }

  @Test
  void linesThatAreNoLinesOfAJournalNeverStopTheReader() throws IOException {
    Random random = new Random(11);
    Segment last = segment(3);
    byte[] plain = Files.readAllBytes(last.plain());
    for (int i = 0; i < 300; i++) {
      byte[] changed = plain.clone();
      for (int n = random.nextInt(1, 6); n > 0; n--) {
        int at = random.nextInt(changed.length);
        int length = random.nextInt(Math.min(200, changed.length - at));
        random.nextBytes(changed);
        System.arraycopy(plain, 0, changed, 0, at);
        System.arraycopy(plain, at + length, changed, at + length, plain.length - at - length);
      }
      Files.write(last.plain(), changed);
      assertThat(ReadJournal.of(directory).records()).hasSizeBetween(30, 40);
    }
    Files.writeString(last.plain(), "x".repeat(3 * LineWriter.MAX_LINE) + "\n");
    Files.write(last.plain(), plain, StandardOpenOption.APPEND);
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).hasSize(40);
    assertThat(read.kinds()).containsExactly(Kind.UNREADABLE);
  }
}
