// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.spi.AnswerKeeper;
import org.jspecify.annotations.Nullable;

/**
 * The way of one answer to its keeper: whatever happens, it is begun before it gets anything, and
 * closed once. What the keeper throws is counted, and goes no further. Used by one thread at a
 * time.
 */
public final class KeptAnswer {
  private final Defects defects;

  /** Null once it is closed. */
  private @Nullable AnswerKeeper keeper;

  private boolean begun;

  public KeptAnswer(Defects defects, AnswerKeeper keeper) {
    this.defects = defects;
    this.keeper = keeper;
  }

  /** Whether more of the body is wanted. */
  public boolean isOpen() {
    return begun && keeper != null;
  }

  /**
   * The answer begins. A second one makes the first worthless.
   *
   * @param measured what is not is not kept: an answer without usage could not be billed again
   */
  public void begin(boolean measured, int status, Headers headers) {
    AnswerKeeper open = keeper;
    if (open == null) {
      return;
    }
    boolean wanted = false;
    try {
      wanted = measured && !begun && open.begin(status, headers);
    } catch (Throwable e) {
      defects.add(e);
    }
    begun = true;
    if (!wanted) {
      abandon();
    }
  }

  public void accept(byte[] bytes, int offset, int length) {
    AnswerKeeper open = keeper;
    if (open == null || !begun) {
      return;
    }
    try {
      open.accept(bytes, offset, length);
    } catch (Throwable e) {
      defects.add(e);
      abandon();
    }
  }

  /** The answer has ended as it should, if it has begun. */
  public void end(Measurement measurement, String model) {
    AnswerKeeper open = keeper;
    if (open == null || !begun) {
      abandon();
      return;
    }
    keeper = null;
    try {
      open.end(measurement, model);
    } catch (Throwable e) {
      defects.add(e);
    }
  }

  public void abandon() {
    AnswerKeeper open = keeper;
    if (open == null) {
      return;
    }
    keeper = null;
    try {
      open.abandon();
    } catch (Throwable e) {
      defects.add(e);
    }
  }
}
