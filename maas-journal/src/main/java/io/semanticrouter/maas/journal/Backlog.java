// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

/**
 * The lines that are not yet where they are safe, as bytes, bounded: those that are written and may
 * have to be written again, then those that are not. Positions count all bytes of this run. Not
 * thread-safe.
 */
final class Backlog {
  private static final int INITIAL = 1 << 16;

  private final int max;
  private byte[] bytes;

  /** The position of the first byte of the array. */
  private long base;

  private long kept;
  private long written;
  private long appended;

  Backlog(int max) {
    this.max = max;
    this.bytes = new byte[Math.min(INITIAL, max)];
  }

  /** A sixteenth of the heap: 4 to 64 MB. */
  static int maxOfMemory() {
    return (int) Math.max(4 << 20, Math.min(64 << 20, Runtime.getRuntime().maxMemory() >> 4));
  }

  /** From here on all bytes are here. */
  long kept() {
    return kept;
  }

  /** Up to here they are written. */
  long written() {
    return written;
  }

  /** Up to here there are any. */
  long appended() {
    return appended;
  }

  boolean isHalfFull() {
    return appended - kept > max / 2;
  }

  /**
   * Takes a line. Where there is no room, what is written is given up.
   *
   * @param inUse whether the array is being read
   * @return false when there is no room
   */
  boolean append(byte[] line, int length, boolean inUse) {
    if (appended - base + length > bytes.length && !makeRoom(length, inUse)) {
      return false;
    }
    System.arraycopy(line, 0, bytes, (int) (appended - base), length);
    appended += length;
    return true;
  }

  private boolean makeRoom(int length, boolean inUse) {
    if (appended - kept + length > max) {
      kept = written;
    }
    long needed = appended - kept + length;
    if (needed > max) {
      return false;
    }
    // At most half full in place, so that the moves are not many.
    boolean inPlace = !inUse && needed <= bytes.length / 2;
    byte[] to = inPlace ? bytes : new byte[(int) Math.min(max, Math.max(bytes.length, 2 * needed))];
    System.arraycopy(bytes, (int) (kept - base), to, 0, (int) (appended - kept));
    bytes = to;
    base = kept;
    return true;
  }

  /** The array that holds what is not written; it stays as it is while it is in use. */
  byte[] array() {
    return bytes;
  }

  /** Where in the array a position is. */
  int indexOf(long position) {
    return (int) (position - base);
  }

  void written(long to) {
    written = Math.max(written, to);
  }

  /** What was before is safe. Nobody reads the array when that is all. */
  void release(long to) {
    kept = Math.max(kept, to);
    if (kept == appended) {
      // Half as large when a quarter would have done.
      long used = appended - base;
      if (bytes.length > INITIAL && used < bytes.length / 4) {
        bytes = new byte[Math.max(INITIAL, bytes.length / 2)];
      }
      base = kept;
    }
  }

  /** All that is here has to be written again. */
  void rewind() {
    written = kept;
  }
}
