// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The signals of one request, each looked at when a condition first asks for it. Not thread-safe.
 *
 * <p>Signals look at what the user wrote last. Only when that has no domain or no language of its
 * own ("and why?"), the domain and the language are those of all that the user wrote.
 */
final class Evaluation {
  private static final byte UNKNOWN = 0;
  private static final byte ABSENT = 1;
  private static final byte THERE = 2;
  private static final int CHARACTERS_PER_TOKEN = 4;

  private final Signals signals;
  private final Prompt prompt;
  private final Identity identity;
  private final TextEvidence last;
  private final byte[] known;
  private final List<String> matched = new ArrayList<>();
  private @Nullable TextEvidence all;
  private boolean domainKnown;
  private @Nullable String domain;
  private boolean languageKnown;
  private @Nullable String language;

  Evaluation(Signals signals, Prompt prompt, Identity identity, int tests) {
    this.signals = signals;
    this.prompt = prompt;
    this.identity = identity;
    this.last = new TextEvidence(signals, prompt.lastText());
    this.known = new byte[tests];
  }

  /** A signal that conditions ask for; the same one has the same number everywhere. */
  record Test(Condition.Signal signal, int number, Check check) {}

  /** Whether a signal is there. */
  interface Check {
    boolean holds(Evaluation evaluation);
  }

  boolean holds(Test test) {
    byte before = known[test.number()];
    if (before != UNKNOWN) {
      return before == THERE;
    }
    boolean there = test.check().holds(this);
    known[test.number()] = there ? THERE : ABSENT;
    if (there) {
      matched.add(test.signal().toString());
    }
    return there;
  }

  List<String> matched() {
    return List.copyOf(matched);
  }

  String tier() {
    return identity.tier();
  }

  @Nullable String domain() {
    if (!domainKnown) {
      domainKnown = true;
      domain = last.domain();
      TextEvidence whole = domain == null ? all() : null;
      if (whole != null) {
        domain = whole.domain();
      }
    }
    return domain;
  }

  private @Nullable String language() {
    if (!languageKnown) {
      languageKnown = true;
      language = last.language();
      TextEvidence whole = language == null ? all() : null;
      if (whole != null) {
        language = whole.language();
      }
    }
    return language;
  }

  private @Nullable TextEvidence all() {
    if (all == null && !prompt.text().equals(prompt.lastText())) {
      all = new TextEvidence(signals, prompt.text());
    }
    return all;
  }

  /** How to look for a signal. */
  static Check check(Signals signals, Condition.Signal signal) {
    String name = signal.name();
    return switch (signal.type()) {
      case KEYWORD -> {
        Signals.KeywordTest keywords = signals.keyword(name);
        yield e -> e.last.holds(keywords);
      }
      case REGEX -> {
        Signals.RegexTest regex = signals.regex(name);
        yield e -> e.last.holds(regex);
      }
      case DOMAIN -> e -> name.equals(e.domain());
      case LANGUAGE -> {
        String language =
            named(signals.config.languages(), SignalsConfig.Language::name, name).language();
        yield e -> language.equals(e.language());
      }
      case CONTEXT -> {
        SignalsConfig.Context context =
            named(signals.config.context(), SignalsConfig.Context::name, name);
        yield e ->
            e.estimatedTokens() >= context.minTokens()
                && e.estimatedTokens() <= context.maxTokens();
      }
      case TOOLS -> e -> e.prompt.hasTools();
      case IMAGES -> e -> e.prompt.hasImages();
      case MODEL -> {
        List<String> models =
            named(signals.config.models(), SignalsConfig.Models::name, name).models();
        yield e -> Glob.anyMatches(models, e.prompt.model());
      }
      case TIER -> {
        List<String> tiers = named(signals.config.tiers(), SignalsConfig.Tiers::name, name).tiers();
        yield e -> tiers.contains(e.tier());
      }
    };
  }

  private static <T> T named(List<T> signals, Function<T, String> name, String wanted) {
    for (T signal : signals) {
      if (name.apply(signal).equals(wanted)) {
        return signal;
      }
    }
    throw new IllegalArgumentException("no signal " + wanted);
  }

  private long estimatedTokens() {
    return prompt.characters() / CHARACTERS_PER_TOKEN
        + (prompt.characters() % CHARACTERS_PER_TOKEN == 0 ? 0 : 1);
  }
}
