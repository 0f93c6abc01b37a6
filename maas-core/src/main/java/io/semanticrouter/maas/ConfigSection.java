// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
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
  private final String path;
  private final Map<String, Object> values;
  private final List<ConfigError> errors;
  private final Set<String> known = new LinkedHashSet<>();

  private ConfigSection(String path, Map<?, ?> values, List<ConfigError> errors) {
    this.path = path;
    this.values = new LinkedHashMap<>();
    this.errors = errors;
    for (Map.Entry<?, ?> entry : values.entrySet()) {
      this.values.put(String.valueOf(entry.getKey()), entry.getValue());
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
    if (value instanceof Map<?, ?> map) {
      return new ConfigSection(pathOf(key), map, errors);
    }
    if (value != null) {
      reject(key, "must be a section with keys of its own");
    }
    return new ConfigSection(pathOf(key), Map.of(), errors);
  }

  /** The names of all keys present, for sections whose keys are data. */
  public Set<String> keys() {
    return values.keySet();
  }

  /** A boolean: {@code true} or {@code false}, nothing else. */
  public boolean bool(String key, boolean defaultValue) {
    Object value = take(key);
    if (value == null) {
      return defaultValue;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    reject(key, "must be true or false");
    return defaultValue;
  }

  /** A whole number from {@code min} to {@code max}. */
  public long integer(String key, long defaultValue, long min, long max) {
    Object value = take(key);
    if (value == null) {
      return defaultValue;
    }
    if (value instanceof Integer || value instanceof Long || value instanceof Short) {
      long number = ((Number) value).longValue();
      if (number >= min && number <= max) {
        return number;
      }
    }
    reject(key, "must be a whole number from " + min + " to " + max);
    return defaultValue;
  }

  /** A text; a number or a boolean is an error, because YAML may have changed its spelling. */
  public String string(String key, String defaultValue) {
    Object value = take(key);
    if (value == null) {
      return defaultValue;
    }
    if (value instanceof String text) {
      return text;
    }
    reject(key, "must be a text (put it in quotes)");
    return defaultValue;
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
            nearest(value, allowed)));
    return defaultValue;
  }

  /** An exact decimal, written as a number or as a text; null when absent. */
  public @Nullable BigDecimal decimal(String key, String rule) {
    Object value = take(key);
    if (value == null) {
      return null;
    }
    if (value instanceof Number || value instanceof String) {
      try {
        // A double prints as the shortest decimal that reads back: what was written in the file.
        return new BigDecimal(value.toString().strip());
      } catch (NumberFormatException e) {
        // reported below, like every other wrong value
      }
    }
    reject(key, rule);
    return null;
  }

  /** Reports the value of a key as wrong. */
  public void reject(String key, String rule) {
    known.add(key);
    errors.add(new ConfigError(pathOf(key), values.get(key), rule, null));
  }

  /** Reports each key that no getter has asked for. */
  public void rejectUnknownKeys() {
    for (String key : values.keySet()) {
      if (!known.contains(key)) {
        errors.add(new ConfigError(pathOf(key), null, "unknown key", nearest(key, known)));
      }
    }
  }

  /**
   * Reports only those unknown keys that look like a misspelling of a known one: for a level that
   * is shared with others, such as the top of a semantic-router configuration.
   */
  public void rejectMisspelledKeys() {
    for (String key : values.keySet()) {
      String meant = known.contains(key) ? null : nearest(key, known);
      if (meant != null) {
        errors.add(new ConfigError(pathOf(key), null, "unknown key", meant));
      }
    }
  }

  private @Nullable Object take(String key) {
    known.add(key);
    return values.get(key);
  }

  private String pathOf(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  /** The candidate within two edits (one for short words), or null. */
  private static @Nullable String nearest(String word, Set<String> candidates) {
    String best = null;
    int bestDistance = word.length() <= 4 ? 2 : 3;
    for (String candidate : new ArrayList<>(candidates)) {
      int distance = distance(word, candidate);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return best;
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
