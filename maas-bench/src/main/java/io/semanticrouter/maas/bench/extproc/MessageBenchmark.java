// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.grpc.ServerMethodDefinition;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.bench.Checks;
import io.semanticrouter.maas.bench.Traffic;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.extproc.MaasProcessor;
import io.semanticrouter.maas.metrics.PrometheusSink;
import java.util.List;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a message costs between gRPC and gRPC: from its bytes through marshaller and processor to
 * the bytes of the reply, everything metered, in Hybrid mode.
 *
 * <p>Headers need a stream of their own, and a stream that begins has to end: {@code
 * requestHeaders} is {@code emptyStream} with the headers and the settling of a cancelled exchange
 * in it, {@code responseHeaders} is that with the response's headers too. What one of them costs is
 * the difference. {@code bodyChunk} is one more event of a stream that is open.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class MessageBenchmark {
  private static final int USERS = 99;

  /** Whether request bodies are edited, so that streams report their usage. */
  @Param({"false", "true"})
  boolean forceUsage;

  private final List<Transcript> transcripts = Transcript.of(USERS);
  private final DirectCall.Replies replies = new DirectCall.Replies();
  private int next;
  private int chunk;
  private int billed;
  private @Nullable ServerMethodDefinition<?, ?> method;
  private @Nullable DirectCall<?, ?> open;

  /** Makes the service, and checks that it replies and measures. */
  @Setup(Level.Trial)
  public void start() {
    MaasConfig config = Traffic.config(io.semanticrouter.maas.config.Mode.HYBRID, forceUsage);
    Metering metering =
        Metering.builder(config)
            .sink(PrometheusSink.register(config, new PrometheusRegistry()))
            .sink(record -> billed += record.measurement().usage() == null ? 0 : 1)
            .build();
    method = new MaasProcessor(metering).bindService().getMethods().iterator().next();
    Wire.Reply reply = new Wire.Reply();
    for (int i = 0; i < USERS; i++) {
      exchange();
      reply.read(replies.last());
      Checks.that(reply.kind() == Wire.RESPONSE_BODY, "a reply to the last message");
    }
    Checks.that(billed == USERS, "every exchange has its usage: " + billed);
    DirectCall<?, ?> stream = begin();
    head(stream, transcripts.get(0));
    stream.handle(transcripts.get(0).responseHeaders());
    open = stream;
  }

  private DirectCall<?, ?> begin() {
    if (method == null) {
      throw new IllegalStateException("Not started");
    }
    return DirectCall.begin(method, replies);
  }

  private Transcript transcript() {
    next = next + 1 < USERS ? next + 1 : 0;
    return transcripts.get(next);
  }

  private void head(DirectCall<?, ?> stream, Transcript transcript) {
    stream.handle(transcript.requestHeaders());
    if (forceUsage) {
      stream.handle(transcript.requestBody());
    }
  }

  /** A stream without any message: what the others have in common. */
  @Benchmark
  public int emptyStream() {
    begin().cancel();
    return replies.size();
  }

  /** The headers of a request, its body where that is edited, and the end of the exchange. */
  @Benchmark
  public int requestHeaders() {
    DirectCall<?, ?> stream = begin();
    head(stream, transcript());
    stream.cancel();
    return replies.size();
  }

  /** The same with the headers of the response. */
  @Benchmark
  public int responseHeaders() {
    DirectCall<?, ?> stream = begin();
    Transcript transcript = transcript();
    head(stream, transcript);
    stream.handle(transcript.responseHeaders());
    stream.cancel();
    return replies.size();
  }

  /** One event without usage. */
  @Benchmark
  public int bodyChunk() {
    if (open == null) {
      throw new IllegalStateException("Not started");
    }
    chunk = chunk + 1 < Transcript.CHUNKS - 2 ? chunk + 1 : 0;
    open.handle(transcripts.get(0).chunk(chunk));
    return replies.size();
  }

  /** All 23 messages of an exchange, or 24 with the request's body, to the regular end. */
  @Benchmark
  public int exchange() {
    DirectCall<?, ?> stream = begin();
    Transcript transcript = transcript();
    head(stream, transcript);
    stream.handle(transcript.responseHeaders());
    for (int i = 0; i < Transcript.CHUNKS; i++) {
      stream.handle(transcript.chunk(i));
    }
    stream.handle(transcript.end());
    int size = replies.size();
    stream.end();
    return size;
  }
}
