// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

/** A line that is not one of a journal, or of one that a newer version wrote. */
final class UnreadableException extends Exception {
  private static final long serialVersionUID = 1;

  UnreadableException(String message) {
    super(message, null, false, false);
  }
}
