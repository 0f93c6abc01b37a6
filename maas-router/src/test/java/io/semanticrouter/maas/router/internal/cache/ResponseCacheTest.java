// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.router.internal.cache.CacheConfig.Scope;
import io.semanticrouter.maas.router.internal.cache.CacheConfig.Temperature;
import io.semanticrouter.maas.spi.RoutedRequest.Answer;
import io.semanticrouter.maas.testkit.TestClock;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResponseCacheTest {
  private static final int MAX_BYTES = 100_000;
  private static final int MAX_ENTRY_BYTES = 20_000;
  private static final Headers JSON = headers(Map.of("content-type", "application/json"));
  private static final TokenUsage USAGE = TokenUsage.of(7, 9);
  private static final Measurement COMPLETE = Measurement.of(Status.COMPLETE, Set.of(), USAGE);

  private final TestClock clock = new TestClock();
  private final ResponseCache cache =
      new ResponseCache(
          new CacheConfig(
              true,
              MAX_BYTES,
              Duration.ofMinutes(5),
              MAX_ENTRY_BYTES,
              Scope.USER,
              Temperature.ZERO,
              Set.of()),
          clock::nanos);

  private static Headers headers(Map<String, String> values) {
    return values::get;
  }

  private static ByteBuffer key(long number) {
    return ByteBuffer.allocate(8).putLong(0, number);
  }

  private void keep(long number, int bytes) {
    cache.put(key(number), new CachedAnswer(new Answer(200, "t", new byte[bytes], COMPLETE), "m"));
  }

  private AnswerBuffer begun() {
    AnswerBuffer buffer = cache.collect(key(1));
    assertThat(buffer.begin(200, JSON)).isTrue();
    return buffer;
  }

  @Test
  void answerIsGivenAgainAsItsClientSawIt() {
    AnswerBuffer buffer = cache.collect(key(1));
    assertThat(buffer.begin(200, headers(Map.of("content-type", "text/event-stream")))).isTrue();
    byte[] stream = "data: {\"a\":1}\n\ndata: [DONE]\n\n".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < stream.length; i += 5) {
      buffer.accept(stream, i, Math.min(5, stream.length - i));
    }
    assertThat(cache.get(key(1))).isNull();
    buffer.end(COMPLETE, "m");
    CachedAnswer answer = Objects.requireNonNull(cache.get(key(1)));
    assertThat(answer.answer().body()).isEqualTo(stream);
    assertThat(answer.answer().contentType()).isEqualTo("text/event-stream");
    assertThat(answer.answer().measurement().usage()).isEqualTo(USAGE);
    assertThat(answer.model()).isEqualTo("m");
    assertThat(cache.get(key(2))).isNull();
    assertThat(cache.collectedBytes()).isZero();
  }

  @Test
  void answerIsNotGivenAgainAfterItsTimeHoweverOftenItWasRead() {
    keep(1, 10);
    clock.advance(Duration.ofSeconds(299));
    assertThat(cache.get(key(1))).isNotNull();
    clock.advance(Duration.ofSeconds(1));
    assertThat(cache.get(key(1))).isNull();
    keep(1, 10);
    assertThat(cache.get(key(1))).isNotNull();
  }

  @Test
  void keptAnswersNeverTakeMoreThanTheirBytes() {
    for (int i = 0; i < 1000; i++) {
      keep(i, 100 + i % 7 * 2000);
      assertThat(cache.keptBytes()).isLessThanOrEqualTo(MAX_BYTES);
    }
    assertThat(cache.keptBytes()).isGreaterThan(MAX_BYTES / 2);
  }

  @Test
  void answersWithoutABodyToSpeakOfAreBoundedToo() {
    for (int i = 0; i < 10_000; i++) {
      keep(i, 1);
    }
    assertThat(cache.keptBytes()).isBetween(1L, (long) MAX_BYTES);
    int kept = 0;
    for (int i = 0; i < 10_000; i++) {
      kept += cache.get(key(i)) == null ? 0 : 1;
    }
    assertThat(kept).isBetween(100, MAX_BYTES / 320);
  }

  @ParameterizedTest
  @CsvSource({
    "200, application/json, ,         ,          true",
    "200, application/json, identity, ,          true",
    "200, application/json, '',       no-cache,  true",
    "200, application/json, gzip,     ,          false",
    "200, application/json, br,       ,          false",
    "200, application/json, 'identity, gzip', ,  false",
    "200, application/json, ,         'private, No-Store', false",
    "200, ,                 ,         ,          false",
    "201, application/json, ,         ,          false",
    "206, application/json, ,         ,          false",
    "204, application/json, ,         ,          false",
    "404, application/json, ,         ,          false",
    "429, application/json, ,         ,          false",
    "500, application/json, ,         ,          false",
  })
  void onlyAPlainAnswerWithStatus200IsCollected(
      int status,
      @Nullable String type,
      @Nullable String coding,
      @Nullable String control,
      boolean wanted) {
    Headers headers =
        name ->
            switch (name) {
              case "content-type" -> type;
              case "content-encoding" -> coding;
              case "cache-control" -> control;
              default -> null;
            };
    AnswerBuffer buffer = cache.collect(key(1));
    assertThat(buffer.begin(status, headers)).isEqualTo(wanted);
    buffer.accept(new byte[] {1, 2}, 0, 2);
    buffer.end(COMPLETE, "m");
    assertThat(cache.get(key(1)) != null).isEqualTo(wanted);
  }

  static List<Measurement> uncertain() {
    List<Measurement> measurements = new ArrayList<>();
    measurements.add(Measurement.of(Status.PARTIAL, Set.of(), USAGE));
    measurements.add(Measurement.of(Status.ESTIMATED, Set.of(), USAGE));
    measurements.add(Measurement.of(Status.NONE, Set.of(), null));
    measurements.add(Measurement.of(Status.FAILED, Set.of(), null));
    measurements.add(Measurement.of(Status.COMPLETE, Set.of(), TokenUsage.of(-1, -1)));
    measurements.add(COMPLETE.withOtherLines(List.of(new UsageLine("other", USAGE))));
    return measurements;
  }

  @Test
  void answerOfWhichTheUsageIsNotCertainIsNotKept() {
    for (Measurement measurement : uncertain()) {
      AnswerBuffer buffer = begun();
      buffer.accept(new byte[] {1}, 0, 1);
      buffer.end(measurement, "m");
      assertThat(cache.get(key(1))).as("%s", measurement).isNull();
    }
    assertThat(cache.collectedBytes()).isZero();
  }

  @Test
  void answerThatBrokeOffOrIsEmptyIsNotKept() {
    AnswerBuffer broken = begun();
    broken.accept(new byte[100], 0, 100);
    assertThat(cache.collectedBytes()).isPositive();
    broken.abandon();
    broken.abandon();
    broken.end(COMPLETE, "m");
    begun().end(COMPLETE, "m");
    assertThat(cache.get(key(1))).isNull();
    assertThat(cache.collectedBytes()).isZero();
  }

  @Test
  void answerOfTheLongestLengthIsKeptAndOneByteMoreIsNot() {
    for (int piece : new int[] {1, 999, MAX_ENTRY_BYTES + 1}) {
      AnswerBuffer longest = begun();
      feed(longest, MAX_ENTRY_BYTES, piece);
      longest.end(COMPLETE, "m");
      int length = Objects.requireNonNull(cache.get(key(1))).answer().body().length;
      assertThat(length).isEqualTo(MAX_ENTRY_BYTES);
      AnswerBuffer longer = begun();
      feed(longer, MAX_ENTRY_BYTES + 1, piece);
      assertThat(cache.collectedBytes()).isZero();
      longer.end(COMPLETE, "m");
    }
  }

  private static void feed(AnswerBuffer buffer, int bytes, int piece) {
    byte[] zeros = new byte[piece];
    for (int sent = 0; sent < bytes; sent += piece) {
      buffer.accept(zeros, 0, Math.min(piece, bytes - sent));
    }
  }

  @Test
  void answersThatAreBeingCollectedAreBoundedTogether() {
    List<AnswerBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      AnswerBuffer buffer = cache.collect(key(i));
      buffer.begin(200, JSON);
      feed(buffer, 5000, 500);
      assertThat(cache.collectedBytes()).isBetween(1L, MAX_BYTES / 4L);
      buffers.add(buffer);
    }
    int kept = 0;
    for (int i = 0; i < buffers.size(); i++) {
      buffers.get(i).end(COMPLETE, "m");
      kept += cache.get(key(i)) == null ? 0 : 1;
    }
    assertThat(kept).isBetween(1, 5);
    assertThat(cache.collectedBytes()).isZero();
  }
}
