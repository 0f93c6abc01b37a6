// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import java.util.Set;

/**
 * Tells phone numbers by their shape: with a {@code +} or {@code 00} and a country, with the area
 * code and exchange of North America, or with a 0 and an area code. Where the shape is weak a word
 * must stand shortly before.
 */
final class PhoneNumbers {
  private static final Set<String> PHONE_WORDS =
      Tokens.words(
          "anrufen bel call cell cellphone celular dial fax handy handynummer mobil mobile "
              + "móvil phone portable ring ruf rufnummer sms tel telefon telefone telefonnummer "
              + "telefono telefoon telephone teléfono téléphone whatsapp");

  private final String text;
  private final DigitGroups groups;

  PhoneNumbers(String text, DigitGroups groups) {
    this.text = text;
    this.groups = groups;
  }

  /**
   * Where the international number ends whose digits were read; -1 when there is none. E.164: at
   * most 15 digits, of which the first is no 0.
   *
   * @param skipped the digits that are not part of it
   */
  int internationalEnd(int skipped) {
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

  /** Where the national number ends whose digits were read; -1 when there is none. */
  int nationalEnd(int start) {
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
      return groups.count() >= 3 && groups.shape(3).equals("3 3 3") && isPhoneSaid(start)
          ? end
          : -1;
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
}
