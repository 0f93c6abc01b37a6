// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static java.lang.System.Logger.Level.WARNING;

import io.semanticrouter.maas.journal.Manifest.Sealed;
import java.io.FileOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Compresses the segments that are not written any more, lists them in the manifest, and removes
 * the oldest ones. It may end at any moment, and goes on from there the next time.
 */
final class Sealer {
  private static final System.Logger LOG = System.getLogger(UsageJournal.class.getName());

  private final JournalConfig config;
  private final InstantSource clock;

  Sealer(JournalConfig config, InstantSource clock) {
    this.config = config;
    this.clock = clock;
  }

  /**
   * Seals all segments before the one that is written now.
   *
   * @param taken takes what is sealed, before anything of it may be removed; null when who does
   *     that is not there yet
   */
  synchronized void seal(Segment current, @Nullable Runnable taken) throws IOException {
    Manifest manifest = Manifest.of(config.directory());
    for (Segment segment : Segment.in(config.directory()).headSet(current)) {
      Path plain = segment.plain();
      if (!Files.exists(plain)) {
        continue;
      }
      if (Files.size(plain) > 0
          && !(manifest.sealed().containsKey(segment.name()) && Files.exists(segment.packed()))) {
        manifest.add(compress(segment));
      }
      Files.delete(plain);
    }
    if (taken != null) {
      taken.run();
      removeOld(manifest);
    }
  }

  private Sealed compress(Segment segment) throws IOException {
    Path unfinished = segment.directory().resolve(segment.name() + ".unfinished");
    Files.deleteIfExists(unfinished);
    Files.createFile(unfinished, Disk.ownerOnly(unfinished, "rw-------"));
    MessageDigest digest = Manifest.sha256();
    LineReader reader = new LineReader();
    long count = 0;
    long first = 0;
    long last = 0;
    long bytes = 0;
    Instant until = Instant.EPOCH;
    try (FileOutputStream file = new FileOutputStream(unfinished.toFile());
        GZIPOutputStream packed = new GZIPOutputStream(file, 1 << 16);
        Lines lines = new Lines(copying(segment.open(), digest, packed))) {
      while (lines.next()) {
        bytes = lines.offset();
        count++;
        try {
          last = reader.sequence(lines.bytes(), lines.start(), lines.end());
          first = first == 0 ? last : first;
          JournalLine line = LineReader.read(lines.bytes(), lines.start(), lines.end());
          Instant end = line.record().startedAt().plus(line.record().duration());
          until = end.isAfter(until) ? end : until;
        } catch (UnreadableException e) {
          LOG.log(WARNING, "{0}:{1} cannot be read; it is kept as it is", segment.plain(), count);
        }
      }
      packed.finish();
      file.getFD().sync();
    }
    Files.move(unfinished, segment.packed(), StandardCopyOption.ATOMIC_MOVE);
    Disk.REAL.syncDirectory(segment.directory());
    return new Sealed(
        segment.name(),
        count,
        first,
        last,
        bytes,
        HexFormat.of().formatHex(digest.digest()),
        until,
        false);
  }

  private static InputStream copying(InputStream in, MessageDigest digest, OutputStream out) {
    return new FilterInputStream(in) {
      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        int count = in.read(bytes, offset, length);
        if (count > 0) {
          digest.update(bytes, offset, count);
          out.write(bytes, offset, count);
        }
        return count;
      }
    };
  }

  private void removeOld(Manifest manifest) throws IOException {
    Instant oldest = clock.instant().minus(config.keepAge());
    long size = 0;
    for (Sealed entry : manifest.sealed().values()) {
      size += entry.removed() ? 0 : packedSize(entry);
    }
    Path behind = JournalCheckpoint.leastOf(config.directory());
    long taken = behind == null ? Long.MAX_VALUE : JournalCheckpoint.lenient(behind);
    int kept = 0;
    for (Sealed entry : List.copyOf(manifest.sealed().values())) {
      boolean tooMuch = config.keepBytes() > 0 && size > config.keepBytes();
      boolean tooOld = !config.keepAge().isZero() && entry.until().isBefore(oldest);
      if (!entry.removed() && (tooMuch || tooOld) && entry.last() > taken) {
        kept++;
        continue;
      }
      if (!entry.removed() && (tooMuch || tooOld)) {
        size -= packedSize(entry);
        manifest.remove(entry);
      }
      if (entry.removed() || tooMuch || tooOld) {
        Files.deleteIfExists(packed(entry));
      }
    }
    if (kept > 0) {
      LOG.log(
          WARNING,
          "{0} segments should go, and are kept because {1} says that they have not been taken",
          kept,
          behind);
    }
  }

  private Path packed(Sealed entry) {
    return config.directory().resolve(entry.segment() + ".gz");
  }

  private long packedSize(Sealed entry) throws IOException {
    return Files.exists(packed(entry)) ? Files.size(packed(entry)) : 0;
  }
}
