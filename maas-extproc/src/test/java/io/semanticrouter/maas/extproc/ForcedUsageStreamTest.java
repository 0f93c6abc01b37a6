// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.Messages.SSE_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.observed;
import static io.semanticrouter.maas.extproc.Messages.requestBody;
import static io.semanticrouter.maas.extproc.Messages.requestTrailers;
import static io.semanticrouter.maas.extproc.Messages.response;
import static io.semanticrouter.maas.extproc.Messages.trailers;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bodies of chats and completions, edited as they stream by. */
class ForcedUsageStreamTest {
  private static final String STREAM = "{\"model\":\"m\",\"stream\":true}";
  private static final String EDITED =
      "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}";
  private static final String REFUSED =
      "{\"stream\":true,\"stream_options\":{\"include_usage\":false}}";
  private static final String SEEN = SSE_ANSWER.get(0) + SSE_ANSWER.get(1) + SSE_ANSWER.get(3);

  private final RecordingSink sink = new RecordingSink();
  private final List<ProcessingRequest> messages = new ArrayList<>();
  private Metering metering = metering(Map.of());
  private FakeEnvoy envoy = FakeEnvoy.beside(new MaasProcessor(metering));
  private FakeEnvoy.Stream stream = envoy.open();

  @AfterEach
  void closeEnvoy() {
    envoy.close();
  }

