// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All signals, prepared so that a text is read once for all of them. What may be found in a text is
 * an entry with a number; an entry of a domain or a language adds its weight to the score of its
 * group when it is found first. Immutable and thread-safe.
 */
final class Signals {
  /** An entry that belongs to no group. */
  static final int NO_GROUP = -1;

  final SignalsConfig config;
  final PhraseIndex folded;
  final @Nullable PhraseIndex exact;
  final @Nullable Automaton characters;
  final int entries;
  final int groups;
  private final int[] groupOf;
  private final int[] weightOf;
  private final Map<Shape, int[]> shapes;
  private final Map<String, KeywordTest> keywords;
  private final Map<String, RegexTest> regexes;

  /** A keyword signal; where case counts inside words, it has no entries. */
  static final class KeywordTest {
    final SignalsConfig.Keywords config;
    final int[] entries;

    KeywordTest(SignalsConfig.Keywords config, int[] entries) {
      this.config = config;
      this.entries = entries;
    }
  }

  /** A regular expression, and the entries of which one in each array must be found. */
  static final class RegexTest {
    final Pattern pattern;
    final int[][] needs;

    RegexTest(Pattern pattern, int[][] needs) {
      this.pattern = pattern;
      this.needs = needs;
    }
  }

  Signals(SignalsConfig config) {
    Compiler compiler = new Compiler();
    this.config = config;
    for (int i = 0; i < config.domains().size(); i++) {
      for (Map.Entry<String, Integer> keyword : config.domains().get(i).keywords().entrySet()) {
        compiler.addWeighted(keyword.getKey(), compiler.entry(i, keyword.getValue()));
      }
    }
    int languageGroup = config.domains().size();
    for (String language : Languages.WITH_FREQUENT_WORDS) {
      for (String word : new HashSet<>(words(language))) {
        compiler.folded.add(word, compiler.entry(languageGroup, 1));
      }
      languageGroup++;
    }
    this.groups = languageGroup;
    this.keywords = new HashMap<>();
    for (SignalsConfig.Keywords signal : config.keywords()) {
      keywords.put(signal.name(), compiler.keywords(signal));
    }
    this.regexes = new HashMap<>();
    for (SignalsConfig.Regex signal : config.regex()) {
      regexes.put(
          signal.name(),
          new RegexTest(
              Pattern.compile(signal.pattern()), compiler.needs(RegexNeeds.of(signal.pattern()))));
    }
    this.folded = compiler.folded.build();
    this.exact = compiler.exact.isEmpty() ? null : compiler.exact.build();
    this.characters = compiler.hasCharacters ? compiler.characters.build() : null;
    this.entries = compiler.groupOf.size();
    this.groupOf = ints(compiler.groupOf);
    this.weightOf = ints(compiler.weightOf);
    this.shapes = new EnumMap<>(Shape.class);
    compiler.shapes.forEach((shape, list) -> shapes.put(shape, ints(list)));
  }

  private static List<String> words(String language) {
    List<String> words = Languages.FREQUENT_WORDS.get(language);
    return words == null ? List.of() : words;
  }

  private static int[] ints(Collection<Integer> numbers) {
    return numbers.stream().mapToInt(Integer::intValue).toArray();
  }

  int groupOf(int entry) {
    return groupOf[entry];
  }

  int weightOf(int entry) {
    return weightOf[entry];
  }

  int @Nullable [] entriesOf(Shape shape) {
    return shapes.get(shape);
  }

  KeywordTest keyword(String name) {
    return required(keywords.get(name), name);
  }

  RegexTest regex(String name) {
    return required(regexes.get(name), name);
  }

  private static <T> T required(@Nullable T signal, String name) {
    if (signal == null) {
      throw new IllegalArgumentException("no signal " + name);
    }
    return signal;
  }

  /** The groups of languages come after those of domains. */
  int firstLanguageGroup() {
    return config.domains().size();
  }

  private static final class Compiler {
    final PhraseIndex.Builder folded = new PhraseIndex.Builder(true);
    final PhraseIndex.Builder exact = new PhraseIndex.Builder(false);
    final Automaton.Builder characters = new Automaton.Builder();
    final List<Integer> groupOf = new ArrayList<>();
    final List<Integer> weightOf = new ArrayList<>();
    final Map<Shape, List<Integer>> shapes = new EnumMap<>(Shape.class);
    boolean hasCharacters;

    int entry(int group, int weight) {
      groupOf.add(group);
      weightOf.add(weight);
      return groupOf.size() - 1;
    }

    void addWeighted(String keyword, int entry) {
      for (Shape shape : Shape.values()) {
        if (shape.spelled().equals(keyword)) {
          shapes.computeIfAbsent(shape, s -> new ArrayList<>()).add(entry);
          return;
        }
      }
      for (String spelling : Domains.spellings(keyword)) {
        folded.add(spelling, entry);
      }
    }

    KeywordTest keywords(SignalsConfig.Keywords signal) {
      List<Integer> entries = new ArrayList<>();
      boolean exactInside = signal.caseSensitive() && !signal.wholeWords();
      for (String keyword : signal.keywords()) {
        if (exactInside) {
          continue;
        }
        int entry = entry(NO_GROUP, 0);
        entries.add(entry);
        if (!signal.wholeWords()) {
          addCharacters(keyword, entry);
        } else {
          (signal.caseSensitive() ? exact : folded).add(keyword, entry);
        }
      }
      return new KeywordTest(signal, ints(entries));
    }

    int[][] needs(List<Set<String>> needs) {
      int[][] entries = new int[needs.size()][];
      for (int i = 0; i < entries.length; i++) {
        entries[i] = new int[needs.get(i).size()];
        int j = 0;
        for (String text : needs.get(i)) {
          entries[i][j] = entry(NO_GROUP, 0);
          addCharacters(text, entries[i][j]);
          j++;
        }
      }
      return entries;
    }

    private void addCharacters(String text, int entry) {
      hasCharacters = true;
      int[] symbols = new int[text.length()];
      for (int i = 0; i < symbols.length; i++) {
        symbols[i] = Characters.folded(text.charAt(i));
      }
      characters.add(symbols, entry);
    }
  }
}
