// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.spelling;

import java.util.HexFormat;

/** How a name looks that is written as its hash: by which function, and 32 hexadecimal digits. */
public final class HashedNames {
  /** Of a name that cannot be shown as it is. */
  public static final String SHA_256 = "sha256:";

  /** Of a name that is not to be shown. */
  public static final String HMAC = "hmac:";

  private static final int DIGITS = 32;

  private HashedNames() {}

  /**
   * A name.
   *
   * @param digest 16 bytes or more
   */
  public static String of(String function, byte[] digest) {
    return function + HexFormat.of().formatHex(digest, 0, DIGITS / 2);
  }

  /** Whether a name looks like one of either function. */
  public static boolean is(String name) {
    return is(SHA_256, name) || is(HMAC, name);
  }

  /** Whether a name looks like one of this function. */
  public static boolean is(String function, String name) {
    if (!name.startsWith(function) || name.length() != function.length() + DIGITS) {
      return false;
    }
    for (int i = function.length(); i < name.length(); i++) {
      char c = name.charAt(i);
      if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
        return false;
      }
    }
    return true;
  }
}
