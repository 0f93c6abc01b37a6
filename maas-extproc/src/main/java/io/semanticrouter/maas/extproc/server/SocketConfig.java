// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigSection;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A Unix domain socket to listen on.
 *
 * @param path absolute, of at most 107 bytes
 * @param mode who may connect: that takes the right to write
 */
record SocketConfig(Path path, Set<PosixFilePermission> mode) {
  /** What fits into {@code sun_path} of {@code unix(7)}, with the zero behind it. */
  private static final int MAX_BYTES = 107;

  /** From the lowest bit up. */
  private static final PosixFilePermission[] BITS = {
    PosixFilePermission.OTHERS_EXECUTE,
    PosixFilePermission.OTHERS_WRITE,
    PosixFilePermission.OTHERS_READ,
    PosixFilePermission.GROUP_EXECUTE,
    PosixFilePermission.GROUP_WRITE,
    PosixFilePermission.GROUP_READ,
    PosixFilePermission.OWNER_EXECUTE,
    PosixFilePermission.OWNER_WRITE,
    PosixFilePermission.OWNER_READ
  };

  static @Nullable SocketConfig from(ConfigSection section) {
    String text = section.string("grpc_socket", "");
    Set<PosixFilePermission> mode = mode(section);
    if (text.isEmpty()) {
      return null;
    }
    Path path = path(text);
    if (path == null
        || !path.isAbsolute()
        || text.endsWith("/")
        || text.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      section.reject(
          "grpc_socket", "must be an absolute path of at most " + MAX_BYTES + " bytes to a file");
      return null;
    }
    return new SocketConfig(path, mode);
  }

  private static @Nullable Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static Set<PosixFilePermission> mode(ConfigSection section) {
    String text = section.string("grpc_socket_mode", "0660");
    Set<PosixFilePermission> mode = EnumSet.noneOf(PosixFilePermission.class);
    boolean octal = text.length() == 4 && text.charAt(0) == '0';
    for (int i = 1; octal && i < text.length(); i++) {
      int digit = text.charAt(i) - '0';
      octal = digit >= 0 && digit <= 7;
      for (int bit = 0; octal && bit < 3; bit++) {
        if ((digit & (1 << bit)) != 0) {
          mode.add(BITS[(text.length() - 1 - i) * 3 + bit]);
        }
      }
    }
    if (!octal) {
      section.reject("grpc_socket_mode", "must be four octal digits in quotes, such as \"0660\"");
    }
    return Set.copyOf(mode);
  }
}