  private Metering metering(Map<String, ?> usage, ContentCoding... codings) {
    return Metering.builder(
            MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true, "usage", usage))))
        .codings(List.of(codings))
        .sink(sink)
        .build();
  }

  private void open(Metering other) {
    envoy.close();
    metering = other;
    envoy = FakeEnvoy.beside(new MaasProcessor(metering));
    stream = envoy.open();
    messages.clear();
  }

  /** Sends a message, and asserts that it got exactly one reply, of its kind. */
  private ProcessingResponse send(ProcessingRequest message) {
    messages.add(message);
    stream.send(message);
    assertThat(stream.replies()).hasSize(messages.size());
    assertThat(stream.lastReply().getResponseCase().name())
        .isEqualTo(message.getRequestCase().name());
    return stream.lastReply();
  }

  private PassedOn passedOn() {
    return PassedOn.of(messages, stream.replies());
  }

  private void answer() {
    send(response(200, "text/event-stream"));
    SSE_ANSWER.forEach(event -> send(body(event, false)));
    send(body("", true));
  }

  private static ProcessingMode mode(BodySendMode request, BodySendMode response) {
    return ProcessingMode.newBuilder()
        .setRequestHeaderMode(HeaderSendMode.SEND)
        .setRequestBodyMode(request)
        .setRequestTrailerMode(trailerMode(request))
        .setResponseHeaderMode(HeaderSendMode.SEND)
        .setResponseBodyMode(response)
        .setResponseTrailerMode(trailerMode(response))
        .build();
  }

  private static HeaderSendMode trailerMode(BodySendMode body) {
    return body == BodySendMode.STREAMED ? HeaderSendMode.SEND : HeaderSendMode.SKIP;
  }

  private static List<String> removedRequestHeaders(ProcessingResponse reply) {
    return reply.getRequestHeaders().getResponse().getHeaderMutation().getRemoveHeadersList();
  }

  @ParameterizedTest
  @ValueSource(strings = {STREAM, REFUSED})
  void requestThatIsCutAnywhereIsEdited(String request) {
    String expected = request.equals(STREAM) ? EDITED : REFUSED.replace("\":false", "\":true");
    for (int first = 0; first <= request.length(); first++) {
      for (int second = first; second <= request.length(); second++) {
        open(metering);
        send(chat());
        send(requestBody(request.substring(0, first), false));
        send(requestBody(request.substring(first, second), false));
        send(requestBody(request.substring(second), true));
        assertThat(passedOn().request()).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/json", "text/plain", "application/octet-stream"})
  void streamUnderAnotherLabelIsNotWaitedForAndFreedOfWhatWasAskedFor(String label) {
    for (BodySendMode buffered : List.of(BodySendMode.BUFFERED, BodySendMode.STREAMED)) {
      open(metering);
      send(
          chat().toBuilder()
              .setProtocolConfig(
                  io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration.newBuilder()
                      .setRequestBodyMode(BodySendMode.BUFFERED)
                      .setResponseBodyMode(buffered))
              .build());
      send(requestBody(STREAM, true));
      ProcessingResponse head = send(response(200, label));
      assertThat(head.getModeOverride().getResponseBodyMode()).isEqualTo(BodySendMode.STREAMED);
      SSE_ANSWER.forEach(event -> send(body(event, false)));
      send(body("", true));
      assertThat(passedOn().response()).isEqualTo(SEEN);
    }
    assertThat(sink.records()).hasSize(2).allMatch(r -> r.outcome() == Outcome.COMPLETE);
  }

  @Test
  void streamThatIsIdleForTooLongIsSettledAndStillFreedOfWhatWasAskedFor() {
    MaasProcessor processor = new MaasProcessor(metering);
    envoy.close();
    envoy = FakeEnvoy.beside(processor);
    stream = envoy.open();
    messages.clear();
    send(chat());
    send(requestBody(STREAM, true));
    processor.settleIdle();
    processor.settleIdle();
    assertThat(sink.records()).hasSize(1);
    assertThat(stream.isCompleted()).isFalse();
    answer();
    assertThat(passedOn().response()).isEqualTo(SEEN);
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void chunkThatDoesNotChangeGetsTheConstantReply() {
    send(chat());
    assertThat(send(requestBody("{\"stream\":true,", false)))
        .isEqualTo(GeneratedReplies.of(Reply.neutral(Phase.REQUEST_BODY)));
    assertThat(send(requestBody("", false)))
        .isEqualTo(GeneratedReplies.of(Reply.neutral(Phase.REQUEST_BODY)));
    assertThat(send(requestBody("\"a\":1}", false)))
        .isNotEqualTo(GeneratedReplies.of(Reply.neutral(Phase.REQUEST_BODY)));
    assertThat(send(requestBody("\n", false)))
        .isEqualTo(GeneratedReplies.of(Reply.neutral(Phase.REQUEST_BODY)));
    assertThat(send(requestBody("", true)))
        .isEqualTo(GeneratedReplies.of(Reply.neutral(Phase.REQUEST_BODY)));
  }

  @Test
  void chunkOfWhichNothingGoesOnYetIsCleared() {
    send(chat());
    send(requestBody("{\"stream\":true,\"stream_options\":{\"include_usage\":", false));
    ProcessingResponse held = send(requestBody("fals", false));
    assertThat(held.getRequestBody().getResponse().getBodyMutation().getClearBody()).isTrue();
    send(requestBody("e}}", true));
    assertThat(passedOn().request()).isEqualTo(REFUSED.replace("\":false", "\":true"));
  }

  @Test
  void whatIsHeldGoesOnWhenTheRequestEndsInTheMiddle() {
    send(chat());
    send(requestBody("{\"stream\":true,\"stream_options\":{\"include_usage\":fals", false));
    send(requestBody("", true));
    assertThat(passedOn().request()).isEqualTo(REFUSED.substring(0, REFUSED.length() - 3));
  }

  @Test
  void responseIsGivenBackAsIfNobodyHadAsked() {
    send(chat(":authority", "a", "content-length", "27"));
    send(requestBody(STREAM, true));
    answer();
    assertThat(removedRequestHeaders(stream.replies().get(0))).containsExactly("content-length");
    assertThat(passedOn()).isEqualTo(new PassedOn(EDITED, SEEN));
    // The usage chunk is taken out, and its reply tells Envoy the usage all the same.
    ProcessingResponse usage = stream.replies().get(5);
    assertThat(usage.getResponseBody().getResponse().getBodyMutation().getClearBody()).isTrue();
    assertThat(usage.hasDynamicMetadata()).isTrue();
    assertThat(stream.replies().get(3))
        .isEqualTo(GeneratedReplies.of(Reply.neutral(Phase.RESPONSE_BODY)));
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(sink.single().forcedUsage()).isEqualTo(ForcedUsage.EDITED);
  }

  @Test
  void responseThatIsCutAnywhereIsGivenBackAsIfNobodyHadAsked() {
    String all = String.join("", SSE_ANSWER);
    for (int cut = 0; cut <= all.length(); cut++) {
      open(metering);
      send(chat());
      send(requestBody(STREAM, true));
      send(response(200, "text/event-stream"));
      send(body(all.substring(0, cut), false));
      send(body(all.substring(cut), false));
      send(trailers());
      assertThat(passedOn().response()).isEqualTo(SEEN);
    }
    assertThat(sink.records()).allMatch(record -> record.outcome() == Outcome.COMPLETE);
  }

  @Test
  void clientThatAskedSeesItsUsage() {
    send(chat());
    send(requestBody(EDITED, true));
    answer();
    assertThat(passedOn()).isEqualTo(new PassedOn(EDITED, String.join("", SSE_ANSWER)));
    assertThat(sink.single().forcedUsage()).isEqualTo(ForcedUsage.ALREADY);
  }

  @Test
  void responseThatBeginsBeforeTheRequestHasEndedKeepsBothBodiesComing() {
    send(chat());
    send(requestBody("{\"stream\":true,", false));
    assertThat(send(response(200, "text/event-stream")).getModeOverride())
        .isEqualTo(mode(BodySendMode.STREAMED, BodySendMode.STREAMED));
    // The response is on its way as it is, so that the request may not ask for more.
    send(requestBody("\"a\":1}", true));
    SSE_ANSWER.forEach(event -> send(body(event, false)));
    send(body("", true));
    assertThat(passedOn())
        .isEqualTo(new PassedOn("{\"stream\":true,\"a\":1}", String.join("", SSE_ANSWER)));
    assertThat(sink.single().forcedUsage()).isEqualTo(ForcedUsage.UNSEEN);
  }

  @Test
  void errorThatComesBeforeTheRequestHasEndedKeepsTheRequestComing() {
    send(chat());
    send(requestBody("{\"stream\":true,\"stream_options\":{\"include_usage\":fal", false));
    assertThat(send(response(413, "application/json")).getModeOverride())
        .isEqualTo(mode(BodySendMode.STREAMED, BodySendMode.NONE));
    send(requestBody("se}}", true));
    assertThat(passedOn().request()).isEqualTo(REFUSED);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.ERROR);
  }

  @Test
  void requestThatEndsInTrailersIsEdited() {
    send(chat());
    send(requestBody(STREAM, false));
    assertThat(send(requestTrailers())).isEqualTo(GeneratedReplies.of(Reply.REQUEST_TRAILERS));
    answer();
    assertThat(passedOn()).isEqualTo(new PassedOn(EDITED, SEEN));
  }

  @Test
  void dataPlaneThatDoesNotShowTheRequestIsMeteredAsFarAsItGoes() {
    ProcessingResponse reply = send(chat("content-length", "27"));
    assertThat(reply.getModeOverride()).isEqualTo(mode(BodySendMode.STREAMED, BodySendMode.NONE));
    // An Envoy that does not allow the override says nothing, and shows no request body.
    assertThat(send(response(200, "text/event-stream")).getModeOverride())
        .isEqualTo(mode(BodySendMode.NONE, BodySendMode.STREAMED));
    SSE_ANSWER.forEach(event -> send(body(event, false)));
    send(body("", true));
    assertThat(passedOn().response()).isEqualTo(String.join("", SSE_ANSWER));
    assertThat(sink.single().forcedUsage()).isEqualTo(ForcedUsage.UNSEEN);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  void requestWithoutABodyIsNotAskedForOne() {
    ProcessingRequest chat = chat();
    ProcessingResponse reply =
        send(
            chat.toBuilder()
                .setRequestHeaders(chat.getRequestHeaders().toBuilder().setEndOfStream(true))
                .build());
    assertThat(reply.hasModeOverride()).isFalse();
    send(response(400, "application/json"));
    assertThat(sink.single().forcedUsage()).isEqualTo(ForcedUsage.UNSEEN);
  }

  @Test
  void observedRequestIsNotEditedAndNotCountedAsSuch() {
    stream.send(observed(chat()), observed(requestBody(STREAM, true)));
    stream.send(observed(response(200, "text/event-stream")), observed(body(SEEN, true)));
    assertThat(stream.replies()).isEmpty();
    assertThat(sink.single().forcedUsage()).isEqualTo(ForcedUsage.UNSEEN);
  }

  @Test
  void defectIsCountedAndTheResponseGoesOnAsItIs() {
    open(metering(Map.of(), new BrokenCoding()));
    send(chat());
    send(requestBody(STREAM, true));
    send(response(200, "text/event-stream", "content-encoding", "br"));
    send(body("compressed", true));
    assertThat(passedOn()).isEqualTo(new PassedOn(EDITED, "compressed"));
    assertThat(metering.defects()).isEqualTo(1);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.FAILED);
  }

  /** A coding that fails whenever it is looked at. */
  private static final class BrokenCoding implements ContentCoding {
    @Override
    public String name() {
      throw new IllegalStateException("broken");
    }

    @Override
    public Decoder newDecoder(int maxWindowBytes) {
      throw new IllegalStateException("broken");
    }
  }
}
