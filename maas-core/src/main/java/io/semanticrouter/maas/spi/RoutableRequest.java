// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.spi;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Operation;

/** A request with its whole body. Valid during the call that it is given to. */
public final class RoutableRequest {
  private final Operation operation;
  private final String path;
  private final Identity identity;
  private final Headers headers;
  private final byte[] bytes;
  private final int from;
  private final int to;

  private RoutableRequest(
      Operation operation,
      String path,
      Identity identity,
      Headers headers,
      byte[] bytes,
      int from,
      int to) {
    this.operation = operation;
    this.path = path;
    this.identity = identity;
    this.headers = headers;
    this.bytes = bytes;
    this.from = from;
    this.to = to;
  }

  /**
   * A request of nobody, without headers.
   *
   * @param bytes holds the body, from {@code from} until before {@code to}; must not be changed
   *     during the call that this is given to
   */
  public static RoutableRequest of(
      Operation operation, String path, byte[] bytes, int from, int to) {
    return new RoutableRequest(operation, path, Identity.ANONYMOUS, Headers.EMPTY, bytes, from, to);
  }

  /** The same of somebody. */
  public RoutableRequest withIdentity(Identity somebody) {
    return new RoutableRequest(operation, path, somebody, headers, bytes, from, to);
  }

  /** The same with headers. */
  public RoutableRequest withHeaders(Headers some) {
    return new RoutableRequest(operation, path, identity, some, bytes, from, to);
  }

  /** The LLM operation. */
  public Operation operation() {
    return operation;
  }

  /** The path, with or without its query. */
  public String path() {
    return path;
  }

  /** Whom the exchange is billed to; {@link Identity#ANONYMOUS} in Standalone mode. */
  public Identity identity() {
    return identity;
  }

  /** Those of the headers that {@link RequestRouter#headers} names. */
  public Headers headers() {
    return headers;
  }

  /** Holds the body; must not be changed or kept. */
  public byte[] bytes() {
    return bytes;
  }

  /** Where the body begins. */
  public int from() {
    return from;
  }

  /** Where it ends. */
  public int to() {
    return to;
  }
}
