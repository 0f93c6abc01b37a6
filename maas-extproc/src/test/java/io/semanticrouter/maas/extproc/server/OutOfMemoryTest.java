// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What ends the process, and how. */
@Timeout(180)
@Tag("slow")
class OutOfMemoryTest {
  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  static Stream<Throwable> fatal() {
    return Stream.of(
        new OutOfMemoryError("Java heap space"),
        new OutOfMemoryError("Java heap space: failed reallocation of scalar replaced objects"),
        new OutOfMemoryError("GC overhead limit exceeded"),
        new OutOfMemoryError("Metaspace"),
        new OutOfMemoryError("Compressed class space"),
        new ExecutionException(new OutOfMemoryError("Java heap space")),
        Status.UNKNOWN
            .withCause(new IllegalStateException(new OutOfMemoryError("Java heap space")))
            .asRuntimeException());
  }

  @ParameterizedTest
  @MethodSource("fatal")
  void heapThatHasRunOutEndsTheProcess(Throwable thrown) {
    assertThat(OutOfMemory.isHeap(thrown)).isTrue();
  }

  /** As Netty's, which has a class of its own that cannot be made here. */
  private static final class OfBuffers extends OutOfMemoryError {
    private static final long serialVersionUID = 1;

    OfBuffers() {
      super("failed to allocate 4194304 byte(s) of direct memory (used: 4194304, max: 4194304)");
    }
  }

  static Stream<Throwable> passing() {
    return Stream.of(
        new OfBuffers(),
        new IOException(new OfBuffers()),
        new OutOfMemoryError(),
        new OutOfMemoryError("Direct buffer memory"),
        new OutOfMemoryError(
            "Cannot reserve 65536 bytes of direct buffer memory (allocated: 1, limit: 2)"),
        new OutOfMemoryError("Requested array size exceeds VM limit"),
        new OutOfMemoryError("Required length exceeds implementation limit"),
        new OutOfMemoryError("unable to create native thread: possibly out of memory"),
        new StackOverflowError(),
        new NoClassDefFoundError("Java heap space"),
        new AssertionError("Java heap space"),
        new IllegalStateException("Java heap space"),
        circular());
  }

  private static Throwable circular() {
    RuntimeException one = new RuntimeException("one");
    one.initCause(new RuntimeException("two", one));
    return one;
  }

  @ParameterizedTest
  @MethodSource("passing")
  void otherErrorsDoNot(Throwable thrown) {
    assertThat(OutOfMemory.isHeap(thrown)).isFalse();
  }

  /** A series for each user, without a bound, fills any heap. */
  @Test
  void processWithoutHeapEndsWithItsTotalsInsteadOfLivingOn() throws Exception {
    Path config = directory.resolve("config.yaml");
    Files.writeString(
        config,
        """
        maas_integration: { enabled: true, metrics: { max_series: 1000000 } }
        server: { grpc_address: 127.0.0.1, grpc_port: 0, metrics_address: 127.0.0.1, metrics_port: 0 }
        """);
    ServerProcess run =
        ServerProcess.start(directory, List.of("-Xmx32m"), Map.of(), "--config", config.toString());
    try (FakeEnvoy envoy =
        FakeEnvoy.on(
            NettyChannelBuilder.forAddress("127.0.0.1", run.ready()).usePlaintext().build())) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
      for (int user = 0; run.process().isAlive() && System.nanoTime() < deadline; user++) {
        FakeEnvoy.Stream stream = envoy.open();
        stream
            .send(
                chat("x-auth-request-user", "user-" + user + "-".repeat(200)),
                response(200, "application/json"),
                body(JSON_ANSWER, true))
            .halfClose();
        if (user % 100 == 0) {
          stream.awaitEnd();
        }
      }
    } finally {
      run.process().waitFor(20, TimeUnit.SECONDS);
      run.kill();
    }
    assertThat(run.exitStatus()).as(run.out() + run.err()).isEqualTo(3);
    assertThat(run.err().lines().filter(line -> line.startsWith("maas-extproc: ")))
        .singleElement()
        .asString()
        .matches(
            "maas-extproc: the heap has run out, so this process ends\\. exchanges: \\d+, prompt"
                + " tokens: \\d+, completion tokens: \\d+; open: \\d+");
  }
}
