// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import java.util.Set;
import org.apache.commons.validator.routines.CreditCardValidator;
import org.apache.commons.validator.routines.CreditCardValidator.CreditCardRange;
import org.apache.commons.validator.routines.checkdigit.EAN13CheckDigit;

/** Tells numbers of payment cards: the ranges that the networks issue (ISO/IEC 7812), and Luhn. */
final class PaymentCards {
  private static final Set<String> SHAPES =
      Set.of(
          "13",
          "14",
          "15",
          "16",
          "17",
          "18",
          "19",
          "4 4 4 4 3",
          "4 4 4 4",
          "4 6 5",
          "4 6 4",
          "4 4 4 4 1",
          "4-4-4-4-3",
          "4-4-4-4",
          "4-6-5",
          "4-6-4",
          "4-4-4-4-1");

  private static final CreditCardValidator ISSUED =
      new CreditCardValidator(
          new CreditCardRange[] {
            range("2200", "2204", 16),
            range("2221", "2720", 16),
            range("3000", "3059", 14),
            range("34", "34", 15),
            range("3528", "3589", 16, 17, 18, 19),
            range("36", "36", 14),
            range("37", "37", 15),
            range("38", "39", 14),
            range("4", "4", 13, 16, 19),
            range("5018", "5020", 13, 14, 15, 16, 17, 18, 19),
            range("5038", "5038", 13, 14, 15, 16, 17, 18, 19),
            range("51", "55", 16),
            range("5893", "5893", 13, 14, 15, 16, 17, 18, 19),
            range("60", "60", 16, 17, 18, 19),
            range("62", "62", 16, 17, 18, 19),
            range("6304", "6304", 13, 14, 15, 16, 17, 18, 19),
            range("6440", "6599", 16, 17, 18, 19),
            range("6759", "6759", 13, 14, 15, 16, 17, 18, 19),
            range("6761", "6763", 13, 14, 15, 16, 17, 18, 19)
          });

  private PaymentCards() {}

  private static CreditCardRange range(String low, String high, int... lengths) {
    return new CreditCardRange(low, high, lengths);
  }

  /** Whether digits of such a {@linkplain DigitGroups#shape shape} are one. */
  static boolean isCard(String shape, String digits) {
    return SHAPES.contains(shape)
        && ISSUED.isValid(digits)
        // One of 13 digits may as well be a German article number.
        && !(digits.length() == 13 && EAN13CheckDigit.EAN13_CHECK_DIGIT.isValid(digits));
  }
}
