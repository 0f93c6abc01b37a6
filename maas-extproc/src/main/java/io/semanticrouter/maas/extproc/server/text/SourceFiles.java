// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The files that a configuration was read from, with the SHA-256 of what was in them. Content is
 * compared, not time: a mounted ConfigMap changes by a link, and copies keep the time of their
 * source. Not thread-safe.
 */
public final class SourceFiles {
  /** What a Kubernetes ConfigMap or Secret can hold. */
  static final int MAX_BYTES = 1 << 20;

  private static final String UNREADABLE = "";

  private final Map<Path, String> read = new LinkedHashMap<>();

  /**
   * What is in a file of the configuration, of {@value #MAX_BYTES} bytes at most.
   *
   * @throws IOException when it cannot be read, or is larger; that is remembered as well
   */
  public byte[] read(Path path) throws IOException {
    read.put(path, UNREADABLE);
    byte[] content;
    try (InputStream in = Files.newInputStream(path)) {
      content = in.readNBytes(MAX_BYTES + 1);
    }
    if (content.length > MAX_BYTES) {
      throw new IOException("larger than " + MAX_BYTES + " bytes");
    }
    read.put(path, sha256(content));
    return content;
  }

  /** Another has read a file, which has this SHA-256 in hexadecimal digits. */
  public void note(Path path, String sha256) {
    read.put(path, sha256);
  }

  /** There is no such file to be read. */
  public void missing(Path path) {
    read.put(path, UNREADABLE);
  }

  /** What all of them were when they were read. */
  public Map<Path, String> asRead() {
    return Map.copyOf(read);
  }

  /** What all of them are now. */
  public Map<Path, String> now() {
    Map<Path, String> now = new LinkedHashMap<>();
    for (Path path : read.keySet()) {
      try {
        now.put(path, sha256(Files.readAllBytes(path)));
      } catch (IOException e) {
        now.put(path, UNREADABLE);
      }
    }
    return now;
  }

  /** In hexadecimal digits. */
  public static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
