// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
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
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs made-up exchanges through a server and a metering of their own before the real ones are
 * ready. A JVM that has just started takes milliseconds for what soon takes microseconds; without
 * this the first users would wait for that. Nothing of it is counted anywhere.
 */
final class WarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

  /** Enough for the methods on the path to be compiled. */
  private static final int EXCHANGES = 600;

  private static final int AT_ONCE = 16;
  private static final int EVENTS = 8;

  /** However slow the machine is, it should start. */
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(3);

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

  /** Runs it; a failure is no reason not to start. */
  static void run(MaasConfig config, ExtProcConfig extProc) {
    long start = System.nanoTime();
    try {
      new WarmUp(config, extProc).run();
      LOG.debug("Warm after {} ms", (System.nanoTime() - start) / 1_000_000);
    } catch (IOException | RuntimeException e) {
      LOG.warn("The first exchanges will be slow, because the warm-up failed: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() throws IOException, InterruptedException {
    InetSocketAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Server server =
        NettyServerBuilder.forAddress(loopback)
            .addService(processor)
            .directExecutor()
            .build()
            .start();
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()))
            .usePlaintext()
            .directExecutor()
            .build();
    try {
      long end = System.nanoTime() + LIMIT_NANOS;
      List<List<byte[]>> exchanges = List.of(bytes(stream()), bytes(document()), bytes(other()));
      for (int i = 0; i < EXCHANGES && acquired(1, end); i++) {
        exchange(channel, exchanges.get(i % exchanges.size()));
      }
      acquired(AT_ONCE, end);
    } finally {
      channel.shutdownNow();
      server.shutdownNow();
      channel.awaitTermination(1, TimeUnit.SECONDS);
      server.awaitTermination(1, TimeUnit.SECONDS);
    }
  }

  private boolean acquired(int exchanges, long end) throws InterruptedException {
    return free.tryAcquire(exchanges, end - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  /** One exchange, ended as Envoy ends it: by a reset behind the last reply. */
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
            }
          }

          @Override
          public void onClose(io.grpc.Status status, Metadata trailers) {
            free.release();
          }
        },
        new Metadata());
    call.request(messages.size());
    messages.forEach(call::sendMessage);
  }

  private static List<byte[]> bytes(List<ProcessingRequest> messages) {
    return messages.stream().map(ProcessingRequest::toByteArray).toList();
  }

  private List<ProcessingRequest> stream() {
    List<ProcessingRequest> messages = new ArrayList<>();
    messages.add(request("POST", "/v1/chat/completions"));
    messages.add(
        ProcessingRequest.newBuilder()
            .setRequestBody(body("{\"model\":\"warm-up\",\"stream\":true,\"messages\":[]}", true))
            .build());
    messages.add(response("text/event-stream"));
    for (int i = 0; i < EVENTS; i++) {
      messages.add(
          responseBody(
              "data: {\"id\":\"warm-up\",\"object\":\"chat.completion.chunk\",\"model\":\"warm-up\","
                  + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"},"
                  + "\"finish_reason\":null}],\"usage\":null}\n\n",
              false));
    }
    messages.add(
        responseBody(
            "data: {\"id\":\"warm-up\",\"object\":\"chat.completion.chunk\",\"model\":\"warm-up\","
                + "\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":8,"
                + "\"total_tokens\":17}}\n\ndata: [DONE]\n\n",
            false));
    messages.add(responseBody("", true));
    return messages;
  }

  private List<ProcessingRequest> document() {
    return List.of(
        request("POST", "/v1/chat/completions"),
        response("application/json"),
        responseBody(
            "{\"id\":\"warm-up\",\"object\":\"chat.completion\",\"model\":\"warm-up\",\"choices\":"
                + "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"words\"},"
                + "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,"
                + "\"completion_tokens\":8,\"total_tokens\":17}}",
            true));
  }

  private List<ProcessingRequest> other() {
    return List.of(request("GET", "/health"), response("text/plain"));
  }

  private ProcessingRequest request(String method, String path) {
    HeaderMap.Builder headers =
        HeaderMap.newBuilder()
            .addHeaders(header(":method", method))
            .addHeaders(header(":path", path))
            .addHeaders(header(":authority", "warm-up"))
            .addHeaders(header("content-type", "application/json"))
            .addHeaders(header("content-length", "51"))
            .addHeaders(header("accept-encoding", "gzip"))
            // Whose fallback would be logged.
            .addHeaders(header(config.authentication().userHeader(), "warm-up"))
            .addHeaders(header(config.authentication().tierHeader(), "warm-up"));
    return ProcessingRequest.newBuilder()
        .setRequestHeaders(HttpHeaders.newBuilder().setHeaders(headers))
        .build();
  }

  private static ProcessingRequest response(String contentType) {
    HeaderMap.Builder headers =
        HeaderMap.newBuilder()
            .addHeaders(header(":status", "200"))
            .addHeaders(header("content-type", contentType))
            .addHeaders(header("x-vsr-selected-model", "warm-up"))
            .addHeaders(header("x-vsr-selected-decision", "warm-up"));
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
