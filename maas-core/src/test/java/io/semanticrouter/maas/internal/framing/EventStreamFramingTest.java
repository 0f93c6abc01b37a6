// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.framing;

import static io.semanticrouter.maas.internal.usage.Bodies.concat;
import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.usage.Allocation;
import io.semanticrouter.maas.internal.usage.Cuts;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.eventstream.HeaderValue;
import software.amazon.eventstream.Message;

public class EventStreamFramingTest {
  private static final int MAX_TOTAL = 16 << 20;

  private static final byte[] CHUNK =
      message(event("chunk"), utf8("{\"bytes\":\"eyJ0eXBlIjoicGluZyJ9\",\"p\":\"abc\"}"));
  private static final byte[] METADATA =
      message(event("metadata"), utf8("{\"usage\":{\"inputTokens\":12,\"outputTokens\":8}}"));
  private static final byte[] STOP =
      message(event("messageStop"), utf8("{\"stopReason\":\"end\"}"));
  private static final byte[] STREAM = concat(concat(CHUNK, STOP), METADATA);

  // --- what is read --------------------------------------------------------------------------

  @Test
  void framesOfAStreamAreToldWithTypesAndPayload() {
    assertThat(read(STREAM))
        .containsExactly(
            "event/chunk",
            "{\"bytes\":\"eyJ0eXBlIjoicGluZyJ9\",\"p\":\"abc\"}",
            "end",
            "event/messageStop",
            "{\"stopReason\":\"end\"}",
            "end",
            "event/metadata",
            "{\"usage\":{\"inputTokens\":12,\"outputTokens\":8}}",
            "end");
  }

  @ParameterizedTest
  @CsvSource({
    // Published with the AWS libraries as their test vectors.
    "000000100000000005c248eb7d98c8ff, ''",
    "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936, {'foo':'bar'}",
    "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e"
        + "7b27666f6f273a27626172277d8d9c08b1, {'foo':'bar'}",
  })
  void vectorsOfTheAwsLibrariesAreGoodFrames(String hex, String payload) {
    List<String> expected =
        payload.isEmpty() ? List.of("other/other", "end") : List.of("other/other", payload, "end");
    assertThat(read(HexFormat.of().parseHex(hex))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "event, chunk, event/chunk",
    "event, metadata, event/metadata",
    "event, messageStop, event/messageStop",
    "event, messageStart, event/other",
    "event, contentBlockDelta, event/contentBlockDelta",
    "event, chunks, event/other",
    "event, chun, event/other",
    "event, messagestop, event/other",
    "event, metadataXmetadataX, event/other",
    "event, '', event/other",
    "exception, chunk, exception/chunk",
    "error, chunk, error/chunk",
    "events, chunk, other/chunk",
    "EVENT, chunk, other/chunk",
  })
  void wordsAreMatchedWhole(String messageType, String eventType, String expected) {
    Map<String, Object> headers = new LinkedHashMap<>();
    headers.put(":event-type", eventType);
    headers.put(":message-type", messageType);
    assertThat(read(message(headers, utf8("x")))).containsExactly(expected, "x", "end");
  }

  @Test
  void exceptionTypeMakesAnExceptionOfAnyMessage() {
    for (Object value : new Object[] {"throttlingException", "", 1, true}) {
      Map<String, Object> headers = new LinkedHashMap<>();
      headers.put(":exception-type", value);
      assertThat(read(message(headers, utf8("x")))).containsExactly("exception/other", "x", "end");
      headers.put(":message-type", "event");
      assertThat(read(message(headers, utf8("x")))).containsExactly("exception/other", "x", "end");
    }
  }

  @Test
  void headersOfEveryTypeArePassedOver() {
    Map<String, Object> headers = everyType();
    headers.putAll(event("metadata"));
    assertThat(read(message(headers, utf8("x")))).containsExactly("event/metadata", "x", "end");
  }

  @Test
  void valueThatIsNoStringIsNoWord() {
    Map<String, Object> headers = new LinkedHashMap<>();
    headers.put(":message-type", utf8("event"));
    headers.put(":event-type", 7L);
    assertThat(read(message(headers, utf8("x")))).containsExactly("other/other", "x", "end");
  }

  @Test
  void wordInThePlaceOfAnotherIsNone() {
    Map<String, Object> headers = new LinkedHashMap<>();
    headers.put(":message-type", "chunk");
    headers.put(":event-type", "event");
    headers.put("event-type", "chunk");
    headers.put(":event-type:", "chunk");
    assertThat(read(message(headers, utf8("x")))).containsExactly("other/other", "x", "end");
  }

