// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Calls in orders that no exchange of HTTP has: nothing throws, nothing stays open, one record. */
class CallOrdersTest {
  private static final String REQUEST = "{\"model\":\"m\",\"stream\":true}";

  private final RecordingSink sink = new RecordingSink();
  private final CountedCoding coding = new CountedCoding();
  private final ByteArrayOutputStream passed = new ByteArrayOutputStream();
  private final MaasConfig config =
      MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true)));
  private final Metering metering = metering(sink);

  private Metering metering(RecordingSink records) {
    return Metering.builder(config).codings(List.of(coding)).sink(records).build();
  }

  /** One letter for each call. */
  private final Map<Character, Consumer<DrivenExchange>> calls =
      Map.ofEntries(
          Map.entry('E', DrivenExchange::edits),
          Map.entry('h', e -> e.respond(200, coded("application/json"))),
          Map.entry('s', e -> e.respond(200, coded("text/event-stream"))),
          Map.entry('p', e -> e.respond(200, FakeHeaders.of())),
          Map.entry('x', e -> e.respond(500, coded("application/json"))),
          Map.entry('r', e -> request(e)),
          Map.entry('R', e -> e.endRequest(passed::write)),
          Map.entry('P', e -> e.releaseRequest(passed::write)),
          Map.entry('1', e -> answer(e, 11)),
          Map.entry('2', e -> answer(e, 22)),
          Map.entry('B', e -> e.releaseResponse(passed::write)),
          Map.entry('e', e -> e.end(passed::write)),
          Map.entry('a', e -> e.abort(AbortReason.CANCELLED)),
          Map.entry('c', DrivenExchange::close),
          Map.entry('q', DrivenExchange::soFar));

  private static Headers coded(String contentType) {
    return FakeHeaders.of("content-type", contentType, "content-encoding", "x-counted");
  }

  private void request(DrivenExchange exchange) {
    byte[] bytes = REQUEST.getBytes(UTF_8);
    exchange.request(bytes, 0, bytes.length, passed::write);
  }

  private void answer(DrivenExchange exchange, long prompt) {
    byte[] bytes =
        ("{\"choices\":[],\"usage\":{\"prompt_tokens\":"
                + prompt
                + ",\"completion_tokens\":1,\"total_tokens\":"
                + (prompt + 1)
                + "}}")
            .getBytes(UTF_8);
    exchange.response(bytes, 0, bytes.length, passed::write);
  }

  private void call(DrivenExchange exchange, String letters) {
    for (int i = 0; i < letters.length(); i++) {
      calls.getOrDefault(letters.charAt(i), x -> {}).accept(exchange);
    }
  }

  @ParameterizedTest
  @CsvSource({
    // calls, outcome, prompt tokens
    "h1e,     complete, 11",
    "rRh1Be,  complete, 11",
    "h1ee,    complete, 11",
    "h1eac,   complete, 11",
    "h1e1,    complete, 11",
    "Eh1e2BR, complete, 11",
    "h1ehe,   complete, 11",
    "h1eh2e,  complete, 11",
    "Eh1crRB, complete, 11",
    "e,       none,     -1",
    "eh1e,    none,     -1",
    "a,       none,     -1",
    "ah1e,    none,     -1",
    "1e,      none,     -1",
    "11Be,    none,     -1",
    "1h1e,    complete, 11",
    "2h1e,    complete, 11",
    "Eh1rRe,  complete, 11",
    "rRRh1e,  complete, 11",
    "PrRh1e,  complete, 11",
    "BBh1BBe, complete, 11",
    // A second response: it alone counts.
    "hh1e,    complete, 11",
    "h1h2e,   complete, 22",
    "h1hhhh2e,complete, 22",
    "x1h2e,   complete, 22",
    "h1xe,    error,    -1",
    "h1pe,    none,     -1",
    "h1he,    none,     -1",
    "sh1e,    complete, 11",
    "rRsh1e,  complete, 11",
    "h1h2a,   complete, 22",
  })
  void oneRecordAndNothingOpen(String letters, String outcome, long prompt) {
    DrivenExchange exchange =
        DrivenExchange.of(metering.begin("POST", Wire.CHAT, FakeHeaders.of()));
    call(exchange, letters);
    UsageRecord record = sink.single();
    assertThat(record.outcome().label()).isEqualTo(outcome);
    TokenUsage usage = record.measurement().usage();
    assertThat(usage == null ? -1 : usage.prompt()).isEqualTo(prompt);
    assertThat(coding.open).isZero();
    assertThat(metering.defects()).isZero();
  }

  @Test
  void anyOrderOfCallsOneRecordAndNothingOpen() {
    long seed = Long.getLong("maas.seed", 1);
    Random random = new Random(seed);
    String letters = "EhspxrRP12Beacq";
    int refused = 0;
    for (int round = 1; round <= 3_000; round++) {
      RecordingSink records = new RecordingSink();
      StringBuilder order = new StringBuilder();
      for (int i = random.nextInt(12); i >= 0; i--) {
        order.append(letters.charAt(random.nextInt(letters.length())));
      }
      DrivenExchange exchange =
          DrivenExchange.of(metering(records).begin("POST", Wire.CHAT, FakeHeaders.of()));
      for (int i = 0; i < order.length(); i++) {
        try {
          call(exchange, order.substring(i, i + 1));
        } catch (IllegalStateException e) {
          refused++; // an order that no gateway has; the exchange is as it was
        }
      }
      exchange.close();
      assertThat(records.records()).as("seed %d, %s", seed, order).hasSize(1);
      assertThat(coding.open).as("seed %d, %s", seed, order).isZero();
    }
    assertThat(refused).isBetween(1, 10_000);
  }

  @Test
  void bytesGoOnAlsoWhereNobodyExpectsThem() {
    DrivenExchange exchange =
        DrivenExchange.of(metering.begin("POST", Wire.CHAT, FakeHeaders.of()));
    call(exchange, "1e");
    passed.reset();
    call(exchange, "r2");
    assertThat(passed.toString(UTF_8))
        .startsWith("{\"model\":\"m\"")
        .contains("\"prompt_tokens\":22");
    assertThat(sink.single().measurement().reasons()).contains(Reason.NO_RESPONSE);
  }

  /** A coding that changes nothing, and counts its decoders. */
  private static final class CountedCoding implements ContentCoding {
    private int open;

    @Override
    public String name() {
      return "x-counted";
    }

    @Override
    public Decoder newDecoder(int maxWindowBytes) {
      open++;
      return new Decoder() {
        private byte[] input = {};
        private int from;
        private int to;
        private boolean closed;

        @Override
        public void setInput(byte[] b, int first, int last) {
          input = b;
          from = first;
          to = last;
        }

        @Override
        public int decode(byte[] out, int first, int last) {
          int length = Math.min(to - from, last - first);
          System.arraycopy(input, from, out, first, length);
          from += length;
          return length;
        }

        @Override
        public int remaining() {
          return to - from;
        }

        @Override
        public boolean isFinished() {
          return true;
        }

        @Override
        public void close() {
          open -= closed ? 0 : 1;
          closed = true;
        }
      };
    }
  }
}
