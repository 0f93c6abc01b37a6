// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One event of 28 MB with its usage at the end, in chunks of 16 KB, beside Jackson. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g"})
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class BigEventBenchmark {
  private static final int CHUNK_BYTES = 16 << 10;

  /** What makes the event big. */
  public enum Content {
    /** One string, as of an image in base64. */
    STRING,
    /** An array of numbers, as of {@code prompt_token_ids}. */
    NUMBERS
  }

  /** What makes the event big. */
  @Param Content content = Content.STRING;

  /** Who reads it. */
  @Param Reader reader = Reader.METERING;

  private @Nullable EventStream stream;

  /** Begins the stream. */
  @Setup(Level.Trial)
  public void open() {
    byte[] event =
        Traffic.bigEvent(
            Traffic.MODELS.get(0), content == Content.NUMBERS, Traffic.runningUsage(1));
    EventStream begun = new EventStream(event, CHUNK_BYTES, reader);
    begun.read();
    begun.check(1);
    stream = begun;
  }

  /** What was found is right. */
  @TearDown(Level.Trial)
  public void check() {
    if (stream != null) {
      stream.check(1);
      stream.end(1);
    }
  }

  /** One event. */
  @Benchmark
  public void event() {
    java.util.Objects.requireNonNull(stream).read();
  }
}
