// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.semanticrouter.maas.config.UserNames;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What has to hold for a segment of any bytes at all. In a build this reads the inputs that are
 * kept beside it; {@code tools/fuzz journalReader} looks for new ones.
 */
class FuzzTargetsTest {
  /** The sequence numbers and writers that a journal can write. */
  private static final long MAX_SEQUENCE = 9_999_999_999_999_999L;

  /** Also lines whose checksum is wrong are parsed: no input would have a right one by chance. */
  @FuzzTest(maxDuration = "24h")
  @DictionaryEntries({
    "{\"specversion\":\"1.0\",\"sequence\":\"0000000000000001\",\"id\":\"",
    "\",\"source\":\"/maas/",
    "\",\"type\":\"io.semanticrouter.maas.usage.v1\"",
    "\",\"type\":\"io.semanticrouter.maas.open.v1\"",
    ",\"revision\":2",
    ",\"attributes\":{",
    ",\"attribute_sources\":{",
    ",\"untrusted\":\"no_proof\"",
    ",\"replaces\":{\"ended\":\"",
    ",\"other_lines\":[{\"model\":\"",
    ",\"tokens\":{\"prompt\":",
    ",\"tools\":{\"",
    ",\"cost\":\"0.1\",\"currency\":\"USD\"",
    ",\"provider_cost\":\"1E+9\"",
    "2026-11-30T01:23:45.123456Z",
    "\\u",
    ",\"crc32c\":\"00000000\"}"
  })
  void journalReader(byte[] data) throws IOException {
    LineReader reader = new LineReader();
    try (Lines lines = new Lines(new ByteArrayInputStream(data))) {
      long offset = 0;
      while (lines.next()) {
        assertThat(lines.offset()).isGreaterThan(offset).isLessThanOrEqualTo(data.length);
        offset = lines.offset();
        try {
          long sequence = reader.sequence(lines.bytes(), lines.start(), lines.end());
          assertThat(sequence).isBetween(0L, MAX_SEQUENCE);
        } catch (UnreadableException e) {
          assertThat(e).hasMessageMatching("torn.*|the checksum.*|no number.*");
        }
        JournalLine line = read(lines);
        boolean open = LineReader.isOpen(lines.bytes(), lines.start(), lines.end());
        if (line != null) {
          // Members that come twice, the other way round, are those of nobody.
          assertThat(line.kind() == JournalLine.Kind.OPEN || !open || isTwice(lines)).isTrue();
          expectTheSameAgain(line);
        }
      }
      assertThat(offset).isEqualTo(data.length);
    }
  }

  private static boolean isTwice(Lines lines) {
    String text =
        new String(
            lines.bytes(), lines.start(), lines.end() - lines.start(), StandardCharsets.ISO_8859_1);
    return text.indexOf("\"type\"") != text.lastIndexOf("\"type\"") || text.contains("\\");
  }

  private static @Nullable JournalLine read(Lines lines) {
    try {
      return LineReader.read(lines.bytes(), lines.start(), lines.end());
    } catch (UnreadableException e) {
      return null;
    }
  }

  /** What can be read can be written, and says the same then. */
  private static void expectTheSameAgain(JournalLine line) {
    if (!line.writer().matches("[0-9a-f]{12}")
        || line.sequence() < 0
        || line.sequence() > MAX_SEQUENCE) {
      return;
    }
    LineWriter writer =
        new LineWriter(line.writer(), line.epoch(), line.program(), UserNames.plain());
    if (line.kind() == JournalLine.Kind.OPEN) {
      writer.open(line.sequence(), line.record());
    } else {
      writer.usage(line.sequence(), line.record(), line.revision(), line.replaced());
    }
    JournalLine again;
    try {
      again = LineReader.read(writer.bytes(), 0, writer.size() - 1);
    } catch (UnreadableException e) {
      throw new AssertionError(e);
    }
    UsageRecord record = again.record();
    if (line.kind() == JournalLine.Kind.OPEN) {
      // Its only time is that of its beginning.
      record = record.toBuilder().duration(line.record().duration()).build();
    }
    assertThat(record).isEqualTo(line.record());
    assertThat(Objects.equals(again.replaced(), line.replaced()) || line.revision() == 1).isTrue();
    assertThat(again.sequence()).isEqualTo(line.sequence());
    assertThat(again.program()).isEqualTo(line.program());
  }
}
