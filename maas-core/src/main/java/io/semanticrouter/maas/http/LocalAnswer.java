// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

/** What the client gets instead of an answer of a backend. Immutable. */
public final class LocalAnswer {
  private final int status;
  private final HeaderEdits headers;
  private final byte[] body;

  public LocalAnswer(int status, HeaderEdits headers, byte[] body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  /** The HTTP status. */
  public int status() {
    return status;
  }

  /**
   * All headers but those of the transport: {@code content-type}, and what of the routing is
   * exported.
   */
  public HeaderEdits headers() {
    return headers;
  }

  /** The body, not encoded. Must not be changed. */
  public byte[] body() {
    return body;
  }
}
