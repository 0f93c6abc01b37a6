// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * Where a server is: {@code unix:PATH}, or a port of the loopback address. With epoll in both
 * cases.
 */
record Transport(SocketAddress address) {
  private static final String UNIX = "unix:";

  static Transport of(String target) {
    if (target.startsWith(UNIX)) {
      return new Transport(new DomainSocketAddress(target.substring(UNIX.length())));
    }
    int port = Integer.parseInt(target.substring(target.lastIndexOf(':') + 1));
    return new Transport(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
  }

  private boolean isUnix() {
    return address instanceof DomainSocketAddress;
  }

  /** Threads that serve sockets, daemons. */
  static EventLoopGroup loops(int threads, String name) {
    return new MultiThreadIoEventLoopGroup(
        threads,
        work -> {
          Thread thread = new Thread(work, name);
          thread.setDaemon(true);
          return thread;
        },
        EpollIoHandler.newFactory());
  }

  /** One connection, all of it on the thread of the group. */
  ManagedChannel channel(EventLoopGroup loop) {
    return NettyChannelBuilder.forAddress(address)
        .overrideAuthority("ext-proc")
        .usePlaintext()
        .eventLoopGroup(loop)
        .channelType(isUnix() ? EpollDomainSocketChannel.class : EpollSocketChannel.class)
        .directExecutor()
        .build();
  }

  /** A server that listens here, with as many threads as the processors. */
  NettyServerBuilder server() {
    return NettyServerBuilder.forAddress(address)
        .channelType(
            isUnix() ? EpollServerDomainSocketChannel.class : EpollServerSocketChannel.class)
        .bossEventLoopGroup(loops(1, "accept"))
        .workerEventLoopGroup(loops(Runtime.getRuntime().availableProcessors(), "serve"))
        .directExecutor();
  }

  /** The same, but that it answers what one read of so many bytes has brought before the next. */
  NettyServerBuilder server(int readBytes) {
    return server()
        .withChildOption(
            ChannelOption.RECVBUF_ALLOCATOR,
            new AdaptiveRecvByteBufAllocator(64, 2048, readBytes).maxMessagesPerRead(1));
  }
}
