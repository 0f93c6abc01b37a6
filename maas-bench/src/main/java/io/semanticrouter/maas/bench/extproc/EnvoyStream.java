// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import static io.semanticrouter.maas.bench.extproc.Transcript.CHUNKS;
import static io.semanticrouter.maas.bench.extproc.Wire.REQUEST_BODY;
import static io.semanticrouter.maas.bench.extproc.Wire.REQUEST_HEADERS;
import static io.semanticrouter.maas.bench.extproc.Wire.RESPONSE_BODY;
import static io.semanticrouter.maas.bench.extproc.Wire.RESPONSE_HEADERS;
import static io.semanticrouter.maas.bench.extproc.Wire.RESPONSE_TRAILERS;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.semanticrouter.maas.bench.extproc.Figures.Timed;
import java.util.concurrent.Executor;

/**
 * One exchange as Envoy handles it: the headers each wait for their reply, bodies are sent where a
 * reply asked for them, and at the end come END_STREAM and RST. All of it on one thread.
 */
final class EnvoyStream extends ClientCall.Listener<byte[]> {
  private static final String HANGS_UP = "as Envoy does";

  private final ClientCall<byte[], byte[]> call;
  private final Transcript transcript;
  private final Load load;
  private final Ending ending;
  private final int cancelAfter;
  private final Executor thread;
  private final Figures figures;
  private final Wire.Reply reply;
  private final Runnable whenEnded;

  /** When the messages without a reply were sent, and how they are timed; a ring. */
  private final long[] sentAt = new long[CHUNKS + 2];

  private int sent;
  private int replied;
  private int awaited;
  private int nextChunk;
  private long added;
  private boolean requestBodyWanted;
  private boolean responseBodyWanted;
  private boolean ended;
  private boolean failed;

  /**
   * An exchange.
   *
   * @param reply for reading replies, shared by the streams of the thread
   * @param cancelAfter with {@link Ending#CANCEL}, behind how many messages
   */
  EnvoyStream(
      ClientCall<byte[], byte[]> call,
      Transcript transcript,
      Load load,
      Ending ending,
      int cancelAfter,
      Executor thread,
      Figures figures,
      Wire.Reply reply,
      Runnable whenEnded) {
    this.call = call;
    this.transcript = transcript;
    this.load = load;
    this.ending = ending;
    this.cancelAfter = ending == Ending.CANCEL ? cancelAfter : Integer.MAX_VALUE;
    this.thread = thread;
    this.figures = figures;
    this.reply = reply;
    this.whenEnded = whenEnded;
  }

  void begin() {
    figures.open++;
    call.start(this, new Metadata());
    call.request(Integer.MAX_VALUE);
    send(REQUEST_HEADERS, transcript.requestHeaders());
  }

  private void send(int kind, byte[] message) {
    awaited = kind;
    sentAt[sent % sentAt.length] = System.nanoTime();
    sent++;
    call.sendMessage(message);
    if (sent == cancelAfter) {
      hangUp(false);
    }
  }

  @Override
  public void onMessage(byte[] message) {
    if (ended) {
      return;
    }
    long now = System.nanoTime();
    reply.read(message);
    if (reply.kind() != awaited || replied == sent) {
      fail("reply of kind " + reply.kind() + " to a request of kind " + awaited);
      return;
    }
    long nanos = now - sentAt[replied % sentAt.length];
    replied++;
    figures.replies++;
    if (reply.hasOverride()) {
      requestBodyWanted = reply.wantsRequestBody();
      responseBodyWanted = reply.wantsResponseBody();
    }
    switch (awaited) {
      case REQUEST_HEADERS -> {
        figures.begun++;
        added(Timed.REQUEST_HEADERS, nanos);
        if (requestBodyWanted) {
          send(REQUEST_BODY, transcript.requestBody());
        } else {
          send(RESPONSE_HEADERS, transcript.responseHeaders());
        }
      }
      case REQUEST_BODY -> {
        added(Timed.REQUEST_BODY, nanos);
        send(RESPONSE_HEADERS, transcript.responseHeaders());
      }
      case RESPONSE_HEADERS -> {
        added(Timed.RESPONSE_HEADERS, nanos);
        if (responseBodyWanted) {
          chunk();
          while (load.pipelined() && !ended && nextChunk < CHUNKS) {
            chunk();
          }
        } else {
          fail("no response body wanted");
        }
      }
      case RESPONSE_BODY -> body(nanos);
      default -> last(nanos);
    }
  }

  private void chunk() {
    send(RESPONSE_BODY, transcript.chunk(nextChunk++));
  }

  private void body(long nanos) {
    if (nextChunk > CHUNKS) {
      last(nanos);
      return;
    }
    figures.time(Timed.CHUNK, nanos);
    if (ending == Ending.OPEN && nextChunk == Ending.OPEN_CHUNKS) {
      ended = true;
      figures.held++;
      whenEnded.run();
    } else if (nextChunk < CHUNKS) {
      chunk();
    } else if (replied == sent) {
      figures.answered++;
      switch (ending) {
        case TRAILERS -> send(RESPONSE_TRAILERS, transcript.trailers());
        case HALF_CLOSE -> {
          ended = true;
          call.halfClose();
        }
        default -> {
          nextChunk++;
          send(RESPONSE_BODY, transcript.end());
        }
      }
    }
  }

  private void last(long nanos) {
    added(Timed.LAST, nanos);
    figures.time(Timed.ADDED, added);
    hangUp(true);
  }

  private void added(Timed timed, long nanos) {
    figures.time(timed, nanos);
    added += nanos;
  }

  /**
   * END_STREAM, and RST right behind it. The RST waits for what was sent before to be written: this
   * client's HTTP/2 drops what is still queued for a stream that is reset.
   */
  private void hangUp(boolean regular) {
    ended = true;
    if (regular) {
      call.halfClose();
    } else {
      figures.cancelled++;
    }
    thread.execute(() -> call.cancel(HANGS_UP, null));
  }

  private void fail(String what) {
    ended = true;
    failed = true;
    figures.failure(what);
    call.cancel(what, null);
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    figures.open--;
    if (!ended) {
      figures.failure("the server ended a stream: " + status);
    } else if (!failed) {
      figures.ended++;
      whenEnded.run();
    }
  }
}
