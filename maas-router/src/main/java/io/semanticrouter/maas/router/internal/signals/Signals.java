// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.semanticrouter.maas.config.ConfigSection;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is looked for in a request: section {@code router.signals}. All phrases of all signals go
 * into one tree, so that a text is cut into words once for all of them. Immutable and thread-safe.
 */
public final class Signals {
  /**
   * What may be found in a text. An entry of a domain or a language adds its weight to the score of
   * its group when it is found first.
   *
   * @param number its place in the set of all that was found
   * @param group the domains by their order, then the languages; -1: none
   * @param weight what it adds to the score
   */
  record Entry(int number, int group, int weight) {}

  /** Of 1 KB of prose an expression of RE2 reads about one character in 55 ns. */
  private static final int DEFAULT_REGEX_CHARACTERS = 8192;

  private static final Condition UNREADABLE = request -> false;

  /** By type, then by name; types of which there is one signal only have it under no name. */
  private final Map<String, Map<String, Condition>> conditions = new HashMap<>();

  private final Phrases<Entry> phrases = new Phrases<>();
  private final Phrases<Entry> exactPhrases = new Phrases<>();
  private final Map<Shape, List<Entry>> shapes = new EnumMap<>(Shape.class);
  private final List<Domain> domains;
  private final int regexMaxCharacters;
  private final int groups;
  private int entries;

  private Signals(ConfigSection section) {
    named(section, "keyword", "keywords", this::keywords);
    named(section, "regex", "regex", Signals::regex);
    regexMaxCharacters =
        (int) section.integer("regex_max_characters", DEFAULT_REGEX_CHARACTERS, 1, 1_000_000_000);
    domains = domains(section.sections("domains"));
    named(section, "language", "languages", Signals::language);
    named(section, "context", "context", Signals::context);
    named(section, "model", "models", (s, name) -> models(texts(s, "models")));
    named(section, "tier", "tiers", (s, name) -> tiers(texts(s, "tiers")));
    conditions.put("tools", Map.of("", request -> request.prompt().hasTools()));
    conditions.put("images", Map.of("", request -> request.prompt().hasImages()));
    section.rejectUnknownKeys();
    Map<String, Condition> byDomain = new HashMap<>();
    int group = 0;
    for (Domain domain : domains) {
      byDomain.put(domain.name(), request -> domain.name().equals(request.domain()));
      for (Map.Entry<String, Integer> keyword : domain.keywords().entrySet()) {
        addWeighted(keyword.getKey(), entry(group, keyword.getValue()));
      }
      group++;
    }
    byDomain.remove("");
    conditions.put("domain", byDomain);
    for (List<String> words : Languages.FREQUENT_WORDS.values()) {
      for (String word : new HashSet<>(words)) {
        phrases.add(TextScan.tokens(Characters.folded(word)), entry(group, 1));
      }
      group++;
    }
    groups = group;
  }

  /** Reads the section; errors go to the list behind it. */
  public static Signals from(ConfigSection section) {
    return new Signals(section);
  }

  /** The types that a condition may have. */
  Set<String> types() {
    return new TreeSet<>(conditions.keySet());
  }

  /** The signals of a type by their names. */
  Map<String, Condition> ofType(String type) {
    return conditions.getOrDefault(type, Map.of());
  }

  /** Subjects, the shipped ones included, in the order in which the first of equals is taken. */
  List<Domain> domains() {
    return domains;
  }

  /** How many characters of a text regular expressions look at, from its beginning. */
  int regexMaxCharacters() {
    return regexMaxCharacters;
  }

  Phrases<Entry> phrases() {
    return phrases;
  }

  /** Those of which case counts. */
  Phrases<Entry> exactPhrases() {
    return exactPhrases;
  }

  List<Entry> entriesOf(Shape shape) {
    return shapes.getOrDefault(shape, List.of());
  }

  /** How many scores there are: of all domains, then of all languages. */
  int groups() {
    return groups;
  }

  private Entry entry(int group, int weight) {
    return new Entry(entries++, group, weight);
  }

  private void addWeighted(String keyword, Entry entry) {
    Shape shape = Shape.spelledAs(keyword);
    if (shape != null) {
      shapes.computeIfAbsent(shape, s -> new ArrayList<>()).add(entry);
      return;
    }
    for (String spelling : Domains.spellings(keyword)) {
      phrases.add(TextScan.tokens(Characters.folded(spelling)), entry);
    }
  }

  private interface Reader {
    Condition read(ConfigSection section, String name);
  }

  private void named(ConfigSection section, String type, String key, Reader reader) {
    Map<String, Condition> signals = new HashMap<>();
    Set<String> names = new HashSet<>();
    for (ConfigSection element : section.sections(key)) {
      String name = ConfigNames.unique(element, names);
      signals.put(name, reader.read(element, name));
      element.rejectUnknownKeys();
    }
    signals.remove("");
    conditions.put(type, signals);
  }

