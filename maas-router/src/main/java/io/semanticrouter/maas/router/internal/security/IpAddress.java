// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import java.util.regex.Pattern;
import org.apache.commons.validator.routines.InetAddressValidator;

/** Tells IP addresses of the public internet: those that may lead to a person. */
final class IpAddress {
  private static final InetAddressValidator VALID = InetAddressValidator.getInstance();
  private static final int MAX_LENGTH = 39;

  /** Those of IANA's special-purpose registry but the ones of documentation; and multicast. */
  private static final Pattern PRIVATE =
      Pattern.compile(
          "(?:0|10|127|22[4-9]|2[3-5]\\d)\\..*|(?:169\\.254|192\\.168)\\..*"
              + "|172\\.(?:1[6-9]|2\\d|3[01])\\..*"
              + "|100\\.(?:6[4-9]|[7-9]\\d|1[01]\\d|12[0-7])\\..*");

  private static final Pattern PREFIX_LENGTH = Pattern.compile("/(?:[12]?\\d|3[01])(?![\\w])");

  private IpAddress() {}

  /** Where the address ends that begins at a digit here; -1 when there is none. */
  static int end(String text, int start) {
    int four = v4End(text, start);
    return four > 0 ? four : v6End(text, start);
  }

  private static int v4End(String text, int start) {
    int end = start;
    while (end < text.length() && end - start <= MAX_LENGTH && isOfV4(text, end)) {
      end++;
    }
    // 1.2.3.4 is more often a version or a section than an address.
    boolean length = end - start > 7 && end - start <= 15;
    if (!length || (end < text.length() && Tokens.isPart(text.charAt(end)))) {
      return -1;
    }
    String address = text.substring(start, end);
    boolean isPublic = VALID.isValidInet4Address(address) && !PRIVATE.matcher(address).matches();
    return isPublic && !isNetwork(text, start, end) ? end : -1;
  }

  private static boolean isOfV4(String text, int i) {
    boolean dot = text.charAt(i) == '.' && i + 1 < text.length();
    return DigitGroups.isDigit(text.charAt(dot ? i + 1 : i));
  }

  /** Whether the length of a prefix follows, and the address is no part of a URL. */
  private static boolean isNetwork(String text, int start, int end) {
    boolean url = start > 0 && text.charAt(start - 1) == '/';
    return !url && PREFIX_LENGTH.matcher(text).region(end, text.length()).lookingAt();
  }

  /** Only global unicast, 2000::/3: all others lead to nobody, and may be a time or a name. */
  private static int v6End(String text, int start) {
    boolean global = text.charAt(start) == '2' || text.charAt(start) == '3';
    if (!global || start + 4 >= text.length() || text.charAt(start + 4) != ':') {
      return -1;
    }
    int end = start;
    while (end < text.length() && end - start <= MAX_LENGTH && isOfV6(text.charAt(end))) {
      end++;
    }
    boolean cut = end < text.length() && Tokens.isPart(text.charAt(end));
    if (text.charAt(end - 1) == ':' && text.charAt(end - 2) != ':') {
      end--;
    }
    return !cut && VALID.isValidInet6Address(text.substring(start, end)) ? end : -1;
  }

  private static boolean isOfV6(char c) {
    return c == ':' || Character.digit(c, 16) >= 0;
  }
}
