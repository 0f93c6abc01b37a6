// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import java.util.List;
import java.util.Random;

/** Messages that no Envoy sends: any kind at any time, with any content and any unknown field. */
final class RandomNoise {
  private static final List<String> STATUS =
      List.of("200", "200", "200", "", "-1", "abc", "99999999999", "2OO", " 200", "0", "\0");
  private static final List<String> TYPES =
      List.of("application/json", "text/event-stream", "", ";", "application/json; charset=\"");

  private final Random random;

  RandomNoise(Random random) {
    this.random = random;
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  /** A message with one of the requests set, or with none. */
  ProcessingRequest message() {
    ProcessingRequest.Builder message = ProcessingRequest.newBuilder();
    switch (random.nextInt(8)) {
      case 0 -> message.setRequestHeaders(headers(requestHead()));
      case 1 -> message.setResponseHeaders(headers(responseHead()));
      case 2, 3 -> message.setRequestBody(body());
      case 4, 5 -> message.setResponseBody(body());
      case 6 -> {
        HttpTrailers trailers = HttpTrailers.newBuilder().setTrailers(garbage()).build();
        if (random.nextBoolean()) {
          message.setRequestTrailers(trailers);
        } else {
          message.setResponseTrailers(trailers);
        }
      }
      default -> {
        // of a kind that nobody knows
      }
    }
    if (oneIn(8)) {
      message.setProtocolConfig(
          ProtocolConfiguration.newBuilder()
              .setRequestBodyModeValue(mode())
              .setResponseBodyModeValue(mode())
              .setSendBodyWithoutWaitingForHeaderResponse(random.nextBoolean()));
    }
    if (oneIn(10)) {
      message.putAttributes(
          oneIn(2) ? "envoy.filters.http.ext_proc" : "?",
          com.google.protobuf.Struct.getDefaultInstance());
    }
    if (oneIn(6)) {
      message.setUnknownFields(unknown());
    }
    return message.build();
  }

  /** Any number but that of FULL_DUPLEX_STREAMED (4), which changes what replies there are. */
  private int mode() {
    int mode = oneIn(2) ? random.nextInt(8) - 1 : random.nextInt();
    return mode == 4 ? Integer.MIN_VALUE : mode;
  }

  private HeaderMap.Builder requestHead() {
    return switch (random.nextInt(4)) {
      case 0 -> HeaderMap.newBuilder();
      case 1 -> head(":method", "GET", ":path", "/healthz");
      default -> head(":method", "POST", ":path", "/v1/chat/completions");
    };
  }

  private HeaderMap.Builder responseHead() {
    return oneIn(6)
        ? HeaderMap.newBuilder()
        : head(
            ":status",
            STATUS.get(random.nextInt(STATUS.size())),
            "content-type",
            TYPES.get(random.nextInt(TYPES.size())));
  }

  private static HeaderMap.Builder head(String n1, String v1, String n2, String v2) {
    return HeaderMap.newBuilder()
        .addHeaders(header(n1, ByteString.copyFromUtf8(v1)))
        .addHeaders(header(n2, ByteString.copyFromUtf8(v2)));
  }

  private static HeaderValue header(String name, ByteString value) {
    return HeaderValue.newBuilder().setKey(name).setRawValue(value).build();
  }

  private HttpHeaders headers(HeaderMap.Builder map) {
    map.mergeFrom(garbage());
    HttpHeaders.Builder headers = HttpHeaders.newBuilder().setEndOfStream(oneIn(4));
    // No map at all is something else than an empty one.
    if (map.getHeadersCount() > 0 || oneIn(2)) {
      headers.setHeaders(map);
    }
    return oneIn(10) ? headers.setUnknownFields(unknown()).build() : headers.build();
  }

  /** Header lines that are not those of HTTP; none of them says where the request goes. */
  private HeaderMap garbage() {
    HeaderMap.Builder map = HeaderMap.newBuilder();
    for (int lines = oneIn(50) ? 300 : random.nextInt(4); lines > 0; lines--) {
      String name =
          switch (random.nextInt(6)) {
            case 0 -> MeteredEnvoy.USER;
            case 1 -> "x-vsr-selected-model";
            case 2 -> "content-encoding";
            case 3 -> "content-length";
            case 4 -> "";
            default -> "X-Noise\r\n";
          };
      HeaderValue.Builder value =
          HeaderValue.newBuilder().setKey(name).setRawValue(bytes(oneIn(200) ? 50_000 : 20));
      map.addHeaders(oneIn(4) ? value.setValue("also") : value);
    }
    return map.build();
  }

  private HttpBody body() {
    ByteString bytes =
        switch (random.nextInt(6)) {
          case 0 -> ByteString.EMPTY;
          case 1 -> ByteString.copyFromUtf8(Messages.JSON_ANSWER);
          case 2 -> ByteString.copyFromUtf8(Messages.SSE_ANSWER.get(random.nextInt(4)));
          case 3 -> ByteString.copyFromUtf8("{\"stream\":true,\"stream_options\":{");
          default -> bytes(oneIn(300) ? 200_000 : 60);
        };
    HttpBody.Builder body = HttpBody.newBuilder().setBody(bytes).setEndOfStream(oneIn(3));
    return oneIn(10) ? body.setUnknownFields(unknown()).build() : body.build();
  }

  private ByteString bytes(int limit) {
    byte[] bytes = new byte[random.nextInt(limit)];
    random.nextBytes(bytes);
    return ByteString.copyFrom(bytes);
  }

  /** Fields with numbers and wire types that do not belong together, and some that nobody knows. */
  private UnknownFieldSet unknown() {
    UnknownFieldSet.Builder fields = UnknownFieldSet.newBuilder();
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      int number = oneIn(2) ? 1 + random.nextInt(12) : 1 + random.nextInt((1 << 29) - 1);
      UnknownFieldSet.Field.Builder field = UnknownFieldSet.Field.newBuilder();
      switch (random.nextInt(5)) {
        case 0 -> field.addVarint(random.nextLong());
        case 1 -> field.addFixed32(random.nextInt());
        case 2 -> field.addFixed64(random.nextLong());
        case 3 ->
            field.addGroup(
                UnknownFieldSet.newBuilder()
                    .addField(3, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
                    .build());
        default -> field.addLengthDelimited(number > 12 ? bytes(30) : ByteString.EMPTY);
      }
      fields.mergeField(number, field.build());
    }
    return fields.build();
  }
}
