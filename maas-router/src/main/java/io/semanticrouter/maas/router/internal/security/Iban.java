// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import org.apache.commons.validator.routines.IBANValidator;

/** Tells international bank account numbers: the SWIFT registry, and ISO 7064 MOD 97-10. */
final class Iban {
  private static final IBANValidator REGISTRY = IBANValidator.getInstance();

  private Iban() {}

  /** Where the number ends that begins here, in one piece or in groups of four; -1 if none does. */
  static int end(String text, int start) {
    StringBuilder code = new StringBuilder();
    int length = 4;
    int i = start;
    while (code.length() < length) {
      boolean between = code.length() > 0 && code.length() % 4 == 0 && i < text.length();
      if (between && (text.charAt(i) == ' ' || text.charAt(i) == '-')) {
        i++;
      }
      if (i >= text.length() || text.charAt(i) >= 0x80 || !Tokens.isPart(text.charAt(i))) {
        return -1;
      }
      code.append(Character.toUpperCase(text.charAt(i++)));
      if (code.length() == 2) {
        IBANValidator.Validator country = REGISTRY.getValidator(code.toString());
        length = country == null ? 0 : country.getIbanLength();
      }
    }
    return REGISTRY.isValid(code.toString()) && !Tokens.isJoinedBehind(text, i) ? i : -1;
  }
}
