// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/** Reads messages and writes replies. Thread-safe. */
interface Codec {
  /**
   * Reads a {@code ProcessingRequest}, to be released by whoever has handled it.
   *
   * @param stream all of it
   * @throws IOException when it is none
   */
  Message read(InputStream stream) throws IOException;

  /** Writes a {@code ProcessingResponse}. */
  byte[] write(Reply reply);

  /** The same, to be sent once. */
  default Serialised serialise(Reply reply) {
    byte[] bytes = write(reply);
    return new Serialised(bytes, 0, bytes.length);
  }

  /** For messages, as gRPC wants it. */
  default MethodDescriptor.Marshaller<Message> requests() {
    return new MethodDescriptor.Marshaller<>() {
      @Override
      public Message parse(InputStream stream) {
        try {
          return read(stream);
        } catch (IOException e) {
          throw unreadable(e);
        }
      }

      @Override
      public InputStream stream(Message value) {
        throw new UnsupportedOperationException("messages are only received");
      }
    };
  }

  /** For replies, as gRPC wants it. */
  default MethodDescriptor.Marshaller<Reply> replies() {
    List<Reply> constants = Reply.constants();
    byte[][] serialised = new byte[constants.size()][];
    for (int i = 0; i < serialised.length; i++) {
      serialised[i] = write(constants.get(i));
    }
    return new MethodDescriptor.Marshaller<>() {
      @Override
      public InputStream stream(Reply reply) {
        if (!reply.isConstant()) {
          return serialise(reply);
        }
        byte[] bytes = serialised[reply.constantIndex()];
        return new Serialised(bytes, 0, bytes.length);
      }

      @Override
      public Reply parse(InputStream stream) {
        throw new UnsupportedOperationException("replies are only sent");
      }
    };
  }

  private static StatusRuntimeException unreadable(IOException e) {
    return Status.INTERNAL
        .withDescription("not a ProcessingRequest")
        .withCause(e)
        .asRuntimeException();
  }

  /** Bytes that gRPC copies in one go, into a buffer of the right size. */
  class Serialised extends ByteArrayInputStream implements KnownLength, Drainable {
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
