// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.PiiType;
import java.util.Locale;

/**
 * The numbers of {@link PiiType#NATIONAL_ID}: those of which a check digit, or rules as narrow as
 * one, tell them from other numbers.
 */
enum NationalId {
  /** Social Security number of the USA: no check digit, but groups that are never issued. */
  US_SSN,
  /** Steueridentifikationsnummer (Germany): ISO 7064 MOD 11,10, and one digit repeated. */
  DE_STEUER_ID,
  /** Numéro d'inscription au répertoire (France): key modulo 97. Not those of Corsica (2A, 2B). */
  FR_NIR,
  /** National Insurance number (United Kingdom): prefixes and suffixes that are issued. */
  UK_NINO,
  /** DNI and NIE (Spain): letter modulo 23. */
  ES_DNI,
  /** Codice fiscale (Italy): check letter. */
  IT_CODICE_FISCALE,
  /** Burgerservicenummer (Netherlands): 11-test, and a word that says what it is. */
  NL_BSN,
  /** PESEL (Poland): date, check digit, and a word that says what it is. */
  PL_PESEL,
  /** Personnummer (Sweden): date and Luhn. */
  SE_PERSONNUMMER,
  /** Rijksregisternummer (Belgium): date and key modulo 97. */
  BE_RIJKSREGISTERNUMMER,
  /** AHV number (Switzerland): prefix 756 and EAN-13 check digit. */
  CH_AHV,
  /** CPF (Brazil): two check digits; without dots, a word that says what it is. */
  BR_CPF;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** How it is spelled in the configuration. */
  String label() {
    return label;
  }
}
