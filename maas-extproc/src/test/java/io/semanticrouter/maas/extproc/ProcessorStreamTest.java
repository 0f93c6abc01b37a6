// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.SSE_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.observed;
import static io.semanticrouter.maas.extproc.Messages.raw;
import static io.semanticrouter.maas.extproc.Messages.request;
import static io.semanticrouter.maas.extproc.Messages.requestBody;
import static io.semanticrouter.maas.extproc.Messages.requestTrailers;
import static io.semanticrouter.maas.extproc.Messages.response;
import static io.semanticrouter.maas.extproc.Messages.trailers;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessorStreamTest {
  private static final String USER = "x-auth-request-user";
  private static final String TIER = "x-auth-request-tier";
  private static final Map<String, ?> MAAS = Map.of("maas_integration", Map.of("enabled", true));
  private static final Map<String, ?> PRICED =
      Map.of(
          "maas_integration",
          Map.of("enabled", true, "metrics", Map.of("internal_cost_calculation", true)),
          "pricing",
          Map.of(
              "models",
              Map.of("qwen3", Map.of("prompt_per_1m", "0.033", "completion_per_1m", "0.033"))));
  private static final int SEQUENCES = 5_000;

  /** Bodies of requests; whatever is not a stream has to pass as it is. */
  private static final List<String> REQUESTS =
      List.of(
          "{\"model\":\"m\",\"stream\":true}",
          "{\"stream\":true,\"stream_options\":{\"include_usage\":false},\"n\":2}",
          "{\"stream_options\":{ \"include_usage\" : null },\"messages\":[],\"stream\":true}",
          "{\"stream\":true,\"stream_options\":null,\"messages\":[{\"content\":\"\\\"}\"}]}\n",
          "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
          "{\"stream\":false,\"stream_options\":{\"include_usage\":false}}",
          "{\"stream\":true,\"stream_options\":{\"include_usage\":\"no\"}}",
          "{\"stream\":true,\"stream_options\":{\"include_usage\":false",
          "{\"a\":1}",
          "no JSON");

  private final RecordingSink sink = new RecordingSink();
  private final List<FakeEnvoy> envoys = new ArrayList<>();
  private MaasProcessor processor = new MaasProcessor(metering(MAAS, sink));

  /** How Envoy can leave. */
  private enum End {
    HALF_CLOSE,
    CANCEL,
    ERROR;

    void of(FakeEnvoy.Stream stream) {
      switch (this) {
        case HALF_CLOSE -> stream.halfClose();
        case CANCEL -> stream.cancel();
        case ERROR -> stream.fail();
      }
    }
  }

  @AfterEach
  void closeEnvoys() {
    envoys.forEach(FakeEnvoy::close);
    assertThat(processor.openStreams()).isZero();
  }

  private static Metering metering(Map<String, ?> config, UsageSink... sinks) {
    Metering.Builder builder = Metering.builder(MaasConfig.from(config)).instanceId("test");
    for (UsageSink sink : sinks) {
      builder.sink(sink);
    }
    return builder.build();
  }

  private FakeEnvoy envoy() {
    FakeEnvoy envoy = FakeEnvoy.beside(processor);
    envoys.add(envoy);
    return envoy;
  }

  private FakeEnvoy.Stream open() {
    return envoy().open();
  }

  private static List<ProcessingRequest> sseExchange() {
    List<ProcessingRequest> messages = new ArrayList<>();
    messages.add(chat(USER, "alice", TIER, "premium"));
    messages.add(response(200, "text/event-stream"));
    SSE_ANSWER.forEach(event -> messages.add(body(event, false)));
    messages.add(body("", true));
    return messages;
  }

  private static List<String> kinds(List<ProcessingRequest> messages) {
    return messages.stream()
        .filter(message -> !message.getObservabilityMode())
        .map(message -> message.getRequestCase().name())
        .filter(kind -> !kind.equals("REQUEST_NOT_SET"))
        .toList();
  }

  private static Map<String, Object> metadata(ProcessingResponse reply) {
    Struct metadata = reply.getDynamicMetadata();
    if (metadata.getFieldsCount() == 0) {
      return Map.of();
    }
    assertThat(metadata.getFieldsMap()).containsOnlyKeys("io.semanticrouter.maas");
    Map<String, Object> fields = new java.util.LinkedHashMap<>();
    metadata
        .getFieldsOrThrow("io.semanticrouter.maas")
        .getStructValue()
        .getFieldsMap()
        .forEach(
            (name, value) ->
                fields.put(
                    name,
                    value.hasNumberValue() ? value.getNumberValue() : value.getStringValue()));
    return fields;
  }

  // Replies

  @Test
  void streamsThatShareTheBufferOfAThreadAreMeteredAsIfAlone() {
    FakeEnvoy envoy = envoy();
    List<FakeEnvoy.Stream> streams = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      streams.add(envoy.open().send(chat(USER, "user-" + i), response(200, "text/event-stream")));
    }
    // Of one length, and all cut alike: what one stream keeps of a message, another overwrites.
    for (int cut = 0; cut < 220; cut += 7) {
      for (int i = 0; i < 50; i++) {
        String event =
            "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-%02d\",\"choices\":[],"
                    .formatted(i)
                + "\"usage\":{\"prompt_tokens\":1%02d,\"completion_tokens\":2%02d,".formatted(i, i)
                + "\"total_tokens\":%d}}\n\ndata: [DONE]\n\n".formatted(300 + 2 * i);
        String piece = event.substring(Math.min(cut, event.length()));
        streams.get(i).send(body(piece.substring(0, Math.min(7, piece.length())), cut >= 213));
      }
    }
    assertThat(sink.records()).hasSize(50);
    for (int i = 0; i < 50; i++) {
      UsageRecord record = sink.records().get(i);
      assertThat(record.identity().user()).isEqualTo("user-" + i);
      TokenUsage usage = Objects.requireNonNull(record.measurement().usage());
      assertThat(usage.prompt()).isEqualTo(100 + i);
      assertThat(usage.completion()).isEqualTo(200 + i);
      assertThat(record.routing().responseModel()).isEqualTo("m-%02d".formatted(i));
    }
    streams.forEach(FakeEnvoy.Stream::halfClose);
  }

  @Test
  void eachKindOfMessageIsAnsweredOnceWithItsOwnKindInOrder() {
    List<ProcessingRequest> messages =
        List.of(
            chat(),
            requestBody("{}", false),
            requestBody("", true),
            requestTrailers(),
            response(200, "application/json"),
            body(JSON_ANSWER, false),
            body("", false),
            trailers());
    FakeEnvoy.Stream stream = open();
    List<String> expected = new ArrayList<>();
    for (ProcessingRequest message : messages) {
      stream.send(message);
      expected.add(message.getRequestCase().name());
      assertThat(stream.replyKinds()).isEqualTo(expected);
    }
    stream.halfClose();
    assertThat(stream.isCompleted()).isTrue();
    assertThat(stream.replyKinds()).isEqualTo(expected);
  }

  @Test
  void messageOfAnUnknownKindGetsNoReplyAndTheExchangeGoesOn() {
    FakeEnvoy.Stream stream = open();
    stream.send(ProcessingRequest.getDefaultInstance());
    assertThat(stream.replies()).isEmpty();
    stream.send(chat(), ProcessingRequest.getDefaultInstance());
    stream.send(response(200, "application/json"), body(JSON_ANSWER, true));
    assertThat(stream.replyKinds())
        .containsExactly("REQUEST_HEADERS", "RESPONSE_HEADERS", "RESPONSE_BODY");
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  void bodyRepliesAreEmptySoThatEnvoyPassesOnTheOriginalBytes() {
    FakeEnvoy.Stream stream = open().send(sseExchange());
    for (ProcessingResponse reply : stream.replies()) {
      assertThat(reply.getResponseBody().hasResponse()).isFalse();
      assertThat(reply.hasImmediateResponse()).isFalse();
      assertThat(reply.hasOverrideMessageTimeout()).isFalse();
    }
  }

  // Processing modes: exactly those that config/envoy.yaml allows

  @Test
  void billableResponseAsksForItsBodyAndTrailers() {
    FakeEnvoy.Stream stream =
        open()
            .send(
                request("POST", "/v1/embeddings", "content-length", "20"),
                response(200, "application/json"));
    assertThat(stream.replies().get(0).hasModeOverride()).isFalse();
    assertThat(stream.replies().get(1).getModeOverride())
        .isEqualTo(mode(HeaderSendMode.SEND, BodySendMode.STREAMED, HeaderSendMode.SEND));
  }

  @Test
  void requestOfNoStatedLengthIsShownToBeCounted() {
    FakeEnvoy.Stream stream = open().send(request("POST", "/v1/embeddings"));
    assertThat(stream.lastReply().getModeOverride())
        .isEqualTo(
            mode(HeaderSendMode.SEND, BodySendMode.NONE, HeaderSendMode.SKIP).toBuilder()
                .setRequestBodyMode(BodySendMode.STREAMED)
                .setRequestTrailerMode(HeaderSendMode.SEND)
                .build());
  }

  @Test
  void chatAsksForItsRequestBodyAndNoLongerForItOnceThatIsThere() {
    FakeEnvoy.Stream stream =
        open()
            .send(
                chat(), requestBody("{\"stream\":false}", true), response(200, "application/json"));
    assertThat(stream.replies().get(0).getModeOverride())
        .isEqualTo(
            mode(HeaderSendMode.SEND, BodySendMode.NONE, HeaderSendMode.SKIP).toBuilder()
                .setRequestBodyMode(BodySendMode.STREAMED)
                .setRequestTrailerMode(HeaderSendMode.SEND)
                .build());
    assertThat(stream.replies().get(1))
        .isEqualTo(GeneratedReplies.of(Reply.neutral(Phase.REQUEST_BODY)));
    assertThat(stream.replies().get(2).getModeOverride())
        .isEqualTo(mode(HeaderSendMode.SEND, BodySendMode.STREAMED, HeaderSendMode.SEND));
  }

  @Test
  void otherPathAsksForNothingMore() {
    FakeEnvoy.Stream stream = open().send(request("GET", "/healthz"));
    assertThat(stream.lastReply().getModeOverride())
        .isEqualTo(mode(HeaderSendMode.SKIP, BodySendMode.NONE, HeaderSendMode.SKIP));
    // An Envoy that does not allow the override goes on sending.
    stream.send(response(200, "application/json"), body(JSON_ANSWER, true));
    assertThat(stream.replyKinds())
        .containsExactly("REQUEST_HEADERS", "RESPONSE_HEADERS", "RESPONSE_BODY");
    assertThat(stream.replies().get(1).hasModeOverride()).isFalse();
    stream.cancel();
    assertThat(sink.records()).isEmpty();
  }

  @Test
  void answerOnAnUnlistedPathIsReadWhereItCanStateUsage() {
    FakeEnvoy.Stream stream =
        open().send(request("POST", "/brand/new"), response(200, "application/json"));
    assertThat(stream.replies().get(0).hasModeOverride()).isFalse();
    assertThat(stream.lastReply().getModeOverride())
        .isEqualTo(mode(HeaderSendMode.SEND, BodySendMode.STREAMED, HeaderSendMode.SEND));
    stream.send(body(JSON_ANSWER, true));
    assertThat(sink.single().operation()).isEqualTo(Operation.DETECT);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
    stream.cancel();
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void answerOnAnUnlistedPathThatStatesNoneMakesNoRecord() {
    FakeEnvoy.Stream stream =
        open()
            .send(
                request("POST", "/brand/new"),
                response(200, "application/json"),
                body("{\"ok\":true}", true));
    stream.cancel();
    assertThat(sink.records()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"200, text/html", "200, image/png", "404, application/json", "500, text/plain"})
  void otherAnswerOnAnUnlistedPathAsksForNothingMore(int status, String type) {
    FakeEnvoy.Stream stream = open().send(request("POST", "/brand/new"), response(status, type));
    assertThat(stream.replyKinds()).containsExactly("REQUEST_HEADERS", "RESPONSE_HEADERS");
    assertThat(stream.lastReply().hasModeOverride()).isFalse();
    stream.cancel();
    assertThat(sink.records()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 429, 500, 503})
  void errorResponseAsksForNoBodyAndSettlesAtItsHeaders(int status) {
    FakeEnvoy.Stream stream = open().send(chat(), response(status, "application/json"));
    assertThat(stream.lastReply().hasModeOverride()).isFalse();
    assertThat(sink.single().outcome()).isEqualTo(Outcome.ERROR);
    assertThat(sink.single().httpStatus()).isEqualTo(status);
  }

  private static ProcessingMode mode(
      HeaderSendMode responseHeaders, BodySendMode responseBody, HeaderSendMode responseTrailers) {
    return ProcessingMode.newBuilder()
        .setRequestHeaderMode(HeaderSendMode.SEND)
        .setRequestBodyMode(BodySendMode.NONE)
        .setRequestTrailerMode(HeaderSendMode.SKIP)
        .setResponseHeaderMode(responseHeaders)
        .setResponseBodyMode(responseBody)
        .setResponseTrailerMode(responseTrailers)
        .build();
  }

  // Odd orders

  @Test
  void responseHeadersFirstAreAnsweredAndNothingIsRecorded() {
    FakeEnvoy.Stream stream =
        open().send(response(200, "application/json"), body(JSON_ANSWER, true), trailers());
    assertThat(stream.replyKinds())
        .containsExactly("RESPONSE_HEADERS", "RESPONSE_BODY", "RESPONSE_TRAILERS");
    stream.cancel();
    assertThat(sink.records()).isEmpty();
    assertThat(processor.failures()).isZero();
  }

  @Test
  void secondRequestHeadersSettleTheFirstExchangeAndBeginAnother() {
    FakeEnvoy.Stream stream = open().send(chat(USER, "alice"), chat(USER, "bob"));
    assertThat(sink.single().identity().user()).isEqualTo("alice");
    assertThat(sink.single().measurement().has(Reason.CANCELLED)).isTrue();
    stream.send(response(200, "application/json"), body(JSON_ANSWER, true));
    assertThat(sink.records()).hasSize(2);
    assertThat(sink.records().get(1).identity().user()).isEqualTo("bob");
    assertThat(sink.records().get(1).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  void secondExchangeOfAStreamSendsItsMetadataAsSoonAsTheFirst() {
    FakeEnvoy.Stream stream = open().send(sseExchange()).send(sseExchange());
    List<Integer> withUsage = new ArrayList<>();
    for (int i = 0; i < stream.replies().size(); i++) {
      if (metadata(stream.replies().get(i)).containsKey("total_tokens")) {
        withUsage.add(i);
      }
    }
    // The usage event and the end, of both.
    int length = sseExchange().size();
    assertThat(withUsage).containsExactly(4, 6, length + 4, length + 6);
  }

  @Test
  void bodiesWithoutHeadersAreAnsweredAndNothingIsRecorded() {
    FakeEnvoy.Stream stream =
        open().send(requestBody("{}", true), body(JSON_ANSWER, false), body("", true));
    assertThat(stream.replyKinds())
        .containsExactly("REQUEST_BODY", "RESPONSE_BODY", "RESPONSE_BODY");
    stream.halfClose();
    assertThat(sink.records()).isEmpty();
  }

  @Test
  void bodyWithoutResponseHeadersSettlesWithoutUsage() {
    FakeEnvoy.Stream stream = open().send(chat(), body(JSON_ANSWER, true));
    assertThat(stream.replyKinds()).containsExactly("REQUEST_HEADERS", "RESPONSE_BODY");
    assertThat(sink.single().measurement().has(Reason.NO_RESPONSE)).isTrue();
  }

  @Test
  void messagesAfterTheEndAreAnsweredAndChangeNothing() {
    FakeEnvoy.Stream stream =
        open().send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
    UsageRecord record = sink.single();
    stream.send(
        body(JSON_ANSWER, true), trailers(), response(500, "text/plain"), requestTrailers());
    assertThat(stream.replyKinds().subList(3, 7))
        .containsExactly(
            "RESPONSE_BODY", "RESPONSE_TRAILERS", "RESPONSE_HEADERS", "REQUEST_TRAILERS");
    stream.cancel();
    assertThat(sink.single()).isSameAs(record);
    assertThat(record.measurement().status()).isEqualTo(Status.COMPLETE);
  }

  @Test
  void responseHeadersBeforeTheEndOfTheRequestBodyAreNoProblem() {
    open()
        .send(
            chat(),
            requestBody("{", false),
            response(200, "application/json"),
            body(JSON_ANSWER.substring(0, 20), false),
            requestBody("}", true),
            body(JSON_ANSWER.substring(20), true));
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  void observabilityModeGetsNoRepliesAndIsMetered() {
    FakeEnvoy.Stream stream = open();
    sseExchange().forEach(message -> stream.send(observed(message)));
    assertThat(stream.replies()).isEmpty();
    stream.halfClose();
    assertThat(stream.isCompleted()).isTrue();
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  // Ends

  @Test
  void responseThatEndsWithItsHeadersIsSettledThereWithoutOverride() {
    FakeEnvoy.Stream stream = open().send(chat(), response(204, "application/json", true));
    assertThat(stream.lastReply().hasModeOverride()).isFalse();
    assertThat(sink.single().httpStatus()).isEqualTo(204);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.NONE);
    stream.cancel();
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void trailersEndAResponseWhoseBodyNeverSaidSo() {
    List<ProcessingRequest> messages = sseExchange();
    messages.set(messages.size() - 1, trailers());
    FakeEnvoy.Stream stream = open().send(messages);
    assertThat(sink.single().measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(sink.single().measurement().reasons()).isEmpty();
    assertThat(metadata(stream.lastReply())).containsKeys("outcome", "total_tokens");
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void streamThatEndsAfterAnyMessageIsSettledExactlyOnce(End end) {
    List<ProcessingRequest> messages = sseExchange();
    for (int sent = 0; sent <= messages.size(); sent++) {
      int before = sink.records().size();
      FakeEnvoy.Stream stream = open();
      stream.send(messages.subList(0, sent));
      end.of(stream);
      assertThat(sink.records()).as("after %d messages", sent).hasSize(before + Math.min(sent, 1));
      assertThat(stream.replyKinds()).isEqualTo(kinds(messages.subList(0, sent)));
      if (sent > 0) {
        UsageRecord record = sink.records().get(before);
        // Pieces of the answer are in messages 2 and 3, the usage in message 4; whatever comes
        // later only confirms it.
        assertThat(record.measurement().usage() != null).as("after %d", sent).isEqualTo(sent >= 3);
        assertThat(record.measurement().status() == Status.ESTIMATED)
            .as("after %d", sent)
            .isEqualTo(sent == 3 || sent == 4);
        assertThat(record.identity().user()).isEqualTo("alice");
      }
    }
    assertThat(processor.failures()).isZero();
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void streamThatEndsBeforeAnyMessageRecordsNothing(End end) {
    FakeEnvoy.Stream stream = open();
    end.of(stream);
    assertThat(sink.records()).isEmpty();
    assertThat(stream.replies()).isEmpty();
  }

  @Test
  void halfCloseWithoutAnEndSettlesAndCompletesTheStream() {
    FakeEnvoy.Stream stream = open().send(chat(), response(200, "text/event-stream"));
    stream.halfClose();
    assertThat(stream.isCompleted()).isTrue();
    assertThat(sink.single().measurement().has(Reason.CANCELLED)).isTrue();
  }

  @Test
  void exchangeOfADrainingServerIsSettledAsDrained() {
    FakeEnvoy.Stream stream = open().send(chat(), response(200, "text/event-stream"));
    processor.drain();
    stream.cancel();
    assertThat(sink.single().measurement().has(Reason.DRAIN)).isTrue();
  }

  @Test
  void messageThatIsNoProtobufIsSettledExactlyOnce() {
    // Field 2 (request_headers) of a length that never comes.
    assertSettledAfterRaw(new byte[] {0x12, 0x7F, 0x01});
  }

  @Test
  void messageBeyondTheSizeLimitIsSettledExactlyOnce() {
    // In-process gRPC has no limit; a message of 5 MiB is simply handled.
    FakeEnvoy.Stream stream = open().send(chat(), response(200, "application/json"));
    stream.send(body(ByteString.copyFrom(new byte[5 << 20]), false));
    stream.cancel();
    assertThat(sink.records()).hasSize(1);
  }

  private void assertSettledAfterRaw(byte[] last) {
    FakeEnvoy envoy = envoy();
    MethodDescriptor<byte[], byte[]> method =
        ExternalProcessorGrpc.getProcessMethod().toBuilder(new Bytes(), new Bytes()).build();
    ClientCall<byte[], byte[]> call = envoy.channel().newCall(method, CallOptions.DEFAULT);
    call.start(new ClientCall.Listener<>() {}, new Metadata());
    call.request(100);
    call.sendMessage(chat(USER, "alice").toByteArray());
    call.sendMessage(response(200, "application/json").toByteArray());
    call.sendMessage(body(JSON_ANSWER, false).toByteArray());
    call.sendMessage(last);
    assertThat(sink.single().measurement().usage()).isNotNull();
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }

  // Metadata

  @Test
  void metadataComesWithTheReplyToTheUsageAndWithTheLastReply() {
    FakeEnvoy.Stream stream = open().send(sseExchange());
    List<ProcessingResponse> replies = stream.replies();
    for (int i : new int[] {0, 1, 2, 3, 5}) {
      assertThat(replies.get(i).hasDynamicMetadata()).as("reply %d", i).isFalse();
    }
    Map<String, Object> early = metadata(replies.get(4));
    assertThat(early)
        .containsOnlyKeys(
            "user",
            "tier",
            "model",
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
            "record_id");
    assertThat(early.get("record_id")).isEqualTo(sink.single().id());
    assertThat(early.get("model")).isEqualTo("qwen3");
    assertThat(early.get("user")).isEqualTo("alice");
    assertThat(early.get("tier")).isEqualTo("premium");
    assertThat(early.get("prompt_tokens")).isEqualTo(7.0);
    assertThat(early.get("completion_tokens")).isEqualTo(5.0);
    assertThat(early.get("total_tokens")).isEqualTo(12.0);
    Map<String, Object> last = metadata(replies.get(6));
    // Envoy merges: whatever was said early stays true.
    assertThat(last).containsAllEntriesOf(early);
    assertThat(last.get("outcome")).isEqualTo("complete");
    assertThat(last).hasSize(8);
  }

  /** 12 tokens at 0.033 for a million: each exchange alone would be rounded to nothing. */
  @Test
  void microUnitsOfTheMetadataAddUpToTheExactSum() {
    processor = new MaasProcessor(metering(PRICED, sink));
    double sum = 0;
    for (int i = 0; i < 30; i++) {
      FakeEnvoy.Stream stream = open().send(sseExchange());
      Map<String, Object> early = metadata(stream.replies().get(4));
      assertThat(early.get("cost")).isEqualTo("0.000000396");
      assertThat(metadata(stream.lastReply())).containsAllEntriesOf(early);
      sum += (double) early.getOrDefault("cost_micros", -1.0);
    }
    assertThat(sum).as("30 times 0.396").isEqualTo(12);
  }

  @Test
  void metadataOfARefusedExchangeSaysSoWithoutInventingCounts() {
    FakeEnvoy.Stream stream =
        open().send(chat(USER, "alice", "x-request-id", "r1"), response(429, "application/json"));
    assertThat(metadata(stream.lastReply()))
        .containsOnlyKeys("user", "tier", "model", "outcome", "record_id", "request_id");
    assertThat(metadata(stream.lastReply()).get("request_id")).isEqualTo("r1");
    assertThat(metadata(stream.lastReply()).get("outcome")).isEqualTo("error");
  }

  @Test
  void standaloneModeSendsNeitherMetadataNorHeaderEdits() {
    processor = new MaasProcessor(metering(Map.of(), sink));
    FakeEnvoy.Stream stream =
        open()
            .send(
                chat(USER, "alice", "x-vsr-debug", "1"),
                response(200, "application/json", "x-vsr-selected-model", "qwen3"),
                body(JSON_ANSWER, true));
    for (ProcessingResponse reply : stream.replies()) {
      assertThat(reply.hasDynamicMetadata()).isFalse();
      assertThat(reply.getRequestHeaders().hasResponse()).isFalse();
      assertThat(reply.getResponseHeaders().hasResponse()).isFalse();
    }
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(sink.single().identity()).isEqualTo(Identity.ANONYMOUS);
  }

  @Test
  void pathThatIsNotMeteredGetsNoMetadata() {
    FakeEnvoy.Stream stream =
        open()
            .send(
                request("GET", "/health", USER, "alice"), response(200, "text/plain"), trailers());
    assertThat(stream.replies()).noneMatch(ProcessingResponse::hasDynamicMetadata);
  }

  // Header edits

  @Test
  void headerEditsAreWrittenSoThatEveryDataPlaneOverwrites() {
    FakeEnvoy.Stream stream =
        open().send(chat(), response(200, "application/json", "x-vsr-selected-model", "qwen3"));
    HeaderMutation mutation =
        stream.lastReply().getResponseHeaders().getResponse().getHeaderMutation();
    assertThat(mutation.getSetHeadersList()).isNotEmpty();
    for (HeaderValueOption option : mutation.getSetHeadersList()) {
      assertThat(option.getHeader().getValue()).isEmpty();
      assertThat(option.getHeader().getRawValue().isEmpty()).isFalse();
      assertThat(append(option)).isFalse();
      assertThat(option.getAppendAction()).isEqualTo(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD);
    }
    assertThat(set(mutation)).containsEntry("x-vsr-model-selected", "qwen3");
    // The mutation does not cost the response its body.
    assertThat(stream.lastReply().getModeOverride().getResponseBodyMode())
        .isEqualTo(BodySendMode.STREAMED);
  }

  @Test
  void headersThatOnlyARouterMaySendAreRemovedFromTheRequest() {
    FakeEnvoy.Stream stream =
        open().send(chat("x-vsr-selected-model", "free", "x-vsr-made-up", "1", "accept", "*/*"));
    HeaderMutation mutation =
        stream.lastReply().getRequestHeaders().getResponse().getHeaderMutation();
    assertThat(mutation.getRemoveHeadersList())
        .containsExactlyInAnyOrder("x-vsr-selected-model", "x-vsr-made-up");
    assertThat(set(mutation)).isEqualTo(Map.of("x-vsr-debug", "true"));
    assertThat(stream.lastReply().getRequestHeaders().getResponse().getClearRouteCache()).isFalse();
  }

  @Test
  void requestThatIsNotMeteredLosesThemToo() {
    FakeEnvoy.Stream stream = open().send(request("GET", "/healthz", "x-vsr-debug", "1"));
    assertThat(
            stream
                .lastReply()
                .getRequestHeaders()
                .getResponse()
                .getHeaderMutation()
                .getRemoveHeadersList())
        .containsExactly("x-vsr-debug");
    assertThat(stream.lastReply().getModeOverride().getResponseHeaderMode())
        .isEqualTo(HeaderSendMode.SKIP);
  }

  @Test
  void valueThatEnvoyWouldRefuseNeverReachesAHeader() {
    for (String hostile : List.of("a\r\nset-cookie: b", "a\u0000b", "x".repeat(300), "\u007f")) {
      FakeEnvoy.Stream stream =
          open()
              .send(
                  chat(),
                  response(
                      200,
                      "application/json",
                      "x-vsr-selected-model",
                      hostile,
                      "x-vsr-selected-category",
                      "math"));
      Map<String, String> set =
          set(stream.lastReply().getResponseHeaders().getResponse().getHeaderMutation());
      assertThat(set).doesNotContainKey("x-vsr-model-selected");
      assertThat(set).containsEntry("x-vsr-category", "math");
    }
  }

  @SuppressWarnings("deprecation") // the field that Envoy reads instead of append_action
  private static boolean append(HeaderValueOption option) {
    return option.hasAppend();
  }

  private static Map<String, String> set(HeaderMutation mutation) {
    Map<String, String> set = new java.util.LinkedHashMap<>();
    for (HeaderValueOption option : mutation.getSetHeadersList()) {
      set.put(option.getHeader().getKey(), option.getHeader().getRawValue().toStringUtf8());
    }
    return set;
  }

  // Identity

  @Test
  void identityIsReadFromRawValueAndElseFromValue() {
    HeaderMap.Builder map = chatHeaders();
    map.addHeaders(raw(USER, ByteString.copyFromUtf8("ālice")));
    map.addHeaders(HeaderValue.newBuilder().setKey(TIER).setValue("premium"));
    open().send(Messages.requestHeaders(map.build())).cancel();
    assertThat(sink.single().identity()).isEqualTo(Identity.of("ālice", "premium"));
  }

  @Test
  void rawValueWinsWhereBothAreSet() {
    HeaderMap.Builder map = chatHeaders();
    map.addHeaders(raw(USER, ByteString.copyFromUtf8("alice")).toBuilder().setValue("mallory"));
    open().send(Messages.requestHeaders(map.build())).cancel();
    assertThat(sink.single().identity().user()).isEqualTo("alice");
  }

  @Test
  void identityThatIsNoUtf8IsBilledUnderAHash() {
    HeaderMap.Builder map = chatHeaders();
    map.addHeaders(raw(USER, ByteString.copyFrom(new byte[] {'a', (byte) 0xFF, (byte) 0xC0})));
    open().send(Messages.requestHeaders(map.build())).cancel();
    assertThat(sink.single().identity().user()).startsWith("sha256:");
    assertThat(sink.single().identity().userSource()).isEqualTo(Identity.Source.INVALID_UTF8);
  }

  private static Metering refusing(UsageSink sink) {
    return metering(
        Map.of(
            "maas_integration",
            Map.of("enabled", true, "authentication", Map.of("unusable", "refuse"))),
        sink);
  }

  @Test
  void identityThatCannotBeBilledIsRefusedAtOnceWhereTheConfigurationSaysSo() {
    processor = new MaasProcessor(refusing(sink));
    FakeEnvoy.Stream stream = open().send(chat(USER, "<nil>", TIER, "gold"));
    assertThat(stream.replies()).hasSize(1);
    assertThat(stream.replies().get(0).getImmediateResponse().getStatus().getCodeValue())
        .isEqualTo(403);
    stream.send(requestBody("{\"model\":\"m\"}", true)).halfClose();
    assertThat(stream.replies()).hasSize(1);
    assertThat(sink.single().measurement().reasons()).contains(Reason.IDENTITY_REFUSED);
  }

  @Test
  void identityThatCannotBeBilledIsTheFallbackWhereRepliesAreIgnored() {
    processor = new MaasProcessor(refusing(sink));
    open().send(observed(chat(USER, "<nil>", TIER, "gold"))).cancel();
    assertThat(sink.single().identity().user()).isEqualTo("unknown");
    assertThat(sink.single().measurement().reasons()).doesNotContain(Reason.IDENTITY_REFUSED);
  }

  @Test
  void identityThatStandsTwiceIsTheFallback() {
    open().send(chat(USER, "alice", USER, "mallory")).cancel();
    assertThat(sink.single().identity().userSource()).isEqualTo(Identity.Source.AMBIGUOUS);
  }

  @Test
  void statusThatIsNoNumberIsNoStatus() {
    HeaderMap.Builder map = HeaderMap.newBuilder();
    map.addHeaders(raw(":status", ByteString.copyFromUtf8("twohundred")));
    FakeEnvoy.Stream stream = open().send(chat());
    stream.send(
        ProcessingRequest.newBuilder()
            .setResponseHeaders(
                io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders.newBuilder().setHeaders(map))
            .build());
    stream.cancel();
    assertThat(stream.replies()).hasSize(2);
    assertThat(sink.single().httpStatus()).isZero();
    assertThat(processor.failures()).isZero();
  }

  private static HeaderMap.Builder chatHeaders() {
    return HeaderMap.newBuilder()
        .addHeaders(raw(":method", ByteString.copyFromUtf8("POST")))
        .addHeaders(raw(":path", ByteString.copyFromUtf8("/v1/chat/completions")));
  }

  // Defects of our own

  @Test
  void sinkThatThrowsDoesNotDisturb() {
    Metering metering =
        metering(
            MAAS,
            record -> {
              throw new IllegalStateException("disk full");
            },
            sink);
    processor = new MaasProcessor(metering);
    List<ProcessingRequest> messages = sseExchange();
    FakeEnvoy.Stream stream = open().send(messages);
    stream.cancel();
    assertThat(stream.replyKinds()).isEqualTo(kinds(messages));
    assertThat(metering.sinkFailures()).isEqualTo(1);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void sinkThatFailsWithAnErrorDoesNotDisturb(End end) {
    Metering metering =
        metering(
            MAAS,
            record -> {
              throw new NoClassDefFoundError("left out of the jar");
            });
    processor = new MaasProcessor(metering);
    List<ProcessingRequest> messages = sseExchange();
    for (int sent = 1; sent <= messages.size(); sent++) {
      long before = metering.sinkFailures();
      FakeEnvoy.Stream stream = open().send(messages.subList(0, sent));
      assertThat(stream.replyKinds()).isEqualTo(kinds(messages.subList(0, sent)));
      end.of(stream);
      assertThat(metering.sinkFailures()).as("after %d", sent).isEqualTo(before + 1);
      assertThat(stream.isCompleted()).isEqualTo(end == End.HALF_CLOSE);
    }
  }

  // Random sequences

  @Test
  void everyLegalSequenceIsAnsweredInKindAndSettledOnce() {
    long seed = seed();
    Random random = new Random(seed);
    FakeEnvoy envoy = envoy();
    for (int i = 0; i < SEQUENCES; i++) {
      List<ProcessingRequest> messages = legal(random);
      boolean whole = random.nextInt(3) == 0;
      List<ProcessingRequest> sent =
          whole ? messages : messages.subList(0, random.nextInt(messages.size() + 1));
      String which = "seed " + seed + ", sequence " + i;
      List<ProcessingResponse> replies = play(envoy, sent, random, which);
      if (isChat(messages)) {
        assertThat(PassedOn.of(sent, replies)).as(which).isEqualTo(PassedOn.expected(sent));
      }
    }
  }

  @Test
  void everyIllegalSequenceIsAnsweredInKindAndSettledOnce() {
    long seed = seed();
    Random random = new Random(seed);
    FakeEnvoy envoy = envoy();
    for (int i = 0; i < SEQUENCES; i++) {
      List<ProcessingRequest> messages = new ArrayList<>();
      for (int n = random.nextInt(12); n > 0; n--) {
        messages.add(anything(random));
      }
      if (random.nextInt(10) == 0) {
        messages.replaceAll(Messages::observed);
      }
      play(envoy, messages, random, "seed " + seed + ", sequence " + i);
    }
  }

  private static long seed() {
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("ProcessorStreamTest seed: -Dmaas.seed=" + seed);
    return seed;
  }

  private static boolean isChat(List<ProcessingRequest> messages) {
    return messages.get(0).toString().contains("/chat/completions");
  }

  private List<ProcessingResponse> play(
      FakeEnvoy envoy, List<ProcessingRequest> messages, Random random, String which) {
    int before = sink.records().size();
    int metered = 0;
    FakeEnvoy.Stream stream = envoy.open();
    // A server that only watches ends the stream when nothing more can come of it.
    for (int i = 0; i < messages.size() && !stream.isCompleted(); i++) {
      stream.send(messages.get(i));
      boolean chat = messages.get(i).toString().contains("/chat/completions");
      metered += messages.get(i).hasRequestHeaders() && chat ? 1 : 0;
      assertThat(stream.replyKinds()).as(which).isEqualTo(kinds(messages.subList(0, i + 1)));
    }
    assertThat(stream.error()).as(which).isNull();
    End end = End.values()[random.nextInt(End.values().length)];
    end.of(stream);
    if (end == End.HALF_CLOSE) {
      assertThat(stream.isCompleted()).as(which).isTrue();
    }
    assertThat(sink.records().size() - before).as(which).isEqualTo(metered);
    assertThat(processor.failures()).as(which).isZero();
    return stream.replies();
  }

  /** Headers, bodies and trailers in the order of HTTP, both directions interleaved at random. */
  private static List<ProcessingRequest> legal(Random random) {
    List<ProcessingRequest> request = new ArrayList<>();
    request.add(random.nextInt(4) == 0 ? request("GET", "/healthz") : chat(USER, "alice"));
    if (random.nextInt(5) > 0) {
      String text = REQUESTS.get(random.nextInt(REQUESTS.size()));
      int longest = 1 + random.nextInt(1 + random.nextInt(80));
      for (int at = 0; at < text.length(); ) {
        int to = Math.min(text.length(), at + random.nextInt(longest + 1));
        request.add(requestBody(text.substring(at, to), to == text.length() && longest % 2 == 0));
        at = to;
      }
      if (longest % 2 > 0) {
        request.add(random.nextBoolean() ? requestTrailers() : requestBody("", true));
      }
    }
    List<ProcessingRequest> response = new ArrayList<>();
    if (random.nextInt(8) == 0) {
      response.add(response(204, "application/json", true));
    } else {
      boolean sse = random.nextBoolean();
      response.add(
          response(
              random.nextInt(5) == 0 ? 500 : 200, sse ? "text/event-stream" : "application/json"));
      String text = sse ? String.join("", SSE_ANSWER) : JSON_ANSWER;
      for (int at = 0; at < text.length(); ) {
        int to = Math.min(text.length(), at + random.nextInt(200));
        response.add(body(text.substring(at, to), false));
        at = to;
      }
      response.add(random.nextBoolean() ? trailers() : body("", true));
    }
    List<ProcessingRequest> messages = new ArrayList<>();
    messages.add(request.remove(0));
    if (random.nextBoolean()) {
      // As it nearly always is: first the request, and then the response.
      messages.addAll(request);
      request.clear();
    }
    while (!request.isEmpty() || !response.isEmpty()) {
      boolean fromRequest = response.isEmpty() || (!request.isEmpty() && random.nextBoolean());
      messages.add((fromRequest ? request : response).remove(0));
    }
    return messages;
  }

  /** Any message at any time, with any content. */
  private static ProcessingRequest anything(Random random) {
    byte[] noise = new byte[random.nextInt(40)];
    random.nextBytes(noise);
    return switch (random.nextInt(12)) {
      case 0 -> chat(USER, "alice");
      case 1 -> request("GET", "/");
      case 2 -> Messages.requestHeaders(HeaderMap.getDefaultInstance());
      case 3 -> response(200, "text/event-stream", random.nextInt(4) == 0);
      case 4 -> response(-1, "");
      case 5 -> requestBody("{", random.nextBoolean());
      case 6 -> body(JSON_ANSWER, random.nextInt(4) == 0);
      case 7 -> body(SSE_ANSWER.get(random.nextInt(4)), false);
      case 8 -> body(ByteString.copyFrom(noise), random.nextInt(4) == 0);
      case 9 -> trailers();
      case 10 -> requestTrailers();
      default -> ProcessingRequest.getDefaultInstance();
    };
  }
}
