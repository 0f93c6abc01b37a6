// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.PiiType;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds kinds of personal data in one text, in one pass. What is found may begin at a digit, a
 * letter, {@code +} or {@code @}; from there each detector looks a bounded number of characters
 * far, so that the time is linear whatever the text is. Only the kinds leave it, never a place or a
 * match. For one use by one thread.
 */
final class PiiScanner {
  private static final int MAX_LOCAL_PART = 64;
  private static final int MAX_DOMAIN = 253;
  private static final Set<String> FILE_ENDINGS =
      Set.of("png", "jpg", "jpeg", "gif", "svg", "webp", "pdf", "css", "js", "json", "html");

  private static final Set<String> PHONE_WORDS =
      Set.of(
          "anrufen",
          "bel",
          "call",
          "cell",
          "cellphone",
          "celular",
          "dial",
          "fax",
          "handy",
          "handynummer",
          "mobil",
          "mobile",
          "móvil",
          "phone",
          "portable",
          "ring",
          "ruf",
          "rufnummer",
          "sms",
          "tel",
          "telefon",
          "telefone",
          "telefonnummer",
          "telefono",
          "telefoon",
          "telephone",
          "teléfono",
          "téléphone",
          "whatsapp");

  private static final Set<String> NO_ADDRESS_WORDS =
      Set.of(
          "abschnitt",
          "build",
          "chapter",
          "clause",
          "figure",
          "firmware",
          "kapitel",
          "oid",
          "release",
          "sec",
          "section",
          "table",
          "v",
          "ver",
          "version");

  /** Shapes of cards with separators, the longer ones first. */
  private static final String[] CARD_SHAPES = {"44443", "4444", "465", "464", "44441"};

  private final String text;
  private final Set<NationalId> nationalIds;
  private final EnumSet<PiiType> found = EnumSet.noneOf(PiiType.class);
  private final DigitGroups groups;
  private final NationalIdRules ids;

  private PiiScanner(String text, Set<NationalId> nationalIds) {
    this.text = text;
    this.nationalIds = nationalIds;
    this.groups = new DigitGroups(text);
    this.ids = new NationalIdRules(text, groups);
  }

  /**
   * The kinds of personal data in a text.
   *
   * @param plain the text, as {@link TextFolding#plain} gives it
   * @param wanted when all of these are found, the rest is not looked at
   */
  static EnumSet<PiiType> scan(String plain, Set<PiiType> wanted, Set<NationalId> nationalIds) {
    PiiScanner scanner = new PiiScanner(plain, nationalIds);
    scanner.scan(wanted);
    scanner.found.retainAll(wanted);
    return scanner.found;
  }

  private void scan(Set<PiiType> wanted) {
    int length = text.length();
    int i = 0;
    int kinds = 0;
    while (i < length) {
      char c = text.charAt(i);
      if (Tokens.isPart(c)) {
        i = DigitGroups.isDigit(c) ? afterDigit(i) : afterLetter(i);
      } else if (c == '+') {
        i = afterPlus(i);
      } else {
        if (c == '@' && isEmail(i)) {
          found.add(PiiType.EMAIL);
        }
        i++;
      }
      if (found.size() > kinds) {
        kinds = found.size();
        if (found.containsAll(wanted)) {
          return;
        }
      }
    }
  }

  private int afterLetter(int start) {
    int length = text.length();
    int end = start;
    boolean digits = false;
    while (end < length) {
      char c = text.charAt(end);
      if (!Tokens.isPart(c)) {
        break;
      }
      digits |= DigitGroups.isDigit(c);
      end++;
    }
    if (Tokens.isJoinedBefore(text, start)) {
      return end;
    }
    if (digits && end - start >= 4) {
      int behind = Iban.end(text, start);
      if (behind > 0) {
        found.add(PiiType.IBAN);
        return behind;
      }
    }
    NationalId id =
        end - start == 2 ? ids.ofSpacedNino(start) : digits ? ids.ofToken(start, end) : null;
    return isNationalId(id) ? ids.end() : end;
  }

  private boolean isNationalId(@Nullable NationalId id) {
    if (id == null) {
      return false;
    }
    if (nationalIds.contains(id)) {
      found.add(PiiType.NATIONAL_ID);
    }
    return true;
  }

  private int afterDigit(int start) {
    if (Tokens.isJoinedBefore(text, start)) {
      return tokenEnd(start);
    }
    int address = IpAddress.end(text, start);
    if (address > 0) {
      if (!Tokens.isSaidBefore(text, start, NO_ADDRESS_WORDS)) {
        found.add(PiiType.IP_ADDRESS);
      }
      return address;
    }
    groups.read(start);
    if (groups.count() == 0) {
      int end = tokenEnd(start);
      return isNationalId(ids.ofToken(start, end)) ? ids.end() : end;
    }
    int card = cardEnd();
    if (card > 0) {
      found.add(PiiType.PAYMENT_CARD);
      return card;
    }
    if (isNationalId(ids.ofGroups(start))) {
      return ids.end();
    }
    int phone = nationalPhoneEnd(start);
    if (phone > 0) {
      found.add(PiiType.PHONE);
      return phone;
    }
    return groups.end(0);
  }

