// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.grpc.Channel;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The ext_proc filter of an Envoy in front of a server: it shows HTTP exchanges to the server as
 * its configuration says, does with them what the replies say, and tells what went on and what the
 * server did wrong. The rules are those of Envoy 1.37 (documentation and behaviour of {@code
 * envoy.filters.http.ext_proc}).
 *
 * <pre>{@code
 * MiniEnvoy envoy = MiniEnvoy.on(channel, Filter.of(BodySendMode.NONE, BodySendMode.STREAMED));
 * Played played = envoy.play(HttpExchange.of(request, response));
 * assertThat(played.violations()).isEmpty();
 * }</pre>
 *
 * <p>It is stricter than Envoy in one thing: replies have to come in the order of the messages of
 * both directions together, where Envoy wants it in each of them. What Envoy does by the clock
 * (message timeouts) it does not do.
 *
 * <p>Immutable; plays any number of exchanges at a time, each in the thread that asks for it.
 */
public final class MiniEnvoy {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Supplier<Wire> opener;
  private final Filter filter;
  private final Duration patience;
  private final int lag;

  private MiniEnvoy(Supplier<Wire> opener, Filter filter, Duration patience, int lag) {
    this.opener = opener;
    this.filter = filter;
    this.patience = patience;
    this.lag = lag;
  }

  /** In front of the server behind a channel; the channel stays the caller's. */
  public static MiniEnvoy on(Channel channel, Filter filter) {
    return new MiniEnvoy(() -> new GrpcWire(channel), filter, PATIENCE, 0);
  }

  /**
   * In front of a server on the same thread, as with {@code directExecutor()} on both sides of an
   * in-process channel: what has not come when a call returns will not come.
   */
  public static MiniEnvoy beside(Channel channel, Filter filter) {
    return new MiniEnvoy(() -> new GrpcWire(channel), filter, Duration.ZERO, 0);
  }

  /** In front of a server that is a function: what it answers to a message. */
  public static MiniEnvoy beside(
      Function<ProcessingRequest, List<ProcessingResponse>> server, Filter filter) {
    return new MiniEnvoy(() -> new LocalWire(server), filter, Duration.ZERO, 0);
  }

  /** The same, with replies that are acted upon only so many events after they came. */
  public MiniEnvoy lagging(int events) {
    return new MiniEnvoy(opener, filter, patience, events);
  }

  /** Plays an exchange to its end, and resets the stream. */
  public Played play(HttpExchange exchange) {
    return play(exchange, Ending.RESET);
  }

  /** Plays an exchange to its end. */
  public Played play(HttpExchange exchange, Ending ending) {
    return play(exchange, exchange.length(), ending);
  }

  /**
   * Plays an exchange that breaks off: the client has gone, or the upstream.
   *
   * @param events how many of its events happen; all of them: it is played to its end
   */
  public Played play(HttpExchange exchange, int events, Ending ending) {
    return new Play(opener, filter, patience, lag).run(exchange, events, ending);
  }

  /** The messages of an exchange for a server that changes nothing, to be sent by other means. */
  public static List<ProcessingRequest> script(Filter filter, HttpExchange exchange) {
    return script(filter, exchange, message -> List.of(unchanged(filter, message)));
  }

  /**
   * The messages of an exchange for a server with known replies, to be sent by other means: for
   * example, one that overrides the mode.
   */
  public static List<ProcessingRequest> script(
      Filter filter,
      HttpExchange exchange,
      Function<ProcessingRequest, List<ProcessingResponse>> server) {
    return beside(server, filter).play(exchange).sent();
  }

  /** The reply that changes nothing; of a FULL_DUPLEX_STREAMED body, which only it has, a copy. */
  public static ProcessingResponse unchanged(Filter filter, ProcessingRequest message) {
    ProcessingResponse.Builder reply = ProcessingResponse.newBuilder();
    switch (message.getRequestCase()) {
      case REQUEST_HEADERS -> reply.setRequestHeaders(HeadersResponse.getDefaultInstance());
      case RESPONSE_HEADERS -> reply.setResponseHeaders(HeadersResponse.getDefaultInstance());
      case REQUEST_BODY -> reply.setRequestBody(unchanged(filter, Direction.REQUEST, message));
      case RESPONSE_BODY -> reply.setResponseBody(unchanged(filter, Direction.RESPONSE, message));
      case REQUEST_TRAILERS -> reply.setRequestTrailers(TrailersResponse.getDefaultInstance());
      case RESPONSE_TRAILERS -> reply.setResponseTrailers(TrailersResponse.getDefaultInstance());
      case REQUEST_NOT_SET -> throw new IllegalArgumentException("nothing to reply to");
    }
    return reply.build();
  }

  private static BodyResponse unchanged(
      Filter filter, Direction direction, ProcessingRequest message) {
    if (direction.bodyMode(filter.mode()) != BodySendMode.FULL_DUPLEX_STREAMED) {
      return BodyResponse.getDefaultInstance();
    }
    HttpBody body = direction.body(message);
    BodyMutation echo =
        BodyMutation.newBuilder()
            .setStreamedResponse(
                StreamedBodyResponse.newBuilder()
                    .setBody(body.getBody())
                    .setEndOfStream(body.getEndOfStream()))
            .build();
    return BodyResponse.newBuilder()
        .setResponse(CommonResponse.newBuilder().setBodyMutation(echo))
        .build();
  }

  /** A server that is a function; it ends the stream when Envoy does. */
  private static final class LocalWire implements Wire {
    private final Function<ProcessingRequest, List<ProcessingResponse>> server;
    private final Deque<Arrival> arrivals = new ArrayDeque<>();

    LocalWire(Function<ProcessingRequest, List<ProcessingResponse>> server) {
      this.server = server;
    }

    @Override
    public void send(ProcessingRequest message) {
      server.apply(message).forEach(reply -> arrivals.add(new Arrival(reply, null)));
    }

    @Override
    public void halfClose() {
      arrivals.add(new Arrival(null, Status.OK));
    }

    @Override
    public void reset() {}

    @Override
    public @Nullable Arrival next(Duration patience) {
      return arrivals.poll();
    }
  }
}
