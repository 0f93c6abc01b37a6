// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tells national ids by their shape and check digits. */
final class NationalIdRules {
  private static final Set<String> SSN_WORDS = Set.of("ssn", "ssns", "social");
  private static final Set<String> BSN_WORDS =
      Set.of("bsn", "burgerservicenummer", "sofinummer", "sofi");
  private static final Set<String> PESEL_WORDS = Set.of("pesel", "peselu");
  private static final Set<String> CPF_WORDS = Set.of("cpf");

  private static final String DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";
  private static final String NINO_NEVER = "DFIQUV";
  private static final Set<String> NINO_PREFIXES_NEVER =
      Set.of("BG", "GB", "NK", "KN", "TN", "NT", "ZZ");

  /** The values of 0 to 9 and A to Z at odd places of a codice fiscale (D.M. 23 December 1976). */
  private static final int[] CODICE_ODD = {
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8,
    12, 14, 16, 10, 22, 25, 24, 23
  };

  /** L a letter, D a digit or the letter that replaces it, M a month. */
  private static final String CODICE_SHAPE = "LLLLLLDDMDDLDDDL";

  private static final String CODICE_MONTHS = "ABCDEHLMPRST";
  private static final String CODICE_REPLACEMENTS = "LMNPQRSTUV";

  private final String text;
  private final DigitGroups groups;
  private int end;

  NationalIdRules(String text, DigitGroups groups) {
    this.text = text;
    this.groups = groups;
  }

  /** Where the id ends that was found last. */
  int end() {
    return end;
  }

  /** An id that begins with the digits that were read; null when there is none. */
  @Nullable NationalId ofGroups(int start) {
    int first = groups.length(0);
    return switch (first) {
      case 1, 2, 3 -> ofShortGroups(start, first);
      case 6, 8 -> ofLongGroups(first);
      case 9, 11, 13, 15 -> ofOneGroup(start, first);
      default -> null;
    };
  }

  private @Nullable NationalId ofShortGroups(int start, int first) {
    if (first == 1) {
      return groups.have("1222332", ' ') && isNir() ? found(NationalId.FR_NIR, 6) : null;
    }
    if (first == 2) {
      if (groups.have("2333", ' ') && isSteuerId()) {
        return found(NationalId.DE_STEUER_ID, 3);
      }
      boolean shape =
          groups.have("222", '.')
              && groups.have(2, "23", '-')
              && groups.have(3, "32", '.')
              && isRijksregisternummer();
      return shape ? found(NationalId.BE_RIJKSREGISTERNUMMER, 4) : null;
    }
    if (groups.have("324", '-') || (groups.have("324", ' ') && isSaid(start, SSN_WORDS))) {
      return isSsn() ? found(NationalId.US_SSN, 2) : null;
    }
    if (groups.have("333", '.') && groups.have(2, "32", '-')) {
      return isCpf() ? found(NationalId.BR_CPF, 3) : null;
    }
    return groups.have("3442", '.') && isAhv() ? found(NationalId.CH_AHV, 3) : null;
  }

  private @Nullable NationalId ofLongGroups(int first) {
    if ((groups.have("64", '-') || groups.have("84", '-')) && isPersonnummer(first - 6)) {
      return found(NationalId.SE_PERSONNUMMER, 1);
    }
    int letter = groups.end(0) + 1;
    boolean dni =
        first == 8
            && letter < text.length()
            && text.charAt(letter - 1) == '-'
            && isDniLetter(groups.number(0, 8), text.charAt(letter))
            && !Tokens.isJoinedBehind(text, letter + 1);
    if (dni) {
      end = letter + 1;
      return NationalId.ES_DNI;
    }
    return null;
  }

