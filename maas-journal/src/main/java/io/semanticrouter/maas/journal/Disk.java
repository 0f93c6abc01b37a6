// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** What a journal writes to. A seam: tests have disks that are full, fail or stall. */
interface Disk {
  /** A file that is written. */
  interface Output {
    /** Writes at a position; what is there already is replaced. */
    void write(byte[] bytes, int offset, int length, long position) throws IOException;

    /** Returns when all that was written is on the device. */
    void sync() throws IOException;

    /** Cuts the file off. */
    void truncate(long size) throws IOException;

    void close() throws IOException;
  }

  /** Makes a file that does not exist; only its owner may read it. */
  Output create(Path file) throws IOException;

  /** Returns when names of files in a directory are on the device. */
  void syncDirectory(Path directory) throws IOException;

  /** The real one. */
  Disk REAL =
      new Disk() {
        @Override
        public Output create(Path file) throws IOException {
          Files.createFile(file, ownerOnly(file, "rw-------"));
          return new RealOutput(new RandomAccessFile(file.toFile(), "rw"));
        }

        @Override
        public void syncDirectory(Path directory) throws IOException {
          try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
          }
        }
      };

  /** The attribute of a file or directory that is nobody else's business. */
  static FileAttribute<?>[] ownerOnly(Path path, String permissions) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  /** Not a channel, which is closed when the thread that writes is interrupted. */
  final class RealOutput implements Output {
    private final RandomAccessFile file;

    /** Where the file stands; -1 when that is not known. */
    private long at;

    private RealOutput(RandomAccessFile file) {
      this.file = file;
    }

    @Override
    public void write(byte[] bytes, int offset, int length, long position) throws IOException {
      if (at != position) {
        file.seek(position);
      }
      at = -1;
      file.write(bytes, offset, length);
      at = position + length;
    }

    @Override
    public void sync() throws IOException {
      file.getFD().sync();
    }

    @Override
    public void truncate(long size) throws IOException {
      file.setLength(size);
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
