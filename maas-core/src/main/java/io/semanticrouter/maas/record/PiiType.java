// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;

/** A kind of personal data in a prompt: a closed set, so that each can be a metric label value. */
public enum PiiType {
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

  private final String label = Labels.of(this);

  /** The metric label value. */
  public String label() {
    return label;
  }
}
