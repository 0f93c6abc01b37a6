// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP exchange as a data plane lives through it: what comes from the client and from the
 * upstream, in the order of its coming. Within a direction the order is that of HTTP; the two
 * directions are independent. Immutable.
 *
 * @param request what the client sends
 * @param response what the upstream, or a local reply, answers
 * @param events both, in order
 */
public record HttpExchange(HttpMessage request, HttpMessage response, List<Event> events) {

  /** The parts of an HTTP message. */
  enum Part {
    HEADERS,
    DATA,
    TRAILERS
  }

  /** One thing that happens to a data plane. */
  record Event(Direction direction, Part part, HeaderMap map, ByteString bytes, boolean end) {
    static Event head(Direction direction, Part part, HeaderMap map, boolean end) {
      return new Event(direction, part, map, ByteString.EMPTY, end);
    }

    static Event data(Direction direction, ByteString bytes, boolean end) {
      return new Event(direction, Part.DATA, HeaderMap.getDefaultInstance(), bytes, end);
    }
  }

  /** The usual one: the response follows the request. */
  public static HttpExchange of(HttpMessage request, HttpMessage response) {
    List<Event> events = new ArrayList<>(request.events(Direction.REQUEST));
    events.addAll(response.events(Direction.RESPONSE));
    return new HttpExchange(request, response, List.copyOf(events));
  }

  /** A request that is never answered. */
  public static HttpExchange unanswered(HttpMessage request) {
    return new HttpExchange(
        request, HttpMessage.response(0), List.copyOf(request.events(Direction.REQUEST)));
  }

  /**
   * A response that begins before its request has ended, or at once (a local reply).
   *
   * @param first how many events of the request come before the response; the others follow one by
   *     one between those of the response
   */
  public static HttpExchange interleaved(HttpMessage request, HttpMessage response, int first) {
    return merged(request, response, first, null);
  }

  /** A response that begins any time after the request's headers. */
  public static HttpExchange interleaved(HttpMessage request, HttpMessage response, Random random) {
    return merged(request, response, 1, random);
  }

  private static HttpExchange merged(
      HttpMessage request, HttpMessage response, int first, @Nullable Random random) {
    List<Event> requests = request.events(Direction.REQUEST);
    List<Event> responses = response.events(Direction.RESPONSE);
    List<Event> events = new ArrayList<>(requests.size() + responses.size());
    int fromRequest = Math.min(first, requests.size());
    events.addAll(requests.subList(0, fromRequest));
    int fromResponse = 0;
    while (fromRequest < requests.size() || fromResponse < responses.size()) {
      boolean next = random == null ? events.size() % 2 == first % 2 : random.nextBoolean();
      boolean answers = fromRequest == requests.size() || (fromResponse < responses.size() && next);
      events.add(answers ? responses.get(fromResponse++) : requests.get(fromRequest++));
    }
    return new HttpExchange(request, response, Collections.unmodifiableList(events));
  }

  /** How many things happen. */
  public int length() {
    return events.size();
  }
}
