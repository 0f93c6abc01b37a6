// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import java.util.Locale;

/** How enum constants are spelled in metrics and logs. */
final class Labels {
  private Labels() {}

  static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
