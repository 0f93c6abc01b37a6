// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.Headers;
import io.semanticrouter.maas.Measurement;
import io.semanticrouter.maas.TokenUsage;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Collects one answer as its client sees it, and puts it into the cache when it is whole: status
 * 200, no content coding, not too long, with usage that is certain. Gives up on anything else. For
 * one thread at a time. Whoever holds it calls {@link #end} or {@link #abandon}, so that what it
 * has reserved is given back.
 */
final class AnswerBuffer {
  private static final int FIRST_BYTES = 4096;
  private static final byte[] NOTHING = {};

  private final ResponseCache cache;
  private final CacheKey key;
  private final int maxBytes;
  private @Nullable String contentType;
  private byte[] body = NOTHING;
  private int size;

  AnswerBuffer(ResponseCache cache, CacheKey key, int maxBytes) {
    this.cache = cache;
    this.key = key;
    this.maxBytes = maxBytes;
  }

  /**
   * The answer begins.
   *
   * @return whether its body is wanted
   */
  boolean begin(int status, Headers headers) {
    String coding = headers.get("content-encoding");
    String control = headers.get("cache-control");
    boolean plain = coding == null || coding.isBlank() || coding.strip().equals("identity");
    boolean forbidden = control != null && control.toLowerCase(Locale.ROOT).contains("no-store");
    if (status == 200 && plain && !forbidden) {
      contentType = headers.get("content-type");
    }
    return contentType != null;
  }

  /** The next piece of the body; ignored after it has been given up. */
  void accept(byte[] bytes, int offset, int length) {
    if (contentType == null) {
      return;
    }
    if (length > maxBytes - size || !hasRoomFor(size + length)) {
      abandon();
      return;
    }
    System.arraycopy(bytes, offset, body, size, length);
    size += length;
  }

  private boolean hasRoomFor(int needed) {
    if (needed <= body.length) {
      return true;
    }
    int grown = (int) Math.min(maxBytes, Math.max(Math.max(FIRST_BYTES, needed), 2L * body.length));
    if (!cache.reserve(grown - body.length)) {
      return false;
    }
    body = Arrays.copyOf(body, grown);
    return true;
  }

  /**
   * The answer has ended as it should.
   *
   * @param measurement its usage
   * @param model the model that is billed
   * @return whether it is kept
   */
  boolean end(Measurement measurement, String model) {
    String type = contentType;
    TokenUsage usage = measurement.usage();
    boolean kept =
        type != null
            && size > 0
            && usage != null
            && !usage.isEmpty()
            && measurement.status() == Measurement.Status.COMPLETE
            && measurement.otherLines().isEmpty();
    try {
      if (kept && type != null && usage != null) {
        cache.put(key, new CachedAnswer(type, Arrays.copyOf(body, size), usage, model));
      }
    } finally {
      abandon();
    }
    return kept;
  }

  /** The answer broke off, or is not wanted any more. May be called again. */
  void abandon() {
    cache.release(body.length);
    body = NOTHING;
    size = 0;
    contentType = null;
  }
}
