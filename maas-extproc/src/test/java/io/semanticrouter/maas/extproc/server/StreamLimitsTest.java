// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import io.semanticrouter.maas.extproc.MaasProcessor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What one client, or many, can make the server hold. */
@Timeout(180)
@SuppressWarnings("NullAway.Init") // each test starts what it needs
@Tag("slow")
class StreamLimitsTest {
  private final List<ManagedChannel> channels = new ArrayList<>();
  private GrpcListeners listeners;
  private StreamLimits limits;
  private MaasProcessor processor;
  private ServerProcess child;

  @TempDir private Path directory;

  private void start(StreamLimits with) throws IOException {
    limits = with;
    listeners =
        new GrpcListeners(
            RunningServer.config(Map.of("grpc_threads", 1, "max_message_mb", 64)).grpc(),
            null,
            limits);
    Metering metering = Metering.builder(MaasConfig.defaults()).build();
    processor = new MaasProcessor(metering);
    listeners.listen(List.of(processor));
  }

  @AfterEach
  void stop() {
    channels.forEach(ManagedChannel::shutdownNow);
    if (listeners != null) {
      listeners.close();
    }
    if (child != null) {
      child.kill();
    }
  }

  private ManagedChannel channel() throws Exception {
    int port = child == null ? listeners.port() : child.ready();
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    channels.add(channel);
    return channel;
  }

  /** A stream that sends bytes as they are. */
  private static final class RawStream {
    private static final MethodDescriptor.Marshaller<InputStream> AS_IS =
        new MethodDescriptor.Marshaller<>() {
          @Override
          public InputStream stream(InputStream value) {
            return value;
          }

          @Override
          public InputStream parse(InputStream stream) {
            return stream;
          }
        };

    final CompletableFuture<Status> ended = new CompletableFuture<>();
    final ClientCall<InputStream, InputStream> call;