  private @Nullable NationalId ofOneGroup(int start, int length) {
    if (Tokens.isJoinedBehind(text, groups.end(0))) {
      return null;
    }
    switch (length) {
      case 9 -> {
        if (isBsn() && isSaid(start, BSN_WORDS)) {
          return found(NationalId.NL_BSN, 0);
        }
        return isSsn() && isSaid(start, SSN_WORDS) ? found(NationalId.US_SSN, 0) : null;
      }
      case 11 -> {
        if (isSteuerId()) {
          return found(NationalId.DE_STEUER_ID, 0);
        }
        if (isRijksregisternummer()) {
          return found(NationalId.BE_RIJKSREGISTERNUMMER, 0);
        }
        if (isPesel() && isSaid(start, PESEL_WORDS)) {
          return found(NationalId.PL_PESEL, 0);
        }
        return isCpf() && isSaid(start, CPF_WORDS) ? found(NationalId.BR_CPF, 0) : null;
      }
      case 13 -> {
        return isAhv() ? found(NationalId.CH_AHV, 0) : null;
      }
      default -> {
        return isNir() ? found(NationalId.FR_NIR, 0) : null;
      }
    }
  }

  private @Nullable NationalId found(NationalId id, int lastGroup) {
    end = groups.end(lastGroup);
    return Tokens.isJoinedBehind(text, end) ? null : id;
  }

  private boolean isSaid(int start, Set<String> words) {
    return Tokens.isSaidBefore(text, start, words);
  }

  /** Groups that are never issued (SSA, since 2011 the only rule). */
  private boolean isSsn() {
    long area = groups.number(0, 3);
    return area != 0
        && area != 666
        && area < 900
        && groups.number(3, 5) != 0
        && groups.number(5, 9) != 0;
  }

  /** ISO 7064 MOD 11,10; of the first ten digits one is there twice or three times, no other. */
  private boolean isSteuerId() {
    if (groups.digit(0) == 0) {
      return false;
    }
    int product = 10;
    int repeated = 0;
    for (int digit = 0; digit <= 9; digit++) {
      int times = 0;
      for (int i = 0; i < 10; i++) {
        times += groups.digit(i) == digit ? 1 : 0;
      }
      if (times > 3) {
        return false;
      }
      repeated += times > 1 ? 1 : 0;
    }
    for (int i = 0; i < 10; i++) {
      int sum = (groups.digit(i) + product) % 10;
      product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return repeated == 1 && (11 - product) % 10 == groups.digit(10);
  }

  private boolean isNir() {
    int sex = groups.digit(0);
    long month = groups.number(3, 5);
    boolean plausible =
        (sex == 1 || sex == 2 || sex == 7 || sex == 8)
            && ((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50);
    return plausible && 97 - groups.number(0, 13) % 97 == groups.number(13, 15);
  }

  private boolean isBsn() {
    int sum = -groups.digit(8);
    for (int i = 0; i < 8; i++) {
      sum += groups.digit(i) * (9 - i);
    }
    return sum % 11 == 0 && groups.number(0, 9) != 0;
  }

  private boolean isPesel() {
    int sum = groups.digit(10);
    for (int i = 0; i < 10; i++) {
      sum += groups.digit(i) * (i % 4 == 0 ? 1 : i % 4 == 1 ? 3 : i % 4 == 2 ? 7 : 9);
    }
    return sum % 10 == 0 && isDate(groups.number(2, 4) % 20, groups.number(4, 6));
  }

  private boolean isPersonnummer(int century) {
    return (century == 0 || groups.number(0, 2) == 19 || groups.number(0, 2) == 20)
        && isDate(groups.number(century + 2, century + 4), groups.number(century + 4, century + 6))
        && groups.passLuhn(century, century + 10);
  }

  /** The key counts from the last nine digits; of those born since 2000 with a 2 in front. */
  private boolean isRijksregisternummer() {
    long number = groups.number(0, 9);
    long key = groups.number(9, 11);
    return isDate(groups.number(2, 4), groups.number(4, 6))
        && (97 - number % 97 == key || 97 - (2_000_000_000L + number) % 97 == key);
  }

  private boolean isAhv() {
    return groups.number(0, 3) == 756 && groups.passEan13();
  }

  private boolean isCpf() {
    boolean allSame = true;
    for (int i = 1; i < 11; i++) {
      allSame &= groups.digit(i) == groups.digit(0);
    }
    return !allSame && cpfDigit(9) == groups.digit(9) && cpfDigit(10) == groups.digit(10);
  }

  private int cpfDigit(int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) {
      sum += groups.digit(i) * (count + 1 - i);
    }
    return sum * 10 % 11 % 10;
  }

  private static boolean isDate(long month, long day) {
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
  }

  /** An id that is the token of letters and digits from here to there; null when it is none. */
  @Nullable NationalId ofToken(int start, int tokenEnd) {
    NationalId id =
        switch (tokenEnd - start) {
          case 9 -> ofNine(start);
          case 16 -> isCodiceFiscale(start) ? NationalId.IT_CODICE_FISCALE : null;
          default -> null;
        };
    end = tokenEnd;
    return id == null || Tokens.isJoinedBehind(text, tokenEnd) ? null : id;
  }

  private @Nullable NationalId ofNine(int start) {
    char first = text.charAt(start);
    if (DigitGroups.isDigit(first)) {
      long number = number(start, start + 8);
      return number >= 0 && isDniLetter(number, text.charAt(start + 8)) ? NationalId.ES_DNI : null;
    }
    if (first >= 'X' && first <= 'Z') {
      long number = number(start + 1, start + 8);
      long prefixed = (first - 'X') * 10_000_000L + number;
      if (number >= 0 && isDniLetter(prefixed, text.charAt(start + 8))) {
        return NationalId.ES_DNI;
      }
    }
    boolean nino =
        isNinoPrefix(start)
            && number(start + 2, start + 8) >= 0
            && isNinoSuffix(text.charAt(start + 8));
    return nino ? NationalId.UK_NINO : null;
  }

  /** The number of a row of digits, -1 when another character is among them. */
  private long number(int from, int to) {
    long number = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (!DigitGroups.isDigit(c)) {
        return -1;
      }
      number = number * 10 + c - '0';
    }
    return number;
  }

