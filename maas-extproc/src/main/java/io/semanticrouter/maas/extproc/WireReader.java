// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.grpc.KnownLength;
import io.semanticrouter.maas.http.Headers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads what is needed of one serialised {@code ProcessingRequest}, and steps over the rest. Field
 * numbers are those of {@code external_processor.proto} and {@code base.proto} of Envoy's API, the
 * encoding is <a href="https://protobuf.dev/programming-guides/encoding/">that of protobuf</a>.
 *
 * <p>Only what data planes write is read here: what protobuf allows besides (a message in parts
 * that have to be merged, groups, over-long numbers) is left to the generated classes.
 *
 * <p>A reader is a buffer too, and belongs to one message until that is released.
 */
final class WireReader implements Message.Source {
  private static final Spare<WireReader> SPARE = new Spare<>(WireReader::new);

  private static final int FIRST_BYTES = 4 * 1024;

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH = 2;
  private static final int FIXED32 = 5;

  private static final int OBSERVABILITY_MODE = 10 << 3 | VARINT;
  private static final int PROTOCOL_CONFIG = 11 << 3 | LENGTH;
  private static final int FIRST_PHASE = 2;
  private static final int LAST_PHASE = 7;

  private byte[] b = new byte[FIRST_BYTES];

  /** The end of the message. */
  private int length;

  private int i;

  /** Something that is left to the generated classes, or no message at all. */
  private boolean odd;

  private final WireHeaders headers = new WireHeaders();

  private WireReader() {}

  /** A reader for one message. */
  static WireReader take() {
    return SPARE.take();
  }

  /** The message; null when the generated classes have to read it, or to refuse it. */
  @Nullable Message read(InputStream stream) throws IOException {
    fill(stream);
    i = 0;
    odd = false;
    return message();
  }

  /** The bytes of what could not be read. */
  InputStream unread() {
    return new ByteArrayInputStream(b, 0, length);
  }