  private Condition keywords(ConfigSection section, String name) {
    String operator = section.oneOf("operator", "any", Set.of("any", "all", "OR", "AND"));
    boolean all = operator.equals("all") || operator.equals("AND");
    List<String> keywords = texts(section, "keywords");
    boolean exact = section.bool("case_sensitive", false);
    boolean wholeWords = section.bool("whole_words", true);
    List<Condition> parts = new ArrayList<>();
    for (String keyword : keywords) {
      List<String> tokens = TextScan.tokens(exact ? keyword : Characters.folded(keyword));
      if (tokens.isEmpty()) {
        section.reject("keywords", "each keyword must have a character that is no space");
      } else if (wholeWords) {
        Entry entry = entry(-1, 0);
        (exact ? exactPhrases : phrases).add(tokens, entry);
        parts.add(request -> request.last().has(entry));
      } else if (exact) {
        parts.add(request -> request.last().contains(keyword));
      } else {
        String folded = Characters.folded(keyword);
        parts.add(request -> request.last().containsFolded(folded));
      }
    }
    return all ? Condition.allOf(parts) : Condition.anyOf(parts);
  }

  private static Condition regex(ConfigSection section, String name) {
    String pattern = section.string("pattern", "");
    if (pattern.isEmpty()) {
      section.reject("pattern", "must be a regular expression");
    }
    try {
      Pattern compiled = Expression.compile(pattern, 0);
      return request -> request.last().matches(compiled);
    } catch (PatternSyntaxException e) {
      section.reject("pattern", "must be a regular expression of RE2: " + e.getDescription());
      return UNREADABLE;
    }
  }

  private static Condition language(ConfigSection section, String name) {
    String language =
        section.has("language") || !Languages.ALL.contains(name)
            ? section.oneOf("language", "en", Languages.ALL)
            : section.string("language", name);
    return request -> language.equals(request.language());
  }

  private static Condition context(ConfigSection section, String name) {
    long min = section.integer("min_tokens", 0, 0, Long.MAX_VALUE);
    long max = section.integer("max_tokens", Long.MAX_VALUE, 0, Long.MAX_VALUE);
    if (min > max) {
      section.reject("max_tokens", "must not be less than min_tokens");
    } else if (!section.has("min_tokens") && !section.has("max_tokens")) {
      section.reject("min_tokens", "must be there, or max_tokens");
    }
    return request -> request.estimatedTokens() >= min && request.estimatedTokens() <= max;
  }

  private static Condition models(List<String> patterns) {
    Glob names = Glob.anyOf(patterns);
    return request -> names.matches(request.prompt().model());
  }

  private static Condition tiers(List<String> tiers) {
    return request -> tiers.contains(request.tier());
  }

  private static List<String> texts(ConfigSection section, String key) {
    int errorsBefore = section.errorCount();
    List<String> texts = section.strings(key);
    if (texts.isEmpty() && section.errorCount() == errorsBefore) {
      section.reject(key, "must be a list with at least one text");
    }
    return texts;
  }

  /** The shipped domains as they are or as configured, then the others. */
  private static List<Domain> domains(List<ConfigSection> sections) {
    Map<String, Domain> domains = new LinkedHashMap<>(Domains.shipped());
    Set<String> names = new HashSet<>();
    for (ConfigSection section : sections) {
      String name = ConfigNames.unique(section, names);
      domains.put(name, domain(section, name, domains.get(name)));
      section.rejectUnknownKeys();
    }
    return List.copyOf(domains.values());
  }

  private static Domain domain(ConfigSection section, String name, @Nullable Domain shipped) {
    boolean replace = section.bool("replace", false);
    int defaultThreshold = shipped == null ? Domain.DEFAULT_THRESHOLD : shipped.threshold();
    int threshold = (int) section.integer("threshold", defaultThreshold, 1, 1000);
    Map<String, Integer> keywords = new LinkedHashMap<>();
    if (shipped != null && !replace) {
      keywords.putAll(shipped.keywords());
    }
    ConfigSection own = section.section("keywords");
    for (String keyword : own.keys()) {
      int weight = (int) own.integer(keyword, 1, -Domain.MAX_WEIGHT, Domain.MAX_WEIGHT);
      if (keyword.startsWith("@") && Shape.spelledAs(keyword) == null) {
        own.reject(keyword, "must be one of " + Shape.allSpelled() + ", where it begins with @");
      } else if (TextScan.tokens(keyword).isEmpty()) {
        own.reject(keyword, "must have a character that is no space");
      }
      keywords.put(keyword, weight);
    }
    keywords.values().removeIf(weight -> weight == 0);
    if (keywords.isEmpty()) {
      section.reject("keywords", "must have at least one word with a weight other than 0");
    }
    return new Domain(name, threshold, Map.copyOf(keywords));
  }
}
