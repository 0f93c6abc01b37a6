// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
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
  private static final int EXCHANGES = 600;

  private static final int ROUNDS = 3;

  private static final int AT_ONCE = 16;

  /** How many different exchanges are sent, in turn. */
  private static final int KINDS = 480;

  /** However slow the machine is, it should start. */
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** As bytes, so that only the server's way of reading and writing is run and compiled. */
  private static final MethodDescriptor<byte[], byte[]> PROCESS =
      ExternalProcessorGrpc.getProcessMethod().toBuilder(new Bytes(), new Bytes()).build();

  private final Semaphore free = new Semaphore(AT_ONCE);
  private final WarmUpTraffic traffic;
  private final MaasProcessor processor;
  private int next;

  private WarmUp(MaasConfig config, ExtProcConfig extProc) {
    traffic = new WarmUpTraffic(config);
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
    for (int i = 0; i < KINDS; i++) {
      exchanges.add(bytes(traffic.exchange(i)));
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
        exchange(
            channels.get(i % connections), exchanges.get(next++ % exchanges.size()), i % 2 == 0);
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

  /** One exchange as Envoy has it: each message behind a reply, and then the end, in both ways. */
  private void exchange(ManagedChannel channel, List<byte[]> messages, boolean resets) {
    ClientCall<byte[], byte[]> call = channel.newCall(PROCESS, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          private int replies;

          @Override
          public void onMessage(byte[] reply) {
            replies++;
            if (replies < messages.size()) {
              call.sendMessage(messages.get(replies));
            } else if (resets) {
              call.cancel("done", null);
            } else {
              call.halfClose();
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
