// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import io.semanticrouter.maas.BodySink;
import java.util.Arrays;

/**
 * What becomes of one body chunk. As long as the edits give back the very bytes that they got,
 * nothing is copied: Envoy still has them.
 */
final class EditedBody implements BodySink {
  /** Reads a chunk and writes what goes on. */
  interface Edit {
    void apply(byte[] bytes, int offset, int length, BodySink out);
  }

  private final byte[] original;

  /** How much has gone on as it was. */
  private int same;

  /** What has gone on, from the first difference on; empty until then. */
  private byte[] changed = {};

  private int length;

  EditedBody(ByteString chunk, Edit edit) {
    original = chunk.toByteArray();
    edit.apply(original, 0, original.length, this);
  }

  @Override
  public void accept(byte[] bytes, int offset, int count) {
    if (length == 0 && bytes == original && offset == same) {
      same += count;
      return;
    }
    if (length == 0) {
      append(original, 0, same);
    }
    append(bytes, offset, count);
  }

  private void append(byte[] bytes, int offset, int count) {
    if (length + count > changed.length) {
      changed = Arrays.copyOf(changed, Math.max(length + count, original.length + 128));
    }
    System.arraycopy(bytes, offset, changed, length, count);
    length += count;
  }

  /** Whether the chunk goes on as it came. */
  boolean isUnchanged() {
    return length == 0 && same == original.length;
  }

  /** What goes on instead. */
  ByteString bytes() {
    return length == 0
        ? ByteString.copyFrom(original, 0, same)
        : ByteString.copyFrom(changed, 0, length);
  }
}
