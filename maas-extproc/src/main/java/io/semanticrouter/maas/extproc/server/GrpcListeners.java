// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.IoHandlerFactory;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.RecvByteBufAllocator;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC services on a TCP port, a Unix domain socket, or both; one group of event loops serves
 * all connections. With epoll where the system has it, else with the JDK's selectors.
 *
 * <p>What all streams may take is bounded by the memory of the process ({@link StreamLimits}). What
 * is not set is meant: there is no limit on resets (Envoy resets every stream) or on the age of a
 * connection, because a busy Envoy would hit it.
 */
final class GrpcListeners implements AutoCloseable {
  /** Longer than any pause of a process that lives. */
  private static final Duration KEEPALIVE_TIMEOUT = Duration.ofSeconds(20);

  /**
   * Replies leave when what one read has brought is handled. With Netty's 16 reads of up to 64 KB a
   * busy Envoy would wait for all of it, and we for Envoy then; with some twenty messages at a time
   * both work at once.
   */
  private static final RecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(64, 2048, 8192).maxMessagesPerRead(1);

  private final GrpcConfig config;
  private final StreamLimits limits;
  private final EventLoopGroup loops;

  /** Takes connections also while one of the others hangs, on a disk that stalls. */
  private final EventLoopGroup accepting = loops(1, "grpc-accept");

  private final List<Server> servers = new ArrayList<>();
  private int port = -1;
  private final @Nullable TlsFiles tls;
  private @Nullable SocketFile socketFile;

  /**
   * Nothing listens yet.
   *
   * @param tls for the TCP port, or null for plain text
   * @param limits for all streams together
   */
  GrpcListeners(GrpcConfig config, @Nullable TlsFiles tls, StreamLimits limits) {
    this.config = config;
    this.limits = limits;
    this.tls = tls;
    loops = loops(config.threads(), "grpc");
  }

  /** Threads that serve connections or take them, daemons. */
  private static EventLoopGroup loops(int threads, String name) {
    IoHandlerFactory io =
        Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory(name, true), io);
  }

  /**
   * Listens wherever the configuration says.
   *
   * @throws IOException when an address cannot be had; the message says which
   */
  void listen(List<BindableService> services) throws IOException {
    if (config.socket() != null) {
      listen(new SocketFile(config.socket()), services);
    }
    if (config.tcp() != null) {
      listen(config.tcp(), services);
    }
  }

  /** The TCP port, also after the end, or -1 when there is none. */
  int port() {
    return port;
  }

  /** No new connections and streams; the other side is told to go elsewhere (GOAWAY). */
  void shutdown() {
    servers.forEach(Server::shutdown);
    if (socketFile != null) {
      socketFile.remove();
    }
  }

  /** Whether all streams and connections have ended within so much time. */
  boolean awaitTermination(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    try {
      for (Server server : servers) {
        if (!server.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          return false;
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Ends what is still open: exchanges that took too long, or clients that watch the health. */
  @Override
  public void close() {
    shutdown();
    servers.forEach(Server::shutdownNow);
    awaitTermination(Duration.ofSeconds(5));
    for (EventLoopGroup group : List.of(accepting, loops)) {
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
  }

  private static Class<? extends ServerChannel> tcpType() {
    return Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
  }

  private void listen(ListenAddress address, List<BindableService> services) throws IOException {
    NettyServerBuilder builder = builder(address.resolve("gRPC"), tcpType(), services);
    if (tls != null) {
      builder.sslContext(tls.sslContext());
    }
    try {
      Server server = builder.build().start();
      servers.add(server);
      // Not asked later: a server that has ended throws.
      port = server.getPort();
    } catch (IOException e) {
      throw ListenAddress.unavailable("gRPC", address.toString(), e);
    }
  }

  private void listen(SocketFile file, List<BindableService> services) throws IOException {
    Path path = file.path();
    NettyServerBuilder builder =
        Epoll.isAvailable()
            ? builder(
                new DomainSocketAddress(path.toFile()),
                EpollServerDomainSocketChannel.class,
                services)
            : builder(
                UnixDomainSocketAddress.of(path), NioServerDomainSocketChannel.class, services);
    // gRPC sets it, and Netty warns for each connection that such a socket has no such option.
    builder.withChildOption(ChannelOption.SO_KEEPALIVE, null);
    try {
      file.makeWay();
      servers.add(builder.build().start());
      socketFile = file;
      file.bound();
    } catch (IOException e) {
      throw ListenAddress.unavailable("gRPC", path.toString(), e);
    }
  }

  private NettyServerBuilder builder(
      SocketAddress address, Class<? extends ServerChannel> type, List<BindableService> services) {
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(address)
            .bossEventLoopGroup(accepting)
            .workerEventLoopGroup(loops)
            .channelType(type)
            .withChildOption(ChannelOption.RECVBUF_ALLOCATOR, READS)
            // See MaasProcessor: an executor in between would lose the last message of an exchange.
            .directExecutor()
            .addStreamTracerFactory(limits)
            .intercept(limits)
            // Announced, so that an Envoy opens another connection instead of being refused.
            .maxConcurrentCallsPerConnection(limits.maxStreams())
            .maxInboundMessageSize(config.maxMessageBytes())
            .maxInboundMetadataSize(config.maxHeaderListBytes())
            // An Envoy that died without a word would keep its exchanges open.
            .keepAliveTime(config.keepalive().toNanos(), TimeUnit.NANOSECONDS)
            .keepAliveTimeout(
                Math.min(config.keepalive().toNanos(), KEEPALIVE_TIMEOUT.toNanos()),
                TimeUnit.NANOSECONDS)
            // Envoy pings as often as its operator likes, also without streams; gRPC's default
            // would take that for an attack and end the connection with all its streams.
            .permitKeepAliveTime(0, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true);
    services.forEach(builder::addService);
    if (config.reflection()) {
      builder.addService(ProtoReflectionServiceV1.newInstance());
    }
    return builder;
  }
}
