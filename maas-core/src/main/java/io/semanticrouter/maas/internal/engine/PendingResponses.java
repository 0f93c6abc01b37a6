// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Routing;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Responses that went on when their POST had been answered: whom to bill once a later answer states
 * their usage. Remembers the last {@value #MAX_RESPONSES} of them, each for a day. Thread-safe.
 *
 * <p>The OpenAI API reference, "Background mode": the POST answers with the status {@code queued},
 * and {@code GET /v1/responses/{id}} with the usage, as often as it is asked. The Gemini API
 * reference, "Interactions", does the same.
 */
public final class PendingResponses {
  public static final int MAX_RESPONSES = 10_000;
  public static final long MAX_NANOS = 86_400_000_000_000L;

  /**
   * What the POST of a response has told.
   *
   * @param estimated whether its usage was estimated, because its stream broke off
   * @param since when it was settled, in nanoseconds
   * @param billed whether the usage of the response has been billed since
   */
  public record Posted(
      Operation operation,
      Identity identity,
      Routing routing,
      boolean estimated,
      long since,
      boolean billed) {
    private Posted asBilled() {
      return new Posted(operation, identity, routing, estimated, since, true);
    }
  }

  /** By the number of their id, the oldest first; the lock of all below. */
  private final Map<Long, Posted> responses = new LinkedHashMap<>();

  /** How many have not been billed. */
  private final AtomicInteger waiting = new AtomicInteger();

  /** Whether any response is not billed: without one, nothing has to be read. */
  public boolean isWaiting() {
    return waiting.get() > 0;
  }

  /** A POST has been settled. */
  public void put(long id, Posted posted) {
    synchronized (responses) {
      forget(id);
      responses.put(id, posted);
      waiting.addAndGet(posted.billed() ? 0 : 1);
      expire(posted.since());
    }
  }

  /**
   * The usage of a response has been stated.
   *
   * @param now in nanoseconds
   * @return what was known of it before; null when nothing was. Only the first one to ask gets it
   *     as not billed.
   */
  public @Nullable Posted bill(long id, long now) {
    synchronized (responses) {
      expire(now);
      Posted posted = responses.get(id);
      if (posted != null && !posted.billed()) {
        responses.put(id, posted.asBilled());
        waiting.decrementAndGet();
      }
      return posted;
    }
  }

  private void forget(long id) {
    Posted known = responses.remove(id);
    waiting.addAndGet(known == null || known.billed() ? 0 : -1);
  }

  private void expire(long now) {
    Iterator<Posted> oldest = responses.values().iterator();
    while (oldest.hasNext()) {
      Posted posted = oldest.next();
      if (responses.size() <= MAX_RESPONSES && now - posted.since() < MAX_NANOS) {
        return;
      }
      oldest.remove();
      waiting.addAndGet(posted.billed() ? 0 : -1);
    }
  }
}