  @Override
  public @Nullable ProcessingRequest whole() {
    try {
      return ProcessingRequest.parser().parseFrom(b, 0, length);
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  @Override
  public void release() {
    if (b.length <= Spare.MAX_BYTES) {
      SPARE.giveBack(this);
    }
  }

  private void fill(InputStream stream) throws IOException {
    if (stream instanceof KnownLength) {
      int count = stream.available();
      reserve(count);
      length = stream.readNBytes(b, 0, count);
    } else {
      // Compressed, which no data plane does by default.
      b = stream.readAllBytes();
      length = b.length;
    }
  }

  private void reserve(int count) {
    if (count > b.length) {
      b = new byte[Math.max(count, Math.min(2 * count, Spare.MAX_BYTES))];
    }
  }

  private @Nullable Message message() {
    Phase phase = Phase.UNKNOWN;
    int from = 0;
    int to = 0;
    boolean observed = false;
    int modes = -1;
    int modesEnd = 0;
    while (i < length && !odd) {
      int tag = tag();
      int field = tag >>> 3;
      if (tag == OBSERVABILITY_MODE) {
        observed = varint() != 0;
      } else if ((tag & 7) != LENGTH) {
        skip(tag, length);
      } else {
        int end = end(length);
        if (field >= FIRST_PHASE && field <= LAST_PHASE) {
          odd |= phase != Phase.UNKNOWN;
          phase = Phase.ofRequestField(field);
          from = i;
          to = end;
        } else if (tag == PROTOCOL_CONFIG) {
          odd |= modes >= 0;
          modes = i;
          modesEnd = end;
        }
        i = end;
      }
    }
    if (odd) {
      return null;
    }
    BodyMode requestMode = BodyMode.UNKNOWN;
    BodyMode responseMode = BodyMode.UNKNOWN;
    if (modes >= 0) {
      requestMode = mode(modes, modesEnd, 1);
      responseMode = mode(modes, modesEnd, 2);
    }
    Message message =
        switch (phase) {
          case REQUEST_HEADERS, RESPONSE_HEADERS ->
              headers(phase, from, to, observed, requestMode, responseMode);
          case REQUEST_BODY, RESPONSE_BODY ->
              body(phase, from, to, observed, requestMode, responseMode);
          case REQUEST_TRAILERS, RESPONSE_TRAILERS, UNKNOWN ->
              Message.head(this, phase, false, observed, Headers.EMPTY, requestMode, responseMode);
        };
    return odd ? null : message;
  }

  /** {@code ProtocolConfiguration}: 1 is the mode of the request body, 2 that of the response. */
  private BodyMode mode(int from, int to, int field) {
    // What is not written is the default of an enum: its number 0.
    long number = 0;
    i = from;
    while (i < to && !odd) {
      int tag = tag();
      if (tag == (field << 3 | VARINT)) {
        number = (int) varint();
      } else {
        skip(tag, to);
      }
    }
    odd |= i != to;
    return BodyMode.of(number);
  }

  /** {@code HttpHeaders}: 1 is the header map, 3 whether the stream ends with it. */
  private Message headers(
      Phase phase,
      int from,
      int to,
      boolean observed,
      BodyMode requestMode,
      BodyMode responseMode) {
    headers.begin(b);
    boolean endOfStream = false;
    boolean mapped = false;
    i = from;
    while (i < to && !odd) {
      int tag = tag();
      if (tag == (1 << 3 | LENGTH)) {
        odd |= mapped;
        mapped = true;
        headerMap(headers, end(to));
      } else if (tag == (3 << 3 | VARINT)) {
        endOfStream = varint() != 0;
      } else {
        skip(tag, to);
      }
    }
    odd |= i != to;
    return Message.head(this, phase, endOfStream, observed, headers, requestMode, responseMode);
  }

  /** {@code HeaderMap}: 1 is a header, again and again. */
  private void headerMap(WireHeaders headers, int to) {
    while (i < to && !odd) {
      int tag = tag();
      if (tag == (1 << 3 | LENGTH)) {
        header(headers, end(to));
      } else {
        skip(tag, to);
      }
    }
    odd |= i != to;
  }

  /** {@code HeaderValue}: 1 is the key, 2 the value as text, 3 the value as bytes. */
  private void header(WireHeaders headers, int to) {
    int nameFrom = 0;
    int nameTo = 0;
    int textFrom = 0;
    int textTo = 0;
    int rawFrom = 0;
    int rawTo = 0;
    while (i < to && !odd) {
      int tag = tag();
      if ((tag & 7) != LENGTH) {
        skip(tag, to);
        continue;
      }
      int end = end(to);
      switch (tag >>> 3) {
        case 1 -> {
          nameFrom = i;
          nameTo = end;
        }
        case 2 -> {
          textFrom = i;
          textTo = end;
        }
        case 3 -> {
          rawFrom = i;
          rawTo = end;
        }
        default -> {
          // Of a later version.
        }
      }
      i = end;
    }
    odd |= i != to;
    boolean raw = rawFrom < rawTo;
    headers.add(nameFrom, nameTo, raw ? rawFrom : textFrom, raw ? rawTo : textTo);
  }

  /** {@code HttpBody}: 1 is the body, 2 whether the stream ends with it. */
  private Message body(
      Phase phase,
      int from,
      int to,
      boolean observed,
      BodyMode requestMode,
      BodyMode responseMode) {
    boolean endOfStream = false;
    int bodyFrom = 0;
    int bodyTo = 0;
    i = from;
    while (i < to && !odd) {
      int tag = tag();
      if (tag == (1 << 3 | LENGTH)) {
        bodyTo = end(to);
        bodyFrom = i;
        i = bodyTo;
      } else if (tag == (2 << 3 | VARINT)) {
        endOfStream = varint() != 0;
      } else {
        skip(tag, to);
      }
    }
    odd |= i != to;
    return Message.body(
        this, phase, endOfStream, observed, b, bodyFrom, bodyTo, requestMode, responseMode);
  }

  // --- protobuf ------------------------------------------------------------------------------

  /** Steps over a field; {@code to} is the end of the message around it. */
  private void skip(int tag, int to) {
    switch (tag & 7) {
      case VARINT -> varint();
      case FIXED64 -> i += 8;
      case LENGTH -> i = end(to);
      case FIXED32 -> i += 4;
      default -> odd = true;
    }
    odd |= i > to;
  }

  private int tag() {
    int first = b[i];
    if (first >= 8) {
      i++;
      return first;
    }
    long tag = varint();
    // Field 0 does not exist, and field numbers have 29 bits.
    odd |= tag < 8 || tag > 0xFFFF_FFFFL;
    return (int) tag;
  }

  /** Reads a length; the position behind what it measures. */
  private int end(int to) {
    long length = varint();
    if (odd || length < 0 || length > to - i) {
      odd = true;
      return i;
    }
    return i + (int) length;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (i >= length) {
        odd = true;
        return 0;
      }
      int next = b[i++];
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
    odd = true;
    return 0;
  }
}
