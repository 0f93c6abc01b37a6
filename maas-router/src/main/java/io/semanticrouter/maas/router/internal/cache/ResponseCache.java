// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Answers by the key of their request, bounded by bytes and time. What is above the bound goes, the
 * least useful first. All work is done by the callers. Thread-safe.
 */
public final class ResponseCache {
  /** About what an entry takes besides its texts: objects, map node and queue links. */
  private static final int ENTRY_BYTES = 320;

  private final Cache<ByteBuffer, CachedAnswer> answers;
  private final int maxEntryBytes;
  private final long maxCollectedBytes;
  private final AtomicLong collectedBytes = new AtomicLong();

  /**
   * A cache.
   *
   * @param ticker the time in nanoseconds
   */
  public ResponseCache(CacheConfig config, Ticker ticker) {
    this.answers =
        Caffeine.newBuilder()
            .maximumWeight(config.maxBytes())
            .weigher(ResponseCache::weight)
            .expireAfterWrite(config.timeToLive())
            .ticker(ticker)
            // Maintenance takes microseconds; a hop to a pool would take threads.
            .executor(Runnable::run)
            .build();
    this.maxEntryBytes = config.maxEntryBytes();
    this.maxCollectedBytes = config.maxBytes() / 4;
  }

  private static int weight(ByteBuffer key, CachedAnswer answer) {
    return ENTRY_BYTES
        + answer.answer().body().length
        + 2 * answer.answer().contentType().length()
        + 2 * answer.model().length();
  }

  /** The answer to such a request; null when there is none. */
  public @Nullable CachedAnswer get(ByteBuffer key) {
    return answers.getIfPresent(key);
  }

  /** Keeps an answer, in place of an older one. */
  void put(ByteBuffer key, CachedAnswer answer) {
    answers.put(key, answer);
  }

  /** Something that collects the answer to such a request, and keeps it when it is whole. */
  public AnswerBuffer collect(ByteBuffer key) {
    return new AnswerBuffer(this, key, maxEntryBytes);
  }

  /** Whether so many bytes more may be held by answers that are being collected. */
  boolean reserve(long bytes) {
    if (collectedBytes.addAndGet(bytes) <= maxCollectedBytes) {
      return true;
    }
    collectedBytes.addAndGet(-bytes);
    return false;
  }

  /** Gives back what was reserved. */
  void release(long bytes) {
    collectedBytes.addAndGet(-bytes);
  }

  /** The bytes of answers that are being collected. */
  long collectedBytes() {
    return collectedBytes.get();
  }

  /** The bytes of all answers that are kept, once everything that has to go has gone. */
  public long keptBytes() {
    answers.cleanUp();
    return answers.policy().eviction().orElseThrow().weightedSize().orElseThrow();
  }
}
