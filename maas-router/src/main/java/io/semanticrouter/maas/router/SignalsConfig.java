// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.semanticrouter.maas.ConfigSection;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is looked for in a request: section {@code router.signals}. Immutable.
 *
 * @param keywords words and phrases
 * @param regex regular expressions
 * @param regexMaxCharacters how many characters of a text regular expressions look at, from its
 *     beginning
 * @param domains subjects, the shipped ones included
 * @param languages languages
 * @param context lengths
 * @param models models that a request names
 * @param tiers tiers that the gateway vouches for
 */
record SignalsConfig(
    List<Keywords> keywords,
    List<Regex> regex,
    int regexMaxCharacters,
    List<Domain> domains,
    List<Language> languages,
    List<Context> context,
    List<Models> models,
    List<Tiers> tiers) {

  /**
   * Words and phrases.
   *
   * @param name the name of the signal
   * @param all whether all of them must occur; otherwise any of them
   * @param keywords the words and phrases
   * @param caseSensitive whether case counts
   * @param wholeWords whether they must stand as words; in scripts without spaces between words
   *     (and in Korean) any place will do
   */
  public record Keywords(
      String name, boolean all, List<String> keywords, boolean caseSensitive, boolean wholeWords) {}

  /**
   * A regular expression in the syntax of RE2, found anywhere in the text.
   *
   * @param name the name of the signal
   * @param pattern the expression
   */
  public record Regex(String name, String pattern) {}

  /**
   * A subject. Of all subjects at most one is there: the one of the highest score.
   *
   * @param name the name of the signal
   * @param threshold the least score
   * @param keywords words and phrases, and {@linkplain Shape shapes}, with what each adds to the
   *     score, once
   */
  public record Domain(String name, int threshold, Map<String, Integer> keywords) {
    /** The largest weight of a word. */
    public static final int MAX_WEIGHT = 10;

    /** The score that is asked for where none is configured. */
    public static final int DEFAULT_THRESHOLD = 3;
  }

  /**
   * A language that the text is probably in.
   *
   * @param name the name of the signal
   * @param language ISO 639-1, two letters
   */
  public record Language(String name, String language) {}

  /**
   * A length of the whole request, in estimated tokens: characters by four, rounded up.
   *
   * @param name the name of the signal
   * @param minTokens the least length
   * @param maxTokens the greatest length
   */
  public record Context(String name, long minTokens, long maxTokens) {}

  /**
   * Models that a request names.
   *
   * @param name the name of the signal
   * @param models names or patterns with {@code *}
   */
  public record Models(String name, List<String> models) {}

  /**
   * Tiers of an identity.
   *
   * @param name the name of the signal
   * @param tiers the tiers
   */
  public record Tiers(String name, List<String> tiers) {}

  private static final int DEFAULT_REGEX_CHARACTERS = 65_536;

  /** The names that conditions may refer to, for each kind of signal that has names. */
  Map<Condition.Type, Set<String>> names() {
    Map<Condition.Type, Set<String>> names = new EnumMap<>(Condition.Type.class);
    names.put(Condition.Type.KEYWORD, named(keywords, Keywords::name));
    names.put(Condition.Type.REGEX, named(regex, Regex::name));
    names.put(Condition.Type.DOMAIN, named(domains, Domain::name));
    names.put(Condition.Type.LANGUAGE, named(languages, Language::name));
    names.put(Condition.Type.CONTEXT, named(context, Context::name));
    names.put(Condition.Type.MODEL, named(models, Models::name));
    names.put(Condition.Type.TIER, named(tiers, Tiers::name));
    return names;
  }

  private static <T> Set<String> named(List<T> signals, Function<T, String> name) {
    Set<String> names = new HashSet<>();
    for (T signal : signals) {
      names.add(name.apply(signal));
    }
    names.remove("");
    return names;
  }

  static SignalsConfig from(ConfigSection section) {
    SignalsConfig config =
        new SignalsConfig(
            list(section, "keywords", SignalsConfig::keywords),
            list(section, "regex", SignalsConfig::regex),
            (int)
                section.integer("regex_max_characters", DEFAULT_REGEX_CHARACTERS, 1, 1_000_000_000),
            domains(section.sections("domains")),
            list(section, "languages", SignalsConfig::language),
            list(section, "context", SignalsConfig::context),
            list(section, "models", (s, name) -> new Models(name, texts(s, "models"))),
            list(section, "tiers", (s, name) -> new Tiers(name, texts(s, "tiers"))));
    section.rejectUnknownKeys();
    return config;
  }

  private interface Reader<T> {
    T read(ConfigSection section, String name);
  }

  private static <T> List<T> list(ConfigSection section, String key, Reader<T> reader) {
    List<T> signals = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (ConfigSection element : section.sections(key)) {
      signals.add(reader.read(element, ConfigNames.unique(element, names)));
      element.rejectUnknownKeys();
    }
    return List.copyOf(signals);
  }

  private static Keywords keywords(ConfigSection section, String name) {
    String operator = section.oneOf("operator", "any", Set.of("any", "all", "OR", "AND"));
    List<String> keywords = texts(section, "keywords");
    for (String keyword : keywords) {
      if (!PhraseIndex.hasTokens(keyword)) {
        section.reject("keywords", "each keyword must have a character that is no space");
      }
    }
    return new Keywords(
        name,
        operator.equals("all") || operator.equals("AND"),
        keywords,
        section.bool("case_sensitive", false),
        section.bool("whole_words", true));
  }

  private static Regex regex(ConfigSection section, String name) {
    String pattern = section.string("pattern", "");
    if (pattern.isEmpty()) {
      section.reject("pattern", "must be a regular expression");
    }
    try {
      Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      section.reject("pattern", "must be a regular expression of RE2: " + e.getDescription());
    }
    return new Regex(name, pattern);
  }

  private static Language language(ConfigSection section, String name) {
    return new Language(
        name,
        section.has("language") || !Languages.ALL.contains(name)
            ? section.oneOf("language", "en", Languages.ALL)
            : section.string("language", name));
  }

  private static Context context(ConfigSection section, String name) {
    long min = section.integer("min_tokens", 0, 0, Long.MAX_VALUE);
    long max = section.integer("max_tokens", Long.MAX_VALUE, 0, Long.MAX_VALUE);
    if (min > max) {
      section.reject("max_tokens", "must not be less than min_tokens");
    } else if (!section.has("min_tokens") && !section.has("max_tokens")) {
      section.reject("min_tokens", "must be there, or max_tokens");
    }
    return new Context(name, min, max);
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
      if (keyword.startsWith("@") && !Shape.isSpelled(keyword)) {
        own.reject(keyword, "must be one of " + Shape.allSpelled() + ", where it begins with @");
      } else if (!PhraseIndex.hasTokens(keyword)) {
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
