// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.IntSupplier;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Puts responses of one path through whole exchanges, as a gateway would. Immutable. */
public record Wire(
    String path,
    Map<String, String> requestHeaders,
    Map<String, String> responseHeaders,
    MaasConfig config) {
  public static final String CHAT = "/v1/chat/completions";
  static final String COMPLETIONS = "/v1/completions";
  static final String EMBEDDINGS = "/v1/embeddings";
  static final String RESPONSES = "/v1/responses";
  static final String MESSAGES = "/v1/messages";
  static final String GEMINI = "/v1beta/models/gemini-x:generateContent";
  static final String GEMINI_STREAM = "/v1beta/models/gemini-x:streamGenerateContent";
  static final String INTERACTIONS = "/v1beta/interactions";
  static final String CONVERSE = "/model/claude-b/converse";
  static final String CONVERSE_STREAM = "/model/claude-b/converse-stream";
  static final String INVOKE = "/model/claude-b/invoke";
  static final String INVOKE_STREAM = "/model/claude-b/invoke-with-response-stream";
  static final String COHERE_CHAT = "/v2/chat";
  static final String RERANK = "/v1/rerank";
  static final String TRANSCRIPTIONS = "/v1/audio/transcriptions";
  static final String IMAGES = "/v1/images/generations";

  /** All in one piece. */
  static final IntSupplier WHOLE = () -> Integer.MAX_VALUE;

  /** Byte by byte. */
  static final IntSupplier BYTES = () -> 1;

  /** Only what is measured; estimates have tests of their own. */
  private static final MaasConfig DEFAULTS = measuring(Map.of());

  private static final Metering DEFAULT_METERING = metering(DEFAULTS);

  static Wire json(String path) {
    return new Wire(path, Map.of(), Map.of("content-type", "application/json"), DEFAULTS);
  }

  static Wire events(String path) {
    return new Wire(
        path, Map.of(), Map.of("content-type", "text/event-stream; charset=utf-8"), DEFAULTS);
  }

  /** AWS event stream. */
  static Wire frames(String path) {
    return new Wire(
        path, Map.of(), Map.of("content-type", "application/vnd.amazon.eventstream"), DEFAULTS);
  }

  /** With one more response header. */
  Wire with(String header, String value) {
    Map<String, String> headers = new HashMap<>(responseHeaders);
    headers.put(header, value);
    return new Wire(path, requestHeaders, headers, config);
  }

  /** With one response header less. */
  Wire without(String header) {
    Map<String, String> headers = new HashMap<>(responseHeaders);
    headers.remove(header);
    return new Wire(path, requestHeaders, headers, config);
  }

  /** With one more request header. */
  Wire asking(String header, String value) {
    Map<String, String> headers = new HashMap<>(requestHeaders);
    headers.put(header, value);
    return new Wire(path, headers, responseHeaders, config);
  }

  /** With settings of the section {@code maas_integration.usage}, alternating names and values. */
  Wire usageConfig(Object... namesAndValues) {
    return new Wire(
        path, requestHeaders, responseHeaders, measuring(Map.of("enabled", true), namesAndValues));
  }

  /** A configuration without estimates, where {@code usage} does not say otherwise. */
  static MaasConfig measuring(Map<String, Object> integration, Object... usage) {
    Map<String, Object> section = new HashMap<>();
    section.put("unmeasurable", "pass");
    section.put("on_disconnect", "last-snapshot");
    for (int i = 0; i < usage.length; i += 2) {
      section.put((String) usage[i], usage[i + 1]);
    }
    Map<String, Object> all = new HashMap<>(integration);
    all.put("usage", section);
    return MaasConfig.from(Map.of("maas_integration", all));
  }

  /** An exchange whose response headers have arrived, with status 200. */
  DrivenExchange begin() {
    Metering metering = config.equals(DEFAULTS) ? DEFAULT_METERING : metering(config);
    DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", path, requestHeaders::get));
    exchange.respond(200, responseHeaders::get);
    return exchange;
  }

  private static Metering metering(MaasConfig config) {
    return Metering.builder(config)
        .clock(() -> Instant.EPOCH)
        .ticker(() -> 0)
        .instanceId("wire")
        .build();
  }

  /** What a body comes to that ends as it should. */
  Measurement measure(String body) {
    return measure(utf8(body));
  }

  /** What a body comes to that ends as it should. */
  Measurement measure(byte[] body) {
    return record(body, body.length, WHOLE, null).measurement();
  }

  /** What a body comes to when the exchange is cancelled behind it. */
  Measurement cancelled(String body) {
    return cancelled(utf8(body));
  }

  /** What a body comes to when the exchange is cancelled behind it. */
  Measurement cancelled(byte[] body) {
    return record(body, body.length, WHOLE, AbortReason.CANCELLED).measurement();
  }

  /**
   * The record of one exchange.
   *
   * @param length how much of the body arrives
   * @param chunks the lengths of the pieces in which it arrives, 0 included
   * @param abort how the exchange ends, null when it ends as it should
   */
  UsageRecord record(byte[] body, int length, IntSupplier chunks, @Nullable AbortReason abort) {
    DrivenExchange exchange = begin();
    for (int from = 0; from < length; ) {
      int size = Math.min(length - from, chunks.getAsInt());
      exchange.response(body, from, size);
      from += size;
    }
    if (abort == null) {
      exchange.end();
    } else {
      exchange.abort(abort);
    }
    return Objects.requireNonNull(exchange.record());
  }

  /** Everything in a record but its id: equal when the facts are, since time stands still. */
  static String facts(UsageRecord record) {
    return record.toString().replace(record.id(), "");
  }

  /** Pieces of random length, empty ones included. */
  static IntSupplier random(long seed) {
    Random random = new Random(seed);
    int largest = 1 + random.nextInt(random.nextBoolean() ? 16 : 400);
    return () -> random.nextInt(largest + 1);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] gzip(byte[] plain) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
