// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

/** Tells international bank account numbers: ISO 13616 lengths, ISO 7064 MOD 97-10. */
final class Iban {
  /** Countries and lengths of the SWIFT IBAN registry, release 99. */
  private static final String COUNTRIES =
      "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29"
          + "ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30"
          + "KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24"
          + "PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29"
          + "VA22VG24XK20YE30";

  private static final byte[] LENGTHS = lengths();

  private Iban() {}

  private static byte[] lengths() {
    byte[] lengths = new byte[26 * 26];
    for (int i = 0; i < COUNTRIES.length(); i += 4) {
      lengths[(COUNTRIES.charAt(i) - 'A') * 26 + COUNTRIES.charAt(i + 1) - 'A'] =
          Byte.parseByte(COUNTRIES.substring(i + 2, i + 4));
    }
    return lengths;
  }

  /** Where the number ends that begins here, in one piece or in groups of four; -1 if none does. */
  static int end(String text, int start) {
    if (start + 15 > text.length()
        || !Tokens.isLetter(text.charAt(start))
        || !Tokens.isLetter(text.charAt(start + 1))) {
      return -1;
    }
    int length =
        LENGTHS[(value(text.charAt(start)) - 10) * 26 + value(text.charAt(start + 1)) - 10];
    int i = start + 4;
    int remainder = 0;
    for (int read = 4; read < length; read++) {
      if (read % 4 == 0 && i < text.length() && isSeparator(text.charAt(i))) {
        i++;
      }
      int value = i < text.length() ? value(text.charAt(i)) : -1;
      if (value < 0) {
        return -1;
      }
      remainder = added(remainder, value);
      i++;
    }
    for (int j = start; j < start + 4; j++) {
      int value = value(text.charAt(j));
      if (value < 0 || (j > start + 1 && value > 9)) {
        return -1;
      }
      remainder = added(remainder, value);
    }
    return length > 0 && remainder == 1 && !Tokens.isJoinedBehind(text, i) ? i : -1;
  }

  private static int added(int remainder, int value) {
    return (value > 9 ? remainder * 100 + value : remainder * 10 + value) % 97;
  }

  private static boolean isSeparator(char c) {
    return c == ' ' || c == '-';
  }

  /** 0 to 9 and A to Z as 0 to 35; -1 for everything else. */
  private static int value(char c) {
    if (DigitGroups.isDigit(c)) {
      return c - '0';
    }
    return Tokens.isLetter(c) ? (c | 0x20) - 'a' + 10 : -1;
  }
}
