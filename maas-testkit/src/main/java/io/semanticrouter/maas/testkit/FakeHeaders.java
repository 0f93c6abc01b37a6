// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import io.semanticrouter.maas.http.Headers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The headers of one message: ordered, several lines per name, names in any case. It can count
 * lines and list names; {@code fake::get} is the same headers as a gateway that can do neither. Not
 * thread-safe.
 */
public final class FakeHeaders implements Headers {
  private final List<String> names = new ArrayList<>();
  private final List<String> values = new ArrayList<>();

  /** Headers from alternating names and values. */
  public static FakeHeaders of(String... namesAndValues) {
    if (namesAndValues.length % 2 != 0) {
      throw new IllegalArgumentException("a name without a value");
    }
    FakeHeaders headers = new FakeHeaders();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      headers.add(namesAndValues[i], namesAndValues[i + 1]);
    }
    return headers;
  }

  /** Adds one header line behind the others. */
  public FakeHeaders add(String name, String value) {
    names.add(name.toLowerCase(Locale.ROOT));
    values.add(value);
    return this;
  }

  /** The same headers as a gateway has them that can list no names. */
  public Headers unnamed() {
    return name -> get(name);
  }

  @Override
  public @Nullable String get(String lowerCaseName) {
    int last = names.lastIndexOf(lowerCaseName.toLowerCase(Locale.ROOT));
    return last < 0 ? null : values.get(last);
  }

  @Override
  public int count(String lowerCaseName) {
    String name = lowerCaseName.toLowerCase(Locale.ROOT);
    return (int) names.stream().filter(name::equals).count();
  }

  @Override
  public Iterable<String> names() {
    return List.copyOf(names);
  }
}
