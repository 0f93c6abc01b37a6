// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.semanticrouter.maas.http.Headers;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Headers as a proxy holds them: names and values side by side, values still as bytes. What is
 * asked for becomes text anew each time, so that no text brings a hash code along, and names are
 * found by their content, never by being the same object.
 */
public final class GatewayHeaders implements Headers {
  private final String[] names;
  private final byte[][] values;
  private final List<String> view;

  private GatewayHeaders(String[] names, byte[][] values) {
    this.names = names;
    this.values = values;
    this.view = Arrays.asList(names);
  }

  /** Headers of alternating names and values. */
  static GatewayHeaders of(String... namesAndValues) {
    int size = namesAndValues.length / 2;
    String[] names = new String[size];
    byte[][] values = new byte[size][];
    for (int i = 0; i < size; i++) {
      names[i] = new String(namesAndValues[2 * i].getBytes(UTF_8), UTF_8);
      values[i] = namesAndValues[2 * i + 1].getBytes(UTF_8);
    }
    return new GatewayHeaders(names, values);
  }

  /** Where a header stands, for {@link #set}. */
  int indexOf(String name) {
    return view.indexOf(name);
  }

  void set(int index, byte[] value) {
    values[index] = value;
  }

  int size() {
    return names.length;
  }

  @Override
  public @Nullable String get(String lowerCaseName) {
    for (int i = names.length - 1; i >= 0; i--) {
      if (names[i].equals(lowerCaseName)) {
        return new String(values[i], UTF_8);
      }
    }
    return null;
  }

  @Override
  public int count(String lowerCaseName) {
    int count = 0;
    for (String name : names) {
      if (name.equals(lowerCaseName)) {
        count++;
      }
    }
    return count;
  }

  @Override
  public Iterable<String> names() {
    return view;
  }
}
