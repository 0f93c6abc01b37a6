// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A file of lines: {@code usage-WRITER-EPOCH-SEQUENCE.jsonl}, with the first sequence number that
 * it may have; with {@code .gz} behind it when it is sealed. Names sort as they were written.
 */
record Segment(Path directory, String writer, long epoch, long first)
    implements Comparable<Segment> {
  private static final String PREFIX = "usage-";
  private static final String SUFFIX = ".jsonl";
  private static final String PACKED = ".gz";
  private static final int EPOCH_DIGITS = 10;
  private static final int BUFFER = 1 << 16;

  private static final Comparator<Segment> ORDER =
      Comparator.comparing(Segment::writer)
          .thenComparingLong(Segment::epoch)
          .thenComparingLong(Segment::first);

  /** All of a directory, in order. */
  static TreeSet<Segment> in(Path directory) throws IOException {
    TreeSet<Segment> segments = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Segment segment = of(directory, file.getFileName().toString());
        if (segment != null) {
          segments.add(segment);
        }
      }
    }
    return segments;
  }

  /** Null when it is not the name of one. */
  static @Nullable Segment of(Path directory, String fileName) {
    String name = fileName.endsWith(PACKED) ? cut(fileName, PACKED) : fileName;
    if (!name.startsWith(PREFIX) || !name.endsWith(SUFFIX)) {
      return null;
    }
    List<String> parts = List.of(cut(name, SUFFIX).split("-", -1));
    try {
      return parts.size() != 4
          ? null
          : new Segment(
              directory, parts.get(1), Long.parseLong(parts.get(2)), Long.parseLong(parts.get(3)));
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static String cut(String name, String end) {
    return name.substring(0, name.length() - end.length());
  }

  String name() {
    return PREFIX
        + writer
        + '-'
        + padded(epoch, EPOCH_DIGITS)
        + '-'
        + padded(first, LineWriter.SEQUENCE_DIGITS)
        + SUFFIX;
  }

  private static String padded(long number, int digits) {
    String text = Long.toString(number);
    return "0".repeat(Math.max(0, digits - text.length())) + text;
  }

  /** As it is written. */
  Path plain() {
    return directory.resolve(name());
  }

  /** As it is kept. */
  Path packed() {
    return directory.resolve(name() + PACKED);
  }

  /** The file that has it: as it is written, as long as that is there. */
  Path file() {
    return Files.exists(plain()) ? plain() : packed();
  }

  /** Its lines, also when it is being sealed. */
  InputStream open() throws IOException {
    try {
      return new BufferedInputStream(new FileInputStream(plain().toFile()), BUFFER);
    } catch (FileNotFoundException e) {
      InputStream packed = new FileInputStream(packed().toFile());
      try {
        return new GZIPInputStream(packed, BUFFER);
      } catch (IOException notGzip) {
        packed.close();
        throw notGzip;
      }
    }
  }

  @Override
  public int compareTo(Segment other) {
    return ORDER.compare(this, other);
  }
}
