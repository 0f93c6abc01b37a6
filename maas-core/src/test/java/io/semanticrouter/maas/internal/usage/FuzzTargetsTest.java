// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.semanticrouter.maas.internal.bytes.Base64Decoding;
import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.coding.ContentDecoding;
import io.semanticrouter.maas.internal.edit.RequestSpliceFuzz;
import io.semanticrouter.maas.internal.edit.UsageStripFuzz;
import io.semanticrouter.maas.internal.framing.EventStreamFraming;
import io.semanticrouter.maas.internal.framing.Framing;
import io.semanticrouter.maas.internal.json.Counts;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * What has to hold for any bytes at all. In a build these tests read the inputs that are kept
 * beside them; with {@code JAZZER_FUZZ=1} one of them looks for new ones (see CONTRIBUTING.md). The
 * first bytes of an input choose how the rest is put through.
 */
class FuzzTargetsTest {
  private static final int HEAD = 4;
  private static final List<BodyFormat> FORMATS = List.of(BodyFormat.values());
  private static final List<Framing> FRAMINGS = List.of(Framing.values());

  /** Of a frame without headers and payload. */
  private static final int OVERHEAD = 16;

  private static final String[] CODINGS = {
    "gzip", "deflate", "gzip, deflate", "identity", "x-gzip"
  };

  /** Takes a chunk. */
  private interface Fed {
    void feed(byte[] b, int from, int to);
  }

  private static byte[] body(byte[] data) {
    return Arrays.copyOfRange(data, Math.min(HEAD, data.length), data.length);
  }

  private static Random chunks(byte[] data) {
    return new Random((data[2] & 0xFF) << 8 | (data[3] & 0xFF));
  }

  /**
   * In random chunks, empty ones included; each in an array of its own, that is spoilt after it.
   */
  private static void inChunks(byte[] body, Random random, Fed fed) {
    int largest = 1 << random.nextInt(10);
    for (int from = 0; from < body.length; ) {
      int to = Math.min(body.length, from + random.nextInt(largest + 1));
      byte[] chunk = Arrays.copyOfRange(body, from, to);
      fed.feed(chunk, 0, chunk.length);
      Arrays.fill(chunk, (byte) '}');
      from = to;
    }
  }

  // --- the scanner ---------------------------------------------------------------------------

  @FuzzTest(maxDuration = "24h")
  @DictionaryEntries({
    "\"usage\":{",
    "\"prompt_tokens\":1",
    "\"completion_tokens\":2",
    "\"total_tokens\":3",
    "\"choices\":[{\"index\":0,",
    "\"finish_reason\":\"stop\"",
    "\"type\":\"message_start\"",
    "\"type\":\"response.completed\"",
    "\"message\":{",
    "\"response\":{",
    "\"usageMetadata\":{",
    "\"promptTokenCount\":4",
    "\"iterations\":[{\"type\":\"advisor_message\",\"model\":\"m\",",
    "\"input_tokens\":5",
    "\"billed_units\":{",
    "\"x_groq\":{",
    "data: {",
    "data: [DONE]"
  })
  void scanner(byte[] data) {
    if (data.length < HEAD) {
      return;
    }
    BodyFormat format = FORMATS.get((data[0] & 0xFF) % FORMATS.size());
    Framing framing = FRAMINGS.get((data[1] & 0xFF) % FRAMINGS.size());
    byte[] body = body(data);
    UsageScanner whole = new UsageScanner(format, framing);
    whole.feed(body, 0, body.length);
    whole.end();
    UsageScanner cut = new UsageScanner(format, framing);
    inChunks(body, chunks(data), cut::feed);
    cut.end();
    assertThat(facts(cut)).isEqualTo(facts(whole));
    assertThat(whole.largestCount()).isBetween(0L, Counts.MAX);
    assertThat(whole.usageSeen() || !whole.isFinal()).isTrue();
    CanonicalUsage usage = whole.usage(true);
    if (usage != null) {
      assertThat(usage.tokens.prompt()).isBetween(-1L, Counts.MAX);
      assertThat(usage.tokens.completion()).isBetween(-1L, Counts.MAX);
    }
  }

  private static String facts(UsageScanner scanner) {
    StringBuilder facts = new StringBuilder();
    for (int slot = 0; slot < Slots.COUNT; slot++) {
      facts.append(scanner.stated(slot)).append(' ');
    }
    CanonicalUsage usage = scanner.usage(false);
    facts.append(usage == null ? null : OracleCanonical.of(usage));
    scanner.forEachOtherModel(
        (model, tokens) -> facts.append('\n').append(model).append(OracleCanonical.of(tokens)));
    List<Object> rest =
        List.of(
            scanner.usageSeen(),
            scanner.isFinal(),
            scanner.hasTooManyParts(),
            scanner.isCorrupt(),
            scanner.hasRunningOutput(),
            scanner.images(),
            scanner.deltas());
    return facts
        + "\n"
        + rest
        + Bodies.facts(scanner)
        + scanner.providerCost()
        + scanner.rawUsage();
  }

  // --- frames and base64 -----------------------------------------------------------------------

