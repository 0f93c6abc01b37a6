// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** The file of a Unix domain socket, which outlives a process that is killed. Not thread-safe. */
final class SocketFile {
  /** The file type in {@code st_mode}: its mask, and a socket ({@code inode(7)}). */
  private static final int TYPE = 0170000;

  private static final int SOCKET = 0140000;

  private final SocketConfig config;

  /** The identity of the file that was bound: another process may have replaced it since. */
  private @Nullable Object identity;

  SocketFile(SocketConfig config) {
    this.config = config;
  }

  Path path() {
    return config.path();
  }

  /**
   * Makes way for a new socket: removes what a dead process left behind.
   *
   * @throws IOException when there is something else, or a process that listens
   */
  void makeWay() throws IOException {
    Path path = config.path();
    int mode;
    try {
      mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return;
    }
    if ((mode & TYPE) != SOCKET) {
      throw new IOException("the file exists and is no socket");
    }
    if (isListenedOn(path)) {
      throw new IOException("another process listens on it");
    }
    Files.deleteIfExists(path);
  }

  /** Without waiting: a backlog that is full is somebody's. */
  private static boolean isListenedOn(Path path) throws IOException {
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.configureBlocking(false);
      probe.connect(UnixDomainSocketAddress.of(path));
      return true;
    } catch (ConnectException e) {
      return false;
    }
  }

  /** To be called when the socket is bound. */
  void bound() throws IOException {
    identity = identity(config.path());
    Files.setPosixFilePermissions(config.path(), config.mode());
  }

  /** Removes the file, if it is still the one that was bound. */
  void remove() {
    try {
      if (identity != null && identity.equals(identity(config.path()))) {
        Files.deleteIfExists(config.path());
      }
    } catch (IOException e) {
      // It is gone, as it should be; or it is stale, and the next start replaces it.
      identity = null;
    }
  }

  private static @Nullable Object identity(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }
}