  private int tokenEnd(int start) {
    int end = start;
    while (end < text.length() && Tokens.isPart(text.charAt(end))) {
      end++;
    }
    return end;
  }

  private int cardEnd() {
    if (groups.length(0) >= 13) {
      int length = groups.length(0);
      boolean card = length <= 19 && isCard(length) && !Tokens.isJoinedBehind(text, groups.end(0));
      return card ? groups.end(0) : -1;
    }
    if (groups.length(0) != 4 || groups.count() < 3) {
      return -1;
    }
    char separator = groups.separator(1);
    if (separator != ' ' && separator != '-') {
      return -1;
    }
    for (String shape : CARD_SHAPES) {
      if (groups.have(shape, separator)) {
        int digits = 0;
        for (int i = 0; i < shape.length(); i++) {
          digits += shape.charAt(i) - '0';
        }
        int end = groups.end(shape.length() - 1);
        if (isCard(digits) && !Tokens.isJoinedBehind(text, end)) {
          return end;
        }
      }
    }
    return -1;
  }

  /** Prefixes and lengths of ISO/IEC 7812 as the networks publish them, and Luhn. */
  private boolean isCard(int length) {
    int p = (int) groups.number(0, 4);
    int two = p / 100;
    boolean issued =
        switch (p / 1000) {
          // A 13-digit one may as well be a German article number.
          case 4 -> length == 16 || length == 19 || (length == 13 && !groups.passEan13());
          case 5 ->
              (two >= 51 && two <= 55 && length == 16)
                  || p == 5018
                  || p == 5020
                  || p == 5038
                  || p == 5893
                  || p == 5019;
          case 2 -> length == 16 && ((p >= 2221 && p <= 2720) || (p >= 2200 && p <= 2204));
          case 3 ->
              ((two == 34 || two == 37) && length == 15)
                  || (p >= 3528 && p <= 3589 && length >= 16)
                  || (((p >= 3000 && p <= 3059) || two == 36 || two == 38 || two == 39)
                      && length == 14);
          case 6 ->
              (length >= 16 && (p == 6011 || (p >= 6440 && p <= 6599) || two == 62 || two == 60))
                  || p == 6304
                  || p == 6759
                  || (p >= 6761 && p <= 6763);
          default -> false;
        };
    return issued && groups.passLuhn(0, length);
  }

  private int afterPlus(int plus) {
    int start = plus + 1;
    boolean number =
        start < text.length()
            && DigitGroups.isDigit(text.charAt(start))
            && (plus == 0 || !Tokens.isPart(text.charAt(plus - 1)));
    if (number) {
      groups.read(start);
      int end = internationalEnd(0);
      if (end > 0) {
        found.add(PiiType.PHONE);
        return end;
      }
    }
    return start;
  }

  /** E.164: at most 15 digits, of which the first is no 0. */
  private int internationalEnd(int skipped) {
    int digits = 0;
    int last = -1;
    for (int g = 0; g < groups.count() && digits + groups.length(g) <= 16; g++) {
      digits += groups.length(g);
      last = g;
    }
    digits -= skipped;
    if (digits < 9 || groups.digit(skipped) == 0) {
      return -1;
    }
    boolean american = groups.digit(skipped) == 1;
    boolean valid = !american || (digits >= 11 && isAmerican(skipped + 1));
    return valid ? groups.end(last) : -1;
  }

  /** Area codes and exchanges do not begin with 0 or 1 (North American Numbering Plan). */
  private boolean isAmerican(int area) {
    return groups.digit(area) >= 2 && groups.digit(area + 3) >= 2;
  }

  private int nationalPhoneEnd(int start) {
    char before = start == 0 ? ' ' : text.charAt(start - 1);
    if ("#$€£%+*".indexOf(before) >= 0 || groups.total() < 9) {
      return -1;
    }
    int american = americanEnd(start, before);
    if (american > 0) {
      return american;
    }
    int end = groups.end(groups.count() - 1);
    boolean whole = !groups.goesOn() && !Tokens.isJoinedBehind(text, end);
    if (!whole || isAfterNumber(start)) {
      return -1;
    }
    if (groups.digit(0) != 0) {
      return groups.have("333", ' ') && isPhoneSaid(start) ? end : -1;
    }
    if (groups.digit(1) == 0) {
      boolean separated = groups.count() > 1 || isPhoneSaid(start);
      return separated && groups.length(0) > 2 ? internationalEnd(2) : -1;
    }
    return isTrunk() && (groups.count() > 1 || isPhoneSaid(start)) ? end : -1;
  }

