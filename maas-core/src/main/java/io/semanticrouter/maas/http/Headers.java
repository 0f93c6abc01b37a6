// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

import io.semanticrouter.maas.internal.spelling.Texts;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The headers of one request or response, as the embedding gateway holds them. The factories make
 * them from what HTTP APIs have:
 *
 * <pre>{@code
 * Headers.latin1(Headers.of(request.getHeaderNames(), request::getHeaders))  // Servlet
 * Headers.latin1(Headers.of(response.headers().map()))                       // java.net.http
 * Headers.latin1(Headers.of(exchange.getRequestHeaders()))                   // com.sun.net.httpserver
 * Headers.latin1(Headers.of(request.headers()))                              // Netty, Vert.x
 * Headers.latin1(Headers.of(request.getHeaders().asMultiValueMap()))         // Spring
 * }</pre>
 *
 * <p>{@code request::getHeader} is one as well, but of two lines most APIs give the first, where
 * Envoy and backends take the last: a client that adds a line of its own would choose who pays.
 * Without names only well-known headers can be removed.
 *
 * <p>Values are text decoded from UTF-8 with malformed input replaced by U+FFFD, which the metering
 * treats as "not valid". An implementation is called on the thread that drives the exchange, only
 * during the call that it was passed to, and must not throw.
 */
@FunctionalInterface
public interface Headers {
  /** No headers at all. */
  Headers EMPTY = name -> null;

  /** Copies headers from a map of names, in any case, to their lines, in their order. */
  static Headers of(Map<String, ? extends Iterable<String>> lines) {
    HeaderLines copy = new HeaderLines();
    lines.forEach((name, values) -> values.forEach(value -> copy.add(name, value)));
    return copy;
  }

  /** Copies headers from their lines, in their order, with names in any case. */
  static Headers of(Iterable<? extends Map.Entry<String, String>> lines) {
    HeaderLines copy = new HeaderLines();
    lines.forEach(line -> copy.add(line.getKey(), line.getValue()));
    return copy;
  }

  /**
   * Copies headers as the Servlet API has them.
   *
   * @param names in any case; a name that comes again is left out
   * @param lines the lines of a name, in their order
   */
  static Headers of(Enumeration<String> names, Function<String, Enumeration<String>> lines) {
    HeaderLines copy = new HeaderLines();
    while (names.hasMoreElements()) {
      String name = names.nextElement();
      if (copy.count(name.toLowerCase(Locale.ROOT)) == 0) {
        lines.apply(name).asIterator().forEachRemaining(value -> copy.add(name, value));
      }
    }
    return copy;
  }

  /**
   * Reads values as UTF-8 which have one char for each byte of the wire, as most Java servers and
   * clients make them (ISO 8859-1). Those that were decoded from UTF-8 already must not come here.
   */
  static Headers latin1(Headers headers) {
    return new Latin1Headers(headers);
  }

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
   * What the gateway has noted about the request where no client can write: metadata of an earlier
   * filter, an attribute that it evaluates, an attribute of a servlet request. None by default.
   *
   * @param namespace the filter that has noted it; empty for what the gateway evaluates itself
   * @param key the name in it, with dots between the names of nested values
   * @return the value as text; several for a list
   */
  default List<String> noted(String namespace, String key) {
    return List.of();
  }

  /**
   * The same headers with what this gateway notes about the request; see {@link #noted}.
   *
   * @param notes namespace and key to values
   */
  default Headers withNotes(BiFunction<String, String, List<String>> notes) {
    return new HeadersWithNotes(this, notes);
  }

  /**
   * The names of all headers, in any case, repeats allowed. Empty means "not known": well-known
   * names are then probed with {@link #get}.
   */
  default Iterable<String> names() {
    return List.of();
  }

  /**
   * The names that begin so, in any case, repeats allowed; empty where the names are not known. A
   * gateway that can pick them out makes less garbage than the default.
   */
  default Iterable<String> names(String lowerCasePrefix) {
    List<String> matching = new ArrayList<>();
    for (String name : names()) {
      if (Texts.startsWith(name, lowerCasePrefix)) {
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
      if (Texts.startsWith(name, lowerCasePrefix)) {
        return true;
      }
    }
    return !named;
  }
}
