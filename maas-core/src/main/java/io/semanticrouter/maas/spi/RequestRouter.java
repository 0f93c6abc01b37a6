// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.spi;

import io.semanticrouter.maas.record.Operation;
import java.util.List;

/**
 * A semantic router inside the gateway: decides from a request which model answers it, or answers
 * it itself. Given to {@code Metering.Builder.router}. Thread-safe.
 *
 * <p>No argument and no result is null. What it throws is counted as a defect, and the request
 * passes as it is.
 */
public interface RequestRouter {
  /** Whether requests of such an operation are routed; asked for each exchange. */
  boolean routes(Operation operation);

  /** The longest body, in bytes, that {@link #route} takes; at least 1. Longer ones pass as is. */
  int maxBodyBytes();

  /**
   * The most bytes that the bodies of all requests together take while they are held back; at least
   * {@link #maxBodyBytes}. A request for which there is no room passes as it is. 16 MiB by default,
   * or one body where that is more.
   */
  default long maxHeldBytes() {
    return Math.max(16L << 20, maxBodyBytes());
  }

  /**
   * The names of the request headers, in lower case, that {@link #route} looks at; none by default.
   */
  default List<String> headers() {
    return List.of();
  }

  /** Decides, on the thread that drives the exchange, which must not block. */
  RoutedRequest route(RoutableRequest request);
}
