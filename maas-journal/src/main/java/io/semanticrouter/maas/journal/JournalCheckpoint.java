// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * How far one who takes the lines of a journal elsewhere has come: a file with the number of the
 * last line that is safe there. As long as it is in the directory of the journal, with a name that
 * ends in {@value #SUFFIX}, no segment is removed that has later lines.
 */
public final class JournalCheckpoint {
  /** What the name of the file ends in. */
  public static final String SUFFIX = ".checkpoint";

  private JournalCheckpoint() {}

  /**
   * The number of the last line; 0 when there is no such file.
   *
   * @throws IOException when it cannot be read, or is none
   */
  public static long read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return 0;
    }
    try {
      long last = Long.parseLong(Files.readString(file, StandardCharsets.ISO_8859_1).strip());
      if (last >= 0) {
        return last;
      }
    } catch (NumberFormatException e) {
      // As below.
    }
    throw new IOException(file + " is no checkpoint");
  }

  /** Writes it, whole or not at all. A power cut may bring back the one before. */
  public static void write(Path file, long last) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    // Not a channel, which is closed when the thread is interrupted.
    try (FileOutputStream out = new FileOutputStream(next.toFile())) {
      out.write((last + "\n").getBytes(StandardCharsets.ISO_8859_1));
      out.getFD().sync();
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** The one of a directory that has come least far; null when there is none. */
  static @Nullable Path leastOf(Path directory) throws IOException {
    Path least = null;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : files) {
        if (least == null || lenient(file) < lenient(least)) {
          least = file;
        }
      }
    }
    return least;
  }

  /** 0 where it cannot be read: then nothing has been taken for sure. */
  static long lenient(Path file) {
    try {
      return read(file);
    } catch (IOException e) {
      return 0;
    }
  }
}
