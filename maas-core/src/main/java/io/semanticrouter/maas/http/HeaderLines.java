// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The lines of a message, copied out of what a gateway holds them in. */
final class HeaderLines implements Headers {
  private final List<String> names = new ArrayList<>();
  private final List<String> values = new ArrayList<>();

  /** Adds one line; what has no name or no value is none. */
  void add(@Nullable String name, @Nullable String value) {
    if (name != null && value != null) {
      names.add(name.toLowerCase(Locale.ROOT));
      values.add(value);
    }
  }

  @Override
  public @Nullable String get(String lowerCaseName) {
    int last = names.lastIndexOf(lowerCaseName);
    return last < 0 ? null : values.get(last);
  }

  @Override
  public int count(String lowerCaseName) {
    int count = 0;
    for (int i = 0; i < names.size(); i++) {
      count += names.get(i).equals(lowerCaseName) ? 1 : 0;
    }
    return count;
  }

  @Override
  public Iterable<String> names() {
    return names;
  }
}
