// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Tokens.tokens;
import static io.semanticrouter.maas.Transcripts.complete;
import static io.semanticrouter.maas.Transcripts.none;
import static io.semanticrouter.maas.Wire.concat;
import static io.semanticrouter.maas.Wire.utf8;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A body says what it is, and not its label: R6. */
class BodyLabelTest {
  private static final String USAGE =
      "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":5,\"total_tokens\":25}";
  private static final String WORD =
      "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}";
  private static final String FINAL = "{\"id\":\"c\",\"choices\":[]," + USAGE + "}";
  private static final String ANSWER =
      "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],"
          + USAGE
          + "}";
  private static final String STREAM =
      "data: " + WORD + "\n\ndata: " + FINAL + "\n\ndata: [DONE]\n\n";
  private static final Measurement TRUTH = complete(tokens(20, 5).total(25));

  /** Labels that are wrong, say nothing, or are written oddly; "-" is none. */
  private static final List<String> LABELS =
      List.of(
          "-",
          "",
          " ",
          "application/json",
          "application/json; charset=utf-8",
          "Application/JSON;charset=UTF-8",
          "application/json, application/json",
          "application/json, text/event-stream",
          "application/problem+json",
          "application/x-ndjson",
          "application/jsonl",
          "application/jsonlines",
          "application/stream+json",
          "application/x-json-stream",
          "text/json",
          "json",
          "text/event-stream",
          "text/event-stream;charset=utf-8",
          "TEXT/EVENT-STREAM",
          " text/event-stream ; q=1",
          "text/event-stream, text/event-stream",
          "text/event-stream, application/json",
          "text/event-stream;",
          "event-stream",
          "text/plain",
          "text/plain; charset=utf-8",
          "text/javascript",
          "application/octet-stream",
          "binary/octet-stream",
          "application/x-unknown",
          "application/vnd.amazon.eventstream",
          "*/*",
          ";",
          ",");

  private static final List<String> EVENT_STREAMS =
      List.of(
          STREAM,
          STREAM.replace("\n", "\r\n"),
          STREAM.replace('\n', '\r'),
          STREAM.replace("data: ", "data:"),
          "\uFEFF" + STREAM,
          "\n" + STREAM,
          "\r\n\r\n" + STREAM,
          ": OPENROUTER PROCESSING\n\n" + STREAM,
          ":\n\n" + STREAM,
          ": ping - 2026-11-29\r\n\r\n" + STREAM,
          "event: message\n" + STREAM,
          "event:message\n" + STREAM,
          "id: 1\n" + STREAM,
          "retry: 3000\n\n" + STREAM,
          "data:\n\n" + STREAM,
          "data\n\n" + STREAM,
          "data: : OPENROUTER PROCESSING\n\n" + STREAM,
          "data: x\n\n" + STREAM,
          // One newline between events (GLM, Kimi), and both mixed.
          STREAM.replace("\n\n", "\n") + "\n",
          STREAM.replace("\n\n", "\r\n") + "\r\n",
          STREAM.replaceFirst("\n\n", "\n"),
          "id: 1\n" + STREAM.replace("\n\n", "\nid: 2\nevent: e\n") + "\n",
          "data: : OPENROUTER PROCESSING\n" + STREAM.replace("\n\n", "\n") + "\n",
          ": c\n" + STREAM.replace("\n\n", "\n: c\n") + "\n",
          // One document on several lines, alone and beside others.
          STREAM.replace(",", "\ndata: ,"),
          STREAM.replace("\n\n", "\n").replace(",\"choices", ",\ndata:\"choices") + "\n",
          STREAM.replace("\n\n", "\ndata:\ndata: \n\n"),
          "data: " + FINAL + "\ndata: [DONE]\n\n",
          "data: [DONE]\ndata: " + FINAL + "\n\n");

  /** Fields that nobody knows, in front: told where the label does not say JSON. */
  private static final List<String> UNKNOWN_FIELDS =
      List.of(
          "zoo: bar\n" + STREAM, "x\n\n" + STREAM, " data: {}\n" + STREAM, "comment\r\n" + STREAM);

  private static final List<String> DOCUMENTS =
      List.of(
          ANSWER,
          "\uFEFF" + ANSWER,
          "\n" + ANSWER + "\n",
          " \t\r\n" + ANSWER,
          "{ \n  " + ANSWER.substring(1),
          ANSWER.replace(",\"", ",\n  \""),
          WORD + "\n" + FINAL,
          WORD + "\n" + FINAL + "\n",
          WORD + "\r\n\r\n" + FINAL + "\r\n",
          WORD + FINAL);

