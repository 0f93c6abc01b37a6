// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigSection;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * How well the shipped domains tell what a prompt is about. The tuning set was there when the lists
 * were; the held-out set was written when the lists were finished, and nothing was changed for it.
 * A prompt that is about no domain is labelled {@code other}. Lists fail by silence: most of what
 * they miss is told as {@code other}, and goes to the default model.
 */
class DomainQualityTest {
  private static final String OTHER = "other";
  private static final double HELD_OUT_PRECISION = 0.84;
  private static final double HELD_OUT_RECALL = 0.65;
  private final Signals signals = Signals.from(ConfigSection.root(Map.of(), new ArrayList<>()));

  @Test
  void tuningSetIsToldApart() throws IOException {
    Figures figures = measure("labelled-prompts.tsv");
    figures.printMisses();
    assertThat(figures.macroPrecision()).isGreaterThan(0.97);
    assertThat(figures.macroRecall()).isGreaterThan(0.97);
  }

  @Test
  void heldOutSetIsToldApart() throws IOException {
    Figures figures = measure("held-out-prompts.tsv");
    assertThat(figures.macroPrecision()).isGreaterThan(HELD_OUT_PRECISION);
    assertThat(figures.macroRecall()).isGreaterThan(HELD_OUT_RECALL);
    assertThat(figures.labels())
        .allSatisfy(
            label ->
                assertThat(figures.precision(label))
                    .isGreaterThan(label.equals(OTHER) ? 0.3 : 0.75));
  }

  @Test
  void noPromptIsInBothSets() throws IOException {
    Set<String> tuning = new TreeSet<>(read("labelled-prompts.tsv"));
    List<String> heldOut = read("held-out-prompts.tsv");
    assertThat(tuning.size() + heldOut.size()).isGreaterThan(700);
    assertThat(heldOut).doesNotHaveDuplicates().doesNotContainAnyElementsOf(tuning);
  }

  @Test
  void shippedDomainsNeedNoConfiguration() {
    assertThat(signals.domains())
        .extracting(Domain::name)
        .containsExactly(
            "math",
            "code",
            "science",
            "law",
            "medicine",
            "finance",
            "history",
            "philosophy",
            "writing");
    assertThat(signals.domains())
        .allSatisfy(domain -> assertThat(domain.keywords()).hasSizeGreaterThan(150))
        .allSatisfy(
            domain ->
                assertThat(domain.keywords().values())
                    .allMatch(weight -> weight != 0 && Math.abs(weight) <= Domain.MAX_WEIGHT));
  }

  @Test
  void noPhraseIsListedTwice() {
    for (Domain domain : signals.domains()) {
      List<String> phrases =
          Domains.lines("domains/" + domain.name() + ".txt").stream()
              .flatMap(line -> line.phrases().stream())
              .toList();
      assertThat(phrases)
          .as(domain.name())
          .doesNotHaveDuplicates()
          .hasSameSizeAs(domain.keywords().keySet());
    }
  }

  private record Labelled(String label, String prompt, String told) {}

  private record Figures(List<Labelled> lines) {
    private int count(String label, String told) {
      return (int)
          lines.stream()
              .filter(line -> label.isEmpty() || line.label().equals(label))
              .filter(line -> told.isEmpty() || line.told().equals(told))
              .count();
    }

    Set<String> labels() {
      Set<String> labels = new TreeSet<>();
      lines.forEach(line -> labels.add(line.label()));
      return labels;
    }

    double precision(String label) {
      int told = count("", label);
      return told == 0 ? 0 : (double) count(label, label) / told;
    }

    double recall(String label) {
      return (double) count(label, label) / count(label, "");
    }

    double macroPrecision() {
      return labels().stream().mapToDouble(this::precision).average().orElse(0);
    }

    double macroRecall() {
      return labels().stream().mapToDouble(this::recall).average().orElse(0);
    }

    void printMisses() {
      for (Labelled line : lines) {
        if (!line.label().equals(line.told())) {
          System.out.println(line.label() + " told as " + line.told() + ": " + line.prompt());
        }
      }
    }

    void print(String name) {
      StringBuilder table = new StringBuilder(name + ": " + lines.size() + " prompts\n");
      for (String label : labels()) {
        table.append(
            String.format(
                Locale.ROOT,
                "%-12s %3d  precision %.3f  recall %.3f%n",
                label,
                count(label, ""),
                precision(label),
                recall(label)));
      }
      table.append(
          String.format(
              Locale.ROOT,
              "%-12s      precision %.3f  recall %.3f",
              "macro",
              macroPrecision(),
              macroRecall()));
      System.out.println(table);
    }
  }

  private Figures measure(String resource) throws IOException {
    List<Labelled> lines = new ArrayList<>();
    for (String line : read(resource)) {
      int tab = line.indexOf('\t');
      String prompt = line.substring(tab + 1);
      String domain = new TextEvidence(signals, prompt).domain();
      lines.add(new Labelled(line.substring(0, tab), prompt, domain == null ? OTHER : domain));
    }
    Figures figures = new Figures(lines);
    figures.print(resource);
    return figures;
  }

  private static List<String> read(String resource) throws IOException {
    try (InputStream in = DomainQualityTest.class.getResourceAsStream(resource)) {
      assertThat(in).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }
}
