// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.testkit.FakeRouter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The codec on the bytes says what the generated classes say. */
class CodecTest {
  private static final int MESSAGES = Integer.getInteger("extproc.messages", 100_000);
  private static final List<String> NAMES =
      List.of(":path", "x-vsr-debug", "x-auth-request-user", "content-type", "x", "");
  private static final List<String> PREFIXES = List.of("x-vsr-", "x-", "", "content-type");

  private static final List<Phase> PHASES =
      List.copyOf(EnumSet.complementOf(EnumSet.of(Phase.UNKNOWN)));
  private static final List<ModeOverride> OVERRIDES =
      List.copyOf(EnumSet.allOf(ModeOverride.class));

  // Messages

  @Test
  void everyMessageIsReadAsTheGeneratedClassesReadIt() throws IOException {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < MESSAGES; i++) {
      byte[] bytes = message(random).toByteArray();
      Message ours = read(bytes);
      assertSame(bytes, ours, reference(bytes), "seed " + seed + ", " + i);
      ours.release(); // what is left in the buffer must not show in the next one
    }
  }

  @Test
  void nearlyEveryMessageOfADataPlaneIsReadWithoutTheGeneratedClasses() throws IOException {
    Random random = new Random(7);
    for (int i = 0; i < 1_000; i++) {
      assertThat(WireReader.take().read(stream(message(random).toByteArray()))).isNotNull();
    }
  }

  @Test
  void everyMutilatedMessageIsReadAlikeOrRefused() {
    long seed = seed();
    Random random = new Random(seed);
    int read = 0;
    for (int i = 0; i < MESSAGES; i++) {
      byte[] bytes = mutilated(message(random).toByteArray(), random);
      Message reference = orNull(bytes, GeneratedReader::read);
      Message ours = orNull(bytes, Codec::read);
      if (reference != null) {
        read++;
        assertSame(bytes, Objects.requireNonNull(ours), reference, "seed " + seed + ", " + i);
      }
      if (ours != null) {
        ours.release();
      }
    }
    assertThat(read).as("or it is not tested").isGreaterThan(MESSAGES / 10);
  }

  @Test
  void messageInTwoPartsIsMergedAsProtobufSays() throws IOException {
    ByteString first = Messages.chat("x-auth-request-user", "alice").toByteString();
    ByteString second = Messages.chat("x-auth-request-tier", "gold").toByteString();
    byte[] bytes = first.concat(second).toByteArray();
    assertThat(WireReader.take().read(stream(bytes))).isNull();
    Message message = read(bytes);
    assertThat(message.headers.get("x-auth-request-user")).isEqualTo("alice");
    assertThat(message.headers.get("x-auth-request-tier")).isEqualTo("gold");
  }

  @Test
  void whatIsNoMessageIsRefused() {
    byte[] cut = {0x12, 0x7F, 0x0A};
    assertThatThrownBy(() -> read(cut)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> reference(cut)).isInstanceOf(IOException.class);
  }

  @Test
  void nameThatIsNoUtf8CostsOnlyTheGeneratedClassesTheMessage() throws IOException {
    // HttpHeaders { headers { headers { key: <FF> } } }
    byte[] bytes = HexFormat.of().parseHex("1207" + "0a05" + "0a03" + "0a01ff");
    assertThatThrownBy(() -> reference(bytes)).isInstanceOf(IOException.class);
    assertThat(read(bytes).headers.names()).containsExactly("\uFFFD");
  }

  // Buffers

  @Test
  void messageIsWholeUntilItIsReleasedWhateverIsReadMeanwhile() throws IOException {
    Message first = read(Messages.body("first", false).toByteArray());
    Message second = read(Messages.body("secon", true).toByteArray());
    assertThat(body(first)).isEqualTo("first");
    first.release();
    Message third = read(Messages.body("third", true).toByteArray());
    assertThat(body(second)).isEqualTo("secon");
    assertThat(third.bytes).as("the buffer that was released").isSameAs(first.bytes);
    second.release();
    third.release();
  }

  @Test
  void bufferOfALargeMessageIsNotKept() throws IOException {
    byte[] large = body(Spare.MAX_BYTES);
    Message first = read(large);
    first.release();
    Message second = read(large);
    assertThat(second.bytes).isNotSameAs(first.bytes);
    second.release();
    Message third = read(Messages.body("third", true).toByteArray());
    assertThat(third.bytes.length).isLessThanOrEqualTo(Spare.MAX_BYTES);
    third.release();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4_095, 4_096, 4_097, 10_000, 65_536, 300_000})
  void messageIsReadWhetherItsLengthIsKnownOrNot(int length) throws IOException {
    byte[] bytes = body(length);
    byte[] text = new byte[length];
    Arrays.fill(text, (byte) 'x');
    for (InputStream stream :
        List.of(stream(bytes), new ByteArrayInputStream(bytes), stream(bytes))) {
      Message message = Codec.read(stream);
      assertThat(Arrays.copyOfRange(message.bytes, message.from, message.to)).isEqualTo(text);
      message.release();
    }
  }

  private static byte[] body(int length) {
    return Messages.body("x".repeat(length), false).toByteArray();
  }

  private static String body(Message message) {
    return new String(message.bytes, message.from, message.to - message.from, UTF_8);
  }

  /** As gRPC gives a message that is not compressed. */
  private static InputStream stream(byte[] bytes) {
    return new Codec.Serialised(bytes, 0, bytes.length);
  }

  private static Message read(byte[] bytes) throws IOException {
    return Codec.read(stream(bytes));
  }

  private static Message reference(byte[] bytes) throws IOException {
    return GeneratedReader.read(stream(bytes));
  }

  private interface Reader {
    Message read(InputStream stream) throws IOException;
  }

  private static @Nullable Message orNull(byte[] bytes, Reader reader) {
    try {
      return reader.read(stream(bytes));
    } catch (IOException e) {
      return null;
    }
  }

  private static void assertSame(byte[] bytes, Message ours, Message reference, String which) {
    // One assertion each would take most of the time.
    if (!isSame(ours, reference)) {
      throw new AssertionError(which + " is read otherwise: " + HexFormat.of().formatHex(bytes));
    }
  }

  static boolean isSame(Message ours, Message reference) {
    boolean same =
        ours.phase == reference.phase
            && ours.endOfStream == reference.endOfStream
            && ours.observed == reference.observed
            && ours.requestMode == reference.requestMode
            && ours.responseMode == reference.responseMode
            && Arrays.equals(
                ours.bytes, ours.from, ours.to, reference.bytes, reference.from, reference.to)
            && Objects.equals(ours.whole(), reference.whole())
            && list(ours.headers.names()).equals(list(reference.headers.names()));
    for (String name : NAMES) {
      same &= Objects.equals(ours.headers.get(name), reference.headers.get(name));
      same &= ours.headers.count(name) == reference.headers.count(name);
    }
    for (String prefix : PREFIXES) {
      same &= ours.headers.mayHave(prefix) == reference.headers.mayHave(prefix);
      List<String> named = list(reference.headers.names(prefix));
      same &= list(ours.headers.names(prefix)).equals(named);
      same &= list(ours.headers.names(prefix)).equals(named); // also when asked again
    }
    return same;
  }

  private static List<String> list(Iterable<String> names) {
    List<String> list = new ArrayList<>();
    names.forEach(list::add);
    return list;
  }

  private static ProcessingRequest message(Random random) {
    ProcessingRequest.Builder message = ProcessingRequest.newBuilder();
    switch (random.nextInt(8)) {
      case 0, 1 -> message.setRequestHeaders(headers(random));
      case 2 -> message.setResponseHeaders(headers(random));
      case 3 -> message.setRequestBody(body(random));
      case 4 -> message.setResponseBody(body(random));
      case 5 -> message.setRequestTrailers(HttpTrailers.newBuilder().setTrailers(map(random)));
      case 6 -> message.setResponseTrailers(HttpTrailers.getDefaultInstance());
      default -> message.clearRequest();
    }
    if (random.nextInt(4) == 0) {
      message.setObservabilityMode(random.nextBoolean());
    }
    if (random.nextInt(3) == 0) {
      message.setProtocolConfig(
          ProtocolConfiguration.newBuilder()
              .setRequestBodyModeValue(random.nextInt(8) - 1)
              .setResponseBodyModeValue(random.nextInt(8) - 1)
              .setSendBodyWithoutWaitingForHeaderResponse(random.nextBoolean()));
    }
    if (random.nextInt(4) == 0) {
      message.putAttributes("envoy.filters.http.ext_proc", struct(random));
      message.setMetadataContext(
          Metadata.newBuilder().putFilterMetadata("auth", struct(random)).build());
    }
    if (random.nextInt(4) == 0) {
      message.setUnknownFields(unknown(random, 12));
    }
    return message.build();
  }

  private static Struct struct(Random random) {
    return Struct.newBuilder()
        .putFields("a", Value.newBuilder().setNumberValue(random.nextInt(9)).build())
        .build();
  }

  private static UnknownFieldSet unknown(Random random, int firstField) {
    UnknownFieldSet.Field.Builder field = UnknownFieldSet.Field.newBuilder();
    switch (random.nextInt(4)) {
      case 0 -> field.addVarint(random.nextLong());
      case 1 -> field.addFixed32(random.nextInt());
      case 2 -> field.addFixed64(random.nextLong());
      default -> field.addLengthDelimited(noise(random, 20));
    }
    return UnknownFieldSet.newBuilder()
        .addField(firstField + random.nextInt(1 << random.nextInt(20)), field.build())
        .build();
  }

  private static HttpHeaders headers(Random random) {
    HttpHeaders.Builder headers = HttpHeaders.newBuilder();
    if (random.nextInt(8) > 0) {
      headers.setHeaders(map(random));
    }
    if (random.nextInt(3) == 0) {
      headers.setEndOfStream(true);
    }
    if (random.nextInt(8) == 0) {
      headers.setUnknownFields(unknown(random, 4));
    }
    return headers.build();
  }

  private static HeaderMap map(Random random) {
    HeaderMap.Builder map = HeaderMap.newBuilder();
    for (int n = random.nextInt(random.nextInt(10) == 0 ? 60 : 6); n > 0; n--) {
      HeaderValue.Builder header = HeaderValue.newBuilder();
      String name = NAMES.get(random.nextInt(NAMES.size()));
      header.setKey(random.nextInt(5) == 0 ? name.toUpperCase(java.util.Locale.ROOT) : name);
      if (random.nextInt(3) > 0) {
        header.setRawValue(noise(random, 12));
      }
      if (random.nextInt(3) == 0) {
        header.setValue("täxt" + random.nextInt(100));
      }
      if (random.nextInt(10) == 0) {
        header.setUnknownFields(unknown(random, 4));
      }
      map.addHeaders(header);
    }
    return map.build();
  }

  private static HttpBody body(Random random) {
    HttpBody.Builder body = HttpBody.newBuilder().setEndOfStream(random.nextBoolean());
    if (random.nextInt(5) > 0) {
      body.setBody(noise(random, 400));
    }
    if (random.nextInt(8) == 0) {
      body.setUnknownFields(unknown(random, 3));
    }
    return body.build();
  }

  private static ByteString noise(Random random, int bound) {
    byte[] bytes = new byte[random.nextInt(bound)];
    random.nextBytes(bytes);
    return ByteString.copyFrom(bytes);
  }

  private static byte[] mutilated(byte[] bytes, Random random) {
    byte[] other = message(random).toByteArray();
    byte[] mutilated =
        switch (random.nextInt(3)) {
          case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
          case 1 -> {
            byte[] both = Arrays.copyOf(bytes, bytes.length + other.length);
            System.arraycopy(other, 0, both, bytes.length, other.length);
            yield both;
          }
          default -> bytes.clone();
        };
    for (int n = random.nextInt(3); n > 0 && mutilated.length > 0; n--) {
      mutilated[random.nextInt(mutilated.length)] = (byte) random.nextInt(256);
    }
    return mutilated;
  }

  // Replies

  @Test
  void everyReplyIsWrittenAsTheGeneratedClassesWriteIt() throws IOException {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < MESSAGES / 10; i++) {
      Reply reply = reply(random);
      ProcessingResponse expected = GeneratedReplies.of(reply);
      String which = "seed " + seed + ", " + i;
      assertThat(ProcessingResponse.parseFrom(Codec.REPLIES.stream(reply).readAllBytes()))
          .as(which)
          .isEqualTo(expected);
      assertThat(drained(Codec.write(reply))).as(which).isEqualTo(expected);
    }
  }

  @Test
  void replyIsWholeUntilItIsDrainedWhateverIsWrittenMeanwhile() throws IOException {
    Codec.Serialised first = Codec.write(echo("first"));
    Codec.Serialised second = Codec.write(echo("secon"));
    assertThat(drained(first)).isEqualTo(GeneratedReplies.of(echo("first")));
    assertThat(drained(first)).isEqualTo(ProcessingResponse.getDefaultInstance());
    Codec.Serialised third = Codec.write(echo("third"));
    Codec.Serialised fourth = Codec.write(echo("fourt"));
    assertThat(drained(first)).isEqualTo(ProcessingResponse.getDefaultInstance());
    assertThat(drained(fourth)).isEqualTo(GeneratedReplies.of(echo("fourt")));
    assertThat(drained(third)).isEqualTo(GeneratedReplies.of(echo("third")));
    assertThat(drained(second)).isEqualTo(GeneratedReplies.of(echo("secon")));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1_900, 2_048, 2_100, 62_000, 300_000})
  void replyOfAnyLengthIsWhole(int length) throws IOException {
    Reply reply = echo("x".repeat(length));
    assertThat(drained(Codec.write(reply))).isEqualTo(GeneratedReplies.of(reply));
  }

  private static Reply echo(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    return Reply.echoed(Phase.RESPONSE_BODY, bytes, 0, bytes.length, false);
  }

  private static ProcessingResponse drained(Codec.Serialised reply) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    reply.drainTo(out);
    return ProcessingResponse.parseFrom(out.toByteArray());
  }

  @Test
  void unknownPhaseHasNoReply() {
    assertThatThrownBy(() -> Reply.neutral(Phase.UNKNOWN))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static Reply reply(Random random) {
    byte[] bytes = noise(random, random.nextInt(10) == 0 ? 70_000 : 300).toByteArray();
    int from = random.nextInt(bytes.length + 1);
    int to = from + random.nextInt(bytes.length - from + 1);
    Phase body = random.nextBoolean() ? Phase.REQUEST_BODY : Phase.RESPONSE_BODY;
    Exchange exchange = exchange(random);
    Reply reply =
        switch (random.nextInt(5)) {
          case 0 -> Reply.neutral(PHASES.get(random.nextInt(PHASES.size())));
          case 1 -> Reply.replaced(body, bytes, from, to);
          case 2 -> Reply.echoed(body, bytes, from, to, random.nextBoolean());
          case 3 -> Reply.answered(Phase.REQUEST_BODY, answer(random));
          default -> headers(random, exchange);
        };
    return random.nextBoolean()
        ? reply
        : reply.withMetadata(UsageMetadata.of("n.s", exchange, new CarriedMicros(), null));
  }

  private static LocalAnswer answer(Random random) {
    byte[] body = new byte[random.nextInt(300)];
    random.nextBytes(body);
    int status = 200 + random.nextInt(400);
    RoutedRequest routed =
        RoutedRequest.answered(
            Routing.builder()
                .selectedModel("qwen" + random.nextInt(9))
                .routingDecision("math")
                .reasoning(true)
                .cacheHit(true)
                .build(),
            RouterReport.of(RouterReport.Result.CACHED),
            new RoutedRequest.Answer(
                status,
                "application/json",
                body,
                Measurement.of(Measurement.Status.COMPLETE, Set.of(), TokenUsage.of(1, 2))));
    Exchange exchange =
        Metering.builder(
                MaasConfig.from(
                    Map.of("maas_integration", Map.of("enabled", random.nextBoolean()))))
            .router(new FakeRouter(100, request -> routed))
            .build()
            .begin("POST", "/v1/chat/completions", name -> null);
    exchange.request().write(new byte[1], 0, 1, (b, from, length) -> {});
    return Objects.requireNonNull(exchange.request().end((b, from, length) -> {}));
  }

  private static Reply headers(Random random, Exchange exchange) {
    ModeOverride override =
        random.nextBoolean() ? null : OVERRIDES.get(random.nextInt(OVERRIDES.size()));
    if (random.nextBoolean()) {
      HeaderEdits edits = random.nextBoolean() ? exchange.request().pass() : HeaderEdits.EMPTY;
      return Reply.headers(Phase.REQUEST_HEADERS, edits, override);
    }
    String text = random.nextBoolean() ? "qwen" : "größer " + "x".repeat(random.nextInt(200));
    exchange.request().pass();
    ResponseBody answer =
        exchange.response(
            200,
            name ->
                switch (name) {
                  case "content-type" -> "application/json";
                  case "x-vsr-selected-model", "x-vsr-selected-category" -> text;
                  default -> null;
                });
    answer.watch(
        Messages.JSON_ANSWER.getBytes(java.nio.charset.StandardCharsets.UTF_8),
        0,
        Messages.JSON_ANSWER.length());
    if (random.nextBoolean()) {
      answer.end();
    }
    return Reply.headers(Phase.RESPONSE_HEADERS, answer.edits(), override);
  }

  private static Exchange exchange(Random random) {
    Map<String, ?> price =
        Map.of("prompt_per_1m", "0.15", "completion_per_1m", random.nextInt(9) + 1);
    Map<String, ?> config =
        Map.of(
            "maas_integration",
            Map.of("enabled", true, "metrics", Map.of("internal_cost_calculation", true)),
            "pricing",
            Map.of("currency", "USD", "models", Map.of("qwen3", price)));
    return Metering.builder(MaasConfig.from(config))
        .build()
        .begin(
            "POST",
            "/v1/chat/completions",
            name ->
                switch (name) {
                  case "x-vsr-debug", "x-vsr-decision" -> "1";
                  case "x-auth-request-user" -> "alice";
                  default -> null;
                });
  }

  private static long seed() {
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("CodecTest seed: -Dmaas.seed=" + seed);
    return seed;
  }
}