  @Test
  void frameWithoutPayloadIsTold() {
    assertThat(read(message(event("chunk"), new byte[0]))).containsExactly("event/chunk", "end");
  }

  @Test
  void payloadThatIsNotWantedIsNotToldButChecked() {
    Recording frames = new Recording(false);
    EventStreamFraming framing = new EventStreamFraming(frames);
    framing.feed(STREAM, 0, STREAM.length);
    assertThat(frames.told)
        .containsExactly("event/chunk", "end", "event/messageStop", "end", "event/metadata", "end");

    byte[] broken = STREAM.clone();
    broken[CHUNK.length - 6] ^= 1;
    frames = new Recording(false);
    framing = new EventStreamFraming(frames);
    framing.feed(broken, 0, broken.length);
    assertThat(frames.told).containsExactly("event/chunk");
    assertThat(framing.isCorrupt()).isTrue();
  }

  // --- cuts ----------------------------------------------------------------------------------

  @Test
  void anyCutOfAStreamTellsTheSame() {
    Map<String, Object> headers = everyType();
    headers.putAll(event("chunk"));
    byte[] stream = concat(STREAM, message(headers, new byte[0]));
    List<String> expected = read(stream);
    for (int cut = 0; cut <= stream.length; cut++) {
      int at = cut;
      assertThat(told(fed -> Cuts.at(at, stream, fed))).as("cut at %d", cut).isEqualTo(expected);
    }
    for (int size = 1; size < 20; size++) {
      int chunk = size;
      assertThat(told(fed -> Cuts.every(chunk, stream, fed)))
          .as("chunks of %d", size)
          .isEqualTo(expected);
    }
    for (long seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      assertThat(told(fed -> Cuts.random(random, stream, fed)))
          .as("seed %d", seed)
          .isEqualTo(expected);
    }
  }

  @Test
  void streamThatEndsEarlyIsTruncatedExceptBetweenFrames() {
    for (int length = 0; length <= STREAM.length; length++) {
      Recording frames = new Recording(true);
      EventStreamFraming framing = new EventStreamFraming(frames);
      framing.feed(STREAM, 0, length);
      boolean between =
          length == 0
              || length == CHUNK.length
              || length == CHUNK.length + STOP.length
              || length == STREAM.length;
      assertThat(framing.isTruncated()).as("ends at %d", length).isEqualTo(!between);
      assertThat(framing.isCorrupt()).as("ends at %d", length).isFalse();
      int complete =
          length < CHUNK.length
              ? 0
              : length < CHUNK.length + STOP.length ? 1 : length < STREAM.length ? 2 : 3;
      assertThat(frames.told.stream().filter("end"::equals)).hasSize(complete);
    }
  }

  // --- what is wrong -------------------------------------------------------------------------

