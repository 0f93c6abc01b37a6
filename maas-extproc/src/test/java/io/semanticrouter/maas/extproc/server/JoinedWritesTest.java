// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.netty.shaded.io.netty.buffer.AbstractByteBufAllocator;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelOutboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is written comes out once, in order, and who wrote it hears what became of it. */
@SuppressWarnings("FutureReturnValueIgnored") // where nobody asks what became of a write
class JoinedWritesTest {
  private final List<Throwable> raised = new ArrayList<>();
  private final List<ByteBuf> pieces = new ArrayList<>();
  private boolean broken;
  private Consumer<ChannelHandlerContext> atTheEnd = context -> {};

  private final EmbeddedChannel channel =
      new EmbeddedChannel(
          new ChannelOutboundHandlerAdapter() {
            @Override
            public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
                throws Exception {
              if (broken) {
                ((ByteBuf) message).release();
                promise.tryFailure(new ClosedChannelException());
              } else {
                super.write(context, message, promise);
              }
            }
          },
          new JoinedWrites(),
          new ChannelInboundHandlerAdapter() {
            @Override
            public void channelInactive(ChannelHandlerContext context) {
              atTheEnd.accept(context);
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
              raised.add(cause);
            }
          });

  @AfterEach
  void everyPieceIsGivenBack() {
    channel.releaseOutbound();
    channel.finishAndReleaseAll();
    assertThat(pieces).allMatch(piece -> piece.refCnt() == 0);
    assertThat(raised).isEmpty();
  }

  private ByteBuf piece(String text) {
    ByteBuf piece = Unpooled.copiedBuffer(text, US_ASCII);
    pieces.add(piece);
    return piece;
  }

  private String next() {
    ByteBuf out = channel.readOutbound();
    pieces.add(out);
    String text = out.toString(US_ASCII);
    out.release();
    return text;
  }

  @Test
  void smallWritesAreOneAtTheFlushAndSucceedWithIt() {
    List<ChannelFuture> writes =
        List.of(channel.write(piece("a")), channel.write(piece("bc")), channel.write(piece("def")));
    assertThat(writes).noneMatch(ChannelFuture::isDone);
    channel.flush();
    assertThat(next()).isEqualTo("abcdef");
    assertThat(channel.outboundMessages()).isEmpty();
    assertThat(writes).allMatch(ChannelFuture::isSuccess);
  }

  @Test
  void writeThatIsAloneIsPassedOnAsItIs() {
    ByteBuf alone = piece("alone");
    ChannelFuture write = channel.write(alone);
    channel.flush();
    ByteBuf out = channel.readOutbound();
    assertThat(out).isSameAs(alone);
    out.release();
    assertThat(write.isSuccess()).isTrue();
  }

  @Test
  void largeWriteIsPassedOnAsItIsBehindTheSmallOnesBeforeIt() {
    String large = "x".repeat(2049);
    channel.write(piece("a"));
    channel.write(piece("b"));
    channel.write(piece(large));
    channel.write(piece("c"));
    channel.flush();
    assertThat(List.of(next(), next(), next())).containsExactly("ab", large, "c");
  }

  @Test
  void noMoreThanSixteenKilobytesAreHeldBack() {
    for (int i = 0; i < 17; i++) {
      channel.write(piece("x".repeat(1024)));
    }
    assertThat(channel.unsafe().outboundBuffer().totalPendingWriteBytes())
        .isBetween(16 * 1024L, 17 * 1024L - 1);
    channel.flush();
    assertThat(next()).hasSize(16 * 1024);
    assertThat(next()).hasSize(1024);
  }

  @Test
  void whatIsNoBytesKeepsItsPlace() {
    channel.write(piece("a"));
    channel.write(piece("b"));
    channel.write("not bytes");
    channel.flush();
    assertThat(next()).isEqualTo("ab");
    assertThat(channel.<Object>readOutbound()).isEqualTo("not bytes");
  }

  @Test
  void writesWithoutFlushFailWhenTheConnectionIsClosed() {
    List<ChannelFuture> writes =
        List.of(channel.write(piece("a")), channel.write(piece("b")), channel.write(piece("c")));
    channel.close();
    assertThat(writes).allMatch(write -> write.cause() != null);
    assertThat(channel.outboundMessages()).isEmpty();
  }

  /** As gRPC does: it hears of a failure, says good-bye, and flushes. */
  @Test
  void whoWritesAndFlushesWhenHeHearsOfAFailureIsHeardOnce() {
    broken = true;
    List<ChannelFuture> more = new ArrayList<>();
    for (String text : List.of("a", "b", "c")) {
      channel
          .write(piece(text))
          .addListener(
              failed -> {
                more.add(channel.write(piece("good-bye")));
                more.add(channel.write(piece(text)));
                channel.flush();
              });
    }
    channel.flush();
    assertThat(more).hasSize(6).allMatch(write -> write.cause() != null);
  }

  @Test
  void piecesPassAsTheyAreWhenThereIsNoRoomToJoinThem() {
    channel
        .config()
        .setAllocator(
            new AbstractByteBufAllocator(true) {
              @Override
              public boolean isDirectBufferPooled() {
                return false;
              }

              @Override
              protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
                throw new OutOfMemoryError("as Netty says it");
              }

              @Override
              protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
                throw new OutOfMemoryError("as Netty says it");
              }
            });
    List<ChannelFuture> writes = List.of(channel.write(piece("a")), channel.write(piece("b")));
    channel.flush();
    assertThat(List.of(next(), next())).containsExactly("a", "b");
    assertThat(writes).allMatch(ChannelFuture::isSuccess);
  }

  @Test
  void writesThatNobodyAsksAboutFailInSilence() {
    broken = true;
    channel.write(piece("a"), channel.voidPromise());
    channel.write(piece("b"), channel.voidPromise());
    channel.flush();
  }

  @Test
  void writesAfterTheEndFailWhenTheConnectionIsForgotten() {
    List<ChannelFuture> writes = new ArrayList<>();
    atTheEnd =
        context -> {
          writes.add(context.write(piece("a")));
          writes.add(context.write(piece("b")));
        };
    channel.close();
    assertThat(writes).hasSize(2).allMatch(write -> write.cause() != null);
  }
}
