// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

/** Tells IP addresses of the public internet: those that may lead to a person. */
final class IpAddress {
  private IpAddress() {}

  /** Where the address ends that begins here; -1 when there is none. */
  static int end(String text, int start) {
    int four = v4End(text, start);
    return four > 0 ? four : v6End(text, start);
  }

  private static int v4End(String text, int start) {
    int i = start;
    long address = 0;
    boolean allShort = true;
    for (int octet = 0; octet < 4; octet++) {
      int value = 0;
      int from = i;
      while (i < text.length() && i - from < 3 && DigitGroups.isDigit(text.charAt(i))) {
        value = value * 10 + text.charAt(i++) - '0';
      }
      if (i == from || value > 255 || (i - from > 1 && text.charAt(from) == '0')) {
        return -1;
      }
      allShort &= i - from == 1;
      address = address << 8 | value;
      if (octet < 3 && !isAt(text, i++, '.')) {
        return -1;
      }
    }
    boolean cut = i < text.length() && Tokens.isPart(text.charAt(i));
    boolean longer =
        i + 1 < text.length() && text.charAt(i) == '.' && DigitGroups.isDigit(text.charAt(i + 1));
    // 1.2.3.4 is more often a version or a section than an address.
    boolean address4 =
        !cut && !longer && !allShort && isPublic(address) && !isNetwork(text, start, i);
    return address4 ? i : -1;
  }

  /** IANA special-purpose registry, but for the ranges of documentation. */
  private static boolean isPublic(long address) {
    long first = address >> 24;
    long two = address >> 16;
    return first != 0
        && first != 10
        && first != 127
        && first < 224
        && two != 0xa9fe
        && two != 0xc0a8
        && (two & 0xfff0) != 0xac10
        && (two & 0xffc0) != 0x6440;
  }

  /** Whether the length of a prefix follows, and the address is no part of a URL. */
  private static boolean isNetwork(String text, int start, int end) {
    int i = end + 1;
    boolean url = start > 0 && text.charAt(start - 1) == '/';
    if (i >= text.length() || text.charAt(end) != '/' || url) {
      return false;
    }
    int bits = 0;
    while (i < text.length() && i - end <= 3 && DigitGroups.isDigit(text.charAt(i))) {
      bits = bits * 10 + text.charAt(i++) - '0';
    }
    return i > end + 1 && bits < 32 && (i == text.length() || !Tokens.isPart(text.charAt(i)));
  }

  /** Only global unicast, 2000::/3: all others lead to nobody, and may be a time or a name. */
  private static int v6End(String text, int start) {
    char first = text.charAt(start);
    if ((first != '2' && first != '3') || hexDigits(text, start) != 4) {
      return -1;
    }
    int i = start;
    int groups = 0;
    boolean shortened = false;
    while (groups < 8) {
      int digits = hexDigits(text, i);
      if (digits == 0) {
        break;
      }
      i += digits;
      groups++;
      if (!isAt(text, i, ':')) {
        break;
      }
      if (isAt(text, i + 1, ':')) {
        if (shortened) {
          return -1;
        }
        shortened = true;
        i += 2;
      } else if (hexDigits(text, i + 1) > 0) {
        i++;
      } else {
        break;
      }
    }
    boolean cut = i < text.length() && Tokens.isPart(text.charAt(i));
    return !cut && (shortened ? groups < 8 : groups == 8) ? i : -1;
  }

  private static boolean isAt(String text, int i, char c) {
    return i < text.length() && text.charAt(i) == c;
  }

  private static int hexDigits(String text, int from) {
    int i = from;
    while (i < text.length() && i - from < 5 && Character.digit(text.charAt(i), 16) >= 0) {
      i++;
    }
    return i - from > 4 ? 0 : i - from;
  }
}
