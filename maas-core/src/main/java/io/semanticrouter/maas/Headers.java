// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The headers of one request or response, as the embedding gateway holds them. {@code
 * request::getHeader} of most HTTP APIs already is one; a gateway that can count header lines and
 * list names overrides the two default methods and gets ambiguity detection and complete removal of
 * spoofable headers in return.
 *
 * <p>Values are text decoded from UTF-8 with malformed input replaced by U+FFFD, which the metering
 * treats as "not valid". An implementation is called on the thread that drives the exchange, only
 * during the call that it was passed to, and must not throw.
 */
@FunctionalInterface
public interface Headers {
  /** No headers at all. */
  Headers EMPTY = name -> null;

  /**
   * The value of a header.
   *
   * @param lowerCaseName header name in lower case; matching is case-insensitive (RFC 9110, 5.1)
   * @return the value; of several header lines the last one; null when there is none
   */
  @Nullable String get(String lowerCaseName);

  /** How many lines the header has. The default cannot tell more than one from one. */
  default int count(String lowerCaseName) {
    return get(lowerCaseName) == null ? 0 : 1;
  }

  /**
   * The lower-case names of all headers, repeats allowed. Empty means "not known": well-known names
   * are then probed with {@link #get}.
   */
  default Iterable<String> names() {
    return List.of();
  }

  /**
   * The lower-case names that begin so, repeats allowed; empty where the names are not known. A
   * gateway that can pick them out makes less garbage than the default.
   */
  default Iterable<String> names(String lowerCasePrefix) {
    List<String> matching = new ArrayList<>();
    for (String name : names()) {
      if (name.startsWith(lowerCasePrefix)) {
        matching.add(name);
      }
    }
    return matching;
  }

  /**
   * Whether so much more can be added without the message becoming one that the gateway refuses.
   * The default knows of no limit.
   */
  default boolean hasRoomFor(int lines, int bytes) {
    return true;
  }

  /**
   * Whether a header's name may begin so. True when it does, and also when the names are not known;
   * a gateway that knows them without listing them answers faster than the default.
   */
  default boolean mayHave(String lowerCasePrefix) {
    boolean named = false;
    for (String name : names()) {
      named = true;
      if (name.startsWith(lowerCasePrefix)) {
        return true;
      }
    }
    return !named;
  }
}
