// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.List;
import java.util.Locale;

/** When a routing decision is taken: a tree of signals. Immutable. */
sealed interface Condition {

  /** All of them hold. */
  record And(List<Condition> conditions) implements Condition {}

  /** At least one of them holds. */
  record Or(List<Condition> conditions) implements Condition {}

  /** It does not hold. */
  record Not(Condition condition) implements Condition {}

  /**
   * A signal is there.
   *
   * @param type what kind of signal
   * @param name the signal, empty for kinds of which there is only one
   */
  record Signal(Type type, String name) implements Condition {
    /** For explanations: {@code keyword:urgent}, {@code tools}. */
    @Override
    public String toString() {
      return name.isEmpty() ? type.spelled() : type.spelled() + ":" + name;
    }
  }

  /** The kinds of signals. */
  enum Type {
    KEYWORD,
    REGEX,
    DOMAIN,
    LANGUAGE,
    CONTEXT,
    TOOLS,
    IMAGES,
    MODEL,
    TIER;

    String spelled() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
