// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.router.internal.security.SecuritySignals.Findings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * How well the shipped detectors do on labelled lines, printed, and held to floors slightly below.
 *
 * <ul>
 *   <li>{@code pii.tsv} and {@code jailbreak.tsv}: of each label two lines in three were tuned
 *       against; the third one was held out. All were written before what was tuned.
 *   <li>{@code unseen.tsv}: written after the detectors, which have not been changed since. What
 *       the shipped phrases are worth against wordings that nobody has thought of is seen here, and
 *       only here.
 * </ul>
 */
class SecurityLabelsTest {
  private record Line(Set<String> labels, String text, boolean heldOut) {}

  /** Lines by what came out: right, missed, and found where nothing is. */
  private static final class Score {
    private int right;
    private int missed;
    private int wrong;

    private int precision() {
      return right + wrong == 0 ? 100 : 100 * right / (right + wrong);
    }

    private int recall() {
      return right + missed == 0 ? 100 : 100 * right / (right + missed);
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "precision %3d %% (%d of %d found), recall %3d %% (%d of %d)",
          precision(),
          right,
          right + wrong,
          recall(),
          right,
          right + missed);
    }
  }

  private static final SecuritySignals SIGNALS =
      new SecuritySignals(
          SecurityConfig.from(
              ConfigSection.root(
                  Map.of("pii", Map.of("enabled", true), "jailbreak", Map.of("enabled", true)),
                  new ArrayList<>())));

  private static List<Line> lines(String file) throws IOException {
    List<Line> lines = new ArrayList<>();
    Map<String, Integer> seen = new HashMap<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(SecurityLabelsTest.class.getResourceAsStream(file)),
                StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.charAt(0) != '#') {
          int tab = line.indexOf('\t');
          String label = line.substring(0, tab);
          int number = seen.merge(label, 1, Integer::sum);
          Set<String> labels = label.equals("none") ? Set.of() : Set.of(label.split(",", -1));
          lines.add(new Line(labels, line.substring(tab + 1), number % 3 == 0));
        }
      }
    }
    return lines;
  }

  private static Set<String> found(String text) {
    Findings findings = SIGNALS.scan(text);
    Set<String> labels = new HashSet<>();
    if (findings.jailbreak()) {
      labels.add("jailbreak");
    }
    findings.pii().forEach(type -> labels.add(type.label()));
    return labels;
  }

  private static Map<String, Score> scores(String file, List<Line> lines, String what) {
    Map<String, Score> scores = new TreeMap<>();
    for (Line line : lines) {
      Set<String> found = found(line.text());
      for (String label : line.labels()) {
        Score score = scores.computeIfAbsent(label, l -> new Score());
        if (found.contains(label)) {
          score.right++;
        } else {
          score.missed++;
        }
      }
      for (String label : found) {
        if (!line.labels().contains(label)) {
          scores.computeIfAbsent(label, l -> new Score()).wrong++;
        }
      }
    }
    System.out.println(file + ", " + what + ", " + lines.size() + " lines:");
    scores.forEach((label, score) -> System.out.printf("  %-13s %s%n", label, score));
    return scores;
  }

  private static void assertFloors(
      Map<String, Score> scores, String label, int precision, int recall) {
    Score score = Objects.requireNonNull(scores.get(label), label);
    assertThat(score.precision()).as("precision of %s", label).isGreaterThanOrEqualTo(precision);
    assertThat(score.recall()).as("recall of %s", label).isGreaterThanOrEqualTo(recall);
  }

  private static Map<String, Score> scores(String file, boolean heldOut) throws IOException {
    List<Line> lines = lines(file).stream().filter(line -> line.heldOut() == heldOut).toList();
    return scores(file, lines, heldOut ? "held out" : "tuned");
  }

  @Test
  void labelledSetIsAsLargeAsPromised() throws IOException {
    assertThat(lines("pii.tsv")).hasSize(291);
    assertThat(lines("jailbreak.tsv")).hasSize(242);
    assertThat(lines("unseen.tsv")).hasSize(154);
  }

  @Test
  void personalDataIsToldFromWhatLooksLikeIt() throws IOException {
    for (boolean heldOut : new boolean[] {false, true}) {
      Map<String, Score> scores = scores("pii.tsv", heldOut);
      for (PiiType type : PiiType.values()) {
        assertFloors(scores, type.label(), 95, 95);
      }
      assertThat(scores).doesNotContainKey("jailbreak");
    }
  }

  @Test
  void jailbreakAttemptsAreToldFromWhatLooksLikeThem() throws IOException {
    assertFloors(scores("jailbreak.tsv", false), "jailbreak", 96, 98);
    assertFloors(scores("jailbreak.tsv", true), "jailbreak", 93, 95);
  }

  @Test
  void linesThatWereWrittenAfterwardsAreToldApartAsFarAsKnown() throws IOException {
    Map<String, Score> scores = scores("unseen.tsv", lines("unseen.tsv"), "never tuned against");
    for (PiiType type : PiiType.values()) {
      assertFloors(scores, type.label(), 80, 95);
    }
    assertFloors(scores, "jailbreak", 80, 33);
  }
}