  /** Three, three and four digits, perhaps with a 1 in front. */
  private int americanEnd(int start, char before) {
    int first = groups.length(0) == 1 && groups.digit(0) == 1 ? 1 : 0;
    if (groups.length(0) == 10) {
      boolean valid =
          isAmerican(0) && !Tokens.isJoinedBehind(text, groups.end(0)) && isPhoneSaid(start);
      return valid ? groups.end(0) : -1;
    }
    if (groups.count() < first + 3 || !isAmerican(first)) {
      return -1;
    }
    char middle = groups.separator(first + 1);
    char last = groups.separator(first + 2);
    boolean bracket = middle == DigitGroups.BRACKET && (before == '(' || first == 1);
    boolean shape =
        groups.length(first) == 3 && groups.length(first + 1) == 3 && groups.length(first + 2) == 4;
    boolean separators =
        bracket
            ? last == '-' || last == ' ' || last == '.'
            : middle == last
                && (middle == '-' || middle == '.' || (middle == ' ' && isPhoneSaid(start)));
    int end = groups.end(first + 2);
    return shape && separators && !Tokens.isJoinedBehind(text, end) ? end : -1;
  }

  private boolean isPhoneSaid(int start) {
    return Tokens.isSaidBefore(text, start, PHONE_WORDS);
  }

  /** Whether the number before is only a space away: then this may be a row of numbers. */
  private boolean isAfterNumber(int start) {
    return start > 1
        && text.charAt(start - 1) == ' '
        && DigitGroups.isDigit(text.charAt(start - 2));
  }

  /** A 0 and an area code in front: not a date, and not a row of short numbers. */
  private boolean isTrunk() {
    int count = groups.count();
    if (groups.total() > 12 || count > 5 || groups.length(0) < 2) {
      return false;
    }
    if (count == 1) {
      return groups.total() >= 10;
    }
    boolean date = groups.length(0) == 2 && groups.length(1) == 2 && groups.length(2) == 4;
    boolean pairs = true;
    for (int g = 0; g < count; g++) {
      if (groups.length(g) < 2 || (g == 0 && count > 1 && groups.length(g) > 5)) {
        return false;
      }
      pairs &= groups.length(g) == 2;
    }
    return !(date && count > 2) && (!pairs || count == 5);
  }

  private boolean isEmail(int at) {
    int start = at;
    while (start > 0 && at - start <= MAX_LOCAL_PART && isLocalPart(text.charAt(start - 1))) {
      start--;
    }
    if (start == at || at - start > MAX_LOCAL_PART || text.charAt(at - 1) == '.') {
      return false;
    }
    return !isUserInfo(start) && isDomain(at + 1);
  }

  private static boolean isLocalPart(char c) {
    return Tokens.isPart(c) || "._%+-'&".indexOf(c) >= 0;
  }

  /** Whether it is the user of a URL: {@code https://user:secret@host}. */
  private boolean isUserInfo(int start) {
    int i = start;
    int earliest = Math.max(0, start - MAX_LOCAL_PART);
    while (i > earliest && (text.charAt(i - 1) == ':' || isLocalPart(text.charAt(i - 1)))) {
      i--;
    }
    return i > 1 && text.charAt(i - 1) == '/' && text.charAt(i - 2) == '/';
  }

  /** Labels with dots in between; the last one of letters, and no file name's. */
  private boolean isDomain(int from) {
    int end = from;
    int label = from;
    int dots = 0;
    boolean letters = true;
    while (end < text.length() && end - from <= MAX_DOMAIN) {
      char c = text.charAt(end);
      char following = end + 1 < text.length() ? text.charAt(end + 1) : ' ';
      if (c == '.' && Tokens.isPart(following) && end > label) {
        dots++;
        label = end + 1;
        letters = true;
      } else if (c == '-' && (following == '-' || Tokens.isPart(following)) && end > label) {
        letters &= isPunycode(label);
      } else if (Tokens.isPart(c) && c != '_') {
        letters &= !DigitGroups.isDigit(c) || isPunycode(label);
      } else {
        break;
      }
      end++;
    }
    boolean remote =
        end + 1 < text.length() && text.charAt(end) == ':' && Tokens.isLetter(text.charAt(end + 1));
    return dots > 0
        && letters
        && end - label >= 2
        && !remote
        && !FILE_ENDINGS.contains(text.substring(label, Math.min(end, label + 5)));
  }

  private boolean isPunycode(int label) {
    return text.startsWith("xn--", label);
  }
}
