// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

/** How the stream ends when Envoy has nothing more to say. */
public enum Ending {
  /** END_STREAM with RST_STREAM right behind it: what Envoy does, in good times and bad. */
  RESET,
  /** RST_STREAM alone. */
  ABORT,
  /** END_STREAM, and waiting for the server to end the stream ({@code graceful_grpc_close}). */
  GRACEFUL,
  /**
   * Waiting for the server to end the stream by itself: what Envoy does in observability mode, for
   * {@code deferred_close_timeout}.
   */
  AWAIT_SERVER
}
