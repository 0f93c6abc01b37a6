// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.MaasConfig;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.extproc.ExtProcConfig;
import io.semanticrouter.maas.extproc.MaasProcessor;
import io.semanticrouter.maas.metrics.PrometheusSink;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs made-up exchanges through a metering of their own, and the threads of the server, before it
 * is ready. A JVM that has just started takes milliseconds for what soon takes microseconds;
 * without this the first users would wait for that. Nothing of it is counted anywhere.
 */
final class WarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

  /** Enough for the methods on the path to be compiled. */
  private static final int EXCHANGES = 1200;

  private static final int ROUNDS = 6;

  private static final int AT_ONCE = 16;
  private static final int USERS = 32;
  private static final int EVENTS = 8;

  /** However slow the machine is, it should start. */
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(3);

  private static final List<String> WORDS =
      List.of("", " Two", " and", " two", " is\\n", " f\u00fcr", " \\\"4\\\"", " \\u00e9.");

  /** As bytes, so that only the server's way of reading and writing is run and compiled. */
  private static final MethodDescriptor<byte[], byte[]> PROCESS =
      ExternalProcessorGrpc.getProcessMethod().toBuilder(new Bytes(), new Bytes()).build();

  private final Semaphore free = new Semaphore(AT_ONCE);
  private final MaasConfig config;
  private final MaasProcessor processor;

  private WarmUp(MaasConfig config, ExtProcConfig extProc) {
    this.config = config;
    Metering metering =
        Metering.builder(config)
            .sink(PrometheusSink.register(config, new PrometheusRegistry()))
            .build();
    processor = new MaasProcessor(metering, extProc);
  }

  /**
   * Runs it; a failure is no reason not to start.
   *
   * @param connections as many as there are threads, so that each of them gets one
   * @param listeners serve it, by the very threads and classes that serve afterwards: the compiler
   *     takes what it has not seen for impossible, and throws its work away when it comes
   */
  static void run(
      MaasConfig config, ExtProcConfig extProc, int connections, GrpcListeners listeners) {
    long start = System.nanoTime();
    try {
      new WarmUp(config, extProc).run(connections, listeners);
      LOG.debug("Warm after {} ms", (System.nanoTime() - start) / 1_000_000);
    } catch (IOException | RuntimeException e) {
      LOG.warn("The first exchanges will be slow, because the warm-up failed: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(int connections, GrpcListeners listeners)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + LIMIT_NANOS;
    List<List<byte[]>> exchanges = new ArrayList<>();
    for (int user = 0; user < USERS; user++) {
      exchanges.add(bytes(stream("warm-up-" + user)));
      exchanges.add(bytes(document("warm-up-" + user)));
      exchanges.add(bytes(stream("warm-up-" + user)));
      exchanges.add(bytes(other()));
    }
    Server server = listeners.listenOnLoopback(processor);
    EventLoopGroup loop = GrpcListeners.loops(1, "warm-up");
    try {
      for (int round = 0; round < ROUNDS; round++) {
        round(connections, server.getPort(), loop, exchanges, end);
      }
    } finally {
      server.shutdownNow();
      server.awaitTermination(1, TimeUnit.SECONDS);
      Future<?> unused = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  /**
   * With connections of its own: their end, too, is something that the compiler has to have seen.
   */
  private void round(
      int connections, int port, EventLoopGroup loop, List<List<byte[]>> exchanges, long end)
      throws InterruptedException {
    List<ManagedChannel> channels = new ArrayList<>();
    try {
      for (int i = 0; i < connections; i++) {
        channels.add(channel(port, loop));
      }
      for (int i = 0; i < EXCHANGES / ROUNDS && acquired(1, end); i++) {
        exchange(channels.get(i % connections), exchanges.get(i % exchanges.size()));
      }
      if (acquired(AT_ONCE, end)) {
        free.release(AT_ONCE);
      }
    } finally {
      channels.forEach(ManagedChannel::shutdownNow);
      for (ManagedChannel channel : channels) {
        channel.awaitTermination(1, TimeUnit.SECONDS);
      }
    }
  }

  private static ManagedChannel channel(int port, EventLoopGroup loop) {
    return NettyChannelBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
        .eventLoopGroup(loop)
        .channelType(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
        .usePlaintext()
        .directExecutor()
        .build();
  }

  private boolean acquired(int exchanges, long end) throws InterruptedException {
    return free.tryAcquire(exchanges, end - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  /** One exchange as Envoy has it: each message behind a reply, and a reset behind the last. */
  private void exchange(ManagedChannel channel, List<byte[]> messages) {
    ClientCall<byte[], byte[]> call = channel.newCall(PROCESS, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          private int replies;

          @Override
          public void onMessage(byte[] reply) {
            replies++;
            if (replies == messages.size()) {
              call.cancel("done", null);
            } else {
              call.sendMessage(messages.get(replies));
            }
          }

          @Override
          public void onClose(io.grpc.Status status, Metadata trailers) {
            free.release();
          }
        },
        new Metadata());
    call.request(messages.size());
    call.sendMessage(messages.get(0));
  }

  private static List<byte[]> bytes(List<ProcessingRequest> messages) {
    return messages.stream().map(ProcessingRequest::toByteArray).toList();
  }

  private List<ProcessingRequest> stream(String user) {
    List<ProcessingRequest> messages = new ArrayList<>();
    messages.add(request("POST", "/v1/chat/completions", user));
    messages.add(
        ProcessingRequest.newBuilder()
            .setRequestBody(body("{\"model\":\"warm-up\",\"stream\":true,\"messages\":[]}", true))
            .build());
    messages.add(response("text/event-stream"));
    for (int i = 0; i < EVENTS; i++) {
      messages.add(responseBody(event("{\"content\":\"" + WORDS.get(i) + "\"}"), false));
    }
    messages.add(
        responseBody(
            "data: {\"id\":\"chatcmpl-warm-up\",\"object\":\"chat.completion.chunk\","
                + "\"created\":1790000000,\"model\":\"warm-up\",\"choices\":[],\"usage\":"
                + "{\"prompt_tokens\":1903,\"completion_tokens\":8,\"total_tokens\":1911,"
                + "\"prompt_tokens_details\":{\"cached_tokens\":1024},"
                + "\"completion_tokens_details\":{\"reasoning_tokens\":0}}}\n\ndata: [DONE]\n\n",
            false));
    messages.add(responseBody("", true));
    return messages;
  }

  private static String event(String delta) {
    return "data: {\"id\":\"chatcmpl-warm-up\",\"object\":\"chat.completion.chunk\","
        + "\"created\":1790000000,\"model\":\"warm-up\",\"choices\":[{\"index\":0,\"delta\":"
        + delta
        + ",\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
  }

  private List<ProcessingRequest> document(String user) {
    return List.of(
        request("POST", "/v1/chat/completions", user),
        response("application/json"),
        responseBody(
            "{\"id\":\"chatcmpl-warm-up\",\"object\":\"chat.completion\",\"created\":1790000000,"
                + "\"model\":\"warm-up\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
                + "\"assistant\",\"content\":\"words\",\"tool_calls\":[]},\"finish_reason\":"
                + "\"stop\"}],\"usage\":{\"prompt_tokens\":1903,\"completion_tokens\":8,"
                + "\"total_tokens\":1911,\"prompt_tokens_details\":{\"cached_tokens\":0}}}",
            true));
  }

  private List<ProcessingRequest> other() {
    return List.of(request("GET", "/health", "warm-up"), response("text/plain"));
  }

  private ProcessingRequest request(String method, String path, String user) {
    HeaderMap.Builder headers =
        HeaderMap.newBuilder()
            .addHeaders(header(":authority", "warm-up.example.com"))
            .addHeaders(header(":path", path))
            .addHeaders(header(":method", method))
            .addHeaders(header(":scheme", "http"))
            .addHeaders(header("accept", "application/json"))
            .addHeaders(header("accept-encoding", "gzip, deflate, br"))
            .addHeaders(header("user-agent", "warm-up/1.0"))
            .addHeaders(header("x-forwarded-for", "127.0.0.1"))
            .addHeaders(header("x-forwarded-proto", "https"))
            .addHeaders(header("x-request-id", "00000000-0000-4000-8000-000000000000"))
            .addHeaders(header("content-type", "application/json"))
            .addHeaders(header("content-length", "51"))
            // Whose fallback would be logged.
            .addHeaders(header(config.authentication().userHeader(), user))
            .addHeaders(header(config.authentication().tierHeader(), "warm-up"));
    return ProcessingRequest.newBuilder()
        .setRequestHeaders(HttpHeaders.newBuilder().setHeaders(headers))
        .setMetadataContext(io.envoyproxy.envoy.config.core.v3.Metadata.getDefaultInstance())
        .setProtocolConfig(ProtocolConfiguration.newBuilder().setRequestBodyMode(BodySendMode.NONE))
        .build();
  }

  private static ProcessingRequest response(String contentType) {
    HeaderMap.Builder headers =
        HeaderMap.newBuilder()
            .addHeaders(header(":status", "200"))
            .addHeaders(header("date", "Tue, 24 Nov 2026 00:00:00 GMT"))
            .addHeaders(header("server", "warm-up"))
            .addHeaders(header("content-type", contentType))
            .addHeaders(header("x-envoy-upstream-service-time", "12"))
            .addHeaders(header("x-vsr-selected-model", "warm-up"))
            .addHeaders(header("x-vsr-selected-decision", "warm-up"))
            .addHeaders(header("x-vsr-selected-category", "warm-up"))
            .addHeaders(header("x-vsr-selected-reasoning", "off"));
    return ProcessingRequest.newBuilder()
        .setResponseHeaders(HttpHeaders.newBuilder().setHeaders(headers))
        .build();
  }

  private static ProcessingRequest responseBody(String text, boolean endOfStream) {
    return ProcessingRequest.newBuilder().setResponseBody(body(text, endOfStream)).build();
  }

  private static HttpBody body(String text, boolean endOfStream) {
    return HttpBody.newBuilder()
        .setBody(ByteString.copyFromUtf8(text))
        .setEndOfStream(endOfStream)
        .build();
  }

  private static HeaderValue header(String name, String value) {
    return HeaderValue.newBuilder()
        .setKey(name)
        .setRawValue(ByteString.copyFromUtf8(value))
        .build();
  }

  /** Leaves messages as they are. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