  private static final List<byte[]> MEDIA =
      List.of(
          bytes(0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'),
          bytes(0xFF, 0xD8, 0xFF, 0xE0, 0, 0x10, 'J', 'F', 'I', 'F', 0),
          bytes('G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0),
          bytes('I', 'D', '3', 3, 0, 0, 0, 0, 0, 0x23),
          bytes(0xFF, 0xFB, 0x90, 0x64, 0, 0x0F),
          bytes('R', 'I', 'F', 'F', 0x24, 0x10, 0, 0, 'W', 'A', 'V', 'E', 'f', 'm', 't', ' '),
          bytes('O', 'g', 'g', 'S', 0, 2, 0, 0),
          bytes('f', 'L', 'a', 'C', 0, 0, 0, 0x22),
          bytes(0, 0, 0, 0x18, 'f', 't', 'y', 'p', 'm', 'p', '4', '2', 0, 0, 0, 0),
          bytes(0x1A, 0x45, 0xDF, 0xA3, 1, 0, 0, 0),
          bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
          bytes('%', 'P', 'D', 'F', '-', '1', '.', '7', '\n', '%', 0xE2, 0xE3, 0xCF, 0xD3, '\n'),
          bytes('P', 'K', 3, 4, 20, 0),
          bytes(0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3),
          bytes(0x28, 0xB5, 0x2F, 0xFD, 4, 0));

  /** Answers without usage, and pages: told by their end, or by 1024 bytes. */
  private static final List<byte[]> TEXTS =
      List.of(
          utf8("<!doctype html><html></html>"),
          utf8("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"),
          utf8("1\n00:00:00,000 --> 00:00:01,000\nHello, data: {}\n"),
          utf8("[Music] Hello, world."),
          utf8("{hello}"),
          utf8("Hello, world."));

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private static Wire wire(String label, String path) {
    Wire wire = Wire.json(path);
    return label.equals("-") ? wire.without("content-type") : wire.with("content-type", label);
  }

  @Test
  @Tag("slow")
  void eventStreamsAndJsonAreReadUnderEveryLabel() {
    List<String> bodies = new ArrayList<>(EVENT_STREAMS);
    bodies.addAll(DOCUMENTS);
    int spellings = 0;
    for (String body : bodies) {
      for (String label : LABELS) {
        assertThat(wire(label, Wire.CHAT).measure(body).usage())
            .as("%s under %s", body, label)
            .isEqualTo(TRUTH.usage());
        spellings++;
      }
      everyCut(wire("text/plain", Wire.CHAT), utf8(body));
      everyCut(wire("application/json", Wire.CHAT), utf8(body));
      everyCut(wire("text/event-stream", Wire.CHAT), utf8(body));
    }
    for (String body : UNKNOWN_FIELDS) {
      for (String label : LABELS) {
        assertThat(wire(label, Wire.CHAT).measure(body))
            .as("%s under %s", body, label)
            .isEqualTo(TRUTH);
        spellings++;
      }
      everyCut(wire("-", Wire.CHAT), utf8(body));
    }
    assertThat(spellings).as("bodies and labels").isGreaterThan(1400);
  }

  @Test
  void eventStreamsAreCompleteUnderEveryLabel() {
    for (String body : EVENT_STREAMS) {
      for (String label : LABELS) {
        Measurement m = wire(label, Wire.CHAT).measure(body);
        assertThat(m).as("%s under %s", body, label).isEqualTo(TRUTH);
      }
    }
  }

  private static void everyCut(Wire wire, byte[] body) {
    String whole = Wire.facts(wire.record(body, body.length, Wire.WHOLE, null));
    assertThat(Wire.facts(wire.record(body, body.length, Wire.BYTES, null))).isEqualTo(whole);
    for (int cut = 0; cut < body.length; cut += cut < 40 ? 1 : 7) {
      int first = cut;
      int[] piece = {0};
      IntSupplier halves = () -> piece[0]++ == 0 ? first : Integer.MAX_VALUE;
      assertThat(Wire.facts(wire.record(body, body.length, halves, null)))
          .as("cut at %d", cut)
          .isEqualTo(whole);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Format.class,
      names = {"CONVERSE", "INVOKE"})
  @Tag("slow")
  void framesAreReadUnderEveryLabel(Format format) {
    byte[] body = format.answer("a");
    for (String label : LABELS) {
      Wire wire = format.stream();
      Wire labelled =
          label.equals("-") ? wire.without("content-type") : wire.with("content-type", label);
      assertThat(labelled.measure(body).usage()).as(label).isEqualTo(format.usage());
      everyCut(labelled, body);
    }
  }

  @Test
  void mediaUnderALabelThatSaysNothingIsLeftAlone() {
    for (byte[] body : MEDIA) {
      for (String label : List.of("-", "application/octet-stream", "text/plain", "*/*", "x")) {
        Wire wire = wire(label, Wire.CHAT);
        everyCut(wire, body);
        byte[] large = concat(body, new byte[2000]);
        assertThat(wire.measure(large))
            .as("%s under %s", new String(body, ISO_8859_1), label)
            .isEqualTo(none(Reason.CONTENT_TYPE));
        DrivenExchange exchange = wire.begin();
        assertThat(exchange.wantsResponse()).isTrue();
        exchange.response(large, 0, large.length);
        assertThat(exchange.wantsResponse()).as("any more of it").isFalse();
        exchange.end();
      }
    }
    for (String label : List.of("image/png", "AUDIO/mpeg", "video/mp4")) {
      assertThat(wire(label, Wire.CHAT).begin().wantsResponse()).as(label).isFalse();
    }
  }

  @Test
  void textIsNoUsageWhateverItLooksLikeFromAfar() {
    for (byte[] body : TEXTS) {
      for (String label : List.of("-", "application/octet-stream", "text/plain", "*/*", "x")) {
        Wire wire = wire(label, Wire.CHAT);
        assertThat(wire.measure(body).has(Reason.CONTENT_TYPE))
            .as("%s under %s", new String(body, ISO_8859_1), label)
            .isTrue();
        everyCut(wire, body);
      }
    }
  }
}
