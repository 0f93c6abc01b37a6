// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import io.semanticrouter.maas.journal.JournalProblem.Kind;
import io.semanticrouter.maas.journal.Manifest.Sealed;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the lines of a journal in the order in which they were written, also while it is written,
 * and in memory that does not grow with it. What cannot be read is reported and left out. Not
 * thread-safe.
 */
public final class JournalReader {
  /** Takes what is read. */
  public interface Visitor {
    /** The next line. */
    void line(JournalLine line);

    /**
     * The text of the line that {@link #line} takes next, in UTF-8, without its newline. The bytes
     * are others when this has returned.
     *
     * @param end behind its last byte
     */
    default void text(byte[] bytes, int from, int end) {}

    /**
     * Whether {@link #line} takes lines of a kind. Others are checked, but not read: that is
     * faster.
     */
    default boolean takes(JournalLine.Kind kind) {
      return true;
    }

    /** What is not as a journal writes it. */
    void problem(JournalProblem problem);

    /**
     * A segment is read next.
     *
     * @param bytes of all segments before it, as they are on disk
     * @param of all segments together
     */
    default void progress(long bytes, long of) {}
  }

  /** While a line is being written, its end may be missing for a moment. */
  private static final int TRIES = 5;

  private static final long PAUSE_NANOS = 20_000_000;

  private final Path directory;
  private final boolean verifying;

  /** What is up to here has been read before. */
  private final long after;

  /** Whether the segments are left out that are not sealed. */
  private final boolean sealedOnly;

  private final LineReader lines = new LineReader();
  private Manifest manifest;

  /** The number of the last line that was read; 0 when there was none. */
  private long last;

  private JournalReader(Path directory, boolean verifying, long after, boolean sealedOnly)
      throws IOException {
    manifest = Manifest.of(directory);
    this.directory = directory;
    this.verifying = verifying;
    this.after = after;
    this.sealedOnly = sealedOnly;
    last = after;
  }

  /**
   * Reads all lines of a directory.
   *
   * @throws IOException when the directory or one of its files cannot be read at all
   */
  public static void read(Path directory, Visitor visitor) throws IOException {
    new JournalReader(directory, false, 0, false).readAll(visitor);
  }

  /** The same, and compares the sealed segments with the manifest. */
  public static void verify(Path directory, Visitor visitor) throws IOException {
    new JournalReader(directory, true, 0, false).readAll(visitor);
  }

  /**
   * Reads the lines that have come since the last time. Segments that have no other lines are not
   * opened.
   *
   * @param after the sequence number of the last line that was read then; 0 for all
   * @return that of the last line that was read now
   */
  public static long readAfter(Path directory, long after, Visitor visitor) throws IOException {
    return new JournalReader(directory, false, after, false).readAll(visitor);
  }

  /** The same of the segments that are sealed: they do not change any more. */
  public static long readSealedAfter(Path directory, long after, Visitor visitor)
      throws IOException {
    return new JournalReader(directory, false, after, true).readAll(visitor);
  }

  /**
   * Reads the newest segment, and calls {@link Visitor#progress} at its end.
   *
   * @param waiting whether to go on with what is written then, until the thread is interrupted
   */
  public static void follow(Path directory, Visitor visitor, boolean waiting) throws IOException {
    TreeSet<Segment> segments = Segment.in(directory);
    if (!segments.isEmpty()) {
      Segment segment = segments.last();
      new JournalReader(directory, false, segment.first() - 1, false)
          .followAll(segment, visitor, waiting);
    }
  }

