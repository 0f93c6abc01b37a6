// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * A TCP address to listen on, as it was configured.
 *
 * @param host a host name or an IP address
 * @param port 0 lets the system choose
 */
record ListenAddress(String host, int port) {
  /**
   * Resolved, because an address that is not would come to mean every address.
   *
   * @param what who wants to listen, for the message
   */
  InetSocketAddress resolve(String what) throws IOException {
    InetSocketAddress resolved = new InetSocketAddress(host, port);
    if (resolved.isUnresolved()) {
      throw unavailable(what, toString(), new UnknownHostException("unknown host"));
    }
    return resolved;
  }

  /** Whether only this machine reaches it; false where the name is not known. */
  boolean isLoopback() {
    InetAddress address = new InetSocketAddress(host, port).getAddress();
    return address != null && address.isLoopbackAddress();
  }

  /** An error in one line: who cannot listen, where, and the innermost reason. */
  static IOException unavailable(String what, String where, IOException e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String problem = cause.getMessage();
    return new IOException(
        "cannot listen for "
            + what
            + " on "
            + where
            + ": "
            + (problem == null ? cause.getClass().getSimpleName() : problem),
        e);
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
