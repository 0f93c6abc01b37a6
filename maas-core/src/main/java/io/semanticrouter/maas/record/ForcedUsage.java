// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;

/**
 * What became of asking a backend for the usage of a stream that its client had not asked for. A
 * closed set, so that each can be a metric label value.
 */
public enum ForcedUsage {
  /** Not for this exchange: Standalone mode, switched off, or an API that needs no asking. */
  OFF,
  /** The request was changed. */
  EDITED,
  /** The request was changed, and the backend refused it: 400 or 422, for whatever reason. */
  REFUSED,
  /** The backend has refused to be asked for this model lately, so it was not. */
  NOT_ASKED,
  /** The request has so many headers, or so long ones, that the gateway takes no change of it. */
  NO_ROOM,
  /** The client asked for all of it itself. */
  ALREADY,
  /** No stream was asked for. */
  NOT_STREAMING,
  /** The request body is no JSON object; it passed as it is. */
  NOT_JSON,
  /** The request body is not well-formed or not complete; it passed as it is from there on. */
  MALFORMED,
  /** The request could not be changed without a guess; it passed as it is. */
  UNSAFE,
  /** The request body is compressed; it passed as it is. */
  ENCODED,
  /** The gateway did not show the request body. */
  UNSEEN;

  private final String label = Labels.of(this);

  /** The metric label value. */
  public String label() {
    return label;
  }
}
