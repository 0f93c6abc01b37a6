// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How constants are spelt in a journal: as in metrics, in lower case. */
final class Names {
  private static final Map<Enum<?>, String> NAMES = new ConcurrentHashMap<>();

  private static final ClassValue<Map<String, Object>> CONSTANTS =
      new ClassValue<>() {
        @Override
        protected Map<String, Object> computeValue(Class<?> type) {
          Map<String, Object> constants = new HashMap<>();
          for (Object constant : type.getEnumConstants()) {
            constants.put(of((Enum<?>) constant), constant);
          }
          return constants;
        }
      };

  private Names() {}

  static String of(Enum<?> constant) {
    String name = NAMES.get(constant);
    return name != null
        ? name
        : NAMES.computeIfAbsent(constant, of -> of.name().toLowerCase(Locale.ROOT));
  }

  static <E extends Enum<E>> E constant(Class<E> type, String name) throws UnreadableException {
    Object constant = CONSTANTS.get(type).get(name);
    if (constant == null) {
      throw new UnreadableException(
          "from a newer version: a " + type.getSimpleName() + " that is not known here");
    }
    return type.cast(constant);
  }
}
