// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.internal.Labels;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads one section of a configuration tree and collects everything that is wrong with it instead
 * of stopping at the first error. Each getter names a key that the section knows; {@link
 * #rejectUnknownKeys()} reports the others. An adapter reads its own section with it, so that all
 * errors of one file come out together. Not thread-safe.
 */
public final class ConfigSection {
  private static final int MAX_DECIMAL_BITS = 400;
  private static final int MAX_DECIMAL_LENGTH = 130;
  private static final int MAX_DECIMAL_SCALE = 100;

  private final String path;
  private final Map<String, Object> values;
  private final List<ConfigError> errors;
  private final Set<String> known = new LinkedHashSet<>();
  private final Map<String, Object> effective = new LinkedHashMap<>();

  private ConfigSection(String path, Map<?, ?> values, List<ConfigError> errors) {
    this.path = path;
    this.values = new LinkedHashMap<>();
    this.errors = errors;
    for (Map.Entry<?, ?> entry : values.entrySet()) {
      if (entry.getKey() instanceof String key) {
        this.values.put(key, entry.getValue());
      } else if (!path.isEmpty()) {
        // 1.10 has become 1.1, and on true; at the top level it is not one of ours.
        errors.add(
            new ConfigError(
                path, entry.getKey(), "each key must be a text (put it in quotes)", null));
      }
    }
  }

  /**
   * The top level of a configuration.
   *
   * @param tree maps, strings, booleans and numbers, as any YAML or JSON library gives them
   * @param errors receives what is wrong
   */
  public static ConfigSection root(Map<?, ?> tree, List<ConfigError> errors) {
    return new ConfigSection("", tree, errors);
  }

  /** A sub-section; an empty one when the key is absent, has no value or is no section. */
  public ConfigSection section(String key) {
    Object value = take(key);
    if (value != null && !(value instanceof Map<?, ?>)) {
      reject(key, "must be a section with keys of its own");
    }
    Map<?, ?> map = value instanceof Map<?, ?> keys ? keys : Map.of();
    ConfigSection section = new ConfigSection(pathOf(key), map, errors);
    return keep(key, section);
  }

  /**
   * What the getters have returned so far, defaults included: maps, lists, texts, booleans and
   * numbers in the order in which they were asked for. What has neither a value nor a default is
   * not there.
   */
  public Map<String, Object> effective() {
    Map<String, Object> shown = new LinkedHashMap<>();
    effective.forEach(
        (key, value) -> {
          Object element = shown(value);
          boolean nothing =
              element.equals("") || element.equals(List.of()) || element.equals(Map.of());
          if (!nothing || has(key)) {
            shown.put(key, element);
          }
        });
    return shown;
  }

  private static Object shown(Object value) {
    if (value instanceof ConfigSection section) {
      return section.effective();
    }
    return value instanceof Collection<?> list
        ? list.stream().map(ConfigSection::shown).toList()
        : value;
  }

  /**
   * The sections of a list, in order; their paths end in {@code [0]}, {@code [1]} and so on. Empty
   * when the key is absent, has no value or is no list; an element that is no section is reported
   * and left out.
   */
  public List<ConfigSection> sections(String key) {
    List<ConfigSection> sections = new ArrayList<>();
    int index = 0;
    for (Object element : list(key, "must be a list of sections")) {
      String elementPath = pathOf(key) + "[" + index++ + "]";
      if (element instanceof Map<?, ?> map) {
        sections.add(new ConfigSection(elementPath, map, errors));
      } else {
        errors.add(
            new ConfigError(elementPath, element, "must be a section with keys of its own", null));
      }
    }
    return keep(key, List.copyOf(sections));
  }

  /**
   * The texts of a list, in order, or a single text as a list of one. Empty when the key is absent
   * or has no value; what is no text is reported and left out.
   */
  public List<String> strings(String key) {
    if (values.get(key) instanceof String text) {
      known.add(key);
      return keep(key, List.of(text));
    }
    List<String> strings = new ArrayList<>();
    int index = 0;
    for (Object element : list(key, "must be a list of texts")) {
      String elementPath = pathOf(key) + "[" + index++ + "]";
      if (element instanceof String text) {
        strings.add(text);
      } else {
        errors.add(
            new ConfigError(elementPath, element, "must be a text (put it in quotes)", null));
      }
    }
    return keep(key, List.copyOf(strings));
  }

  /**
   * The texts of a list, or a single one, that nobody may see: {@link #effective} does not show
   * them, and errors do not where the key is named like a secret.
   */
  public List<String> secrets(String key) {
    Object value = take(key);
    List<?> elements =
        value instanceof List<?> list ? list : value == null ? List.of() : List.of(value);
    List<String> secrets = new ArrayList<>();
    for (Object element : elements) {
      if (element instanceof String text) {
        secrets.add(text);
      } else {
        errors.add(new ConfigError(pathOf(key), null, "must be a list of texts", null));
      }
    }
    keep(key, secrets.stream().map(secret -> "***").toList());
    return List.copyOf(secrets);
  }

  private List<?> list(String key, String rule) {
    Object value = take(key);
    if (value instanceof List<?> list) {
      return list;
    }
    if (value != null) {
      reject(key, rule);
    }
    return List.of();
  }

  /** The names of all keys present, for sections whose keys are data. */
  public Set<String> keys() {
    return Collections.unmodifiableSet(values.keySet());
  }

  /** Whether the value of a key is a list. */
  boolean isList(String key) {
    return values.get(key) instanceof List<?>;
  }

  /** Whether a key is present and has a value. */
  public boolean has(String key) {
    return values.get(key) != null;
  }

  /** A boolean: {@code true} or {@code false}, nothing else. */
  public boolean bool(String key, boolean defaultValue) {
    Object value = take(key);
    if (value instanceof Boolean flag) {
      return keep(key, flag);
    }
    if (value != null) {
      reject(key, "must be true or false");
    }
    return keep(key, defaultValue);
  }

  /**
   * A whole number from {@code min} to {@code max}, however it is written: Helm makes {@code 1e+08}
   * of 100000000, which YAML takes for a text.
   */
  public long integer(String key, long defaultValue, long min, long max) {
    Object value = take(key);
    if (value == null) {
      return keep(key, defaultValue);
    }
    BigDecimal decimal = decimalOf(value);
    boolean whole = decimal != null && decimal.stripTrailingZeros().scale() <= 0;
    if (decimal != null && whole && !isPadded(value)) {
      boolean inRange =
          decimal.compareTo(BigDecimal.valueOf(min)) >= 0
              && decimal.compareTo(BigDecimal.valueOf(max)) <= 0;
      if (inRange) {
        return keep(key, decimal.longValueExact());
      }
    }
    reject(key, "must be a whole number from " + min + " to " + max);
    return keep(key, defaultValue);
  }

  /** Octal for some who read it, decimal for others. */
  private static boolean isPadded(Object value) {
    return value instanceof String text && text.matches("[-+]?0[0-9].*");
  }

  /** A text; a number or a boolean is an error, because YAML may have changed its spelling. */
  public String string(String key, String defaultValue) {
    Object value = take(key);
    if (value instanceof String text) {
      return keep(key, text);
    }
    if (value != null) {
      reject(key, "must be a text (put it in quotes)");
    }
    return keep(key, defaultValue);
  }

  /** One constant of an enum: its name in lower case, with {@code -} for {@code _}. */
  public <E extends Enum<E>> E oneOf(String key, E defaultValue) {
    Class<E> type = defaultValue.getDeclaringClass();
    Set<String> names = new LinkedHashSet<>();
    for (E constant : type.getEnumConstants()) {
      names.add(spelled(constant));
    }
    String name = oneOf(key, spelled(defaultValue), names);
    return Enum.valueOf(type, name.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  private static String spelled(Enum<?> constant) {
    return Labels.of(constant).replace('_', '-');
  }

  /** One of a closed set of texts. */
  public String oneOf(String key, String defaultValue, Set<String> allowed) {
    String value = string(key, defaultValue);
    if (allowed.contains(value)) {
      return value;
    }
    errors.add(
        new ConfigError(
            pathOf(key),
            value,
            "must be one of " + String.join(", ", allowed.stream().sorted().toList()),
            nearest(value, allowed, 2)));
    return defaultValue;
  }

  /**
   * Texts of a closed set, as a list or a single one; an empty list is an error.
   *
   * @return the default when the key is absent or has no value; without those that are wrong
   */
  public Set<String> someOf(String key, Set<String> defaultValues, Set<String> allowed) {
    if (!has(key)) {
      known.add(key);
      keep(key, List.copyOf(defaultValues));
      return defaultValues;
    }
    if (values.get(key) instanceof List<?> list && list.isEmpty()) {
      reject(key, "must have at least one element");
      return defaultValues;
    }
    Set<String> chosen = new LinkedHashSet<>();
    for (String value : strings(key)) {
      if (allowed.contains(value)) {
        chosen.add(value);
      } else {
        errors.add(
            new ConfigError(
                pathOf(key),
                value,
                "must be some of " + String.join(", ", allowed.stream().sorted().toList()),
                nearest(value, allowed, 2)));
      }
    }
    return Collections.unmodifiableSet(chosen);
  }

  /**
   * An exact decimal, written as a number or as a text; null when absent. What comes out has at
   * most 400 bits and an exponent from -100 to 100, so that no arithmetic on it can take long.
   */
  public @Nullable BigDecimal decimal(String key, String rule) {
    Object value = take(key);
    if (value == null) {
      return null;
    }
    BigDecimal decimal = decimalOf(value);
    if (decimal == null) {
      reject(key, rule);
      return null;
    }
    return keep(key, decimal);
  }

  private static @Nullable BigDecimal decimalOf(Object value) {
    boolean isDecimal = value instanceof Number || value instanceof String;
    // Reading or printing a number takes time quadratic in its length.
    if (!isDecimal || ConfigError.bits(value) > MAX_DECIMAL_BITS) {
      return null;
    }
    // A double prints as the shortest decimal that reads back: what was written in the file.
    String text = value.toString().strip();
    if (text.length() > MAX_DECIMAL_LENGTH || !text.chars().allMatch(c -> c < 128)) {
      return null;
    }
    try {
      BigDecimal decimal = new BigDecimal(text);
      return Math.abs((long) decimal.scale()) <= MAX_DECIMAL_SCALE
              && ConfigError.bits(decimal) <= MAX_DECIMAL_BITS
          ? decimal
          : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** How many errors there are so far, in this section and all others. */
  public int errorCount() {
    return errors.size();
  }

  /** Reports the value of a key as wrong. */
  public void reject(String key, String rule) {
    known.add(key);
    errors.add(new ConfigError(pathOf(key), values.get(key), rule, null));
  }

  /** Reports each key that no getter has asked for. */
  public void rejectUnknownKeys() {
    Set<String> absent = new LinkedHashSet<>(known);
    absent.removeAll(values.keySet());
    for (String key : values.keySet()) {
      if (!known.contains(key)) {
        errors.add(new ConfigError(pathOf(key), null, "unknown key", nearest(key, absent, 2)));
      }
    }
  }

  /**
   * Reports only those unknown keys that look like a misspelling of a known one: for a level that
   * is shared with others, such as the top of a semantic-router configuration. One edit in five
   * characters is a misspelling; {@code tracing} is not {@code pricing}.
   */
  public void rejectMisspelledKeys() {
    for (String key : values.keySet()) {
      String meant = known.contains(key) ? null : nearest(key, known, key.length() / 5);
      if (meant != null) {
        errors.add(new ConfigError(pathOf(key), null, "unknown key", meant));
      }
    }
  }

  private @Nullable Object take(String key) {
    known.add(key);
    return values.get(key);
  }

  private <T> T keep(String key, T value) {
    effective.put(key, value);
    return value;
  }

  private String pathOf(String key) {
    return path(path, key);
  }

  /** The path of a key of a section, as errors name it; the path of the top level is empty. */
  public static String path(String section, String key) {
    String name = isPlainWord(key) ? key : ConfigError.quoted(key);
    return section.isEmpty() ? name : section + "." + name;
  }

  private static boolean isPlainWord(String key) {
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      if (c <= ' ' || c >= 127 || c == '.' || c == '"' || c == '\\') {
        return false;
      }
    }
    return !key.isEmpty() && key.length() <= 100;
  }

  /** The candidate within so many edits (at most two, for short words one), or null. */
  private static @Nullable String nearest(String word, Set<String> candidates, int maxEdits) {
    String best = null;
    int bestDistance = 1 + Math.min(maxEdits, word.length() <= 4 ? 1 : 2);
    String folded = fold(word);
    for (String candidate : candidates) {
      String foldedCandidate = fold(candidate);
      if (Math.abs(folded.length() - foldedCandidate.length()) < bestDistance) {
        int distance = distance(folded, foldedCandidate);
        if (distance < bestDistance) {
          best = candidate;
          bestDistance = distance;
        }
      }
    }
    return best;
  }

  /** A spelling that is the same for user_header, user-header, userHeader and USER_HEADER. */
  private static String fold(String word) {
    return word.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "").replace(" ", "");
  }

  /** The edits between two words: insert, delete, replace, swap two neighbours. */
  private static int distance(String a, String b) {
    int[] beforeLast = new int[b.length() + 1];
    int[] last = new int[b.length() + 1];
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] oldest = beforeLast;
      beforeLast = last;
      last = row;
      row = oldest;
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = last[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, Math.min(last[j], row[j - 1]) + 1);
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        if (swapped) {
          row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
        }
      }
    }
    return row[b.length()];
  }
}
