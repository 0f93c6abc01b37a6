// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

/** System properties that libraries read once, when they are first used. */
final class SystemDefaults {
  private SystemDefaults() {}

  /** Sets a property, unless the command line of the server has. */
  static void set(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
