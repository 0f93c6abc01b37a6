// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import java.util.Locale;

/** How enum constants are spelled in metrics and logs. */
public final class Labels {
  private Labels() {}

  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
