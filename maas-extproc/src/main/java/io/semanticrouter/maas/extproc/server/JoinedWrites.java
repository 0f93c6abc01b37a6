// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelDuplexHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelFactory;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import io.grpc.netty.shaded.io.netty.channel.ReflectiveChannelFactory;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Joins the small writes between two flushes into one, by copying. HTTP/2 writes the head of each
 * frame and its payload for themselves, so that a flush of fifty replies would hand the kernel a
 * hundred pieces of a dozen bytes; to gather them, and to account for each of them, costs more than
 * to copy them (RATIONALE.md has the figures).
 *
 * <p>Next to the socket, so that everything passes here, encrypted or not. One per connection, on
 * its thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what becomes of a write, its promise tells
final class JoinedWrites extends ChannelDuplexHandler {
  /** A write of more bytes is passed on as it is. */
  private static final int MAX_PIECE = 2048;

  /**
   * So many bytes are passed on before there is a flush: what is held here is not yet counted by
   * Netty, which bounds what a connection may have unsent.
   */
  private static final int MAX_JOINED = 16 * 1024;

  private List<ByteBuf> pieces = new ArrayList<>();
  private List<ChannelPromise> promises = new ArrayList<>();
  private int bytes;

  /** Server channels of a type whose connections join their writes. */
  static ChannelFactory<ServerChannel> on(Class<? extends ServerChannel> type) {
    ChannelFactory<? extends ServerChannel> channels = new ReflectiveChannelFactory<>(type);
    return () -> {
      ServerChannel server = channels.newChannel();
      // In front of what Netty's bootstrap and gRPC add to the new connection.
      server
          .pipeline()
          .addLast(
              new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object connection) {
                  ((Channel) connection).pipeline().addLast(new JoinedWrites());
                  context.fireChannelRead(connection);
                }
              });
      return server;
    };
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (!(message instanceof ByteBuf piece) || piece.readableBytes() > MAX_PIECE) {
      passOn(context);
      context.write(message, promise);
      return;
    }
    if (bytes + piece.readableBytes() > MAX_JOINED) {
      passOn(context);
    }
    pieces.add(piece);
    promises.add(promise);
    bytes += piece.readableBytes();
  }

  @Override
  public void flush(ChannelHandlerContext context) {
    passOn(context);
    context.flush();
  }

  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    passOn(context);
    context.close(promise);
  }

  /** What is written behind the end of the connection fails, like all that is written then. */
  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    passOn(context);
  }

  private void passOn(ChannelHandlerContext context) {
    if (pieces.isEmpty()) {
      return;
    }
    List<ByteBuf> taken = pieces;
    List<ChannelPromise> told = promises;
    ByteBuf joined = taken.size() == 1 ? null : room(context);
    // Before anybody is told: who hears of a failure writes here again, and flushes.
    pieces = new ArrayList<>(taken.size());
    promises = new ArrayList<>(taken.size());
    bytes = 0;
    if (joined == null) {
      for (int i = 0; i < taken.size(); i++) {
        context.write(taken.get(i), told.get(i));
      }
      return;
    }
    for (ByteBuf piece : taken) {
      joined.writeBytes(piece);
      piece.release();
    }
    context.write(joined).addListener((ChannelFuture written) -> tell(told, written));
  }

  /** For all that is held; null when there is none, so that it goes as it is. */
  private @Nullable ByteBuf room(ChannelHandlerContext context) {
    try {
      return context.alloc().ioBuffer(bytes, bytes);
    } catch (OutOfMemoryError e) {
      // Netty's own, of direct memory. Thrown, it would end in an answer, which would come here.
      return null;
    }
  }

  private static void tell(List<ChannelPromise> parts, ChannelFuture written) {
    Throwable failure = written.cause();
    for (int i = 0; i < parts.size(); i++) {
      if (failure == null) {
        parts.get(i).trySuccess();
      } else if (!parts.get(i).isVoid()) {
        // Netty tells no void promise of a connection that is gone; this one would raise it anew.
        parts.get(i).tryFailure(failure);
      }
    }
  }
}
