// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What traffic and operators can make grow, at each limit, one below and one above. What a running
 * server does at them is in {@link StreamLimitsTest}, {@link GrpcListenersTest} and {@link
 * MetricsEndpointTest}.
 */
class LimitsTest {
  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  // The configuration

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "maas_integration.metrics.max_series | 1 | 1000000",
        "maas_integration.usage.bytes_per_token | 1 | 1000",
        "maas_integration.usage.max_tokens_per_exchange | 1 | 1125899906842624",
        "server.grpc_port | 0 | 65535",
        "server.grpc_threads | 1 | 1024",
        "server.keepalive_seconds | 1 | 3600",
        "server.max_message_mb | 1 | 1024",
        "server.max_header_list_kb | 8 | 8192",
        "server.metrics_port | 0 | 65535",
        "server.idle_timeout_seconds | 0 | 86400",
        "server.drain_timeout_seconds | 0 | 3600",
        "server.tls.reload_seconds | 1 | 86400",
        "journal.segment_mb | 1 | 1024",
        "journal.segment_hours | 1 | 8760",
        "journal.keep_gb | 0 | 1048576",
        "journal.keep_days | 0 | 36500",
        "router.max_body_bytes | 1024 | 67108864",
        "router.max_held_bytes | 1024 | 1099511627776",
        "router.signals.regex_max_characters | 1 | 1000000000",
        "router.response_cache.max_bytes | 65536 | 1099511627776",
        "router.response_cache.ttl_seconds | 1 | 604800",
        "router.response_cache.max_entry_bytes | 1024 | 268435456",
      })
  void wholeNumbersAreTakenFromTheSmallestToTheLargest(String path, long min, long max)
      throws Exception {
    for (long inside : new long[] {min, min + 1, max - 1, max}) {
      assertThat(errors(path, inside)).noneMatch(error -> error.contains("a whole number"));
    }
    for (long outside : new long[] {min - 1, max + 1}) {
      assertThat(errors(path, outside))
          .contains(path + " = " + outside + ": must be a whole number from " + min + " to " + max);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "clock_skew_seconds | 0 | 600",
        "refresh_seconds | 10 | 86400",
        "max_cached | 0 | 1000000"
      })
  void wholeNumbersOfTokensAreTakenFromTheSmallestToTheLargest(String key, long min, long max)
      throws Exception {
    for (long value : new long[] {min - 1, min, max, max + 1}) {
      String yaml =
          "maas_integration: { authentication: { trust: [ { by: jwt, jwks: a, issuer: b, user: c, "
              + key
              + ": "
              + value
              + " } ] } }";
      assertThat(errors(yaml)).hasSize(value < min || value > max ? 1 : 0);
    }
  }

  private List<String> errors(String path, long value) throws Exception {
    StringBuilder yaml = new StringBuilder();
    String[] keys = path.split("\\.", -1);
    for (int i = 0; i < keys.length; i++) {
      yaml.append("\n").append("  ".repeat(i)).append(keys[i]).append(": ");
    }
    return errors(yaml.toString() + value);
  }

  private List<String> errors(String yaml) throws Exception {
    try {
      ConfigFile.read(Files.writeString(directory.resolve("config.yaml"), yaml), "info");
      return List.of();
    } catch (ConfigException e) {
      return e.errors().stream().map(Object::toString).toList();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1})
  void configurationIsAsLargeAsAMebibyte(int more) throws Exception {
    Path file = directory.resolve("config.yaml");
    Files.writeString(file, "#" + "x".repeat((1 << 20) - 1 + more));
    if (more <= 0) {
      ConfigFile.read(file, "info");
    } else {
      assertThatThrownBy(() -> ConfigFile.read(file, "info"))
          .isInstanceOf(UnreadableException.class)
          .hasMessageEndingWith("larger than 1048576 bytes");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1})
  void priceBookIsAsLargeAsSixteenMebibytes(int more) throws Exception {
    String book = "{\"models\":{\"m\":{\"prompt_per_1m\":1,\"completion_per_1m\":1}}";
    Files.writeString(
        directory.resolve("book.json"),
        book + " ".repeat((16 << 20) - book.length() - 1 + more) + "}");
    String yaml = "pricing: { currency: EUR, books: [ book.json ] }";
    assertThat(errors(yaml).toString().contains("larger than 16777216 bytes")).isEqualTo(more > 0);
  }

  @ParameterizedTest
  @CsvSource({"106, 0", "107, 0", "108, 1"})
  void pathOfASocketIsAsLongAsTheKernelTakes(int length, int errors) throws Exception {
    assertThat(errors("server: { grpc_socket: /" + "x".repeat(length - 1) + " }")).hasSize(errors);
  }

  // The port of gRPC

  /** A call of which only the end is of interest. */
  private static final class Call extends ServerCall<String, String> {
    private @Nullable Status status;

    @Override
    public void request(int count) {}

    @Override
    public void sendHeaders(Metadata headers) {}

    @Override
    public void sendMessage(String message) {}

    @Override
    public void close(Status with, Metadata trailers) {
      status = with;
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public Attributes getAttributes() {
      return Attributes.EMPTY;
    }

    @Override
    public @Nullable MethodDescriptor<String, String> getMethodDescriptor() {
      return null;
    }
  }

  @ParameterizedTest
  @CsvSource({"9, true", "10, true", "11, false"})
  void streamsAreOpenUpToTheirNumber(int streams, boolean served) {
    StreamLimits limits = new StreamLimits(10, 1 << 20);
    List<ServerStreamTracer> open = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      open.add(limits.newServerStreamTracer("m", new Metadata()));
    }
    assertThat(begin(limits) == null).isEqualTo(served);

    open.get(0).streamClosed(Status.OK);
    open.get(1).streamClosed(Status.OK);
    assertThat(begin(limits)).isNull();
  }

  /** Null when the call is served. */
  private static @Nullable Status begin(StreamLimits limits) {
    Call call = new Call();
    limits.interceptCall(call, new Metadata(), (served, headers) -> new Listener());
    return call.status;
  }

  private static final class Listener extends ServerCall.Listener<String> {}

  @ParameterizedTest
  @CsvSource({"-1, true", "0, true", "1, false"})
  void partsOfMessagesTakeUpToTheirBytesTogether(int more, boolean served) {
    StreamLimits limits = new StreamLimits(10, 1 << 20);
    ServerStreamTracer one = limits.newServerStreamTracer("m", new Metadata());
    ServerStreamTracer other = limits.newServerStreamTracer("m", new Metadata());
    one.inboundWireSize(1 << 19);
    if (served) {
      other.inboundWireSize((1 << 19) + more);
    } else {
      assertThatThrownBy(() -> other.inboundWireSize((1 << 19) + more))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessageContaining("more than 1048576 bytes");
    }
    other.streamClosed(served ? Status.OK : Status.RESOURCE_EXHAUSTED);
    assertThat(limits.refused()).isEqualTo(served ? 0 : 1);
    one.inboundMessageRead(0, 1 << 19, 1 << 19);
    // All of it is free again.
    limits.newServerStreamTracer("m", new Metadata()).inboundWireSize(1 << 20);
  }

  // The log

  @Test
  void linesWaitUpToTheirBytesAndTheRestIsCounted() {
    int line = 100 + 64;
    for (int more : new int[] {-1, 0, 1}) {
      StandardOutput output =
          new StandardOutput(new ByteArrayOutputStream(), 10 * line - more, missing -> {});
      for (int i = 0; i < 10; i++) {
        output.write(new byte[100], 0, 100);
      }
      assertThat(output.dropped()).isEqualTo(more > 0 ? 1 : 0);
    }
  }
}
