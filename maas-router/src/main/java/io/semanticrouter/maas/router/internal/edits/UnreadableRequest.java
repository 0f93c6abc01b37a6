// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

/**
 * A request body that cannot be read without doubt: not one JSON object in UTF-8, a member stated
 * twice (backends do not agree which one counts), or nested deeper than {@link Json#MAX_DEPTH}.
 * Says nothing of what stands in the body.
 */
public final class UnreadableRequest extends Exception {
  private static final long serialVersionUID = 1;

  UnreadableRequest() {
    // Traffic can bring it about at any rate: no stack trace.
    super("unreadable", null, false, false);
  }
}
