// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Headers of requests that we send, in a file: {@code name: value} a line, as in HTTP. It is read
 * again for each request; what stood in it last stays good while it cannot be read. Thread-safe.
 */
final class HeaderFile {
  private static final Logger LOG = LoggerFactory.getLogger(HeaderFile.class);
  private static final int MAX_BYTES = 16 << 10;
  private static final String MARKS = "!#$%&'*+-.^_`|~";

  private final Path file;

  // Guarded by this.
  private Map<String, String> headers;
  private String problem = "";

  /**
   * Reads it.
   *
   * @throws IOException when it cannot be used; the message says why, and nothing of what it holds
   */
  HeaderFile(Path file) throws IOException {
    this.file = file;
    this.headers = read(file);
  }

  synchronized Map<String, String> current() {
    try {
      headers = read(file);
      problem = "";
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      if (!message.equals(problem)) {
        problem = message;
        LOG.warn("The headers of pushes stay what they were: {}", message);
      }
    }
    return headers;
  }

  private static Map<String, String> read(Path file) throws IOException {
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(MAX_BYTES + 1);
    } catch (IOException e) {
      throw new IOException("cannot be read: " + file, e);
    }
    Map<String, String> headers = new LinkedHashMap<>();
    if (content.length <= MAX_BYTES) {
      for (String line : new String(content, StandardCharsets.ISO_8859_1).lines().toList()) {
        int colon = line.indexOf(':');
        if (colon > 0 && line.chars().limit(colon).allMatch(HeaderFile::isToken)) {
          headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
        } else if (!line.isBlank()) {
          throw unusable(file);
        }
      }
    }
    if (headers.isEmpty() || !headers.values().stream().allMatch(HeaderFile::isValue)) {
      throw unusable(file);
    }
    return headers;
  }

  /** RFC 9110, 5.6.2. */
  private static boolean isToken(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || MARKS.indexOf(c) >= 0;
  }

  private static boolean isValue(String value) {
    return !value.isEmpty() && value.chars().allMatch(c -> c >= ' ' && c < 0x7f);
  }

  private static IOException unusable(Path file) {
    return new IOException(
        "must hold lines like `name: value` in ASCII, at most " + MAX_BYTES + " bytes: " + file);
  }
}
