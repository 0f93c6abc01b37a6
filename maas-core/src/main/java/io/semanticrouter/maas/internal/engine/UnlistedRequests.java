// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static java.lang.System.Logger.Level.INFO;

import io.semanticrouter.maas.internal.spelling.RequestPath;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts requests that no list names and that were answered as a model answers, and says in the log
 * which paths they have. Thread-safe.
 *
 * <p>A path can hold ids, names and keys. The log shows its first {@value #MAX_SEGMENTS} segments,
 * and of them only those that are short words in lower case, or versions; {@code *} stands for any
 * other.
 */
public final class UnlistedRequests {
  private static final System.Logger LOG = System.getLogger(UnlistedRequests.class.getName());
  private static final long LOG_NANOS = 600_000_000_000L;
  private static final int MAX_SHAPES = 10;
  private static final int MAX_SEGMENTS = 3;
  private static final int MAX_WORD = 16;

  private final LongAdder count = new LongAdder();

  /** What has not been logged; the lock of all below. */
  private final Set<String> shapes = new LinkedHashSet<>();

  private long unlogged;
  private boolean logged;
  private long loggedAt;

  public long count() {
    return count.sum();
  }

  /**
   * A request that no list names was answered.
   *
   * @param path as {@link RequestPath} spells it
   * @param now in nanoseconds
   */
  public void add(String path, long now) {
    count.increment();
    String line = line(path, now);
    if (line != null) {
      LOG.log(
          INFO,
          "No list of endpoints names the paths of {0}. What states usage there is metered, unless"
              + " usage.unlisted is count; usage.routes gives a path a format, or not-metered",
          line);
    }
  }

  private @Nullable String line(String path, long now) {
    synchronized (shapes) {
      unlogged++;
      if (shapes.size() < MAX_SHAPES) {
        shapes.add(shape(path));
      }
      if (logged && now - loggedAt < LOG_NANOS) {
        return null;
      }
      String line = unlogged + " requests that were answered: " + String.join(", ", shapes);
      logged = true;
      loggedAt = now;
      unlogged = 0;
      shapes.clear();
      return line;
    }
  }

  /** What may be shown of a path. */
  public static String shape(String path) {
    StringBuilder shape = new StringBuilder();
    int from = path.startsWith("/") ? 1 : 0;
    for (int segments = 0; from <= path.length(); segments++) {
      if (segments == MAX_SEGMENTS) {
        return shape.append("/...").toString();
      }
      int slash = path.indexOf('/', from);
      int to = slash < 0 ? path.length() : slash;
      shape.append('/').append(isPublic(path, from, to) ? path.substring(from, to) : "*");
      from = to + 1;
    }
    return shape.toString();
  }

  /** Words in lower case with at most one hyphen, and versions: v1, v1beta, v2. */
  private static boolean isPublic(String path, int from, int to) {
    if (to - from > MAX_WORD) {
      return false;
    }
    int i = from;
    if (to - from >= 2 && path.charAt(from) == 'v' && isDigit(path.charAt(from + 1))) {
      i += 2;
    }
    int hyphens = 0;
    for (; i < to; i++) {
      char c = path.charAt(i);
      boolean hyphen = c == '-' || c == '_';
      hyphens += hyphen ? 1 : 0;
      if (!hyphen && (c < 'a' || c > 'z')) {
        return false;
      }
    }
    return hyphens <= 1;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
