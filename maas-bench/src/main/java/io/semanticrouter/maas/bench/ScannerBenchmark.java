// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.TokenUsage;
import java.io.IOException;
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

/**
 * One event of a stream, per event: a stream that does not end, cut into chunks of 1,400 bytes
 * without regard to events. Beside it the streaming parser of Jackson on the same events, which has
 * it easier: it is told where each event begins and ends, and looks for the usage only.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class ScannerBenchmark {
  private static final int CHUNK_BYTES = 1400;

  /** As many events as fill whole chunks: 23 of them without usage, 28 with. */
  private static final int EVENTS = 140;

  private static final int PREFIX_BYTES = "data: ".length();

  /** What the events say about usage. */
  public enum Usage {
    /** {@code "usage":null} in each of 230 bytes, as with {@code include_usage}. */
    NULL,
    /** The usage so far in each of 280 bytes, as with {@code continuous_usage_stats}. */
    RUNNING
  }

  /** What the events say about usage. */
  @Param Usage usage = Usage.NULL;

  private final Client client = new Client();
  private final JsonFactory jackson = new JsonFactory();
  private byte[] stream = {};
  private int eventBytes;
  private @Nullable Exchange exchange;
  private long prompt;
  private long completion;

  /** Begins the exchange. */
  @Setup(Level.Trial)
  public void open() throws IOException {
    boolean running = usage == Usage.RUNNING;
    eventBytes = running ? Traffic.EVENT_WITH_USAGE_BYTES : Traffic.EVENT_BYTES;
    stream = new byte[EVENTS * eventBytes];
    Checks.that(stream.length % CHUNK_BYTES == 0, "whole chunks");
    for (int i = 0; i < EVENTS; i++) {
      String stated = running ? Traffic.runningUsage(i + 1) : "null";
      byte[] event = Traffic.event(Traffic.MODELS.get(0), i, stated, eventBytes);
      System.arraycopy(event, 0, stream, i * eventBytes, eventBytes);
    }
    client.next();
    Metering metering =
        Metering.builder(Traffic.config(io.semanticrouter.maas.Mode.HYBRID)).build();
    Exchange begun = client.begin(metering);
    begun.onResponseHeaders(200, client.sseResponse());
    exchange = begun;
    metering();
    jackson();
    check();
  }

  /** Both have found the same. */
  @TearDown(Level.Trial)
  public void check() {
    TokenUsage found = exchange == null ? null : exchange.usageSoFar();
    if (usage == Usage.NULL) {
      Checks.that(found == null && completion == 0, "no usage");
    } else {
      Checks.that(found != null && found.completion() == EVENTS, "found by us: " + found);
      Checks.that(completion == EVENTS && prompt == Traffic.PROMPT_TOKENS, "found by Jackson");
    }
  }

  /** Ours. */
  @Benchmark
  @OperationsPerInvocation(EVENTS)
  public boolean metering() {
    Exchange current = java.util.Objects.requireNonNull(exchange);
    for (int i = 0; i < stream.length; i += CHUNK_BYTES) {
      current.onResponseBody(stream, i, CHUNK_BYTES);
    }
    return current.hasFinalUsage();
  }

  /** Jackson. */
  @Benchmark
  @OperationsPerInvocation(EVENTS)
  public long jackson() throws IOException {
    for (int i = 0; i < stream.length; i += eventBytes) {
      try (JsonParser parser =
          jackson.createParser(stream, i + PREFIX_BYTES, eventBytes - PREFIX_BYTES)) {
        parser.nextToken();
        readRoot(parser);
      }
    }
    return prompt + completion;
  }

  private void readRoot(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean isUsage = parser.currentName().equals("usage");
      if (parser.nextToken() == JsonToken.START_OBJECT && isUsage) {
        readUsage(parser);
      } else {
        parser.skipChildren();
      }
    }
  }

  private void readUsage(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      if (name.equals("prompt_tokens")) {
        prompt = parser.getLongValue();
      } else if (name.equals("completion_tokens")) {
        completion = parser.getLongValue();
      } else {
        parser.skipChildren();
      }
    }
  }
}
