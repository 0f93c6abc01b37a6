// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Ending;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every phase in every body mode, in each way that it can come and end. */
class PhaseTableTest {
  private static final HttpMessage REQUEST = MeteredEnvoy.CHAT.trailers("t", "1");
  private static final HttpMessage RESPONSE = MeteredEnvoy.SSE.trailers("t", "2");
  private static final HttpExchange EXCHANGE = HttpExchange.of(REQUEST, RESPONSE);

  /** The phases, in order, and the events of {@link #EXCHANGE} in which they come. */
  private enum Phase {
    REQUEST_HEADERS(1, 1),
    REQUEST_BODY(2, 1 + REQUEST.chunks().size()),
    REQUEST_TRAILERS(REQUEST_BODY.last + 1, REQUEST_BODY.last + 1),
    RESPONSE_HEADERS(REQUEST_TRAILERS.last + 1, REQUEST_TRAILERS.last + 1),
    RESPONSE_BODY(RESPONSE_HEADERS.last + 1, RESPONSE_HEADERS.last + RESPONSE.chunks().size()),
    RESPONSE_TRAILERS(RESPONSE_BODY.last + 1, RESPONSE_BODY.last + 1);

    private final int first;
    private final int last;

    Phase(int first, int last) {
      this.first = first;
      this.last = last;
    }

    boolean isBefore(Phase other) {
      return compareTo(other) < 0;
    }
  }

  /** What happens in the phase. */
  private enum Variation {
    /** It carries the end of its message. */
    END_OF_STREAM,
    /** It is the last one before the exchange breaks off; overrides are honoured. */
    OVERRIDE_ALLOWED,
    /** The same, and overrides are ignored. */
    OVERRIDE_DISALLOWED,
    /** The same, and nobody listens to replies. */
    OBSERVED,
    /** The stream is reset right behind its first message. */
    CANCELLED_AFTER,
    /** The exchange goes on to the trailers of both messages. */
    TRAILERS,
    /** It is the first that is shown. */
    FIRST_SHOWN
  }

  private record Cell(Phase phase, BodySendMode mode, Variation variation) {
    Filter filter() {
      Filter.Builder filter =
          Filter.builder(variation == Variation.FIRST_SHOWN ? from(phase) : Modes.of(mode, mode));
      filter.observing(variation == Variation.OBSERVED);
      if (variation == Variation.OVERRIDE_ALLOWED) {
        filter.allowing(List.of());
      } else if (variation == Variation.OVERRIDE_DISALLOWED) {
        filter.allowing(List.of(Modes.of(BodySendMode.BUFFERED, BodySendMode.BUFFERED_PARTIAL)));
      }
      return filter.build();
    }

    private ProcessingMode from(Phase first) {
      boolean requestBody = !Phase.REQUEST_BODY.isBefore(first);
      boolean responseBody = !Phase.RESPONSE_BODY.isBefore(first);
      return Modes.of(
          first == Phase.REQUEST_HEADERS,
          requestBody ? mode : BodySendMode.NONE,
          !Phase.REQUEST_TRAILERS.isBefore(first),
          !Phase.RESPONSE_HEADERS.isBefore(first),
          responseBody ? mode : BodySendMode.NONE,
          true);
    }

    HttpExchange exchange() {
      if (variation != Variation.END_OF_STREAM) {
        return EXCHANGE;
      }
      return switch (phase) {
        case REQUEST_HEADERS ->
            HttpExchange.of(HttpMessage.request("POST", "/v1/chat/completions"), MeteredEnvoy.JSON);
        case REQUEST_BODY -> HttpExchange.of(MeteredEnvoy.CHAT, MeteredEnvoy.JSON);
        case REQUEST_TRAILERS -> HttpExchange.of(REQUEST, MeteredEnvoy.JSON);
        case RESPONSE_HEADERS -> HttpExchange.of(REQUEST, HttpMessage.response(200));
        case RESPONSE_BODY ->
            HttpExchange.of(REQUEST, RESPONSE.body(End.LAST_CHUNK, RESPONSE.chunks()));
        case RESPONSE_TRAILERS -> EXCHANGE;
      };
    }

    int events() {
      return switch (variation) {
        case END_OF_STREAM, TRAILERS, FIRST_SHOWN -> exchange().length();
        case OVERRIDE_ALLOWED, OVERRIDE_DISALLOWED, OBSERVED -> phase.last;
        case CANCELLED_AFTER -> phase.first;
      };
    }

    Ending ending() {
      return variation == Variation.CANCELLED_AFTER ? Ending.ABORT : Ending.RESET;
    }
  }

  private static Stream<Cell> cells(BodySendMode... modes) {
    return Stream.of(Phase.values())
        .flatMap(
            phase ->
                Stream.of(modes)
                    .flatMap(
                        mode ->
                            Stream.of(Variation.values())
                                .map(variation -> new Cell(phase, mode, variation))));
  }

  static Stream<Cell> simplex() {
    return cells(
            BodySendMode.NONE,
            BodySendMode.STREAMED,
            BodySendMode.BUFFERED,
            BodySendMode.BUFFERED_PARTIAL)
        .filter(
            cell ->
                // A buffer is nothing that could be observed; Envoy refuses it.
                cell.variation() != Variation.OBSERVED
                    || cell.mode() == BodySendMode.NONE
                    || cell.mode() == BodySendMode.STREAMED);
  }

  static Stream<Cell> fullDuplex() {
    return cells(BodySendMode.FULL_DUPLEX_STREAMED)
        .filter(cell -> cell.variation() != Variation.OBSERVED)
        // Envoy refuses a body of this mode without its trailers.
        .filter(
            cell ->
                cell.variation() != Variation.FIRST_SHOWN
                    || cell.phase() != Phase.REQUEST_TRAILERS);
  }

  @ParameterizedTest
  @MethodSource("simplex")
  void cellIsAnsweredInKindAndRecordedOnce(Cell cell) {
    play(cell);
  }

  @ParameterizedTest
  @MethodSource("fullDuplex")
  void cellOfAFullDuplexBodyIsAnsweredInKindAndRecordedOnce(Cell cell) {
    play(cell);
  }

  private static void play(Cell cell) {
    RecordingSink sink = new RecordingSink();
    try (MeteredEnvoy envoy = MeteredEnvoy.metering(sink)) {
      HttpExchange exchange = cell.exchange();
      Played played = envoy.play(cell.filter(), exchange, cell.events(), cell.ending());
      assertThat(sink.records()).hasSize((int) MeteredEnvoy.begun(played.sent()));
      assertPrefix(exchange.request(), played.upstream());
      assertPrefix(exchange.response(), played.downstream());
      boolean begun = !sink.records().isEmpty();
      if (begun && exchange.response().body().size() > 0) {
        boolean all = MeteredEnvoy.showsUsage(played, exchange);
        assertThat(sink.single().measurement().usage() != null).isEqualTo(all);
      }
      if (cell.events() == exchange.length()) {
        MeteredEnvoy.assertPassedOn(played, exchange);
      }
    }
    RecordingSink forced = new RecordingSink();
    try (MeteredEnvoy envoy = MeteredEnvoy.forcingUsage(forced)) {
      Played played = envoy.play(cell.filter(), cell.exchange(), cell.events(), cell.ending());
      assertThat(forced.records()).hasSize((int) MeteredEnvoy.begun(played.sent()));
    }
  }

  /** What has gone on is a part of what came, from its beginning. */
  private static void assertPrefix(HttpMessage message, Played.Forwarded forwarded) {
    ByteString body = forwarded.body();
    assertThat(message.body().startsWith(body)).isTrue();
  }
}
