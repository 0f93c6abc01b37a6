// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.Locale;

/**
 * A request body that cannot be read, or not without doubt: it is passed on as it is, unrouted, and
 * counted. Says nothing of what stands in the body.
 */
final class UnreadableRequest extends Exception {
  private static final long serialVersionUID = 1;

  /** Why. */
  enum Reason {
    /** Not one JSON object in UTF-8: something else, broken off, or with something behind it. */
    NOT_JSON,
    /** An object states a key twice, and backends do not agree which of the two counts. */
    DUPLICATE_KEY,
    /**
     * Nested deeper than {@link Json#MAX_DEPTH}, or with keys that are made to collide in a hash
     * table.
     */
    TOO_COMPLEX,
    /** Not an operation whose bodies are read here. */
    OTHER_OPERATION;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The metric label value. */
    String label() {
      return label;
    }
  }

  private final Reason reason;

  UnreadableRequest(Reason reason) {
    // Traffic can bring it about at any rate: no stack trace.
    super(reason.label(), null, false, false);
    this.reason = reason;
  }

  Reason reason() {
    return reason;
  }
}
