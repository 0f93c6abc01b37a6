// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/**
 * ExtProc messages as bytes. The numbers are those of {@code external_processor.proto} and {@code
 * processing_mode.proto} of Envoy.
 */
final class Wire {
  static final String SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor";

  /** The kinds of a message: the numbers of the fields of {@code ProcessingResponse.response}. */
  static final int REQUEST_HEADERS = 1;

  static final int RESPONSE_HEADERS = 2;
  static final int REQUEST_BODY = 3;
  static final int RESPONSE_BODY = 4;
  static final int RESPONSE_TRAILERS = 6;

  /** One more than the highest kind. */
  static final int KINDS = 7;

  private static final int MODE_OVERRIDE = 9;
  private static final int REQUEST_BODY_MODE = 3;
  private static final int RESPONSE_BODY_MODE = 4;
  private static final int STREAMED = 1;

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] message) {
          return new Serialized(message);
        }

        @Override
        public byte[] parse(InputStream message) {
          try {
            byte[] bytes = new byte[message.available()];
            int read = message.readNBytes(bytes, 0, bytes.length);
            if (read != bytes.length || message.read() != -1) {
              throw new IllegalStateException("Not all of a message was available");
            }
            return bytes;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  /** The one method, its messages left as they are. */
  static final MethodDescriptor<byte[], byte[]> PROCESS =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
          .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, "Process"))
          .setRequestMarshaller(BYTES)
          .setResponseMarshaller(BYTES)
          .build();

  private Wire() {}

  /** Which kind of request it is; in requests, the fields are numbered one higher. */
  static int kindOfRequest(byte[] request) {
    return (request[0] >>> 3) - 1;
  }

  /** What of a reply an Envoy acts upon: its kind, and whether bodies are to be sent. */
  static final class Reply {
    private int kind;
    private boolean override;
    private boolean requestBody;
    private boolean responseBody;

    /** Reads a reply; what another one said is forgotten. */
    void read(byte[] reply) {
      kind = 0;
      override = false;
      requestBody = false;
      responseBody = false;
      int at = 0;
      while (at < reply.length) {
        int tag = reply[at++];
        int field = tag >>> 3;
        if ((tag & 7) != 2) {
          throw new IllegalStateException("Field " + field + " is no message");
        }
        int length = 0;
        int shift = 0;
        byte b;
        do {
          b = reply[at++];
          length |= (b & 0x7f) << shift;
          shift += 7;
        } while (b < 0);
        if (field < KINDS) {
          kind = field;
        } else if (field == MODE_OVERRIDE) {
          override = true;
          // Six enums, each of two bytes.
          for (int i = at; i < at + length; i += 2) {
            requestBody |= reply[i] >>> 3 == REQUEST_BODY_MODE && reply[i + 1] == STREAMED;
            responseBody |= reply[i] >>> 3 == RESPONSE_BODY_MODE && reply[i + 1] == STREAMED;
          }
        }
        at += length;
      }
    }

    int kind() {
      return kind;
    }

    boolean hasOverride() {
      return override;
    }

    boolean wantsRequestBody() {
      return requestBody;
    }

    boolean wantsResponseBody() {
      return responseBody;
    }
  }

  private static final class Serialized extends ByteArrayInputStream
      implements KnownLength, Drainable {
    Serialized(byte[] message) {
      super(message);
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
