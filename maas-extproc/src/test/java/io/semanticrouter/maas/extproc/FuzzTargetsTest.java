// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.extproc.ExtProcStats.Failure;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What has to hold of messages of any bytes at all. In a build this reads the inputs that are kept
 * beside it; {@code tools/fuzz extProcMessages} looks for new ones.
 */
class FuzzTargetsTest {
  private static final MaasConfig CONFIG =
      MaasConfig.from(
          Map.of(
              "maas_integration",
              Map.of(
                  "enabled",
                  true,
                  "authentication",
                  Map.of(
                      "trust",
                      List.of(
                          Map.of("by", "metadata", "namespace", "auth", "user", "id"),
                          Map.of("by", "headers"))))));

  /** Messages one after the other, each with two bytes before it that are its length. */
  @FuzzTest(maxDuration = "24h")
  @DictionaryEntries({
    ":method",
    ":path",
    "/v1/chat/completions",
    ":status",
    "content-type",
    "text/event-stream",
    "application/json",
    "x-auth-request-user",
    "x-vsr-debug",
    "content-encoding",
    "{\"model\":\"m\",\"stream\":true}",
    "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}",
    "data: [DONE]"
  })
  void extProcMessages(byte[] data) {
    Metering metering = Metering.builder(CONFIG).instanceId("fuzz").build();
    MaasProcessor processor = new MaasProcessor(metering);
    Replies replies = new Replies();
    ServerCall.Listener<Message> stream = begin(processor, replies);
    for (int i = 0; data.length - i >= 2 && !replies.closed; ) {
      int length = Math.min((data[i] & 0xFF) << 8 | (data[i + 1] & 0xFF), data.length - i - 2);
      byte[] bytes = Arrays.copyOfRange(data, i + 2, i + 2 + length);
      i += 2 + length;
      assertReadAsTheGeneratedClassesDo(bytes);
      stream.onMessage(Codec.MESSAGES.parse(stream(bytes)));
    }
    if (!replies.closed) {
      stream.onHalfClose();
    }
    stream.onComplete();
    assertThat(processor.openStreams()).isZero();
    assertThat(processor.failures()).isZero();
    assertThat(processor.stats().failures(Failure.REPLY)).isZero();
    assertThat(metering.defects()).isZero();
  }

  private static void assertReadAsTheGeneratedClassesDo(byte[] bytes) {
    Message reference = null;
    try {
      reference = GeneratedReader.read(stream(bytes));
    } catch (IOException e) {
      // Ours may read it all the same: what is no UTF-8.
    }
    Message ours = Codec.MESSAGES.parse(stream(bytes));
    if (reference != null) {
      assertThat(CodecTest.isSame(ours, reference)).isTrue();
    }
    ours.release();
  }

  private static InputStream stream(byte[] bytes) {
    return new Codec.Serialised(bytes, 0, bytes.length);
  }

  @SuppressWarnings("unchecked") // as the service has it
  private static ServerCall.Listener<Message> begin(MaasProcessor processor, Replies replies) {
    ServerMethodDefinition<Message, Reply> method =
        (ServerMethodDefinition<Message, Reply>)
            processor
                .bindService()
                .getMethod(ExternalProcessorGrpc.getProcessMethod().getFullMethodName());
    replies.method = method.getMethodDescriptor();
    return method.getServerCallHandler().startCall(replies, new Metadata());
  }

  /** A data plane that takes all replies, of which each has to be one. */
  private static final class Replies extends ServerCall<Message, Reply> {
    private @Nullable MethodDescriptor<Message, Reply> method;
    private boolean closed;

    @Override
    public void request(int count) {}

    @Override
    public void sendHeaders(Metadata headers) {}

    @Override
    public void sendMessage(Reply reply) {
      assertThat(closed).as("closed").isFalse();
      try (InputStream bytes = Codec.REPLIES.stream(reply)) {
        ProcessingResponse read =
            ProcessingResponse.parseFrom(new ByteArrayInputStream(bytes.readAllBytes()));
        assertThat(read.getUnknownFields().asMap()).isEmpty();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close(Status status, Metadata trailers) {
      assertThat(closed).as("closed").isFalse();
      closed = true;
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public @Nullable MethodDescriptor<Message, Reply> getMethodDescriptor() {
      return method;
    }
  }
}
