// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a client of the metrics has to know: a token in a file, which is read again when it is older
 * than a second. A scraper sends it as {@code Bearer} (RFC 6750), a browser as the password of any
 * user ({@code Basic}, RFC 7617). What stood in the file last stays good while it cannot be read.
 * Thread-safe.
 */
final class AccessToken {
  private static final Logger LOG = LoggerFactory.getLogger(AccessToken.class);
  private static final String BEARER = "Bearer ";
  private static final String BASIC = "Basic ";
  private static final int MAX_BYTES = 4096;
  private static final long REREAD_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Path file;

  // Guarded by this.
  private byte[] token;
  private long readAt = System.nanoTime();
  private String problem = "";

  private AccessToken(Path file) throws IOException {
    this.file = file;
    this.token = read(file);
  }

  /**
   * Reads it.
   *
   * @throws IOException when it cannot be used; the message is one line that names the file
   */
  static AccessToken load(Path file) throws IOException {
    return new AccessToken(file);
  }

  /** The token of a file, for a client. */
  static String text(Path file) throws IOException {
    return new String(read(file), StandardCharsets.US_ASCII);
  }

  /** Whether a client knows it, by its header {@code Authorization}. */
  boolean isIn(@Nullable String authorization) {
    byte[] known = known(authorization == null ? "" : authorization);
    return MessageDigest.isEqual(known, current());
  }

  private static byte[] known(String authorization) {
    if (starts(authorization, BEARER)) {
      return authorization.substring(BEARER.length()).strip().getBytes(StandardCharsets.ISO_8859_1);
    }
    if (starts(authorization, BASIC)) {
      try {
        String pair =
            new String(
                Base64.getDecoder().decode(authorization.substring(BASIC.length()).strip()),
                StandardCharsets.ISO_8859_1);
        return pair.substring(pair.indexOf(':') + 1).getBytes(StandardCharsets.ISO_8859_1);
      } catch (IllegalArgumentException e) {
        return new byte[0];
      }
    }
    return new byte[0];
  }

  private static boolean starts(String text, String scheme) {
    return text.regionMatches(true, 0, scheme, 0, scheme.length());
  }

  private synchronized byte[] current() {
    long now = System.nanoTime();
    if (now - readAt > REREAD_NANOS) {
      readAt = now;
      try {
        token = read(file);
        problem = "";
      } catch (IOException e) {
        String message = String.valueOf(e.getMessage());
        if (!message.equals(problem)) {
          problem = message;
          LOG.warn("The token of the metrics stays what it was: {}", message);
        }
      }
    }
    return token;
  }

  private static byte[] read(Path file) throws IOException {
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      throw unusable(file, "does not exist");
    } catch (AccessDeniedException e) {
      throw unusable(file, "may not be read");
    } catch (IOException e) {
      throw unusable(file, "cannot be read: " + e.getMessage());
    }
    String text = new String(content, StandardCharsets.ISO_8859_1).strip();
    if (text.isEmpty()
        || content.length > MAX_BYTES
        || !text.chars().allMatch(AccessToken::isVisible)) {
      throw unusable(file, "must hold 1 to " + MAX_BYTES + " visible characters of ASCII");
    }
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static boolean isVisible(int c) {
    return c > ' ' && c < 0x7f;
  }

  private static IOException unusable(Path file, String problem) {
    return new IOException("server." + MetricsConfig.TOKEN_FILE + ": " + file + " " + problem);
  }
}
