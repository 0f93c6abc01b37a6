// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.cache;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.spi.AnswerKeeper;
import io.semanticrouter.maas.spi.RoutedRequest.Answer;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Collects one answer as its client sees it, and puts it into the cache when it is whole: status
 * 200, no content coding, not too long, with usage that is certain. Gives up on anything else. The
 * bytes that it holds are reserved in the cache until it ends; the array around them may be twice
 * as long.
 */
final class AnswerBuffer implements AnswerKeeper {
  private final ResponseCache cache;
  private final ByteBuffer key;
  private final int maxBytes;
  private @Nullable String contentType;
  private ByteArrayOutputStream body = new ByteArrayOutputStream(0);

  AnswerBuffer(ResponseCache cache, ByteBuffer key, int maxBytes) {
    this.cache = cache;
    this.key = key;
    this.maxBytes = maxBytes;
  }

  @Override
  public boolean begin(int status, Headers headers) {
    String coding = headers.get("content-encoding");
    String control = headers.get("cache-control");
    boolean plain = coding == null || coding.isBlank() || coding.strip().equals("identity");
    boolean forbidden = control != null && control.toLowerCase(Locale.ROOT).contains("no-store");
    if (status == 200 && plain && !forbidden) {
      contentType = headers.get("content-type");
    }
    return contentType != null;
  }

  @Override
  public void accept(byte[] bytes, int offset, int length) {
    if (contentType == null) {
      return;
    }
    if (length > maxBytes - body.size() || !cache.reserve(length)) {
      abandon();
      return;
    }
    body.write(bytes, offset, length);
  }

  @Override
  public void end(Measurement measurement, String model) {
    TokenUsage usage = measurement.usage();
    if (contentType != null
        && body.size() > 0
        && usage != null
        && !usage.isEmpty()
        && measurement.status() == Measurement.Status.COMPLETE
        && measurement.otherLines().isEmpty()) {
      Measurement stated = Measurement.of(Measurement.Status.COMPLETE, Set.of(), usage);
      Answer answer = new Answer(200, contentType, body.toByteArray(), stated);
      cache.put(key, new CachedAnswer(answer, model));
    }
    abandon();
  }

  /** May be called again. */
  @Override
  public void abandon() {
    cache.release(body.size());
    body = new ByteArrayOutputStream(0);
    contentType = null;
  }
}
