// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static java.lang.System.Logger.Level.WARNING;

import io.semanticrouter.maas.journal.Manifest.Sealed;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/** What earlier runs have left in a directory. A torn line at the end of a segment is cut off. */
final class Recovery {
  private static final System.Logger LOG = System.getLogger(UsageJournal.class.getName());

  private final Map<String, UsageRecord> open = new HashMap<>();
  private @Nullable Segment newest;
  private long lastSequence;
  private long lastEpoch;
  private long repairedBytes;
  private Instant lastSeen = Instant.EPOCH;

  private Recovery() {}

  static Recovery of(Path directory) throws IOException {
    Recovery recovery = new Recovery();
    SortedSet<Segment> segments = Segment.in(directory);
    for (Sealed sealed : Manifest.of(directory).sealed().values()) {
      recovery.lastSequence = Math.max(recovery.lastSequence, sealed.last());
    }
    for (Segment segment : segments) {
      recovery.newest = segment;
      recovery.lastEpoch = Math.max(recovery.lastEpoch, segment.epoch());
      recovery.lastSequence = Math.max(recovery.lastSequence, segment.first() - 1);
      // What is open is written again before the segment that has it is sealed.
      if (Files.exists(segment.plain())) {
        recovery.read(segment.plain());
      }
    }
    return recovery;
  }

  private void read(Path file) throws IOException {
    LineReader reader = new LineReader();
    long whole = 0;
    long unreadable = 0;
    boolean terminated = true;
    try (Lines lines = new Lines(Files.newInputStream(file))) {
      while (lines.next()) {
        try {
          long sequence = reader.sequence(lines.bytes(), lines.start(), lines.end());
          lastSequence = Math.max(lastSequence, sequence);
          whole = lines.offset();
          terminated = lines.isTerminated();
          line(LineReader.read(lines.bytes(), lines.start(), lines.end()));
        } catch (UnreadableException e) {
          unreadable++;
        }
      }
    }
    repair(file, whole, terminated);
    if (unreadable > 0) {
      LOG.log(WARNING, "{0}: {1} lines cannot be read", file, unreadable);
    }
  }

  private void line(JournalLine line) {
    UsageRecord record = line.record();
    Instant seen = record.startedAt().plus(record.duration());
    lastSeen = seen.isAfter(lastSeen) ? seen : lastSeen;
    if (line.kind() == JournalLine.Kind.OPEN) {
      open.put(record.id(), record);
    } else {
      open.remove(record.id());
    }
  }

  private void repair(Path file, long whole, boolean terminated) throws IOException {
    long torn = Files.size(file) - whole;
    if (torn == 0 && terminated) {
      return;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(whole);
      if (!terminated) {
        channel.write(ByteBuffer.wrap(new byte[] {'\n'}), whole);
      }
      channel.force(true);
    }
    if (torn > 0) {
      repairedBytes += torn;
      LOG.log(WARNING, "{0}: cut off {1} bytes of a torn line at its end", file, torn);
    }
  }

  /** Null when the directory is new. */
  @Nullable Segment newest() {
    return newest;
  }

  long lastSequence() {
    return lastSequence;
  }

  long lastEpoch() {
    return lastEpoch;
  }

  long repairedBytes() {
    return repairedBytes;
  }

  /** The exchanges of which nothing but the beginning is known. */
  Collection<UsageRecord> open() {
    return open.values();
  }

  /** The latest time in what was read. */
  Instant lastSeen() {
    return lastSeen;
  }
}
