// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.http.BodySink;
import java.util.Arrays;

/**
 * What becomes of one piece of a body. As long as the edits give back the very bytes that they got,
 * nothing is copied: Envoy still has them.
 */
final class EditedBody implements BodySink {
  private final byte[] original;
  private final int from;
  private final int to;

  /** How far it has gone on as it was. */
  private int same;

  /** What has gone on, from the first difference on; empty until then. */
  private byte[] changed = {};

  private int length;

  EditedBody(Message message) {
    original = message.bytes;
    from = message.from;
    to = message.to;
    same = from;
  }

  @Override
  public void accept(byte[] bytes, int offset, int count) {
    if (length == 0 && bytes == original && offset == same) {
      same += count;
      return;
    }
    if (length == 0) {
      append(original, from, same - from);
    }
    append(bytes, offset, count);
  }

  private void append(byte[] bytes, int offset, int count) {
    if (length + count > changed.length) {
      changed = Arrays.copyOf(changed, Math.max(length + count, to - from + 128));
    }
    System.arraycopy(bytes, offset, changed, length, count);
    length += count;
  }

  /** Whether the piece goes on as it came. */
  boolean isUnchanged() {
    return length == 0 && same == to;
  }

  /** The reply that says so, or says what goes on instead. */
  Reply reply(Phase phase) {
    return isUnchanged() ? Reply.neutral(phase) : Reply.replaced(phase, bytes(), start(), end());
  }

  /** What goes on is in this array, between {@link #start} and {@link #end}. */
  byte[] bytes() {
    return length == 0 ? original : changed;
  }

  int start() {
    return length == 0 ? from : 0;
  }

  int end() {
    return length == 0 ? same : length;
  }
}
