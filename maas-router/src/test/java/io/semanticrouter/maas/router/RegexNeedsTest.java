// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegexNeedsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "abc abc",
        "(?i)\\bPassword\\b password",
        "(password|secret) password,secret",
        "ab+c ab;bc",
        "ab*c a;c",
        "ab?c a;c",
        "ab{2,3}c ab;bc",
        "ab{0,3}c a;c",
        "a.c a;c",
        "a\\.c a.c",
        "^abc$ abc",
        "ERROR\\s+[45]x error;4x,5x",
        "[A-C]-x a-x,b-x,c-x",
        "(?:ab|cd)(?:ef|g) ab,cd;ef,g",
        "a|b a,b",
        "(ab|c*d) ab,d",
        "[1-3]{2}-\\d+ 1,2,3;1-0,1-1,1-2,1-3,1-4,1-5,1-6,1-7,1-8,1-9,2-0,2-1,2-2,2-3,2-4,2-5,2-6,2-7,2-8,2-9,3-0,3-1,3-2,3-3,3-4,3-5,3-6,3-7,3-8,3-9;0,1,2,3,4,5,6,7,8,9",
        "[a-k][a-k]x a,b,c,d,e,f,g,h,i,j,k;ax,bx,cx,dx,ex,fx,gx,hx,ix,jx,kx",
      })
  void textsThatMustOccurAreKnown(String pattern, String needs) {
    assertThat(spelled(RegexNeeds.of(pattern))).isEqualTo(needs);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".*",
        "a*",
        "a|",
        "(a|)",
        "[^a]",
        "\\w+",
        "é",
        "(?P<n>a)b",
        "\\Qa.b\\E",
        "\\pLa",
        "[[:alpha:]]",
        "a\\x41",
        "\\101",
        "a{,2}",
      })
  void whatIsNotKnownForSureIsNotNeeded(String pattern) {
    assertThat(RegexNeeds.of(pattern)).isEmpty();
  }

  /** A text that the expression matches must have all that is needed: else a match is lost. */
  @Test
  void noMatchIsLost() {
    long seed = Long.getLong("maas.seed", new Random().nextLong());
    System.out.println("RegexNeedsTest seed " + seed);
    Random random = new Random(seed);
    int matches = 0;
    int useful = 0;
    for (int i = 0; i < 20_000; i++) {
      String source = (random.nextBoolean() ? "(?i)" : "") + expression(random, 3);
      Pattern pattern;
      try {
        pattern = Pattern.compile(source);
      } catch (PatternSyntaxException e) {
        continue;
      }
      List<Set<String>> needs = RegexNeeds.of(source);
      for (int j = 0; j < 10; j++) {
        String text = text(random);
        boolean found = pattern.matcher(text).find();
        boolean possible = needs.stream().allMatch(need -> occursAny(need, folded(text)));
        assertThat(possible || !found).as("%s in %s, seed %d", source, text, seed).isTrue();
        matches += found ? 1 : 0;
        useful += possible ? 0 : 1;
      }
    }
    assertThat(matches).isGreaterThan(10_000);
    assertThat(useful).isGreaterThan(10_000);
  }

  private static String expression(Random random, int depth) {
    StringBuilder expression = new StringBuilder();
    int atoms = 1 + random.nextInt(3);
    for (int i = 0; i < atoms; i++) {
      String atom =
          switch (random.nextInt(depth == 0 ? 7 : 9)) {
            case 0 -> "[a-cK]";
            case 1 -> "\\b";
            case 2 -> ".";
            case 3 -> "[^b-]";
            case 4 -> "\\d";
            case 5, 6 -> String.valueOf("abkKsS1-ſ\u212a".charAt(random.nextInt(10)));
            case 7 -> "(" + expression(random, depth - 1) + ")";
            default -> "(?:" + expression(random, depth - 1) + "|" + expression(random, 0) + ")";
          };
      String[] quantifiers = {"", "", "", "", "*", "+", "?", "{2}", "{0,1}", "{1,2}", "+?", "*?"};
      expression.append(atom).append(quantifiers[random.nextInt(quantifiers.length)]);
    }
    return random.nextInt(6) == 0
        ? expression + "|" + expression(random, 0)
        : expression.toString();
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      text.append("abckKsS12- ſ\u212aé\n".charAt(random.nextInt(15)));
    }
    return text.toString();
  }

  private static boolean occursAny(Set<String> need, String text) {
    return need.stream().anyMatch(text::contains);
  }

  private static String folded(String text) {
    StringBuilder folded = new StringBuilder();
    text.chars().forEach(c -> folded.append(Characters.folded((char) c)));
    return folded.toString();
  }

  private static String spelled(List<Set<String>> needs) {
    return String.join(
        ";", needs.stream().map(need -> String.join(",", new TreeSet<>(need))).toList());
  }
}
