// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.text;

/** A file is not there or is no YAML or JSON, so that nothing of its content could be checked. */
public final class UnreadableException extends Exception {
  private static final long serialVersionUID = 1;

  /** With one line that names the file and the problem. */
  public UnreadableException(String message) {
    super(message);
  }
}
