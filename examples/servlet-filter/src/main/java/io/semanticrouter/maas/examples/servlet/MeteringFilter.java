// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.servlet;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/**
 * Meters what the servlets after it serve: blocking or asynchronous, with blocking writes or a
 * {@code WriteListener}, themselves or as a proxy of a backend. It comes after the filter that
 * authenticates, and is registered with support for asynchronous requests.
 *
 * <p>A request that is to be asked for its usage is read whole before a servlet sees it, so that
 * the servlet finds its new length, and is not called where a router answers. Responses are
 * streamed.
 */
public final class MeteringFilter implements Filter {
  private final Metering metering;

  /** Filters for a metering. */
  public MeteringFilter(Metering metering) {
    this.metering = metering;
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    HttpServletRequest http = (HttpServletRequest) request;
    Headers headers = Headers.latin1(Headers.of(http.getHeaderNames(), http::getHeaders));
    // 1. Begin. From here on it is billed, whatever happens.
    Exchange exchange = metering.begin(http.getMethod(), http.getRequestURI(), headers);
    MeteredResponse out = new MeteredResponse((HttpServletResponse) response, exchange);
    MeteredRequest in = new MeteredRequest(http, exchange.request(), out);
    try {
      LocalAnswer refusal = exchange.refuse();
      LocalAnswer answer = refusal != null ? refusal : in.handIn();
      if (answer != null) {
        out.send(answer);
        return;
      }
      chain.doFilter(in, out);
      if (!in.isAsync()) {
        out.end();
      }
    } finally {
      if (!in.isAsync()) {
        exchange.close(); // settles what nothing else has settled
      }
    }
  }
}
