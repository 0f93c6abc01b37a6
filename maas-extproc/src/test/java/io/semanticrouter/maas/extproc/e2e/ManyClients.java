// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** Thousands of clients that ask at the same time, in one thread. */
final class ManyClients {
  private static final long TIMEOUT_NANOS = 120_000_000_000L;

  private ManyClients() {}

  /** Sends the same request on so many connections, and reads each until the server closes it. */
  static List<RawHttp> send(int port, byte[] request, int clients) throws IOException {
    long deadline = System.nanoTime() + TIMEOUT_NANOS;
    List<RawHttp> answers = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    try (Selector selector = Selector.open()) {
      try {
        for (int i = 0; i < clients; i++) {
          SocketChannel channel = SocketChannel.open();
          channel.configureBlocking(false);
          channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
          channel.register(selector, SelectionKey.OP_CONNECT, new ByteArrayOutputStream());
        }
        while (answers.size() < clients && System.nanoTime() < deadline) {
          selector.select(1000);
          for (SelectionKey key : selector.selectedKeys()) {
            SocketChannel channel = (SocketChannel) key.channel();
            if (key.isConnectable()) {
              channel.finishConnect();
              // Far less than any socket buffer: it goes out whole.
              channel.write(ByteBuffer.wrap(request));
              key.interestOps(SelectionKey.OP_READ);
            } else {
              ByteArrayOutputStream answer = (ByteArrayOutputStream) key.attachment();
              buffer.clear();
              int length = channel.read(buffer);
              if (length < 0) {
                channel.close();
                answers.add(RawHttp.parse(answer.toByteArray()));
              } else {
                answer.write(buffer.array(), 0, length);
              }
            }
          }
          selector.selectedKeys().clear();
        }
      } finally {
        for (SelectionKey key : selector.keys()) {
          key.channel().close();
        }
      }
    }
    return answers;
  }
}
