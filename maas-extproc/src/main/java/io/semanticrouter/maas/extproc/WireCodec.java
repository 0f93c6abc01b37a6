// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.HeaderEdits;
import io.semanticrouter.maas.LocalAnswer;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The codec that works on the serialised bytes: reads only what the metering asks for, and makes no
 * objects of the rest. It says what {@link GeneratedCodec} says, and leaves to it what is out of
 * the ordinary; unlike that one it does not mind text that is no UTF-8.
 */
final class WireCodec implements Codec {
  private static final int OVERWRITE_IF_EXISTS_OR_ADD = 2;

  private final GeneratedCodec reference = new GeneratedCodec();

  @Override
  public Message read(InputStream stream) throws IOException {
    WireReader reader = WireReader.take();
    Message message = reader.read(stream);
    if (message == null) {
      message = reference.read(reader.unread());
      reader.release();
    }
    return message;
  }

  @Override
  public byte[] write(Reply reply) {
    WireWriter out = written(reply);
    byte[] bytes = out.toByteArray();
    out.release();
    return bytes;
  }

  @Override
  public Serialised serialise(Reply reply) {
    return written(reply).toSerialised();
  }

  private static WireWriter written(Reply reply) {
    if (reply.phase.replyField == 0) {
      throw new IllegalArgumentException("no reply to an unknown phase");
    }
    WireWriter out = WireWriter.take();
    if (reply.override != null) {
      byte[] mode = reply.override.mode.toByteArray();
      out.bytes(9, mode, 0, mode.length);
    }
    metadata(out, reply.metadata);
    if (reply.answer != null) {
      answer(out, reply.answer);
      return out;
    }
    int phase = out.mark();
    int response = out.mark();
    body(out, reply);
    edits(out, reply.edits);
    if (out.mark() > response) {
      out.message(1, response);
    }
    out.message(reply.phase.replyField, phase);
    return out;
  }

  /** {@code ProcessingResponse.immediate_response}. */
  private static void answer(WireWriter out, LocalAnswer answer) {
    int immediate = out.mark();
    out.text(5, GeneratedCodec.DETAILS);
    out.bytes(3, answer.body(), 0, answer.body().length);
    edits(out, answer.headers());
    int status = out.mark();
    out.number(1, answer.status());
    out.message(1, status);
    out.message(7, immediate);
  }

  /** {@code ProcessingResponse.dynamic_metadata}: our namespace, and a struct under it. */
  private static void metadata(WireWriter out, @Nullable UsageMetadata metadata) {
    if (metadata == null) {
      return;
    }
    int struct = out.mark();
    int entry = out.mark();
    int value = out.mark();
    int fields = out.mark();
    for (int i = metadata.size() - 1; i >= 0; i--) {
      field(out, metadata, i);
    }
    out.message(5, fields);
    out.message(2, value);
    out.text(1, metadata.namespace());
    out.message(1, entry);
    out.message(8, struct);
  }

  private static void field(WireWriter out, UsageMetadata metadata, int i) {
    int entry = out.mark();
    int value = out.mark();
    String text = metadata.text(i);
    if (text == null) {
      out.real(2, metadata.number(i));
    } else {
      out.text(3, text);
    }
    out.message(2, value);
    out.text(1, metadata.name(i));
    out.message(1, entry);
  }

  /** {@code CommonResponse.body_mutation}. */
  private static void body(WireWriter out, Reply reply) {
    int mutation = out.mark();
    switch (reply.body) {
      case KEPT -> {
        return;
      }
      case REPLACED -> {
        if (reply.from == reply.to) {
          out.number(2, 1);
        } else {
          out.bytes(1, reply.bytes, reply.from, reply.to);
        }
      }
      case ECHOED -> {
        int streamed = out.mark();
        if (reply.endOfStream) {
          out.number(2, 1);
        }
        if (reply.from < reply.to) {
          out.bytes(1, reply.bytes, reply.from, reply.to);
        }
        out.message(3, streamed);
      }
    }
    out.message(3, mutation);
  }

  /**
   * {@code header_mutation}, field 2 wherever it stands; see {@link GeneratedCodec} for what is
   * left unset.
   */
  private static void edits(WireWriter out, HeaderEdits edits) {
    if (edits.isEmpty()) {
      return;
    }
    int mutation = out.mark();
    List<String> removed = edits.toRemove();
    for (int i = removed.size() - 1; i >= 0; i--) {
      out.text(2, removed.get(i));
    }
    List<String> set = new ArrayList<>(2 * edits.size());
    edits.forEachSet(
        (name, value) -> {
          set.add(name);
          set.add(value);
        });
    for (int i = set.size() / 2 - 1; i >= 0; i--) {
      int option = out.mark();
      out.number(3, OVERWRITE_IF_EXISTS_OR_ADD);
      int header = out.mark();
      out.text(3, set.get(2 * i + 1));
      out.text(1, set.get(2 * i));
      out.message(1, header);
      out.message(1, option);
    }
    out.message(2, mutation);
  }
}