    RawStream(ManagedChannel channel) {
      call =
          channel.newCall(
              MethodDescriptor.<InputStream, InputStream>newBuilder(AS_IS, AS_IS)
                  .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                  .setFullMethodName("envoy.service.ext_proc.v3.ExternalProcessor/Process")
                  .build(),
              CallOptions.DEFAULT);
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onClose(Status status, Metadata trailers) {
              ended.complete(status);
            }
          },
          new Metadata());
      call.request(100);
    }

    /** A message of so many bytes in a field that nobody knows. */
    void send(int bytes) {
      byte[] message = new byte[bytes];
      message[0] = (byte) 0xA2; // field 100, with a length
      message[1] = 0x06;
      int length = bytes - 7;
      for (int i = 0; i < 5; i++) {
        message[2 + i] = (byte) (((length >>> (7 * i)) & 0x7F) | (i < 4 ? 0x80 : 0));
      }
      call.sendMessage(new ByteArrayInputStream(message));
    }

    Status end() throws Exception {
      return ended.get(60, TimeUnit.SECONDS);
    }
  }

  /** The server counts after the client knows. */
  private void awaitRefused(long count) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (limits.refused() < count && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
    assertThat(limits.refused()).isEqualTo(count);
  }

  private void assertServes() throws Exception {
    FakeEnvoy.Stream stream = FakeEnvoy.on(channel()).open();
    stream.send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
    assertThat(stream.awaitReplies(3)).isTrue();
    stream.halfClose();
    assertThat(stream.awaitEnd()).isTrue();
    assertThat(stream.isCompleted()).isTrue();
  }

  @Test
  void streamBeyondTheLimitOfAllConnectionsIsRefusedAndTheNextHasItsPlace() throws Exception {
    start(new StreamLimits(100, 1 << 30));
    List<RawStream> open = new ArrayList<>();
    ManagedChannel[] two = {channel(), channel()};
    for (int i = 0; i < 100; i++) {
      open.add(new RawStream(two[i % 2]));
    }
    while (processor.openStreams() < 100) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
    Status status = new RawStream(two[0]).end();
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription()).isEqualTo("more than 100 open streams");
    awaitRefused(1);
    assertThat(open).noneMatch(stream -> stream.ended.isDone());
    open.forEach(stream -> stream.call.cancel("enough", null));
    assertServes();
  }

  @Test
  void streamsThatAreOpenedAndResetLeaveNothingBehind() throws Exception {
    start(new StreamLimits(100, 1 << 30));
    ManagedChannel channel = channel();
    for (int i = 0; i < 20_000; i++) {
      new RawStream(channel).call.cancel("reset", null);
    }
    assertServes();
  }

  /** Each of them alone would be allowed. */
  @Test
  void messagesInPartsAreBoundedTogetherAndThePortGoesOn() throws Exception {
    start(new StreamLimits(1000, 20 << 20));
    List<RawStream> large = new ArrayList<>();
    ManagedChannel channel = channel();
    for (int i = 0; i < 8; i++) {
      RawStream stream = new RawStream(channel);
      stream.send(30 << 20);
      large.add(stream);
    }
    for (RawStream stream : large) {
      assertThat(stream.end().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }
    awaitRefused(8);
    assertServes();
    RawStream fits = new RawStream(channel);
    for (int i = 0; i < 10; i++) {
      // More than the limit in all, one after the other.
      fits.send(5 << 20);
    }
    fits.call.halfClose();
    assertThat(fits.end().getCode()).isEqualTo(Status.Code.OK);
    assertServes();
  }

  @Test
  void messageThatIsTooLongAloneIsCountedWithThem() throws Exception {
    start(new StreamLimits(1000, 1 << 30));
    RawStream stream = new RawStream(channel());
    stream.send((64 << 20) + 1);
    assertThat(stream.end().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    awaitRefused(1);
    assertServes();
  }

  // A process of its own, with a heap of 64 MB

  private void startChild() throws Exception {
    Path config =
        Files.writeString(
            directory.resolve("config.yaml"),
            "server: { grpc_address: 127.0.0.1, grpc_port: 0, metrics_address: 127.0.0.1,"
                + " metrics_port: 0 }\n");
    child =
        ServerProcess.start(directory, List.of("-Xmx64m"), Map.of(), "--config", config.toString());
    child.ready();
  }

  private void assertChildAnswersScrapes() throws Exception {
    assertThat(scrapeChild()).contains("semantic_router_extproc_open_streams");
    assertThat(child.process().isAlive()).as("alive").isTrue();
  }

  /** The streams of a connection that is gone count until the server has noticed it. */
  private void awaitNoOpenStreams() throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!scrapeChild().contains("semantic_router_extproc_open_streams 0.0\n")) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  private String scrapeChild() throws Exception {
    String port = child.await(Pattern.compile("metrics on .*:(\\d+)")).group(1);
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                    .timeout(Duration.ofSeconds(60))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer.body();
  }

  /** As many as ever come over one connection, from a peer that does not care what it may. */
  @Test
  void hundredThousandEmptyStreamsLeaveTheProcessWithItsPorts() throws Exception {
    startChild();
    try (RawHttp2 client = RawHttp2.connect(child.ready())) {
      CompletableFuture<List<String>> frames =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return client.awaitEnd();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      try {
        client.openStreams(100_000);
      } catch (SocketException e) {
        // Closed by the server: it may.
        assertThat(frames.get(60, TimeUnit.SECONDS)).isNotEmpty();
      }
      assertChildAnswersScrapes();
    }
    awaitNoOpenStreams();
    assertServes();
    assertChildAnswersScrapes();
  }

  /** By default each is too long for a heap like this. */
  @Test
  void messagesOf60MegabytesAtOnceLeaveTheProcessWithItsPorts() throws Exception {
    startChild();
    ManagedChannel channel = channel();
    List<RawStream> large = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      RawStream stream = new RawStream(channel);
      stream.send(60 << 20);
      large.add(stream);
    }
    assertChildAnswersScrapes();
    for (RawStream stream : large) {
      assertThat(stream.end().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }
    assertServes();
    assertChildAnswersScrapes();
  }
}
