// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which texts a text must contain for a regular expression to match at all: running a linear-time
 * engine costs some fifty times of what looking for fixed texts does. Reads only the part of RE2's
 * syntax that it is sure of; of any other expression it says that nothing is needed.
 *
 * <p>The needs are a list of sets: of each set one text must occur. Texts are folded as {@link
 * Characters#folded} does, whatever the case rule of the expression.
 */
final class RegexNeeds {
  private static final int MOST_ALTERNATIVES = 64;
  private static final List<Set<String>> NOTHING = List.of();

  private final String pattern;
  private int at;

  private RegexNeeds(String pattern) {
    this.pattern = pattern;
  }

  /** The needs of a pattern that RE2 accepts; empty when none are known. */
  static List<Set<String>> of(String pattern) {
    RegexNeeds reader = new RegexNeeds(pattern);
    try {
      List<Set<String>> needs = reader.alternation();
      return reader.at == pattern.length() ? needs : NOTHING;
    } catch (NotUnderstood e) {
      return NOTHING;
    }
  }

  private static final class NotUnderstood extends Exception {
    private static final long serialVersionUID = 1L;

    NotUnderstood() {
      super(null, null, false, false);
    }
  }

  /** What one atom can be: a character of a set when {@code characters} is there, else anything. */
  private record Atom(boolean hasWidth, @Nullable Set<String> characters, List<Set<String>> needs) {
    static Atom of(Set<String> characters) {
      return new Atom(true, characters, NOTHING);
    }
  }

  private List<Set<String>> alternation() throws NotUnderstood {
    List<List<Set<String>>> branches = new ArrayList<>();
    branches.add(concatenation());
    while (peek() == '|') {
      at++;
      branches.add(concatenation());
    }
    if (branches.size() == 1) {
      return branches.get(0);
    }
    Set<String> union = new LinkedHashSet<>();
    for (List<Set<String>> branch : branches) {
      Set<String> best = best(branch);
      if (best == null) {
        return NOTHING;
      }
      union.addAll(best);
    }
    return union.size() <= MOST_ALTERNATIVES ? List.of(union) : NOTHING;
  }

  private List<Set<String>> concatenation() throws NotUnderstood {
    List<Set<String>> needs = new ArrayList<>();
    Set<String> run = Set.of();
    while (at < pattern.length() && peek() != '|' && peek() != ')') {
      Atom atom = atom();
      char quantifier = peek();
      boolean once =
          quantifier != '*' && quantifier != '?' && quantifier != '+' && quantifier != '{';
      boolean required = once || quantifier == '+' || (quantifier == '{' && least() > 0);
      if (!once) {
        at += quantifier == '{' ? 0 : 1;
        at += peek() == '?' ? 1 : 0;
      } else if (!atom.hasWidth()) {
        continue;
      }
      Set<String> characters = atom.characters();
      if (!required || characters == null) {
        add(run, needs);
        run = Set.of();
        if (required) {
          needs.addAll(atom.needs());
        }
        continue;
      }
      Set<String> longer = product(run, characters);
      if (longer.size() > MOST_ALTERNATIVES) {
        add(run, needs);
        longer = characters;
      }
      run = longer;
      if (!once) {
        add(run, needs);
        // The last one of a repeated character stands before what follows.
        run = characters;
      }
    }
    add(run, needs);
    return needs;
  }

  private static Set<String> product(Set<String> run, Set<String> characters) {
    if (run.isEmpty()) {
      return characters;
    }
    Set<String> product = new LinkedHashSet<>();
    for (String text : run) {
      for (String character : characters) {
        product.add(text + character);
      }
    }
    return product;
  }

  private static void add(Set<String> run, List<Set<String>> needs) {
    if (!run.isEmpty() && !needs.contains(run)) {
      needs.add(run);
    }
  }

  /** The set that a text is least likely to meet by chance. */
  private static @Nullable Set<String> best(List<Set<String>> needs) {
    Set<String> best = null;
    int bestScore = Integer.MIN_VALUE;
    for (Set<String> need : needs) {
      int shortest = need.stream().mapToInt(String::length).min().orElse(0);
      int score = shortest * 100 - need.size();
      if (score > bestScore) {
        best = need;
        bestScore = score;
      }
    }
    return best;
  }

  /** Matches nothing, between two characters: they stay neighbours. */
  private static final Atom EMPTY = new Atom(false, null, NOTHING);

  private static Atom anything() {
    return new Atom(true, null, NOTHING);
  }

  private Atom atom() throws NotUnderstood {
    char c = pattern.charAt(at++);
    return switch (c) {
      case '(' -> group();
      case '[' -> characterClass();
      case '\\' -> escape();
      case '.' -> anything();
      case '^', '$' -> EMPTY;
      case '*', '+', '?', '{', '}', ']' -> throw new NotUnderstood();
      default -> literal(c);
    };
  }

  private Atom group() throws NotUnderstood {
    if (peek() == '?') {
      at++;
      while (isFlag(peek())) {
        at++;
      }
      if (peek() == ')') {
        at++;
        return EMPTY;
      }
      if (peek() != ':') {
        throw new NotUnderstood();
      }
      at++;
    }
    List<Set<String>> needs = alternation();
    if (peek() != ')') {
      throw new NotUnderstood();
    }
    at++;
    return new Atom(true, null, List.copyOf(needs));
  }

  private static boolean isFlag(char c) {
    return c == 'i' || c == 'm' || c == 's' || c == 'U' || c == '-';
  }

  private Atom escape() throws NotUnderstood {
    if (at == pattern.length()) {
      throw new NotUnderstood();
    }
    char c = pattern.charAt(at++);
    return switch (c) {
      case 'b', 'B', 'A', 'z' -> EMPTY;
      case 'd' -> Atom.of(range('0', '9'));
      case 'w', 'W', 's', 'S', 'D' -> anything();
      case 't' -> literal('\t');
      case 'n' -> literal('\n');
      case 'r' -> literal('\r');
      default -> {
        if (c >= 128 || Characters.kind(c) != Characters.SYMBOL) {
          throw new NotUnderstood();
        }
        yield literal(c);
      }
    };
  }

  private Atom characterClass() throws NotUnderstood {
    boolean negated = peek() == '^';
    if (negated) {
      at++;
    }
    Set<String> characters = new LinkedHashSet<>();
    boolean known = !negated;
    boolean first = true;
    while (true) {
      if (at == pattern.length()) {
        throw new NotUnderstood();
      }
      char c = pattern.charAt(at++);
      if (c == ']' && !first) {
        break;
      }
      first = false;
      if (c == '[' || c == ']') {
        throw new NotUnderstood();
      }
      if (c == '\\') {
        Atom escaped = escape();
        if (!escaped.hasWidth()) {
          throw new NotUnderstood();
        }
        if (escaped.characters() == null) {
          known = false;
        } else {
          characters.addAll(escaped.characters());
        }
        if (peek() == '-' && at + 1 < pattern.length() && pattern.charAt(at + 1) != ']') {
          throw new NotUnderstood();
        }
        continue;
      }
      char to = c;
      if (peek() == '-' && at + 1 < pattern.length() && pattern.charAt(at + 1) != ']') {
        to = pattern.charAt(at + 1);
        at += 2;
        if (to == '\\' || to == '[' || to < c) {
          throw new NotUnderstood();
        }
      }
      if (to >= 128) {
        known = false;
      } else {
        characters.addAll(range(c, to));
      }
    }
    boolean useful = known && characters.size() <= MOST_ALTERNATIVES;
    return useful ? Atom.of(Set.copyOf(characters)) : anything();
  }

  private static Set<String> range(char from, char to) {
    Set<String> characters = new LinkedHashSet<>();
    for (int c = from; c <= to; c++) {
      characters.add(String.valueOf(Characters.folded((char) c)));
    }
    return characters;
  }

  private static Atom literal(char c) {
    // Beyond ASCII, RE2 and Java do not agree on what case is.
    return c < 128 ? Atom.of(range(c, c)) : anything();
  }

  /** The least number of a repeat such as {@code {2,5}}. */
  private int least() throws NotUnderstood {
    int close = pattern.indexOf('}', at);
    if (close < 0) {
      throw new NotUnderstood();
    }
    String body = pattern.substring(at + 1, close);
    int least = 0;
    int digits = 0;
    while (digits < body.length() && body.charAt(digits) >= '0' && body.charAt(digits) <= '9') {
      least = Math.min(1000, least * 10 + body.charAt(digits) - '0');
      digits++;
    }
    boolean plain = digits > 0 && body.substring(digits).chars().allMatch(RegexNeeds::isBound);
    if (!plain) {
      throw new NotUnderstood();
    }
    at = close + 1;
    return least;
  }

  private static boolean isBound(int c) {
    return c == ',' || (c >= '0' && c <= '9');
  }

  private char peek() {
    return at < pattern.length() ? pattern.charAt(at) : 0;
  }
}
