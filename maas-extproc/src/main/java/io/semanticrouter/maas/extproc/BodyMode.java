// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

/**
 * How a data plane shows a body: {@code ProcessingMode.BodySendMode}, as far as {@code
 * protocol_config} of the first message states it. That is the configured mode, before any override
 * of ours.
 */
enum BodyMode {
  /** Not at all. */
  NONE,
  /** As it streams by, each piece held until it is answered. */
  STREAMED,
  /** In one message, or not at all when it is too large. */
  BUFFERED,
  /** In one message, as far as it fits. */
  BUFFERED_PARTIAL,
  /** As it streams by; only what is sent back goes on. Never assumed without being stated. */
  FULL_DUPLEX_STREAMED,
  /** Not stated (Envoy before 1.34, observability mode), or one that this version does not know. */
  UNKNOWN;

  private static final BodyMode[] BY_NUMBER = values();

  /** The mode with this number on the wire. */
  static BodyMode of(long number) {
    return number >= 0 && number < BY_NUMBER.length - 1 ? BY_NUMBER[(int) number] : UNKNOWN;
  }

  /** Whether a message holds all of the body that will be shown. */
  boolean isWhole() {
    return this == BUFFERED || this == BUFFERED_PARTIAL;
  }

  /** Whether the data plane is known to show the body without being asked. */
  boolean isShown() {
    return this == STREAMED || isWhole();
  }
}