  @FuzzTest(maxDuration = "24h")
  @DictionaryEntries({
    ":message-type",
    ":event-type",
    ":exception-type",
    "event",
    "exception",
    "metadata",
    "chunk",
    "{\"bytes\":\""
  })
  void eventStreamFraming(byte[] data) {
    if (data.length < HEAD) {
      return;
    }
    byte[] body = (data[0] & 1) == 0 ? body(data) : mended(body(data));
    Recorder whole = new Recorder(data[1]);
    whole.framing.feed(body, 0, body.length);
    Recorder cut = new Recorder(data[1]);
    inChunks(body, chunks(data), cut.framing::feed);
    assertThat(cut.facts()).isEqualTo(whole.facts());
  }

  /** The same with lengths that fit and checksums that are right: those are hard to guess. */
  private static byte[] mended(byte[] body) {
    ByteBuffer frames = ByteBuffer.wrap(body);
    for (int from = 0; body.length - from >= OVERHEAD; ) {
      int total = frames.getInt(from);
      if (total < OVERHEAD || total > body.length - from) {
        total = body.length - from;
      }
      int headers = frames.getInt(from + 4);
      if (headers < 0 || headers > total - OVERHEAD) {
        headers = (total - OVERHEAD) / 2;
      }
      frames.putInt(from, total).putInt(from + 4, headers);
      frames.putInt(from + 8, checksum(body, from, 8));
      frames.putInt(from + total - 4, checksum(body, from, total - 4));
      from += total;
    }
    return body;
  }

  private static int checksum(byte[] b, int from, int length) {
    CRC32 crc = new CRC32();
    crc.update(b, from, length);
    return (int) crc.getValue();
  }

  /** Takes down what a framing hands on. */
  private static final class Recorder implements EventStreamFraming.Frames {
    private final EventStreamFraming framing = new EventStreamFraming(this);
    private final Base64Decoding base64 = new Base64Decoding();
    private final int wanted;
    private final StringBuilder events = new StringBuilder();
    private final ByteArrayOutputStream payload = new ByteArrayOutputStream();
    private final ByteArrayOutputStream decoded = new ByteArrayOutputStream();
    private boolean inFrame;

    Recorder(int wanted) {
      this.wanted = wanted;
    }

    @Override
    public boolean begin(int messageType, int eventType) {
      assertThat(inFrame).as("in a frame").isFalse();
      assertThat(framing.isCorrupt()).as("corrupt").isFalse();
      inFrame = true;
      payload.reset();
      decoded.reset();
      base64.reset();
      events.append(messageType).append('/').append(eventType);
      return (wanted >> eventType & 1) == 0;
    }

    @Override
    public void payload(byte[] b, int from, int to) {
      assertThat(inFrame).as("in a frame").isTrue();
      payload.write(b, from, to - from);
      base64.feed(b, from, to, (d, start, end) -> decoded.write(d, start, end - start));
    }

    @Override
    public void end() {
      assertThat(inFrame).as("in a frame").isTrue();
      assertThat(framing.isCorrupt()).as("corrupt").isFalse();
      inFrame = false;
      base64.end((d, start, end) -> decoded.write(d, start, end - start));
      events
          .append(payload.toString(StandardCharsets.ISO_8859_1))
          .append(base64.isMalformed())
          .append(decoded.toString(StandardCharsets.ISO_8859_1));
    }

    String facts() {
      return events + " " + framing.isCorrupt() + framing.isTruncated();
    }
  }

  // --- forced usage ----------------------------------------------------------------------------

  @FuzzTest(maxDuration = "24h")
  @DictionaryEntries({
    "\"stream\":true",
    "\"stream_options\":{",
    "\"stream_options\":null",
    "\"include_usage\":false",
    "\"continuous_usage_stats\":true"
  })
  void requestSplice(byte[] data) {
    RequestSpliceFuzz.fuzzerTestOneInput(data);
  }

  @FuzzTest(maxDuration = "24h")
  @DictionaryEntries({"data: {", "\"choices\":[]", "\"usage\":{\"a\":1}", "\"usage\":null,"})
  void usageStrip(byte[] data) {
    UsageStripFuzz.fuzzerTestOneInput(data);
  }

  // --- content codings -------------------------------------------------------------------------

  @FuzzTest(maxDuration = "24h")
  void contentDecoding(byte[] data) {
    if (data.length < HEAD) {
      return;
    }
    String coding = CODINGS[(data[0] & 0xFF) % CODINGS.length];
    byte[] body = body(data);
    assertThat(decoded(coding, body, chunks(data))).isEqualTo(decoded(coding, body, null));
  }

  private static String decoded(String coding, byte[] body, @Nullable Random chunks) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteSink sink = (b, from, to) -> out.write(b, from, to - from);
    try (ContentDecoding decoding =
        ContentDecoding.of(coding, ContentDecoding.DEFAULT_MAX_RATIO, 1 << 20, List.of())) {
      if (decoding == null) {
        return "unknown";
      }
      if (chunks == null) {
        decoding.feed(body, 0, body.length, sink);
      } else {
        inChunks(body, chunks, (b, from, to) -> decoding.feed(b, from, to, sink));
      }
      decoding.end();
      boolean free = out.size() <= 1 << 20;
      assertThat(free || out.size() / ContentDecoding.DEFAULT_MAX_RATIO <= body.length + 8)
          .isTrue();
      return decoding.isMalformed()
          + " "
          + decoding.isOverLimit()
          + " "
          + decoding.isTruncated()
          + " "
          + out.toString(StandardCharsets.ISO_8859_1);
    }
  }
}
