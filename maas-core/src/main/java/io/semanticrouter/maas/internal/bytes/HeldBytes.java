// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.bytes;

/**
 * What has been read of a body and not yet been passed on or dropped: always the last bytes read,
 * without a gap. Places are offsets from the beginning of the body, so that they outlive a chunk.
 * Bytes are copied only where a chunk ends while they are held. Not thread-safe.
 */
public final class HeldBytes {
  private static final byte[] NOTHING = {};
  private static final int SMALLEST = 64;

  private final ByteSink out;
  private final int limit;

  /** What is held of earlier chunks: the offsets from {@link #keptOffset} to the chunk's. */
  private byte[] kept = NOTHING;

  private long keptOffset;

  private byte[] chunk = NOTHING;
  private int chunkFrom;
  private long chunkOffset;

  /** Where the held bytes begin: everything before has been passed on or dropped. */
  private long settled;

  /**
   * @param limit how many bytes can be kept at the end of a chunk
   */
  public HeldBytes(ByteSink out, int limit) {
    this.out = out;
    this.limit = limit;
  }

  /**
   * Takes the next chunk, until {@link #keepTo}.
   *
   * @return what has to be added to an index of the chunk to get an offset
   */
  public long begin(byte[] b, int from) {
    chunk = b;
    chunkFrom = from;
    return chunkOffset - from;
  }

  /** Where the bytes end that were read in earlier chunks. */
  public long end() {
    return chunkOffset;
  }

  /** Passes on what is held before that offset. */
  public void passTo(long offset) {
    settleTo(offset, true);
  }

  /** Drops what is held before that offset. */
  public void dropTo(long offset) {
    settleTo(offset, false);
  }

  private void settleTo(long offset, boolean pass) {
    long ofKept = Math.min(offset, chunkOffset);
    if (settled < ofKept) {
      if (pass) {
        out.accept(kept, (int) (settled - keptOffset), (int) (ofKept - keptOffset));
      }
      settled = ofKept;
    }
    if (settled < offset) {
      if (pass) {
        out.accept(chunk, indexOf(settled), indexOf(offset));
      }
      settled = offset;
    }
  }

  /** Passes on bytes that were not in the body, behind what has been passed on. */
  public void insert(byte[] bytes) {
    out.accept(bytes, 0, bytes.length);
  }

  /** The chunk ends at that offset: keeps what is held of it. */
  public void keepTo(long end) {
    int old = (int) Math.max(0, chunkOffset - settled);
    int all = (int) (end - settled);
    if (all > limit) {
      throw new IllegalStateException("more held than " + limit + " bytes");
    }
    byte[] target = kept;
    if (all > kept.length) {
      target = new byte[Math.min(limit, Math.max(SMALLEST, 2 * all))];
    }
    if (old > 0 && (target != kept || keptOffset != settled)) {
      System.arraycopy(kept, (int) (settled - keptOffset), target, 0, old);
    }
    if (all > old) {
      System.arraycopy(chunk, indexOf(settled + old), target, old, all - old);
    }
    kept = target;
    keptOffset = settled;
    chunk = NOTHING;
    chunkFrom = 0;
    chunkOffset = end;
  }

  /** A byte that is held. */
  public byte at(long offset) {
    return offset < chunkOffset ? kept[(int) (offset - keptOffset)] : chunk[indexOf(offset)];
  }

  private int indexOf(long offset) {
    return chunkFrom + (int) (offset - chunkOffset);
  }
}
