// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import java.util.List;

/** Processing modes: which parts of an exchange Envoy shows to the server. */
public final class Modes {
  /** Nothing but both headers, as an operator who relies on overrides configures it. */
  public static final ProcessingMode HEADERS_ONLY = of(BodySendMode.NONE, BodySendMode.NONE);

  private Modes() {}

  /** Both headers, bodies in these modes, and the trailers of each body that is shown. */
  public static ProcessingMode of(BodySendMode request, BodySendMode response) {
    return of(
        true, request, request != BodySendMode.NONE, true, response, response != BodySendMode.NONE);
  }

  /** Every mode spelled out: the request's headers, body and trailers, then the response's. */
  public static ProcessingMode of(
      boolean requestHeaders,
      BodySendMode requestBody,
      boolean requestTrailers,
      boolean responseHeaders,
      BodySendMode responseBody,
      boolean responseTrailers) {
    return ProcessingMode.newBuilder()
        .setRequestHeaderMode(send(requestHeaders))
        .setRequestBodyMode(requestBody)
        .setRequestTrailerMode(send(requestTrailers))
        .setResponseHeaderMode(send(responseHeaders))
        .setResponseBodyMode(responseBody)
        .setResponseTrailerMode(send(responseTrailers))
        .build();
  }

  private static HeaderSendMode send(boolean send) {
    return send ? HeaderSendMode.SEND : HeaderSendMode.SKIP;
  }

  /**
   * What an override makes of a configured mode: body modes are always explicit, and a header or
   * trailer mode of DEFAULT changes nothing.
   */
  static ProcessingMode override(ProcessingMode configured, ProcessingMode override) {
    return ProcessingMode.newBuilder()
        .setRequestHeaderMode(
            either(override.getRequestHeaderMode(), configured.getRequestHeaderMode()))
        .setRequestTrailerMode(
            either(override.getRequestTrailerMode(), configured.getRequestTrailerMode()))
        .setResponseHeaderMode(
            either(override.getResponseHeaderMode(), configured.getResponseHeaderMode()))
        .setResponseTrailerMode(
            either(override.getResponseTrailerMode(), configured.getResponseTrailerMode()))
        .setRequestBodyModeValue(override.getRequestBodyModeValue())
        .setResponseBodyModeValue(override.getResponseBodyModeValue())
        .build();
  }

  private static HeaderSendMode either(HeaderSendMode override, HeaderSendMode configured) {
    return override == HeaderSendMode.DEFAULT ? configured : override;
  }

  /** Whether a list of allowed modes has this one; the request's header mode does not matter. */
  static boolean isAllowed(ProcessingMode merged, List<ProcessingMode> allowed) {
    ProcessingMode wanted = merged.toBuilder().clearRequestHeaderMode().build();
    for (ProcessingMode mode : allowed) {
      if (mode.toBuilder().clearRequestHeaderMode().build().equals(wanted)) {
        return true;
      }
    }
    return false;
  }
}
