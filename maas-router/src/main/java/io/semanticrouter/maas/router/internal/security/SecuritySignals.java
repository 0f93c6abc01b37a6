// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import com.google.re2j.Pattern;
import io.semanticrouter.maas.record.PiiType;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks for personal data and jailbreak attempts in prompts, in time linear in their length. What
 * comes out are kinds; the text that matched, and where, stays inside. Immutable and thread-safe.
 */
public final class SecuritySignals {
  /**
   * What was found in a prompt. Immutable.
   *
   * @param pii the kinds of personal data
   * @param jailbreak whether it is a jailbreak attempt
   */
  public record Findings(Set<PiiType> pii, boolean jailbreak) {
    /** Nothing. */
    static final Findings NONE = new Findings(Set.of(), false);

    /** Copies the kinds. */
    public Findings {
      pii = pii.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(pii));
    }
  }

  private final SecurityConfig config;
  private final @Nullable PhraseList phrases;
  private final @Nullable Pattern patterns;

  public SecuritySignals(SecurityConfig config) {
    this.config = config;
    SecurityConfig.Jailbreak jailbreak = config.jailbreak();
    this.phrases = jailbreak.enabled() ? PhraseList.shippedAnd(jailbreak.phrases()) : null;
    this.patterns = jailbreak.enabled() ? anyOf(jailbreak.patterns()) : null;
  }

  /** One pattern for all, so that the text is read once. */
  static @Nullable Pattern anyOf(List<String> patterns) {
    if (patterns.isEmpty()) {
      return null;
    }
    String any = patterns.stream().map(p -> "(?:" + p + ")").collect(Collectors.joining("|"));
    return Pattern.compile(any, Pattern.CASE_INSENSITIVE);
  }

  /** What is in a text, of that which the configuration looks for. */
  public Findings scan(String text) {
    boolean pii = config.pii().enabled();
    if (!pii && phrases == null) {
      return Findings.NONE;
    }
    String plain = TextFolding.plain(text);
    Set<PiiType> kinds =
        pii ? PiiScanner.scan(plain, config.pii().types(), config.pii().nationalIds()) : Set.of();
    boolean jailbreak =
        (phrases != null && phrases.isIn(plain))
            || (patterns != null && patterns.matcher(plain).find());
    return kinds.isEmpty() && !jailbreak ? Findings.NONE : new Findings(kinds, jailbreak);
  }

  /** Whether a request with such findings is refused. */
  public boolean isBlocked(Findings findings) {
    return isBlockedAsJailbreak(findings)
        || (!findings.pii().isEmpty() && config.pii().action() == SecurityConfig.Action.BLOCK);
  }

  /** Whether it is refused for being a jailbreak attempt. */
  public boolean isBlockedAsJailbreak(Findings findings) {
    return findings.jailbreak() && config.jailbreak().action() == SecurityConfig.Action.BLOCK;
  }
}
