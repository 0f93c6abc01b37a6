// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import io.semanticrouter.maas.record.PiiType;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Matcher;

/**
 * Finds kinds of personal data in one text, in one pass. What is found may begin at a digit, a
 * letter, {@code +} or {@code @}; from there each detector looks a bounded number of characters
 * far, so that the time is linear whatever the text is. Only the kinds leave it, never a place or a
 * match. For one use by one thread.
 */
final class PiiScanner {
  private static final Set<String> NO_ADDRESS_WORDS =
      Tokens.words(
          "abschnitt build chapter clause figure firmware kapitel oid release sec section "
              + "table v ver version");

  /** No card and no national id of digits has fewer. */
  private static final int MIN_DIGITS = 9;

  private final String text;
  private final Set<NationalId> nationalIds;
  private final EnumSet<PiiType> found = EnumSet.noneOf(PiiType.class);
  private final DigitGroups groups;
  private final PhoneNumbers phones;

  private PiiScanner(String text, Set<NationalId> nationalIds) {
    this.text = text;
    this.nationalIds = nationalIds;
    this.groups = new DigitGroups(text);
    this.phones = new PhoneNumbers(text, groups);
  }

  /**
   * The kinds of personal data in a text.
   *
   * @param plain the text, as {@link TextFolding#plain} gives it
   * @param wanted when all of these are found, the rest is not looked at
   */
  static EnumSet<PiiType> scan(String plain, Set<PiiType> wanted, Set<NationalId> nationalIds) {
    PiiScanner scanner = new PiiScanner(plain, nationalIds);
    int kinds = 0;
    for (int i = 0; i < plain.length(); ) {
      i = scanner.next(i);
      if (scanner.found.size() > kinds) {
        kinds = scanner.found.size();
        i = scanner.found.containsAll(wanted) ? plain.length() : i;
      }
    }
    scanner.found.retainAll(wanted);
    return scanner.found;
  }

  /** Looks at what begins here, and tells where to go on. */
  private int next(int i) {
    char c = text.charAt(i);
    if (c == '@') {
      if (EmailAddress.isAround(text, i)) {
        found.add(PiiType.EMAIL);
      }
      return i + 1;
    }
    if (c == '+') {
      return afterPlus(i);
    }
    if (!Tokens.isPart(c)) {
      return i + 1;
    }
    int end = Tokens.end(text, i);
    if (Tokens.isJoinedBefore(text, i)) {
      return end;
    }
    return DigitGroups.isDigit(c) ? afterDigit(i, end) : afterLetter(i, end);
  }

  private int afterLetter(int start, int end) {
    boolean digits = false;
    for (int i = start; i < end && !digits; i++) {
      digits = DigitGroups.isDigit(text.charAt(i));
    }
    int account = digits && end - start >= 4 ? Iban.end(text, start) : -1;
    if (account > 0) {
      return found(PiiType.IBAN, account);
    }
    boolean spaced = end - start == 2 && end + 1 < text.length() && text.charAt(end) == ' ';
    boolean id = digits || (spaced && DigitGroups.isDigit(text.charAt(end + 1)));
    int idEnd = id ? idWithLettersEnd(start, end) : -1;
    return idEnd > 0 ? idEnd : end;
  }

  private int afterDigit(int start, int tokenEnd) {
    int address = IpAddress.end(text, start);
    if (address > 0) {
      boolean said = Tokens.isSaidBefore(text, start, NO_ADDRESS_WORDS);
      return said ? address : found(PiiType.IP_ADDRESS, address);
    }
    groups.read(start);
    for (int count = groups.total() < MIN_DIGITS ? 0 : groups.count(); count > 0; count--) {
      int end = groups.end(count - 1);
      String shape = groups.shape(count);
      String digits = groups.digits(count);
      if (Tokens.isJoinedBehind(text, end)) {
        continue;
      }
      if (PaymentCards.isCard(shape, digits)) {
        return found(PiiType.PAYMENT_CARD, end);
      }
      for (NationalId id : NationalId.ofShape(shape)) {
        Set<String> words = id.wordsBefore(shape);
        if (id.isValid(digits) && (words.isEmpty() || Tokens.isSaidBefore(text, start, words))) {
          return found(id, end);
        }
      }
    }
    int id = idWithLettersEnd(start, tokenEnd);
    if (id > 0) {
      return id;
    }
    if (groups.count() == 0) {
      return tokenEnd;
    }
    int phone = phones.nationalEnd(start);
    return phone > 0 ? found(PiiType.PHONE, phone) : groups.end(0);
  }

  /** Looks only at tokens as long as one of the numbers, or as its first part. */
  private int idWithLettersEnd(int start, int tokenEnd) {
    int length = tokenEnd - start;
    if (length == 2 || length == 8 || length == 9 || length == 16) {
      for (NationalId id : NationalId.WITH_LETTERS) {
        Matcher matcher = id.pattern().matcher(text).region(start, text.length());
        if (matcher.lookingAt()
            && !Tokens.isJoinedBehind(text, matcher.end())
            && id.isValid(matcher.group())) {
          return found(id, matcher.end());
        }
      }
    }
    return -1;
  }

  private int afterPlus(int plus) {
    int start = plus + 1;
    boolean number =
        start < text.length()
            && DigitGroups.isDigit(text.charAt(start))
            && (plus == 0 || !Tokens.isPart(text.charAt(plus - 1)));
    if (number) {
      groups.read(start);
      int end = phones.internationalEnd(0);
      if (end > 0) {
        return found(PiiType.PHONE, end);
      }
    }
    return start;
  }

  private int found(PiiType type, int end) {
    found.add(type);
    return end;
  }

  private int found(NationalId id, int end) {
    if (nationalIds.contains(id)) {
      found.add(PiiType.NATIONAL_ID);
    }
    return end;
  }
}
