// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import io.semanticrouter.maas.record.PiiType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.commons.validator.routines.checkdigit.EAN13CheckDigit;
import org.apache.commons.validator.routines.checkdigit.LuhnCheckDigit;

/**
 * The numbers of {@link PiiType#NATIONAL_ID}: those of which a check digit, or rules as narrow as
 * one, tell them from other numbers. Those of digits have {@linkplain DigitGroups#shape shapes};
 * behind a {@code ?} stand those that count only where a word says what they are. Those with
 * letters have a pattern.
 */
// Sets and checks without state are immutable, which Error Prone cannot see.
@SuppressWarnings("ImmutableEnumChecker")
enum NationalId {
  /** Social Security number of the USA: no check digit, but groups that are never issued. */
  US_SSN(NationalId::isSsn, Set.of("ssn", "ssns", "social"), "3-2-4", "?3 2 4", "?9"),
  /** Steueridentifikationsnummer (Germany): ISO 7064 MOD 11,10, and one digit repeated. */
  DE_STEUER_ID(NationalId::isSteuerId, Set.of(), "2 3 3 3", "11"),
  /** Numéro d'inscription au répertoire (France): key modulo 97. Not those of Corsica (2A, 2B). */
  FR_NIR(NationalId::isNir, Set.of(), "1 2 2 2 3 3 2", "15"),
  /** National Insurance number (United Kingdom): HMRC, National Insurance Manual NIM39110. */
  UK_NINO(
      "(?![DFIQUV]|.[DFIQUVO]|BG|GB|NK|KN|TN|NT|ZZ)[A-Z]{2}(?:\\d{6}|(?: \\d\\d){3} )[A-D]",
      id -> true),
  /** DNI and NIE (Spain): letter modulo 23. */
  ES_DNI("(?:\\d{8}-?|[X-Z]\\d{7})[A-Z]", NationalId::isDni),
  /** Codice fiscale (Italy): check letter; letters may replace digits. */
  IT_CODICE_FISCALE(
      "(?i)[A-Z]{6}[\\dL-NP-V]{2}[A-EHLMPR-T][\\dL-NP-V]{2}[A-Z][\\dL-NP-V]{3}[A-Z]",
      NationalId::isCodiceFiscale),
  /** Burgerservicenummer (Netherlands): 11-test, and a word that says what it is. */
  NL_BSN(NationalId::isBsn, Set.of("bsn", "burgerservicenummer", "sofinummer", "sofi"), "?9"),
  /** PESEL (Poland): date, check digit, and a word that says what it is. */
  PL_PESEL(NationalId::isPesel, Set.of("pesel", "peselu"), "?11"),
  /** Personnummer (Sweden): date and Luhn. */
  SE_PERSONNUMMER(NationalId::isPersonnummer, Set.of(), "6-4", "8-4"),
  /** Rijksregisternummer (Belgium): date and key modulo 97. */
  BE_RIJKSREGISTERNUMMER(NationalId::isRijksregisternummer, Set.of(), "2.2.2-3.2", "11"),
  /** AHV number (Switzerland): prefix 756 and EAN-13 check digit. */
  CH_AHV(
      digits -> digits.startsWith("756") && EAN13CheckDigit.EAN13_CHECK_DIGIT.isValid(digits),
      Set.of(),
      "3.4.4.2",
      "13"),
  /** CPF (Brazil): two check digits; without dots, a word that says what it is. */
  BR_CPF(NationalId::isCpf, Set.of("cpf"), "3.3.3-2", "?11");

  /** Those that have a pattern. */
  static final List<NationalId> WITH_LETTERS = List.of(UK_NINO, ES_DNI, IT_CODICE_FISCALE);

  private static final Map<String, List<NationalId>> BY_SHAPE = new HashMap<>();

  static {
    for (NationalId id : values()) {
      for (String shape : id.shapes) {
        String plain = shape.startsWith("?") ? shape.substring(1) : shape;
        BY_SHAPE.computeIfAbsent(plain, s -> new ArrayList<>()).add(id);
      }
    }
  }

  private final String label = name().toLowerCase(Locale.ROOT);
  private final Set<String> shapes;
  private final Set<String> words;
  private final Pattern pattern;
  private final Predicate<String> check;

  NationalId(Predicate<String> check, Set<String> words, String... shapes) {
    this.shapes = Set.of(shapes);
    this.words = words;
    this.pattern = Pattern.compile("(?!)");
    this.check = check;
  }

  NationalId(String pattern, Predicate<String> check) {
    this.shapes = Set.of();
    this.words = Set.of();
    this.pattern = Pattern.compile(pattern);
    this.check = check;
  }

