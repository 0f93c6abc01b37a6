// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.Locale;

/** A kind of personal data in a prompt: a closed set, so that each can be a metric label value. */
enum PiiType {
  /** An e-mail address. */
  EMAIL,
  /** A telephone number. */
  PHONE,
  /** The number of a payment card. */
  PAYMENT_CARD,
  /** An international bank account number. */
  IBAN,
  /** A number by which a state knows a person: social security, tax or identity card. */
  NATIONAL_ID,
  /** An IP address. */
  IP_ADDRESS;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** The metric label value. */
  String label() {
    return label;
  }
}
