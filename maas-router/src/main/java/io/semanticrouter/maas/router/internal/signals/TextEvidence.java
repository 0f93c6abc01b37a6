// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import com.google.re2j.Pattern;
import java.lang.Character.UnicodeScript;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one text shows of the signals. It is cut into words at most once, and only when somebody
 * asks. Not thread-safe; for one request.
 */
final class TextEvidence implements TextScan.Listener {
  private final Signals signals;
  private final String text;
  private final BitSet found = new BitSet();
  private final int[] scores;
  private final Map<UnicodeScript, Integer> letters = new EnumMap<>(UnicodeScript.class);
  private final Map<Pattern, Boolean> expressions = new HashMap<>();
  private final Shape.Finder shapes = new Shape.Finder();
  private final Phrases.Reader<Signals.Entry> phrases;
  private final Phrases.@Nullable Reader<Signals.Entry> exactPhrases;
  private @Nullable String folded;
  private boolean wordsRead;

  TextEvidence(Signals signals, String text) {
    this.signals = signals;
    this.text = text;
    this.scores = new int[signals.groups()];
    this.phrases = new Phrases.Reader<>(signals.phrases(), this::mark);
    this.exactPhrases =
        signals.exactPhrases().isEmpty()
            ? null
            : new Phrases.Reader<>(signals.exactPhrases(), this::mark);
  }

  /** Whether an entry's phrase stands in the text as words. */
  boolean has(Signals.Entry entry) {
    readWords();
    return found.get(entry.number());
  }

  /** Whether a text is part of this one, also within words. */
  boolean contains(String part) {
    return text.contains(part);
  }

  /** The same regardless of case; the part is folded. */
  boolean containsFolded(String part) {
    return folded().contains(part);
  }

  /** Whether a regular expression is found in the beginning of the text. */
  boolean matches(Pattern expression) {
    return expressions.computeIfAbsent(
        expression,
        e -> {
          int length = Math.min(text.length(), signals.regexMaxCharacters());
          return e.matcher(text.substring(0, length)).find();
        });
  }

  /** The domain with the highest score, if that is enough; null: none. */
  @Nullable String domain() {
    readWords();
    String best = null;
    int bestScore = 0;
    List<Domain> domains = signals.domains();
    for (int i = 0; i < domains.size(); i++) {
      if (scores[i] >= domains.get(i).threshold() && scores[i] > bestScore) {
        best = domains.get(i).name();
        bestScore = scores[i];
      }
    }
    return best;
  }

  /** The language, ISO 639-1; null: unknown. */
  @Nullable String language() {
    readWords();
    return Languages.of(letters, scores, signals.domains().size());
  }

  private String folded() {
    if (folded == null) {
      folded = Characters.folded(text);
    }
    return folded;
  }

  private void readWords() {
    if (!wordsRead) {
      wordsRead = true;
      TextScan.scan(text, this);
    }
  }

  @Override
  public void token(String source, int start, int end, TextScan.Kind kind) {
    phrases.token(folded().substring(start, end));
    if (exactPhrases != null) {
      exactPhrases.token(source.substring(start, end));
    }
    if (kind == TextScan.Kind.WORD || kind == TextScan.Kind.SINGLE) {
      letters.merge(Languages.scriptOf(source.charAt(start)), 1, Integer::sum);
    }
    Shape shape = shapes.shapeAt(source, start, end, kind);
    if (shape != null) {
      signals.entriesOf(shape).forEach(this::mark);
    }
  }

  private void mark(Signals.Entry entry) {
    if (!found.get(entry.number())) {
      found.set(entry.number());
      if (entry.group() >= 0) {
        scores[entry.group()] += entry.weight();
      }
    }
  }
}
