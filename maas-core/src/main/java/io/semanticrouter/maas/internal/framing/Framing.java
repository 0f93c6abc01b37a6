// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.framing;

/** How a body is cut into documents. */
public enum Framing {
  /** One JSON document, or several one after the other. */
  JSON,
  /** Server-sent events. */
  SSE,
  /** Frames of {@code application/vnd.amazon.eventstream}. */
  FRAMES,
  /** Not known: the first bytes tell. */
  DETECT
}
