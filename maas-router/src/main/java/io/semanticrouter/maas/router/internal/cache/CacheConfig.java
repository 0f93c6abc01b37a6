// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.cache;

import io.semanticrouter.maas.config.ConfigSection;
import java.time.Duration;
import java.util.Set;

/**
 * The response cache: section {@code router.response_cache}. Immutable. Off unless it is switched
 * on.
 *
 * @param enabled whether answers are kept and given again
 * @param maxBytes the most bytes that all kept answers take; those that are being collected may
 *     take a quarter of it on top
 * @param timeToLive how long an answer is given again
 * @param maxEntryBytes the longest answer that is kept
 * @param scope who shares answers
 * @param temperature which requests are answered again
 * @param ignoredMembers members of a request that do not tell it from another one
 */
public record CacheConfig(
    boolean enabled,
    long maxBytes,
    Duration timeToLive,
    int maxEntryBytes,
    Scope scope,
    Temperature temperature,
    Set<String> ignoredMembers) {

  /** Who shares answers. */
  enum Scope {
    /** Nobody: a user gets only what that user, in that tier, has been answered. */
    USER,
    /** The users of a tier. */
    TIER,
    /** All. */
    SHARED
  }

  /** Which requests are answered again, by their {@code temperature}. */
  enum Temperature {
    /** Those that say 0: the same question is meant to have the same answer. */
    ZERO,
    /** Also those that leave it to the provider, whose default is above 0. */
    DEFAULT,
    /** All. */
    ANY
  }

  /** Members of which a provider says that they only name or group requests. */
  private static final Set<String> IGNORABLE =
      Set.of("metadata", "priority", "prompt_cache_key", "request_id", "safety_identifier", "user");

  private static final long DEFAULT_MAX_BYTES = 64L << 20;
  private static final int DEFAULT_MAX_ENTRY_BYTES = 256 << 10;
  private static final int DEFAULT_TTL_SECONDS = 300;
  private static final int MAX_TTL_SECONDS = 7 * 24 * 3600;

  /** Reads the section; errors go to the list behind it. */
  public static CacheConfig from(ConfigSection section) {
    CacheConfig config =
        new CacheConfig(
            section.bool("enabled", false),
            section.integer("max_bytes", DEFAULT_MAX_BYTES, 1 << 16, 1L << 40),
            Duration.ofSeconds(
                section.integer("ttl_seconds", DEFAULT_TTL_SECONDS, 1, MAX_TTL_SECONDS)),
            (int) section.integer("max_entry_bytes", DEFAULT_MAX_ENTRY_BYTES, 1 << 10, 1 << 28),
            section.oneOf("scope", Scope.USER),
            section.oneOf("temperature", Temperature.ZERO),
            section.someOf("ignored_members", Set.of(), IGNORABLE));
    if (config.maxEntryBytes > config.maxBytes / 4) {
      section.reject("max_entry_bytes", "must be at most a quarter of max_bytes");
    }
    section.rejectUnknownKeys();
    return config;
  }
}
