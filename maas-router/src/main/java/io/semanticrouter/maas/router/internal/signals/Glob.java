// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import com.google.re2j.Pattern;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Names in which {@code *} stands for any text, also for none. Immutable. */
public record Glob(Pattern pattern) {
  /** Any of several such names. */
  public static Glob anyOf(List<String> names) {
    String any =
        names.stream()
            .map(
                name ->
                    Arrays.stream(name.split("\\*", -1))
                        .map(Pattern::quote)
                        .collect(Collectors.joining(".*")))
            .collect(Collectors.joining("|"));
    return new Glob(Pattern.compile(any, Pattern.DOTALL));
  }

  /** Whether all of a text is such a name. */
  public boolean matches(String text) {
    return pattern.matches(text);
  }
}
