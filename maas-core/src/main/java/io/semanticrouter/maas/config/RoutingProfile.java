// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.Labels;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.record.ResponsePath;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A named set of wire names: under which names a semantic router states its facts in response
 * headers. Immutable and thread-safe.
 *
 * <p>Sources: {@link #SEED} has the names of the MaaS integration guide of the semantic router,
 * {@link #VSR} those of the vLLM Semantic Router since its header contract v0.4, schema version 2
 * ({@code pkg/headers/headers.go}).
 */
public final class RoutingProfile {
  /** What a router may state. */
  public enum Fact {
    /** The model that was chosen. */
    MODEL,
    /** The routing decision that was taken. */
    DECISION,
    /** The category of the prompt. */
    CATEGORY,
    /** Whether reasoning was switched on: on or off, true or false, 1 or 0. */
    REASONING,
    /** Whether the answer came from the response cache: as above. */
    CACHE_HIT,
    /** Whether a system prompt was added: as above. */
    SYSTEM_PROMPT,
    /** Whether personal data was found: as above, or the names of the rules that found it. */
    PII,
    /** Whether a jailbreak attempt was found: the same. */
    JAILBREAK,
    /** How the response came about, as in {@link ResponsePath}. */
    RESPONSE_PATH,
    /** Whether the router answered itself: true. */
    FAST_RESPONSE,
    /** The version of the header contract. */
    SCHEMA_VERSION,
    /** Prompt tokens of all calls of a looper together. */
    LOOPER_PROMPT_TOKENS,
    /** Completion tokens of all calls of a looper together. */
    LOOPER_COMPLETION_TOKENS,
    /** Tokens of all calls of a looper together. */
    LOOPER_TOTAL_TOKENS;

    private final String key = Labels.of(this);

    /** The key in the configuration of a custom profile. */
    String key() {
      return key;
    }
  }

  /** Two spellings are known. */
  private static final int NAMES_PER_FACT = 2;

  /** The names of the MaaS integration guide. */
  public static final RoutingProfile SEED =
      of(
          "seed",
          Map.of(
              Fact.MODEL, "x-vsr-model-selected",
              Fact.DECISION, "x-vsr-decision",
              Fact.CATEGORY, "x-vsr-category",
              Fact.REASONING, "x-vsr-reasoning-enabled",
              Fact.CACHE_HIT, "x-vsr-cache-hit",
              Fact.SYSTEM_PROMPT, "x-vsr-system-prompt-injected",
              Fact.PII, "x-vsr-pii-detected",
              Fact.JAILBREAK, "x-vsr-jailbreak-detected"));

  /** The names of the vLLM Semantic Router since v0.4. */
  public static final RoutingProfile VSR =
      of(
          "vsr",
          Map.ofEntries(
              Map.entry(Fact.MODEL, "x-vsr-selected-model"),
              Map.entry(Fact.DECISION, "x-vsr-selected-decision"),
              Map.entry(Fact.CATEGORY, "x-vsr-selected-category"),
              Map.entry(Fact.REASONING, "x-vsr-selected-reasoning"),
              Map.entry(Fact.CACHE_HIT, "x-vsr-cache-hit"),
              Map.entry(Fact.SYSTEM_PROMPT, "x-vsr-injected-system-prompt"),
              Map.entry(Fact.PII, "x-vsr-matched-pii"),
              Map.entry(Fact.JAILBREAK, "x-vsr-matched-jailbreak"),
              Map.entry(Fact.RESPONSE_PATH, "x-vsr-response-path"),
              Map.entry(Fact.FAST_RESPONSE, "x-vsr-fast-response"),
              Map.entry(Fact.SCHEMA_VERSION, "x-vsr-schema-version"),
              Map.entry(Fact.LOOPER_PROMPT_TOKENS, "x-vsr-looper-prompt-tokens"),
              Map.entry(Fact.LOOPER_COMPLETION_TOKENS, "x-vsr-looper-completion-tokens"),
              Map.entry(Fact.LOOPER_TOTAL_TOKENS, "x-vsr-looper-total-tokens")));

  /** Both of them; where a response has both names of a fact, that of {@link #SEED} counts. */
  public static final RoutingProfile AUTO = union("auto", SEED, VSR);

  /** No names at all: nobody's facts are believed. */
  public static final RoutingProfile NONE = of("none", Map.of());

  private final String name;
  private final Map<Fact, List<String>> names;
  private final Map<String, Slot> slots = new HashMap<>();

  /** The beginning that all names share. */
  private final String prefix;

  private RoutingProfile(String name, Map<Fact, List<String>> names) {
    this.name = name;
    this.names = names;
    String common = null;
    for (Map.Entry<Fact, List<String>> entry : names.entrySet()) {
      List<String> headers = entry.getValue();
      for (int rank = 0; rank < headers.size(); rank++) {
        String header = headers.get(rank);
        slots.put(header, new Slot(header, index(entry.getKey(), rank)));
        common = common == null ? header : commonPrefix(common, header);
      }
    }
    prefix = common == null ? "" : common;
  }

  /** A profile with one name for each of some facts; no two have the same. */
  static RoutingProfile of(String name, Map<Fact, String> headers) {
    Map<Fact, List<String>> names = new EnumMap<>(Fact.class);
    headers.forEach((fact, header) -> names.put(fact, List.of(header)));
    return new RoutingProfile(name, names);
  }

  private static RoutingProfile union(String name, RoutingProfile first, RoutingProfile second) {
    Map<Fact, List<String>> names = new EnumMap<>(first.names);
    second.names.forEach(
        (fact, more) ->
            names.merge(
                fact,
                more,
                (some, others) -> {
                  List<String> all = new ArrayList<>(some);
                  others.stream().filter(other -> !some.contains(other)).forEach(all::add);
                  return List.copyOf(all);
                }));
    return new RoutingProfile(name, names);
  }

  private static String commonPrefix(String a, String b) {
    int end = 0;
    while (end < Math.min(a.length(), b.length()) && a.charAt(end) == b.charAt(end)) {
      end++;
    }
    return a.substring(0, end);
  }

  /** The name of the profile: seed, vsr, auto, custom or none. */
  public String name() {
    return name;
  }

  /** The names of the header that states a fact, the one that counts first; often one or none. */
  public List<String> headers(Fact fact) {
    return names.getOrDefault(fact, List.of());
  }

  /** Whether the router that speaks so keeps some facts back until it is asked for them. */
  boolean asksForDebug() {
    return equals(AUTO) || equals(VSR);
  }

  /** What a response states. */
  public Stated read(Headers response) {
    if (slots.isEmpty() || !response.mayHave(prefix)) {
      return Stated.NOTHING;
    }
    Stated stated = new Stated();
    boolean named = false;
    for (String header : response.names(prefix)) {
      named = true;
      Slot slot = slots.get(header.toLowerCase(Locale.ROOT));
      if (slot != null) {
        stated.values[slot.index] = response.get(slot.header);
      }
    }
    if (!named) {
      // Without names the headers have to be probed one by one.
      for (Slot slot : slots.values()) {
        stated.values[slot.index] = response.get(slot.header);
      }
    }
    return stated;
  }

  /** What a response states of each fact, as it states it. */
  public static final class Stated {
    public static final Stated NOTHING = new Stated();

    private final @Nullable String[] values =
        new @Nullable String[Fact.values().length * NAMES_PER_FACT];

    private Stated() {}

    /** The first value of a fact that can be used; null when there is none. */
    public @Nullable String fact(Fact fact) {
      String value = Texts.fact(values[index(fact, 0)]);
      return value != null ? value : Texts.fact(values[index(fact, 1)]);
    }

    /** The first value of a fact that is not blank, whatever it is; null when there is none. */
    public @Nullable String raw(Fact fact) {
      String value = values[index(fact, 0)];
      return value != null && !Texts.trimmed(value).isEmpty() ? value : values[index(fact, 1)];
    }
  }

  /** Where the value of a header goes. */
  private record Slot(String header, int index) {}

  @SuppressWarnings("EnumOrdinal") // never leaves the process
  private static int index(Fact fact, int rank) {
    return fact.ordinal() * NAMES_PER_FACT + rank;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RoutingProfile that
        && name.equals(that.name)
        && names.equals(that.names);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + names.hashCode();
  }

  @Override
  public String toString() {
    return name + names;
  }
}
