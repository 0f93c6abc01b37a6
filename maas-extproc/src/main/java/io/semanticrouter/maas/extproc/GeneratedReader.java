// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.semanticrouter.maas.http.Headers;
import java.io.IOException;
import java.io.InputStream;

/**
 * Reads messages by the generated classes: what {@link WireReader} leaves to them, and what it is
 * compared with in tests.
 */
final class GeneratedReader {
  private GeneratedReader() {}

  /**
   * Reads a {@code ProcessingRequest}.
   *
   * @throws IOException when it is none
   */
  static Message read(InputStream stream) throws IOException {
    ProcessingRequest request = ProcessingRequest.parseFrom(stream);
    return switch (request.getRequestCase()) {
      case REQUEST_HEADERS -> headers(request, Phase.REQUEST_HEADERS, request.getRequestHeaders());
      case RESPONSE_HEADERS ->
          headers(request, Phase.RESPONSE_HEADERS, request.getResponseHeaders());
      case REQUEST_BODY -> body(request, Phase.REQUEST_BODY, request.getRequestBody());
      case RESPONSE_BODY -> body(request, Phase.RESPONSE_BODY, request.getResponseBody());
      case REQUEST_TRAILERS -> head(request, Phase.REQUEST_TRAILERS, false, Headers.EMPTY);
      case RESPONSE_TRAILERS -> head(request, Phase.RESPONSE_TRAILERS, false, Headers.EMPTY);
      case REQUEST_NOT_SET -> head(request, Phase.UNKNOWN, false, Headers.EMPTY);
    };
  }

  private static Message headers(ProcessingRequest request, Phase phase, HttpHeaders headers) {
    return head(request, phase, headers.getEndOfStream(), new EnvoyHeaders(headers.getHeaders()));
  }

  private static Message head(
      ProcessingRequest request, Phase phase, boolean endOfStream, Headers headers) {
    return Message.head(
        new Whole(request),
        phase,
        endOfStream,
        request.getObservabilityMode(),
        headers,
        requestMode(request),
        responseMode(request));
  }

  private static Message body(ProcessingRequest request, Phase phase, HttpBody body) {
    byte[] bytes = body.getBody().toByteArray();
    return Message.body(
        new Whole(request),
        phase,
        body.getEndOfStream(),
        request.getObservabilityMode(),
        bytes,
        0,
        bytes.length,
        requestMode(request),
        responseMode(request));
  }

  /** A message that is nobody else's. */
  private record Whole(ProcessingRequest whole) implements Message.Source {
    @Override
    public void release() {
      // Nothing is lent.
    }
  }

  private static BodyMode requestMode(ProcessingRequest request) {
    return request.hasProtocolConfig()
        ? BodyMode.of(request.getProtocolConfig().getRequestBodyModeValue())
        : BodyMode.UNKNOWN;
  }

  private static BodyMode responseMode(ProcessingRequest request) {
    ProtocolConfiguration stated = request.getProtocolConfig();
    return request.hasProtocolConfig()
        ? BodyMode.of(stated.getResponseBodyModeValue())
        : BodyMode.UNKNOWN;
  }
}
