// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import java.util.List;
import org.apache.commons.validator.routines.DomainValidator;
import org.apache.commons.validator.routines.DomainValidator.ArrayType;
import org.apache.commons.validator.routines.DomainValidator.Item;
import org.apache.commons.validator.routines.EmailValidator;

/** Tells e-mail addresses: a local part, and a domain under a top-level domain that there is. */
final class EmailAddress {
  private static final int MAX_LOCAL_PART = 64;
  private static final int MAX_DOMAIN = 253;

  /** Nobody lives at {@code .example}, but who tries us out does (RFC 2606). */
  private static final EmailValidator VALID =
      new EmailValidator(
          false,
          false,
          DomainValidator.getInstance(
              false, List.of(new Item(ArrayType.GENERIC_PLUS, new String[] {"example"}))));

  private EmailAddress() {}

  /** Whether there is one around an {@code @}. */
  static boolean isAround(String text, int at) {
    int start = at;
    while (start > 0 && at - start <= MAX_LOCAL_PART && isLocalPart(text.charAt(start - 1))) {
      start--;
    }
    int end = at + 1;
    while (end < text.length() && end - at <= MAX_DOMAIN && isDomain(text.charAt(end))) {
      end++;
    }
    boolean lengths = start < at && at - start <= MAX_LOCAL_PART && end - at <= MAX_DOMAIN;
    if (!lengths || isUserInfo(text, start) || isRemote(text, end)) {
      return false;
    }
    String address = text.substring(start, end);
    int dot = address.lastIndexOf('.');
    // The last dot may be the full stop of a sentence, with the next one right after it.
    return VALID.isValid(address) || (dot > at - start && VALID.isValid(address.substring(0, dot)));
  }

  private static boolean isLocalPart(char c) {
    return Tokens.isPart(c) || "._%+-'&".indexOf(c) >= 0;
  }

  private static boolean isDomain(char c) {
    return Tokens.isLetterOrDigit(c) || c == '.' || c == '-';
  }

  /** Whether it is the user of a URL: {@code https://user:secret@host}. */
  private static boolean isUserInfo(String text, int start) {
    int i = start;
    int earliest = Math.max(0, start - MAX_LOCAL_PART);
    while (i > earliest && (text.charAt(i - 1) == ':' || isLocalPart(text.charAt(i - 1)))) {
      i--;
    }
    return i > 1 && text.charAt(i - 1) == '/' && text.charAt(i - 2) == '/';
  }

  /** Whether it is a place that Git or SSH copies from: {@code git@host:path}. */
  private static boolean isRemote(String text, int end) {
    return end + 1 < text.length()
        && text.charAt(end) == ':'
        && Tokens.isLetter(text.charAt(end + 1));
  }
}
