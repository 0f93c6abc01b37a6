// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import org.jspecify.annotations.Nullable;

/**
 * What one text shows of the signals. Words and characters are read at most once each, and only
 * when somebody asks. Not thread-safe; for one request.
 */
final class TextEvidence implements TextScan.Listener {
  private final Signals signals;
  private final String text;
  private final long[] found;
  private final int[] scores;
  private final int[] letters = new int[Languages.SCRIPTS.size()];
  private final Shape.Finder shapes = new Shape.Finder();
  private int foldedState = Automaton.ROOT;
  private int exactState = Automaton.ROOT;
  private boolean wordsRead;
  private boolean charactersRead;

  TextEvidence(Signals signals, String text) {
    this.signals = signals;
    this.text = text;
    this.found = new long[(signals.entries + 63) >> 6];
    this.scores = new int[signals.groups];
  }

  String text() {
    return text;
  }

  boolean holds(Signals.KeywordTest keywords) {
    SignalsConfig.Keywords config = keywords.config;
    if (config.caseSensitive() && !config.wholeWords()) {
      return holdsExactly(config);
    }
    if (!config.wholeWords()) {
      readCharacters();
    } else {
      readWords();
    }
    return config.all() ? allFound(keywords.entries) : anyFound(keywords.entries);
  }

  private boolean holdsExactly(SignalsConfig.Keywords config) {
    for (String keyword : config.keywords()) {
      if (text.contains(keyword) != config.all()) {
        return !config.all();
      }
    }
    return config.all();
  }

  boolean holds(Signals.RegexTest regex) {
    if (regex.needs.length > 0) {
      readCharacters();
      for (int[] need : regex.needs) {
        if (!anyFound(need)) {
          return false;
        }
      }
    }
    int length = Math.min(text.length(), signals.config.regexMaxCharacters());
    return regex.pattern.matcher(text.substring(0, length)).find();
  }

  /** The domain with the highest score, if that is enough; null: none. */
  @Nullable String domain() {
    readWords();
    String best = null;
    int bestScore = 0;
    for (int i = 0; i < signals.config.domains().size(); i++) {
      SignalsConfig.Domain domain = signals.config.domains().get(i);
      if (scores[i] >= domain.threshold() && scores[i] > bestScore) {
        best = domain.name();
        bestScore = scores[i];
      }
    }
    return best;
  }

  /** The language, ISO 639-1; null: unknown. */
  @Nullable String language() {
    readWords();
    return Languages.of(letters, scores, signals.firstLanguageGroup());
  }

  private void readWords() {
    if (!wordsRead) {
      wordsRead = true;
      TextScan.scan(text, this);
    }
  }

  private void readCharacters() {
    Automaton characters = signals.characters;
    if (charactersRead || characters == null) {
      return;
    }
    charactersRead = true;
    int state = Automaton.ROOT;
    for (int i = 0; i < text.length(); i++) {
      state = characters.next(state, Characters.folded(text.charAt(i)));
      if (state != Automaton.ROOT) {
        markEndings(characters, state);
      }
    }
  }

  @Override
  public void token(String source, int start, int end, TextScan.Kind kind) {
    foldedState = signals.folded.next(foldedState, source, start, end);
    if (foldedState != Automaton.ROOT) {
      markEndings(signals.folded.automaton(), foldedState);
    }
    if (signals.exact != null) {
      exactState = signals.exact.next(exactState, source, start, end);
      if (exactState != Automaton.ROOT) {
        markEndings(signals.exact.automaton(), exactState);
      }
    }
    if (kind == TextScan.Kind.WORD || kind == TextScan.Kind.SINGLE) {
      letters[Languages.scriptOf(source.charAt(start)).index]++;
    }
    Shape shape = shapes.shapeAt(source, start, end, kind);
    int[] entries = shape == null ? null : signals.entriesOf(shape);
    if (entries != null) {
      for (int entry : entries) {
        mark(entry);
      }
    }
  }

  private void markEndings(Automaton automaton, int state) {
    int ending = automaton.firstEnding(state);
    while (ending != Automaton.ROOT) {
      for (int entry : automaton.entries(ending)) {
        mark(entry);
      }
      ending = automaton.nextEnding(ending);
    }
  }

  private void mark(int entry) {
    long bit = 1L << entry;
    int place = entry >> 6;
    if ((found[place] & bit) == 0) {
      found[place] |= bit;
      int group = signals.groupOf(entry);
      if (group != Signals.NO_GROUP) {
        scores[group] += signals.weightOf(entry);
      }
    }
  }

  private boolean isFound(int entry) {
    return (found[entry >> 6] & (1L << entry)) != 0;
  }

  private boolean anyFound(int[] entries) {
    for (int entry : entries) {
      if (isFound(entry)) {
        return true;
      }
    }
    return false;
  }

  private boolean allFound(int[] entries) {
    for (int entry : entries) {
      if (!isFound(entry)) {
        return false;
      }
    }
    return true;
  }
}
