// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.extproc.ExtProcStats.End;
import io.semanticrouter.maas.extproc.ExtProcStats.Failure;

/**
 * What one stream adds to the {@link ExtProcStats}. Pieces of bodies are by far the most messages,
 * so they are counted here first and handed over together: with the next other message, with the
 * end, or when there are many. Not thread-safe.
 */
final class StreamStats {
  /**
   * One in so many pieces of bodies is timed: the two looks at the clock cost as much as a piece.
   */
  private static final int TIMED = 8;

  private static final int MANY = 64;

  private final ExtProcStats all;
  private int pieces;
  private int requestPieces;
  private int responsePieces;
  private int neutralReplies;
  private long bytes;

  StreamStats(ExtProcStats all) {
    this.all = all;
  }

  /** Whether the time of the next message is wanted. */
  boolean isTimed(Phase phase) {
    return !isPiece(phase) || (pieces++ & (TIMED - 1)) == 0;
  }

  private static boolean isPiece(Phase phase) {
    return phase == Phase.RESPONSE_BODY || phase == Phase.REQUEST_BODY;
  }

  void handled(Message message) {
    if (!isPiece(message.phase)) {
      all.handled(message.phase, 1);
      handOver();
      return;
    }
    if (message.phase == Phase.RESPONSE_BODY) {
      responsePieces++;
    } else {
      requestPieces++;
    }
    if (message.endOfStream || requestPieces + responsePieces >= MANY) {
      handOver();
    }
  }

  void took(long nanos) {
    all.took(nanos);
  }

  void replied(Reply reply) {
    if (reply.isConstant() && reply.override == null) {
      neutralReplies++;
    } else {
      all.replied(reply);
    }
  }

  void scanned(int count) {
    bytes += count;
  }

  void settled(End end) {
    all.settled(end);
  }

  void failed(Failure failure) {
    all.failed(failure);
  }

  void requestUnknown() {
    all.requestUnknown();
  }

  /** Nothing is left here then. */
  void handOver() {
    if (requestPieces > 0) {
      all.handled(Phase.REQUEST_BODY, requestPieces);
      requestPieces = 0;
    }
    if (responsePieces > 0) {
      all.handled(Phase.RESPONSE_BODY, responsePieces);
      responsePieces = 0;
    }
    if (neutralReplies > 0) {
      all.repliedNeutrally(neutralReplies);
      neutralReplies = 0;
    }
    if (bytes > 0) {
      all.scanned(bytes);
      bytes = 0;
    }
  }
}
