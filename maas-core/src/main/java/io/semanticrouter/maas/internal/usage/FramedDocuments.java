// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.bytes.Base64Decoding;
import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.framing.EventStreamFraming;

/**
 * The documents of a body in AWS frames: the payload of one, or base64 within it. What a payload
 * says counts when its frame has ended and its checksum was right. Not thread-safe.
 */
final class FramedDocuments implements EventStreamFraming.Frames, ByteSink {
  private final EventStreamFraming framing = new EventStreamFraming(this);
  private final JsonScanner documents;
  private final StatedUsage stated;
  private final Runnable endDocument;
  private final JsonScanner wrappers;
  private final Base64Decoding base64 = new Base64Decoding();
  private boolean wrapped;
  private boolean wanted;
  private boolean delta;
  private boolean exception;
  private boolean malformed;

  /**
   * @param endDocument takes what {@code documents} has read, and makes it ready for the next one
   */
  FramedDocuments(JsonScanner documents, StatedUsage stated, Runnable endDocument) {
    this.documents = documents;
    this.stated = stated;
    this.endDocument = endDocument;
    ByteSink decoder = (b, from, to) -> base64.feed(b, from, to, this);
    this.wrappers = new JsonScanner(BodyFormat.PAYLOAD_PART, new EventFacts(), false, decoder);
  }

  void feed(byte[] b, int from, int to) {
    framing.feed(b, from, to);
  }

  /** Whether a payload was not what its frame says. */
  boolean isMalformed() {
    return malformed;
  }

  /** Whether the last frame is not complete. */
  boolean isCut() {
    return framing.isTruncated();
  }

  /** Whether frames were broken: nothing of the body can be trusted then. */
  boolean isCorrupt() {
    return framing.isCorrupt();
  }

  @Override
  public boolean begin(int messageType, int eventType) {
    exception =
        messageType == EventStreamFraming.EXCEPTION || messageType == EventStreamFraming.ERROR;
    wrapped = eventType == EventStreamFraming.CHUNK;
    delta = eventType == EventStreamFraming.CONTENT_DELTA;
    if (eventType == EventStreamFraming.METADATA) {
      stated.converse();
    }
    wanted = !exception && (wrapped || eventType == EventStreamFraming.METADATA);
    wrappers.reset();
    base64.reset();
    return wanted;
  }

  @Override
  public void payload(byte[] b, int from, int to) {
    (wrapped ? wrappers : documents).feed(b, from, to);
  }

  /** The document in the base64. */
  @Override
  public void accept(byte[] b, int from, int to) {
    documents.feed(b, from, to);
  }

  @Override
  public void end() {
    if (exception) {
      stated.failed();
      return;
    }
    if (!wanted) {
      if (delta) {
        stated.delta();
      }
      return;
    }
    if (wrapped) {
      base64.end(this);
      malformed |= base64.isMalformed() || !wrappers.isComplete();
    }
    if (!documents.isPristine()) {
      endDocument.run();
    }
  }
}
