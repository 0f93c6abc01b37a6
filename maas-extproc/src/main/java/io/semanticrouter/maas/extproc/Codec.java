// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.LocalAnswer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads messages and writes replies on their serialised bytes: only what the metering asks for is
 * read, and no objects are made of the rest. What is out of the ordinary is left to the generated
 * classes ({@link GeneratedReader}); unlike them it does not mind text that is no UTF-8.
 */
final class Codec {
  /** For messages, as gRPC wants it. */
  static final MethodDescriptor.Marshaller<Message> MESSAGES = new Messages();

  /** For replies, as gRPC wants it. */
  static final MethodDescriptor.Marshaller<Reply> REPLIES = new Replies();

  private static final int OVERWRITE_IF_EXISTS_OR_ADD = 2;

  /** What Envoy's access log gives as the details of an answer of ours. */
  private static final String DETAILS = "semantic_router";

  private Codec() {}

  /**
   * Reads a {@code ProcessingRequest}, to be released when it has been handled.
   *
   * @param stream all of it
   * @throws IOException when it is none
   */
  static Message read(InputStream stream) throws IOException {
    WireReader reader = WireReader.take();
    Message message = reader.read(stream);
    if (message == null) {
      message = GeneratedReader.read(reader.unread());
      reader.release();
    }
    return message;
  }

  /** Writes a {@code ProcessingResponse}, to be sent once. */
  static Serialised write(Reply reply) {
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
    out.text(5, DETAILS);
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
   * {@code header_mutation}, field 2 wherever it stands. Of a header only {@code raw_value},
   * because Envoy reads nothing else; the append action for the data planes that honour it, and
   * {@code append} left unset for those that do not: overwrite everywhere.
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

  private static final class Messages implements MethodDescriptor.Marshaller<Message> {
    @Override
    public Message parse(InputStream stream) {
      try {
        return read(stream);
      } catch (IOException e) {
        // Not thrown on: gRPC would log it with its stack, as often as a peer likes.
        return Message.UNREADABLE;
      }
    }

    @Override
    public InputStream stream(Message value) {
      throw new UnsupportedOperationException("messages are only received");
    }
  }

  private static final class Replies implements MethodDescriptor.Marshaller<Reply> {
    /** The constant replies, serialised: each at its {@link Reply#constantIndex}. */
    private final byte[][] constants;

    Replies() {
      List<Reply> replies = Reply.constants();
      constants = new byte[replies.size()][];
      for (int i = 0; i < constants.length; i++) {
        WireWriter out = written(replies.get(i));
        constants[i] = out.toByteArray();
        out.release();
      }
    }

    @Override
    public InputStream stream(Reply reply) {
      if (!reply.isConstant()) {
        return write(reply);
      }
      byte[] bytes = constants[reply.constantIndex()];
      return new Serialised(bytes, 0, bytes.length);
    }

    @Override
    public Reply parse(InputStream stream) {
      throw new UnsupportedOperationException("replies are only sent");
    }
  }

  /** Bytes that gRPC copies in one go, into a buffer of the right size. */
  static class Serialised extends ByteArrayInputStream implements KnownLength, Drainable {
    Serialised(byte[] bytes, int from, int to) {
      super(bytes, from, to - from);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int length = count - pos;
      target.write(buf, pos, length);
      pos = count;
      return length;
    }
  }
}