  /**
   * Reads the lines that have come since the last time, and goes on with what is written then,
   * until the thread is interrupted. Calls {@link Visitor#progress} when there is nothing more.
   *
   * @param after the sequence number of the last line that was read then; 0 for all
   */
  public static void followAfter(Path directory, long after, Visitor visitor) throws IOException {
    while (!Thread.interrupted()) {
      JournalReader reader = new JournalReader(directory, false, after, false);
      NavigableSet<Segment> segments = reader.news();
      if (!segments.isEmpty()) {
        reader.followAll(segments.first(), visitor, true);
        return;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private void followAll(Segment first, Visitor visitor, boolean waiting) throws IOException {
    Segment segment = first;
    while (segment != null) {
      segment = follow(segment, visitor, waiting);
    }
  }

  /** The next one, or null when there is nothing to wait for. */
  private @Nullable Segment follow(Segment segment, Visitor visitor, boolean waiting)
      throws IOException {
    try (Lines in = new Lines(segment.open())) {
      while (true) {
        Segment next = Segment.in(directory).higher(segment);
        while (!Thread.currentThread().isInterrupted() && in.next()) {
          while (!in.isTerminated() && waiting && next == null) {
            LockSupport.parkNanos(PAUSE_NANOS);
            next = Segment.in(directory).higher(segment);
            in.more();
          }
          line(in, segment.file(), false, visitor);
        }
        visitor.progress(1, 1);
        if (Thread.interrupted() || (next == null && !waiting)) {
          return null;
        }
        if (next != null) {
          return next;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    } catch (ZipException | EOFException e) {
      visitor.problem(
          new JournalProblem(Kind.SEGMENT, segment.file(), 0, "cannot be decompressed"));
      return Segment.in(directory).higher(segment);
    }
  }

  private long readAll(Visitor visitor) throws IOException {
    NavigableSet<Segment> segments = news();
    manifest.problems().forEach(visitor::problem);
    long all = 0;
    for (Segment segment : segments) {
      all += size(segment);
    }
    for (Sealed sealed : List.copyOf(manifest.sealed().values())) {
      Segment segment = Segment.of(directory, sealed.segment());
      if ((segment != null && segments.contains(segment)) || sealed.last() <= after) {
        continue;
      }
      if (sealed.removed() || isRemoved(sealed)) {
        last = Math.max(last, sealed.last());
      } else {
        visitor.problem(
            new JournalProblem(
                Kind.SEGMENT,
                directory.resolve(sealed.segment()),
                0,
                "is gone: lines " + sealed.first() + " to " + sealed.last()));
      }
    }
    long read = 0;
    for (Segment segment : segments) {
      visitor.progress(read, all);
      read += size(segment);
      read(segment, segment.equals(segments.last()), visitor);
    }
    visitor.progress(all, all);
    return last;
  }

  /** Segments with lines that have not been read. */
  private NavigableSet<Segment> news() throws IOException {
    TreeSet<Segment> segments = Segment.in(directory);
    if (sealedOnly) {
      segments.removeIf(segment -> !manifest.sealed().containsKey(segment.name()));
    }
    for (Segment segment : List.copyOf(segments)) {
      Segment next = segments.higher(segment);
      Sealed sealed = manifest.sealed().get(segment.name());
      if (sealed != null ? sealed.last() <= after : next != null && next.first() <= after + 1) {
        segments.remove(segment);
      }
    }
    return segments;
  }

  private static long size(Segment segment) throws IOException {
    return Files.exists(segment.file()) ? Files.size(segment.file()) : 0;
  }

  /** Now, if it was not a moment ago. */
  private boolean isRemoved(Sealed sealed) throws IOException {
    manifest = Manifest.of(directory);
    Sealed now = manifest.sealed().get(sealed.segment());
    return now != null && now.removed();
  }

  private @Nullable Sealed sealed(Segment segment) throws IOException {
    if (!manifest.sealed().containsKey(segment.name())) {
      manifest = Manifest.of(directory); // it may have been sealed a moment ago
    }
    return manifest.sealed().get(segment.name());
  }

  private void read(Segment segment, boolean newest, Visitor visitor) throws IOException {
    Path file = segment.file();
    boolean packed = file.equals(segment.packed());
    MessageDigest digest = verifying && packed ? Manifest.sha256() : null;
    boolean whole = true;
    long count = 0;
    try (Lines in = new Lines(hashing(segment.open(), digest))) {
      while (in.next()) {
        count++;
        line(in, file, newest, visitor);
      }
    } catch (ZipException | EOFException e) {
      whole = false;
    }
    if (digest == null && whole) {
      return;
    }
    Sealed sealed = sealed(segment);
    String hash = digest == null ? "" : HexFormat.of().formatHex(digest.digest());
    if (!whole) {
      visitor.problem(
          new JournalProblem(Kind.SEGMENT, file, 0, "cannot be decompressed after line " + count));
    } else if (sealed == null) {
      visitor.problem(new JournalProblem(Kind.SEGMENT, file, 0, "is not in the manifest"));
    } else if (!sealed.sha256().equals(hash) || sealed.lines() != count) {
      visitor.problem(new JournalProblem(Kind.SEGMENT, file, 0, "is not as it was sealed"));
    }
  }

  private static InputStream hashing(InputStream in, @Nullable MessageDigest digest) {
    return digest == null ? in : new DigestInputStream(in, digest);
  }

  private void line(Lines in, Path file, boolean newest, Visitor visitor) throws IOException {
    try {
      long sequence = sequence(in, newest);
      if (sequence <= after) {
        return;
      }
      if (sequence <= last) {
        visitor.problem(
            new JournalProblem(
                Kind.DOUBLE, file, in.number(), "line " + sequence + " is there already"));
        return;
      }
      if (sequence > last + 1) {
        visitor.problem(
            new JournalProblem(
                Kind.GAP,
                file,
                in.number(),
                "lines " + (last + 1) + " to " + (sequence - 1) + " are missing before it"));
      }
      last = sequence;
      if (LineReader.isOpen(in.bytes(), in.start(), in.end())
          && !visitor.takes(JournalLine.Kind.OPEN)) {
        return;
      }
      JournalLine line = LineReader.read(in.bytes(), in.start(), in.end());
      visitor.text(in.bytes(), in.start(), in.end());
      visitor.line(line);
    } catch (UnreadableException e) {
      visitor.problem(
          new JournalProblem(Kind.UNREADABLE, file, in.number(), String.valueOf(e.getMessage())));
    }
  }

  /** Waits for the end of the last line, which may be being written. */
  private long sequence(Lines in, boolean newest) throws UnreadableException, IOException {
    for (int tries = 1; ; tries++) {
      try {
        return lines.sequence(in.bytes(), in.start(), in.end());
      } catch (UnreadableException e) {
        if (!newest || in.isTerminated() || tries == TRIES) {
          throw e;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
        in.more();
      }
    }
  }
}
