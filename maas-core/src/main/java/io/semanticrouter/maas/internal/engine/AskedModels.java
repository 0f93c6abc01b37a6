// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static java.lang.System.Logger.Level.WARNING;

import io.semanticrouter.maas.internal.spelling.Texts;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which models are asked for the usage of their streams: all but those whose backend has refused it
 * lately. A backend refuses with 400 or 422; after {@value #REFUSALS} of them in a row it is not
 * asked for ten minutes.
 *
 * <p>A client can send what any backend refuses. So a model is not given up while it has taken what
 * we ask within the last ten minutes, and is asked again as soon as a request is refused that did
 * not ask. Thread-safe.
 */
public final class AskedModels {
  /** Refusals in a row that it takes. */
  static final int REFUSALS = 3;

  static final long PAUSE_NANOS = Duration.ofMinutes(10).toNanos();

  /** The most models that are known apart; further ones are asked whatever they answer. */
  static final int MAX_MODELS = 1024;

  private static final System.Logger LOG = System.getLogger(AskedModels.class.getName());

  private final ConcurrentHashMap<String, Asked> models = new ConcurrentHashMap<>();
  private final LongSupplier ticker;

  public AskedModels(LongSupplier ticker) {
    this.ticker = ticker;
  }

  private static final class Asked {
    private int refusals;
    private boolean taken;
    private long lastTaken;
    private boolean paused;
    private long pausedAt;
    private volatile long lastSeen;
  }

  private static String key(String path, @Nullable String model) {
    return model == null ? path : path + ' ' + model;
  }

  /** Whether a model is asked. */
  boolean asks(String path, @Nullable String model) {
    if (models.isEmpty()) {
      return true;
    }
    Asked asked = models.get(key(path, model));
    if (asked == null) {
      return true;
    }
    synchronized (asked) {
      if (asked.paused && ticker.getAsLong() - asked.pausedAt >= PAUSE_NANOS) {
        asked.paused = false;
        asked.refusals = REFUSALS - 1; // one more is enough
      }
      return !asked.paused;
    }
  }

  /** A backend has answered a request that asks: 2xx. */
  void taken(String path, @Nullable String model) {
    Asked asked = obtain(path, model);
    if (asked != null) {
      synchronized (asked) {
        asked.refusals = 0;
        asked.taken = true;
        asked.lastTaken = ticker.getAsLong();
      }
    }
  }

  /** A backend has refused a request that asks, for whatever reason. */
  void refused(String path, @Nullable String model) {
    Asked asked = obtain(path, model);
    if (asked == null) {
      return;
    }
    synchronized (asked) {
      long now = ticker.getAsLong();
      boolean takenLately = asked.taken && now - asked.lastTaken < PAUSE_NANOS;
      asked.refusals = Math.min(REFUSALS, asked.refusals + 1);
      if (asked.refusals < REFUSALS || takenLately || asked.paused) {
        return;
      }
      asked.paused = true;
      asked.pausedAt = now;
    }
    String name = model == null ? null : Texts.fact(model);
    LOG.log(
        WARNING,
        "The backend of model {0} has refused {1} streams in a row that were made to ask for their"
            + " usage; it is not asked for ten minutes, and its streams are estimated",
        name == null ? "?" : name,
        REFUSALS);
  }

  /** A backend has refused a request that did not ask: it was not the asking. */
  void refusedUnasked(String path, @Nullable String model) {
    Asked asked = models.get(key(path, model));
    if (asked != null) {
      synchronized (asked) {
        asked.paused = false;
        asked.refusals = 0;
      }
    }
  }

  private @Nullable Asked obtain(String path, @Nullable String model) {
    String key = key(path, model);
    Asked asked = models.get(key);
    long now = ticker.getAsLong();
    if (asked == null) {
      if (models.size() >= MAX_MODELS) {
        models.values().removeIf(old -> now - old.lastSeen >= PAUSE_NANOS);
      }
      if (models.size() >= MAX_MODELS) {
        return null;
      }
      asked = models.computeIfAbsent(key, absent -> new Asked());
    }
    asked.lastSeen = now;
    return asked;
  }
}