  private static boolean isDniLetter(long number, char letter) {
    return DNI_LETTERS.charAt((int) (number % 23)) == letter;
  }

  /** A National Insurance number with spaces, which begins with two letters here. */
  @Nullable NationalId ofSpacedNino(int start) {
    if (start + 13 > text.length() || text.charAt(start + 2) != ' ' || !isNinoPrefix(start)) {
      return null;
    }
    end = start + 13;
    boolean nino =
        number(start + 3, start + 5) >= 0
            && text.charAt(start + 5) == ' '
            && number(start + 6, start + 8) >= 0
            && text.charAt(start + 8) == ' '
            && number(start + 9, start + 11) >= 0
            && text.charAt(start + 11) == ' '
            && isNinoSuffix(text.charAt(start + 12))
            && !Tokens.isJoinedBehind(text, end);
    return nino ? NationalId.UK_NINO : null;
  }

  /** HMRC, National Insurance Manual NIM39110. */
  private boolean isNinoPrefix(int start) {
    char first = text.charAt(start);
    char second = text.charAt(start + 1);
    return Tokens.isUpper(first)
        && Tokens.isUpper(second)
        && NINO_NEVER.indexOf(first) < 0
        && NINO_NEVER.indexOf(second) < 0
        && second != 'O'
        && !NINO_PREFIXES_NEVER.contains(text.substring(start, start + 2));
  }

  private static boolean isNinoSuffix(char c) {
    return c >= 'A' && c <= 'D';
  }

  private boolean isCodiceFiscale(int start) {
    int sum = 0;
    for (int i = 0; i < 16; i++) {
      char c = text.charAt(start + i);
      char upper = c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
      boolean fits =
          switch (CODICE_SHAPE.charAt(i)) {
            case 'L' -> Tokens.isUpper(upper);
            case 'M' -> CODICE_MONTHS.indexOf(upper) >= 0;
            default -> DigitGroups.isDigit(upper) || CODICE_REPLACEMENTS.indexOf(upper) >= 0;
          };
      if (!fits) {
        return false;
      }
      if (i == 15) {
        return upper == 'A' + sum % 26;
      }
      boolean digit = DigitGroups.isDigit(upper);
      int even = digit ? upper - '0' : upper - 'A';
      sum += i % 2 == 0 ? CODICE_ODD[digit ? even : even + 10] : even;
    }
    return false;
  }
}
