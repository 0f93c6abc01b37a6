// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.router.internal.signals.Expression;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * What is looked for in prompts, and what becomes of a request in which it is found: section {@code
 * router.security}. Immutable. Everything is off unless it is switched on.
 *
 * @param pii personal data
 * @param jailbreak attempts to talk a model out of its rules
 */
public record SecurityConfig(Pii pii, Jailbreak jailbreak) {
  /** The longest own pattern, in characters. */
  static final int MAX_PATTERN_LENGTH = 1000;

  /** The most instructions that all own patterns together may compile to. */
  static final int MAX_PATTERN_PROGRAM = 5000;

  /** What becomes of a request. */
  public enum Action {
    /** It is counted, and passes. */
    TRACK,
    /** It is counted, and refused. */
    BLOCK
  }

  /**
   * Personal data.
   *
   * @param enabled whether it is looked for
   * @param action what becomes of a request that has some
   * @param types what is looked for
   * @param nationalIds what counts as {@link PiiType#NATIONAL_ID}
   */
  public record Pii(
      boolean enabled, Action action, Set<PiiType> types, Set<NationalId> nationalIds) {}

  /**
   * Attempts to talk a model out of its rules.
   *
   * @param enabled whether they are looked for
   * @param action what becomes of a request that is one
   * @param phrases further phrases, in the language of {@link PhraseList}
   * @param patterns further patterns of RE2, searched in the text regardless of case
   */
  public record Jailbreak(
      boolean enabled, Action action, List<String> phrases, List<String> patterns) {}

  /** Reads the section; errors go to the list behind it. */
  public static SecurityConfig from(ConfigSection section) {
    SecurityConfig config =
        new SecurityConfig(pii(section.section("pii")), jailbreak(section.section("jailbreak")));
    section.rejectUnknownKeys();
    return config;
  }

  private static Pii pii(ConfigSection section) {
    Pii pii =
        new Pii(
            section.bool("enabled", false),
            section.oneOf("action", Action.TRACK),
            someOf(section, "types", PiiType.class, PiiType::label),
            someOf(section, "national_ids", NationalId.class, NationalId::label));
    section.rejectUnknownKeys();
    return pii;
  }

  private static Jailbreak jailbreak(ConfigSection section) {
    Jailbreak jailbreak =
        new Jailbreak(
            section.bool("enabled", false),
            section.oneOf("action", Action.TRACK),
            phrases(section),
            patterns(section));
    section.rejectUnknownKeys();
    return jailbreak;
  }

  private static <E extends Enum<E>> Set<E> someOf(
      ConfigSection section, String key, Class<E> type, Function<E, String> label) {
    Set<E> all = EnumSet.allOf(type);
    Set<String> labels = new LinkedHashSet<>();
    all.forEach(constant -> labels.add(label.apply(constant)));
    Set<String> chosen = section.someOf(key, labels, labels);
    EnumSet<E> set = EnumSet.noneOf(type);
    for (E constant : all) {
      if (chosen.contains(label.apply(constant))) {
        set.add(constant);
      }
    }
    return Collections.unmodifiableSet(set);
  }

  private static List<String> phrases(ConfigSection section) {
    List<String> phrases = section.strings("phrases");
    String problem = phrases.isEmpty() ? null : PhraseList.problemOf(phrases);
    if (problem != null) {
      section.reject("phrases", problem);
    }
    return phrases;
  }

  private static List<String> patterns(ConfigSection section) {
    List<String> good = new ArrayList<>();
    List<String> patterns = section.strings("patterns");
    int program = 0;
    for (int i = 0; i < patterns.size(); i++) {
      String pattern = patterns.get(i);
      String where = ": pattern " + (i + 1);
      if (pattern.length() > MAX_PATTERN_LENGTH) {
        section.reject(
            "patterns", "must have at most " + MAX_PATTERN_LENGTH + " characters" + where);
        continue;
      }
      try {
        Pattern compiled = Expression.compile(pattern, Pattern.CASE_INSENSITIVE);
        program += compiled.programSize();
        if (compiled.matcher("").find()) {
          section.reject("patterns", "must not match an empty text" + where);
        }
        good.add(pattern);
      } catch (PatternSyntaxException e) {
        section.reject("patterns", "must be a pattern of RE2 (" + e.getDescription() + ")" + where);
      }
    }
    if (program > MAX_PATTERN_PROGRAM) {
      section.reject(
          "patterns", "are too large: " + program + " instructions of " + MAX_PATTERN_PROGRAM);
    }
    try {
      SecuritySignals.anyOf(good);
    } catch (PatternSyntaxException e) {
      section.reject("patterns", "must go together (" + e.getDescription() + ")");
    }
    return List.copyOf(good);
  }
}
