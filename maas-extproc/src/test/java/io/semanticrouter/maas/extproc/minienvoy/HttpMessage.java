// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import java.util.ArrayList;
import java.util.List;

/**
 * An HTTP request or response as it comes to Envoy. Immutable.
 *
 * @param headers its headers, pseudo headers first
 * @param chunks its body, as it is cut on the wire
 * @param trailers its trailers; sent only with {@link End#TRAILERS}
 * @param end where it ends
 */
public record HttpMessage(
    HeaderMap headers, List<ByteString> chunks, HeaderMap trailers, HttpMessage.End end) {

  /** What carries the end of stream. */
  public enum End {
    /** The headers: there is no body. */
    HEADERS,
    /** The last chunk. */
    LAST_CHUNK,
    /** An empty chunk behind the last one: how event streams mostly end. */
    EMPTY_CHUNK,
    /** Trailers. */
    TRAILERS,
    /** Nothing: it breaks off. */
    NEVER
  }

  /**
   * A message.
   *
   * @throws IllegalArgumentException for a body without chunks, or chunks without a body
   */
  public HttpMessage {
    chunks = List.copyOf(chunks);
    if (chunks.isEmpty() ? end == End.LAST_CHUNK : end == End.HEADERS) {
      throw new IllegalArgumentException(chunks.size() + " chunks that end with " + end);
    }
  }

  /** A request without a body; names and values of more headers alternate. */
  public static HttpMessage request(String method, String path, String... headers) {
    return new HttpMessage(
        headers(":method", method, ":path", path, ":authority", "llm.test", headers),
        List.of(),
        HeaderMap.getDefaultInstance(),
        End.HEADERS);
  }

  /** A response without a body; names and values of more headers alternate. */
  public static HttpMessage response(int status, String... headers) {
    return new HttpMessage(
        headers(":status", Integer.toString(status), "server", "test", "date", "today", headers),
        List.of(),
        HeaderMap.getDefaultInstance(),
        End.HEADERS);
  }

  /** The same message with a body of these chunks. */
  public HttpMessage body(End bodyEnd, String... texts) {
    List<ByteString> body = new ArrayList<>(texts.length);
    for (String text : texts) {
      body.add(ByteString.copyFromUtf8(text));
    }
    return body(bodyEnd, body);
  }

  /** The same message with a body of these chunks. */
  public HttpMessage body(End bodyEnd, List<ByteString> body) {
    return new HttpMessage(headers, body, trailers, bodyEnd);
  }

  /** The same message with one more header. */
  public HttpMessage header(String name, ByteString value) {
    HeaderMap more = headers.toBuilder().addHeaders(value(name, value)).build();
    return new HttpMessage(more, chunks, trailers, end);
  }

  /** The same message, ending in trailers. */
  public HttpMessage trailers(String... namesAndValues) {
    HeaderMap.Builder map = HeaderMap.newBuilder();
    addAll(map, namesAndValues);
    return new HttpMessage(headers, chunks, map.build(), End.TRAILERS);
  }

  /** The whole body. */
  public ByteString body() {
    return ByteString.copyFrom(chunks);
  }

  /** What Envoy sees of it, in order. */
  List<HttpExchange.Event> events(Direction direction) {
    List<HttpExchange.Event> events = new ArrayList<>(chunks.size() + 2);
    events.add(
        HttpExchange.Event.head(direction, HttpExchange.Part.HEADERS, headers, end == End.HEADERS));
    for (int i = 0; i < chunks.size(); i++) {
      boolean last = end == End.LAST_CHUNK && i == chunks.size() - 1;
      events.add(HttpExchange.Event.data(direction, chunks.get(i), last));
    }
    if (end == End.EMPTY_CHUNK) {
      events.add(HttpExchange.Event.data(direction, ByteString.EMPTY, true));
    } else if (end == End.TRAILERS) {
      events.add(HttpExchange.Event.head(direction, HttpExchange.Part.TRAILERS, trailers, true));
    }
    return events;
  }

  private static HeaderMap headers(
      String name1,
      String value1,
      String name2,
      String value2,
      String name3,
      String value3,
      String... more) {
    HeaderMap.Builder map = HeaderMap.newBuilder();
    addAll(map, name1, value1, name2, value2, name3, value3);
    addAll(map, more);
    return map.build();
  }

  private static void addAll(HeaderMap.Builder map, String... namesAndValues) {
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.addHeaders(value(namesAndValues[i], ByteString.copyFromUtf8(namesAndValues[i + 1])));
    }
  }

  private static HeaderValue value(String name, ByteString value) {
    return HeaderValue.newBuilder().setKey(name).setRawValue(value).build();
  }
}
