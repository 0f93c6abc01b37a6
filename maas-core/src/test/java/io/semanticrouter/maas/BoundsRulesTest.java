// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Wire.concat;
import static io.semanticrouter.maas.Wire.gzip;
import static io.semanticrouter.maas.Wire.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.usage.Allocation;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What traffic cannot make grow: rules R34 to R38. Not here: that nothing uses regular expressions
 * (R35, {@link ArchitectureTest}), how fast it is (R36, the benchmarks), and label values (R38, the
 * metrics).
 */
@Tag("slow")
class BoundsRulesTest {
  private static final String SECRET = "s3cr3t";

  // --- R34: memory per stream ----------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r34TenThousandOpenStreamsFitIntoFiftyMebibytes(Format format) {
    Wire wire = format.stream();
    Metering metering = Metering.builder(wire.config()).build();
    byte[] part = concat(format.open(), format.delta("a"), format.delta("b"));
    byte[] half = Arrays.copyOf(part, part.length - 5);
    for (int i = 0; i < 100; i++) {
      open(metering, wire, half);
    }
    int streams = 10_000;
    List<DrivenExchange> exchanges = new ArrayList<>(streams);
    long before = Allocation.ofThisThread();
    for (int i = 0; i < streams; i++) {
      exchanges.add(open(metering, wire, half));
    }
    assertThat(Allocation.ofThisThread() - before)
        .as("bytes for %d streams", streams)
        .isLessThan(50L << 20);
    assertThat(exchanges).hasSize(streams);
  }

  private static DrivenExchange open(Metering metering, Wire wire, byte[] part) {
    DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", wire.path(), Headers.EMPTY));
    exchange.respond(200, wire.responseHeaders()::get);
    exchange.response(part, 0, part.length);
    return exchange;
  }

  @ParameterizedTest
  @EnumSource
  void r34MemoryDoesNotGrowWithTheStream(Format format) {
    byte[] event = format.delta("x".repeat(2000));
    DrivenExchange exchange = format.stream().begin();
    feed(exchange, concat(format.open(), event));
    long before = Allocation.ofThisThread();
    for (int i = 0; i < 30_000; i++) {
      exchange.response(event, 0, event.length);
    }
    assertThat(Allocation.ofThisThread() - before).as("bytes for 60 MB").isLessThan(8192);
    feed(exchange, format.close());
    exchange.end();
    assertUsage(format, exchange);
  }

  @ParameterizedTest
  @EnumSource
  void r34MemoryDoesNotGrowWithOneEvent(Format format) {
    // A frame has 16 MiB at the most.
    int mebibytes = format.isFrames() ? 10 : 40;
    byte[] event = format.delta("x\\\"y{[\\u00e9".repeat(mebibytes << 16));
    DrivenExchange exchange = format.stream().begin();
    feed(exchange, concat(format.open(), format.delta("a")));
    long before = Allocation.ofThisThread();
    for (int from = 0; from < event.length; from += 16_384) {
      exchange.response(event, from, Math.min(16_384, event.length - from));
    }
    assertThat(Allocation.ofThisThread() - before).as("bytes allocated").isLessThan(8192);
    feed(exchange, format.close());
    exchange.end();
    assertUsage(format, exchange);
  }

  @ParameterizedTest
  @EnumSource
  void r34MemoryDoesNotGrowWithADocument(Format format) {
    String document = format.document("@@", "{}");
    int at = document.indexOf("@@");
    byte[] text = utf8("x\\\"y{[\\u00e9".repeat(4096));
    DrivenExchange exchange = format.json().begin();
    feed(exchange, utf8(document.substring(0, at)));
    long before = Allocation.ofThisThread();
    for (int i = 0; i < 600; i++) {
      exchange.response(text, 0, text.length);
    }
    assertThat(Allocation.ofThisThread() - before).as("bytes for 30 MB").isLessThan(8192);
    feed(exchange, utf8(document.substring(at).replace("@@", "")));
    exchange.end();
    assertUsage(format, exchange);
  }

  @Test
  void r34MemoryDoesNotGrowWithACompressedStream() {
    StringBuilder text = new StringBuilder();
    java.util.Random random = new java.util.Random(1);
    for (int i = 0; i < 40_000; i++) {
      text.append("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"")
          .append(Long.toHexString(random.nextLong()))
          .append("\"}}]}\n\n");
    }
    byte[] body = gzip(concat(utf8(text.toString()), Format.CHAT.close()));
    DrivenExchange exchange = Wire.events(Wire.CHAT).with("content-encoding", "gzip").begin();
    exchange.response(body, 0, 2000);
    long before = Allocation.ofThisThread();
    for (int from = 2000; from < body.length; from += 1400) {
      exchange.response(body, from, Math.min(1400, body.length - from));
    }
    assertThat(Allocation.ofThisThread() - before)
        .as("bytes for %d compressed", body.length)
        .isLessThan(64 * 1024);
    exchange.end();
    assertUsage(Format.CHAT, exchange);
  }

  // --- R36: nothing is allocated for an event ------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r36TenThousandEventsWithoutUsageAllocateNothing(Format format) {
    byte[][] events = new byte[1000][];
    Arrays.fill(events, format.delta("Hello \\\"there\\\" ü"));
    byte[] thousand = concat(events);
    DrivenExchange exchange = format.stream().begin();
    feed(exchange, format.open());
    for (int i = 0; i < 10; i++) {
      feed(exchange, thousand);
    }
    long allocated =
        Allocation.leastOf(
            () -> {
              for (int i = 0; i < 10; i++) {
                for (int from = 0; from < thousand.length; from += 1400) {
                  int length = Math.min(1400, thousand.length - from);
                  exchange.response(thousand, from, length);
                }
              }
            });
    assertThat(allocated).as("bytes for 10,000 events").isLessThan(2048);
  }

  @ParameterizedTest
  @EnumSource
  void r36TenThousandEventsWithUsageAllocateNothing(Format format) {
    byte[] last = format.close();
    DrivenExchange exchange = format.stream().begin();
    feed(exchange, format.open());
    for (int i = 0; i < 10_000; i++) {
      feed(exchange, last);
    }
    long allocated =
        Allocation.leastOf(
            () -> {
              for (int i = 0; i < 10_000; i++) {
                exchange.response(last, 0, last.length);
              }
            });
    assertThat(allocated).as("bytes for 10,000 events").isLessThan(2048);
  }

  // --- R37: nothing of the payload anywhere --------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r37PayloadIsInNoRecordAndNoLog(Format format) {
    RecordingSink sink = new RecordingSink();
    Wire wire = format.json();
    String whole = format.document(SECRET, "{\"" + SECRET + "\":\"" + SECRET + "\"}");
    byte[] body = utf8(whole.replace("\"usage\":{", "\"usage\":{\"note\":\"" + SECRET + "\","));
    Metering metering = Metering.builder(wire.config()).sink(sink).build();
    for (int length = 0; length <= body.length; length++) {
      DrivenExchange exchange =
          DrivenExchange.of(metering.begin("POST", wire.path(), Headers.EMPTY));
      exchange.respond(200, wire.responseHeaders()::get);
      exchange.response(body, 0, length);
      exchange.end();
    }
    // An array that is shorter than it says is a defect, which is logged.
    DrivenExchange broken = DrivenExchange.of(metering.begin("POST", wire.path(), Headers.EMPTY));
    broken.respond(200, wire.responseHeaders()::get);
    broken.response(body, 0, body.length + 1);
    broken.end();
    assertThat(metering.defects()).isEqualTo(1);
    assertThat(Objects.requireNonNull(broken.record()).measurement().reasons())
        .containsExactly(Reason.INTERNAL_ERROR);
    assertThat(sink.records()).hasSize(body.length + 2);
    assertThat(sink.records()).noneMatch(record -> record.toString().contains(SECRET));
    assertThat(CapturedLog.MESSAGES).noneMatch(message -> message.contains(SECRET));
  }

  // --- R38: names that traffic chooses -------------------------------------------------------

  @Test
  void r38NamesOfModelsAreBoundedWhereverTheyComeFrom() {
    String name = "é".repeat(5000);
    for (Format format : Format.values()) {
      byte[] stream = replacedModel(format, name);
      UsageRecord record = format.stream().record(stream, stream.length, Wire.WHOLE, null);
      assertThat(utf8(record.model()).length).as("%s", format).isLessThanOrEqualTo(256);
    }
    byte[] advisor =
        utf8(
            "{\"type\":\"message\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"iterations\":[{\"type\":\"advisor_message\",\"model\":\""
                + name
                + "\",\"input_tokens\":1,\"output_tokens\":1}]}}");
    Measurement m = Wire.json(Wire.MESSAGES).measure(advisor);
    assertThat(m.otherLines()).hasSize(1);
    assertThat(utf8(m.otherLines().get(0).model()).length).isBetween(250, 256);
  }

  private static byte[] replacedModel(Format format, String name) {
    byte[] answer = format.answer("a");
    if (format.isFrames()) {
      return format == Format.INVOKE
          ? concat(
              format.event("{\"type\":\"message_start\",\"message\":{\"model\":\"" + name + "\"}}"),
              format.close())
          : answer;
    }
    String text = new String(answer, java.nio.charset.StandardCharsets.UTF_8);
    return utf8(
        text.replace("\"model\":\"m\"", "\"model\":\"" + name + "\"")
            .replace("\"modelVersion\":\"m\"", "\"modelVersion\":\"" + name + "\""));
  }

  private static void feed(DrivenExchange exchange, byte[] bytes) {
    exchange.response(bytes, 0, bytes.length);
  }

  private static void assertUsage(Format format, DrivenExchange exchange) {
    Measurement m = Objects.requireNonNull(exchange.record()).measurement();
    assertThat(m.usage()).as("%s", m).isEqualTo(format.usage());
    assertThat(m.status()).as("%s", m).isEqualTo(Status.COMPLETE);
  }
}
