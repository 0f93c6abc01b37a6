// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;

/**
 * What we ask Envoy to show from here on: the overrides that {@code config/envoy.yaml} allows;
 * there are no others. Envoy ignores silently what it does not allow. With a body come its
 * trailers: without them the end of a body with trailers would not be seen.
 */
enum ModeOverride {
  /** Nothing more of this exchange. */
  SKIP(BodySendMode.NONE, HeaderSendMode.SKIP, BodySendMode.NONE),
  /** The request body as it streams by, to ask for usage in it; and the response headers. */
  STREAM_REQUEST(BodySendMode.STREAMED, HeaderSendMode.SEND, BodySendMode.NONE),
  /**
   * All of the request body at once, to route it: what does not fit into Envoy's buffer passes. And
   * the response headers.
   */
  BUFFER_REQUEST(BodySendMode.BUFFERED_PARTIAL, HeaderSendMode.SEND, BodySendMode.NONE),
  /** The response body as it streams by. */
  STREAM_RESPONSE(BodySendMode.NONE, HeaderSendMode.SEND, BodySendMode.STREAMED),
  /** Both, when the response begins before the request has ended. */
  STREAM_BOTH(BodySendMode.STREAMED, HeaderSendMode.SEND, BodySendMode.STREAMED);

  /** As the generated classes say it. */
  final ProcessingMode mode;

  ModeOverride(
      BodySendMode requestBody, HeaderSendMode responseHeaders, BodySendMode responseBody) {
    mode =
        ProcessingMode.newBuilder()
            .setRequestHeaderMode(HeaderSendMode.SEND)
            .setRequestBodyMode(requestBody)
            .setRequestTrailerMode(trailers(requestBody))
            .setResponseHeaderMode(responseHeaders)
            .setResponseBodyMode(responseBody)
            .setResponseTrailerMode(trailers(responseBody))
            .build();
  }

  private static HeaderSendMode trailers(BodySendMode body) {
    return body == BodySendMode.STREAMED ? HeaderSendMode.SEND : HeaderSendMode.SKIP;
  }
}
