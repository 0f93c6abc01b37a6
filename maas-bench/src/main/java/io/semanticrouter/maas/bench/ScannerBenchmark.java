// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import static io.semanticrouter.maas.bench.Traffic.MODELS;

import java.io.ByteArrayOutputStream;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What one event of a stream costs: ours, beside three ways to use Jackson, on the same chunks. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class ScannerBenchmark {
  /** As many events of 230 or 280 bytes as fill whole chunks. */
  private static final int EVENTS = 140;

  /** What the events look like. */
  public enum Events {
    /** {@code "usage":null} in each of 230 bytes, as with {@code include_usage}. */
    NULL(1400),
    /** The same, one byte at a time. */
    TINY(1),
    /** The usage so far in each of 280 bytes, as with {@code continuous_usage_stats}. */
    RUNNING(1400),
    /** As vLLM sends them to those who did not ask: a token each, no usage. */
    PLAIN(1400),
    /** As OpenAI sends them: with letters of a random number at the end. */
    OBFUSCATED(1400);

    private final int chunkBytes;

    Events(int chunkBytes) {
      this.chunkBytes = chunkBytes;
    }

    private byte[] stream() {
      Random random = new Random(42);
      ByteArrayOutputStream stream = new ByteArrayOutputStream();
      for (int i = 0; i < EVENTS; i++) {
        stream.writeBytes(
            switch (this) {
              case NULL, TINY -> Traffic.event(MODELS.get(0), i, "null", Traffic.EVENT_BYTES);
              case RUNNING ->
                  Traffic.event(
                      MODELS.get(0),
                      i,
                      Traffic.runningUsage(i + 1),
                      Traffic.EVENT_WITH_USAGE_BYTES);
              case PLAIN -> Traffic.plainEvent(MODELS.get(0), random, false);
              case OBFUSCATED -> Traffic.plainEvent(MODELS.get(0), random, true);
            });
      }
      return stream.toByteArray();
    }
  }

  /** What the events look like. */
  @Param Events events = Events.NULL;

  /** Who reads them. */
  @Param Reader reader = Reader.METERING;

  private @Nullable EventStream stream;

  /** Begins the stream, and looks whether what is found is right. */
  @Setup(Level.Trial)
  public void open() {
    byte[] bytes = events.stream();
    EventStream once = new EventStream(bytes, events.chunkBytes, reader);
    once.read();
    once.end(completion());
    stream = new EventStream(bytes, events.chunkBytes, reader);
  }

  /** It still is. */
  @TearDown(Level.Trial)
  public void check() {
    if (stream != null) {
      stream.check(completion());
      stream.end(completion());
    }
  }

  private long completion() {
    return events == Events.RUNNING ? EVENTS : UsageReader.NONE;
  }

  /** One event. */
  @Benchmark
  @OperationsPerInvocation(EVENTS)
  public void event() {
    java.util.Objects.requireNonNull(stream).read();
  }
}