  @Test
  void flippedByteAnywhereEndsTheStreamThereAndNoOtherFrameIsTold() {
    List<String> good = read(STREAM);
    for (int at = 0; at < STREAM.length; at++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] broken = STREAM.clone();
        broken[at] ^= (byte) (1 << bit);
        Recording frames = new Recording(true);
        EventStreamFraming framing = new EventStreamFraming(frames);
        framing.feed(broken, 0, broken.length);
        assertThat(framing.isCorrupt()).as("bit %d of byte %d", bit, at).isTrue();
        assertThat(framing.isTruncated()).isFalse();
        int before = at < CHUNK.length ? 0 : at < CHUNK.length + STOP.length ? 3 : 6;
        assertThat(frames.told.subList(0, before)).isEqualTo(good.subList(0, before));
        assertThat(frames.told.subList(before, frames.told.size()))
            .as("bit %d of byte %d", bit, at)
            .doesNotContain("end");
      }
    }
  }

  @Test
  void nothingIsToldBehindACorruptFrame() {
    byte[] broken = CHUNK.clone();
    broken[broken.length - 1]++;
    Recording frames = new Recording(true);
    EventStreamFraming framing = new EventStreamFraming(frames);
    framing.feed(broken, 0, broken.length);
    int told = frames.told.size();
    framing.feed(METADATA, 0, METADATA.length);
    Cuts.every(1, METADATA, framing::feed);
    assertThat(frames.told).hasSize(told).doesNotContain("end");
    assertThat(framing.isCorrupt()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "15, 0",
    "16, 1",
    "40, 25",
    "40, 2147483647",
    "40, 2147483648",
    "40, 4294967295",
    "40, 4294967280",
    "16777217, 0",
    "2147483647, 0",
    "2147483648, 0",
    "4294967295, 0",
    "4294967295, 4294967279",
  })
  void lengthsThatCannotBeAreCorruptAtOnceWithRightChecksums(long total, long headers) {
    Recording frames = new Recording(true);
    EventStreamFraming framing = new EventStreamFraming(frames);
    byte[] prelude = prelude((int) total, (int) headers);
    framing.feed(prelude, 0, prelude.length);
    assertThat(framing.isCorrupt()).isTrue();
    assertThat(frames.told).isEmpty();
  }

  @Test
  void frameOfSixteenMebibytesIsReadWithoutKeepingIt() {
    byte[] largest = message(event("chunk"), new byte[MAX_TOTAL - 16 - headers(event("chunk"))]);
    assertThat(largest).hasSize(MAX_TOTAL);
    long[] payload = new long[2];
    EventStreamFraming framing =
        new EventStreamFraming(
            new EventStreamFraming.Frames() {
              @Override
              public boolean begin(int messageType, int eventType) {
                return true;
              }

              @Override
              public void payload(byte[] b, int from, int to) {
                payload[0] += to - from;
              }

              @Override
              public void end() {
                payload[1]++;
              }
            });
    Cuts.Fed fed = framing::feed;
    Cuts.every(1400, largest, fed);
    long before = Allocation.ofThisThread();
    Cuts.every(1400, largest, fed);
    assertThat(Allocation.ofThisThread() - before).as("bytes allocated").isLessThan(1024);
    assertThat(payload[0]).isEqualTo(2L * (MAX_TOTAL - 16 - headers(event("chunk"))));
    assertThat(payload[1]).isEqualTo(2);
  }

  @Test
  void headersThatFillAFrameAreReadWithoutKeepingThem() {
    Map<String, Object> headers = new LinkedHashMap<>();
    for (int i = 0; i < 200; i++) {
      headers.put("x".repeat(250) + (100 + i), "y".repeat(65_535));
    }
    headers.putAll(event("metadata"));
    byte[] huge = message(headers, utf8("z"));
    assertThat(huge.length).isGreaterThan(13_000_000);
    Recording frames = new Recording(true);
    EventStreamFraming framing = new EventStreamFraming(frames);
    Cuts.every(1400, huge, framing::feed);
    assertThat(frames.told).containsExactly("event/metadata", "z", "end");
  }

  @Test
  void headerThatIsCutOffAnywhereIsCorrupt() {
    byte[] whole = encoded(everyType());
    List<Integer> ends = new ArrayList<>();
    Map<String, Object> some = new LinkedHashMap<>();
    for (Map.Entry<String, Object> header : everyType().entrySet()) {
      ends.add(encoded(some).length);
      some.put(header.getKey(), header.getValue());
    }
    for (int length = 0; length < whole.length; length++) {
      Recording frames = new Recording(true);
      EventStreamFraming framing = new EventStreamFraming(frames);
      byte[] frame = frame(Arrays.copyOf(whole, length), utf8("payload that could be a value"));
      framing.feed(frame, 0, frame.length);
      assertThat(framing.isCorrupt()).as("cut at %d", length).isEqualTo(!ends.contains(length));
      assertThat(frames.told.contains("end")).isEqualTo(ends.contains(length));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 11, 127, 128, 255})
  void headerTypeThatNobodyKnowsIsCorrupt(int type) {
    byte[] headers = {1, 'a', (byte) type, 0, 0, 0, 0, 0, 0, 0, 0};
    assertCorrupt(frame(headers, utf8("x")));
  }

  @Test
  void headerWithoutNameIsCorrupt() {
    assertCorrupt(frame(new byte[] {0, 0}, utf8("x")));
  }

  @Test
  void headerThatDecidesAndIsThereTwiceIsCorrupt() {
    for (String name : List.of(":message-type", ":event-type", ":exception-type")) {
      byte[] headers = encoded(Map.of(name, "event"));
      assertCorrupt(frame(concat(headers, headers), utf8("x")));
    }
    byte[] other = encoded(Map.of(":content-type", "application/json"));
    assertThat(read(frame(concat(other, other), utf8("x"))))
        .containsExactly("other/other", "x", "end");
  }

  @Test
  void randomBytesAreCorruptAndTellNothing() {
    for (long seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      byte[] noise = new byte[12 + random.nextInt(200)];
      random.nextBytes(noise);
      Recording frames = new Recording(true);
      EventStreamFraming framing = new EventStreamFraming(frames);
      framing.feed(noise, 0, noise.length);
      assertThat(framing.isCorrupt()).as("seed %d", seed).isTrue();
      assertThat(frames.told).as("seed %d", seed).isEmpty();
    }
  }

  // --- the library of AWS as the oracle ------------------------------------------------------

  @Test
  void messagesOfTheAwsLibraryAreReadAsItWroteThem() {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      ByteArrayOutputStream stream = new ByteArrayOutputStream();
      List<String> expected = new ArrayList<>();
      for (int n = random.nextInt(5); n >= 0; n--) {
        Map<String, HeaderValue> headers = new LinkedHashMap<>();
        for (int h = random.nextInt(4); h > 0; h--) {
          headers.put("h" + h, randomValue(random));
        }
        String message = pick(random, "event", "exception", "error", "other");
        String event =
            pick(random, "chunk", "metadata", "messageStop", "contentBlockDelta", "other");
        headers.put(":event-type", HeaderValue.fromString(event));
        for (int h = random.nextInt(4); h > 0; h--) {
          headers.put("i" + h, randomValue(random));
        }
        headers.put(":message-type", HeaderValue.fromString(message));
        String payload = "p".repeat(random.nextInt(400));
        new Message(headers, utf8(payload)).encode(stream);
        expected.add(message + "/" + event);
        if (!payload.isEmpty()) {
          expected.add(payload);
        }
        expected.add("end");
      }
      assertThat(told(fed -> Cuts.random(random, stream.toByteArray(), fed)))
          .as("seed %d", seed)
          .isEqualTo(expected);
    }
  }

  @Test
  void encoderOfThisTestWritesWhatTheAwsLibraryReads() {
    Map<String, Object> headers = everyType();
    headers.remove("k");
    headers.putAll(event("chunk"));
    Message read = Message.decode(ByteBuffer.wrap(message(headers, utf8("payload"))));
    assertThat(read.getHeaders().keySet()).containsExactlyElementsOf(headers.keySet());
    assertThat(read.getPayload()).isEqualTo(utf8("payload"));
  }

  // --- cost ----------------------------------------------------------------------------------

  @Test
  void tenThousandFramesAllocateNothing() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < 1000; i++) {
      out.writeBytes(STREAM);
    }
    byte[] stream = out.toByteArray();
    long[] payload = new long[1];
    EventStreamFraming framing =
        new EventStreamFraming(
            new EventStreamFraming.Frames() {
              @Override
              public boolean begin(int messageType, int eventType) {
                return eventType == EventStreamFraming.METADATA;
              }

              @Override
              public void payload(byte[] b, int from, int to) {
                payload[0] += to - from;
              }

              @Override
              public void end() {
                payload[0]++;
              }
            });
    for (int i = 0; i < 20; i++) {
      framing.feed(stream, 0, stream.length);
    }
    long before = Allocation.ofThisThread();
    for (int i = 0; i < 4; i++) {
      for (int from = 0; from < stream.length; from += 1400) {
        framing.feed(stream, from, Math.min(stream.length, from + 1400));
      }
    }
    assertThat(Allocation.ofThisThread() - before).as("bytes for 12,000 frames").isLessThan(1024);
    assertThat(framing.isCorrupt()).isFalse();
  }

  // --- an encoder that shares nothing with the code under test -------------------------------

  public static Map<String, Object> event(String type) {
    Map<String, Object> headers = new LinkedHashMap<>();
    headers.put(":event-type", type);
    headers.put(":content-type", "application/json");
    headers.put(":message-type", "event");
    return headers;
  }

  private static Map<String, Object> everyType() {
    Map<String, Object> headers = new LinkedHashMap<>();
    headers.put("a", true);
    headers.put("b", false);
    headers.put("c", (byte) 7);
    headers.put("d", (short) 7);
    headers.put("e", 0x07070707);
    headers.put("f", 0x0700070007000700L);
    headers.put("g", new byte[] {7, 0, 7});
    headers.put("h", "\u00e9");
    headers.put("i", Instant.ofEpochMilli(1_700_000_000_000L));
    headers.put("j", new UUID(7, 7));
    headers.put("k", "");
    return headers;
  }

  public static byte[] message(Map<String, Object> headers, byte[] payload) {
    return frame(encoded(headers), payload);
  }

  private static int headers(Map<String, Object> headers) {
    return encoded(headers).length;
  }

  private static byte[] encoded(Map<String, Object> headers) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    headers.forEach(
        (name, value) -> {
          out.write(utf8(name).length);
          out.writeBytes(utf8(name));
          out.writeBytes(encoded(value));
        });
    return out.toByteArray();
  }

  private static byte[] encoded(Object value) {
    ByteBuffer out = ByteBuffer.allocate(70_000);
    if (value instanceof Boolean flag) {
      out.put((byte) (flag ? 0 : 1));
    } else if (value instanceof Byte number) {
      out.put((byte) 2).put(number);
    } else if (value instanceof Short number) {
      out.put((byte) 3).putShort(number);
    } else if (value instanceof Integer number) {
      out.put((byte) 4).putInt(number);
    } else if (value instanceof Long number) {
      out.put((byte) 5).putLong(number);
    } else if (value instanceof byte[] bytes) {
      out.put((byte) 6).putShort((short) bytes.length).put(bytes);
    } else if (value instanceof String text) {
      out.put((byte) 7).putShort((short) utf8(text).length).put(utf8(text));
    } else if (value instanceof Instant time) {
      out.put((byte) 8).putLong(time.toEpochMilli());
    } else if (value instanceof UUID id) {
      out.put((byte) 9).putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    } else {
      throw new IllegalArgumentException(value.toString());
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  private static byte[] frame(byte[] headers, byte[] payload) {
    int total = 16 + headers.length + payload.length;
    byte[] start = concat(concat(prelude(total, headers.length), headers), payload);
    return concat(start, checksum(start));
  }

  private static byte[] prelude(int total, int headers) {
    byte[] lengths = ByteBuffer.allocate(8).putInt(total).putInt(headers).array();
    return concat(lengths, checksum(lengths));
  }

  private static byte[] checksum(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return ByteBuffer.allocate(4).putInt((int) crc.getValue()).array();
  }

  /** Not of the types byte and short: version 1.0.1 of the library leaves out their values. */
  private static HeaderValue randomValue(Random random) {
    byte[] bytes = new byte[1 + random.nextInt(40)];
    random.nextBytes(bytes);
    return switch (random.nextInt(7)) {
      case 0 -> HeaderValue.fromBoolean(random.nextBoolean());
      case 1 -> HeaderValue.fromInteger(random.nextInt());
      case 2 -> HeaderValue.fromLong(random.nextLong());
      case 3 -> HeaderValue.fromByteArray(bytes);
      case 4 -> HeaderValue.fromString("s".repeat(bytes.length));
      case 5 -> HeaderValue.fromTimestamp(Instant.ofEpochMilli(random.nextInt()));
      default -> HeaderValue.fromUuid(new UUID(random.nextLong(), random.nextLong()));
    };
  }

  private static String pick(Random random, String... words) {
    return words[random.nextInt(words.length)];
  }

  // --- what is told --------------------------------------------------------------------------

  private interface Feeding {
    void run(Cuts.Fed fed);
  }

  private static List<String> read(byte[] stream) {
    return told(fed -> fed.feed(stream, 0, stream.length));
  }

  private static List<String> told(Feeding feeding) {
    Recording frames = new Recording(true);
    EventStreamFraming framing = new EventStreamFraming(frames);
    feeding.run(framing::feed);
    assertThat(framing.isCorrupt()).isFalse();
    assertThat(framing.isTruncated()).isFalse();
    return frames.told;
  }

  private static void assertCorrupt(byte[] frame) {
    Recording frames = new Recording(true);
    EventStreamFraming framing = new EventStreamFraming(frames);
    framing.feed(frame, 0, frame.length);
    assertThat(framing.isCorrupt()).isTrue();
    assertThat(frames.told).doesNotContain("end");
  }

  /** Begin, payload (if there is any) and end of each frame. */
  private static final class Recording implements EventStreamFraming.Frames {
    private static final String[] MESSAGES = {"other", "event", "exception", "error"};
    private static final String[] EVENTS = {
      "other", "chunk", "metadata", "messageStop", "contentBlockDelta"
    };

    final List<String> told = new ArrayList<>();
    private final boolean wanted;
    private final ByteArrayOutputStream payload = new ByteArrayOutputStream();

    Recording(boolean wanted) {
      this.wanted = wanted;
    }

    @Override
    public boolean begin(int messageType, int eventType) {
      payload.reset();
      told.add(MESSAGES[messageType] + "/" + EVENTS[eventType]);
      return wanted;
    }

    @Override
    public void payload(byte[] b, int from, int to) {
      assertThat(to).isGreaterThan(from);
      payload.write(b, from, to - from);
    }

    @Override
    public void end() {
      if (payload.size() > 0) {
        told.add(payload.toString(StandardCharsets.UTF_8));
      }
      told.add("end");
    }
  }
}