  /** How it is spelled in the configuration. */
  String label() {
    return label;
  }

  /** Those that have such a shape. */
  static List<NationalId> ofShape(String shape) {
    return BY_SHAPE.getOrDefault(shape, List.of());
  }

  /** The words of which one must stand before such a shape; none where the shape is enough. */
  Set<String> wordsBefore(String shape) {
    return shapes.contains(shape) ? Set.of() : words;
  }

  /** How one of {@link #WITH_LETTERS} looks. */
  Pattern pattern() {
    return pattern;
  }

  /** Whether the digits, or what its pattern has matched, are such a number. */
  boolean isValid(String id) {
    return check.test(id);
  }

  private static int digit(String digits, int i) {
    return digits.charAt(i) - '0';
  }

  private static int number(String digits, int from, int to) {
    return Integer.parseInt(digits.substring(from, to));
  }

  private static int weighted(String digits, int... weights) {
    int sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += digit(digits, i) * weights[i];
    }
    return sum;
  }

  private static boolean isDate(int month, int day) {
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
  }

  /** Groups that are never issued (SSA, since 2011 the only rule). */
  private static boolean isSsn(String digits) {
    int area = number(digits, 0, 3);
    return area != 0
        && area != 666
        && area < 900
        && number(digits, 3, 5) != 0
        && number(digits, 5, 9) != 0;
  }

  /** ISO 7064 MOD 11,10; of the first ten digits one is there twice or three times, no other. */
  private static boolean isSteuerId(String digits) {
    int[] times = new int[10];
    int product = 10;
    for (int i = 0; i < 10; i++) {
      times[digit(digits, i)]++;
      int sum = (digit(digits, i) + product) % 10;
      product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    int repeated = 0;
    for (int t : times) {
      repeated += t > 3 ? 10 : t > 1 ? 1 : 0;
    }
    return digit(digits, 0) != 0 && repeated == 1 && (11 - product) % 10 == digit(digits, 10);
  }

  private static boolean isNir(String digits) {
    int month = number(digits, 3, 5);
    return "1278".indexOf(digits.charAt(0)) >= 0
        && ((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50)
        && 97 - Long.parseLong(digits.substring(0, 13)) % 97 == number(digits, 13, 15);
  }

  private static boolean isBsn(String digits) {
    return weighted(digits, 9, 8, 7, 6, 5, 4, 3, 2, -1) % 11 == 0 && number(digits, 0, 9) != 0;
  }

  private static boolean isPesel(String digits) {
    return weighted(digits, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1) % 10 == 0
        && isDate(number(digits, 2, 4) % 20, number(digits, 4, 6));
  }

  private static boolean isPersonnummer(String digits) {
    int century = digits.length() - 10;
    String ten = digits.substring(century);
    return (century == 0 || digits.startsWith("19") || digits.startsWith("20"))
        && isDate(number(ten, 2, 4), number(ten, 4, 6))
        && LuhnCheckDigit.LUHN_CHECK_DIGIT.isValid(ten);
  }

  /** The key counts from the last nine digits; of those born since 2000 with a 2 in front. */
  private static boolean isRijksregisternummer(String digits) {
    long number = number(digits, 0, 9);
    long key = number(digits, 9, 11);
    return isDate(number(digits, 2, 4), number(digits, 4, 6))
        && (97 - number % 97 == key || 97 - (2_000_000_000L + number) % 97 == key);
  }

  private static boolean isCpf(String digits) {
    boolean allSame = digits.chars().allMatch(c -> c == digits.charAt(0));
    return !allSame
        && weighted(digits, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10 == digit(digits, 9)
        && weighted(digits, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10 == digit(digits, 10);
  }

  private static boolean isDni(String id) {
    char first = id.charAt(0);
    String digits = first < 'X' ? id.substring(0, 8) : first - 'X' + id.substring(1, 8);
    return "TRWAGMYFPDXBNJZSQVHLCKE".charAt(number(digits, 0, 8) % 23)
        == id.charAt(id.length() - 1);
  }

  /** D.M. 23 December 1976. */
  private static boolean isCodiceFiscale(String id) {
    // The values of 0 to 9 and A to Z at odd places; at even ones it is their own.
    int[] odd = {
      1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6,
      8, 12, 14, 16, 10, 22, 25, 24, 23
    };
    int sum = 0;
    for (int i = 0; i < 15; i++) {
      int value = Character.digit(id.charAt(i), 36);
      sum += i % 2 == 0 ? odd[value] : value > 9 ? value - 10 : value;
    }
    return Character.toUpperCase(id.charAt(15)) == 'A' + sum % 26;
  }
}
