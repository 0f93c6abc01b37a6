// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The sealed segments of a directory: a line for each one, and one more when it was removed because
 * of its age or size. Each line has the SHA-256 of the line before, so that none can be changed or
 * taken out without a trace. Not thread-safe.
 */
final class Manifest {
  /** A sealed segment; numbers and hash are those of its lines before they were compressed. */
  record Sealed(
      String segment,
      long lines,
      long first,
      long last,
      long bytes,
      String sha256,
      Instant until,
      boolean removed) {
    Sealed withoutFile() {
      return new Sealed(segment, lines, first, last, bytes, sha256, until, true);
    }
  }

  private static final String NAME = "manifest.jsonl";

  private final Path directory;
  private final Path file;
  private final Map<String, Sealed> sealed = new LinkedHashMap<>();
  private String last = "";
  private long whole;
  private final List<JournalProblem> problems = new ArrayList<>();

  private Manifest(Path directory) {
    this.directory = directory;
    file = directory.resolve(NAME);
  }

  static Manifest of(Path directory) throws IOException {
    Manifest manifest = new Manifest(directory);
    if (Files.exists(manifest.file)) {
      try (Lines lines = new Lines(new FileInputStream(manifest.file.toFile()))) {
        while (lines.next()) {
          manifest.read(lines);
        }
      }
    }
    return manifest;
  }

  private void read(Lines lines) {
    if (!lines.isTerminated()) {
      problem(lines, "a line that was not written to its end");
      return;
    }
    try {
      Map<String, @Nullable Object> line = Json.object(lines.bytes(), lines.start(), lines.end());
      if (!last.equals(line.get("previous"))) {
        problem(lines, "does not follow from the line before");
      }
      if (line.get("removed") instanceof String removed) {
        sealed.computeIfPresent(removed, (name, of) -> of.withoutFile());
      } else {
        Sealed entry =
            new Sealed(
                (String) of(line, "segment"),
                (Long) of(line, "lines"),
                (Long) of(line, "first"),
                (Long) of(line, "last"),
                (Long) of(line, "bytes"),
                (String) of(line, "sha256"),
                Instant.parse((String) of(line, "until")),
                false);
        sealed.put(entry.segment(), entry);
      }
    } catch (UnreadableException | RuntimeException e) {
      problem(lines, "not of a journal");
    }
    hash(lines.bytes(), lines.start(), lines.end() - lines.start());
    whole = lines.offset();
  }

  private void problem(Lines lines, String what) {
    problems.add(new JournalProblem(JournalProblem.Kind.MANIFEST, file, lines.number(), what));
  }

  private void hash(byte[] bytes, int from, int length) {
    MessageDigest digest = sha256();
    digest.update(bytes, from, length);
    last = HexFormat.of().formatHex(digest.digest());
  }

  private static Object of(Map<String, @Nullable Object> line, String name)
      throws UnreadableException {
    Object value = line.get(name);
    if (value == null) {
      throw new UnreadableException("without " + name);
    }
    return value;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  /** What is not as it was written. */
  List<JournalProblem> problems() {
    return problems;
  }

  /** By the name of the segment, in the order of sealing; also those that were removed. */
  Map<String, Sealed> sealed() {
    return sealed;
  }

  /** Returns when the segment is listed on the device. */
  void add(Sealed entry) throws IOException {
    append(
        "{\"segment\":\""
            + entry.segment()
            + "\",\"lines\":"
            + entry.lines()
            + ",\"first\":"
            + entry.first()
            + ",\"last\":"
            + entry.last()
            + ",\"bytes\":"
            + entry.bytes()
            + ",\"sha256\":\""
            + entry.sha256()
            + "\",\"until\":\""
            + entry.until()
            + "\"");
    sealed.put(entry.segment(), entry);
  }

  /** Returns when it is on the device that a segment goes. */
  void remove(Sealed entry) throws IOException {
    append("{\"removed\":\"" + entry.segment() + "\"");
    sealed.put(entry.segment(), entry.withoutFile());
  }

  /** In place of a line that was not written to its end. */
  private void append(String start) throws IOException {
    String line = start + ",\"previous\":\"" + last + "\"}";
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.ISO_8859_1);
    boolean isNew = !Files.exists(file);
    try (FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            Disk.ownerOnly(file, "rw-------"))) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      long at = whole;
      while (buffer.hasRemaining()) {
        at += channel.write(buffer, at);
      }
      channel.truncate(at);
      channel.force(true);
      whole = at;
    }
    if (isNew) {
      Disk.REAL.syncDirectory(directory);
    }
    hash(bytes, 0, bytes.length - 1);
  }
}
