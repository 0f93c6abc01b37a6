// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.router.internal.cache.CacheConfig.Scope;
import io.semanticrouter.maas.router.internal.cache.CacheConfig.Temperature;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CacheConfigTest {
  private final List<ConfigError> errors = new ArrayList<>();

  private CacheConfig read(Map<String, ?> cache) {
    return CacheConfig.from(
        ConfigSection.root(Map.of("response_cache", cache), errors).section("response_cache"));
  }

  @Test
  void sectionThatIsAbsentKeepsNothing() {
    assertThat(read(Map.of()))
        .isEqualTo(
            new CacheConfig(
                false,
                64L << 20,
                Duration.ofMinutes(5),
                256 << 10,
                Scope.USER,
                Temperature.ZERO,
                Set.of()));
    assertThat(errors).isEmpty();
  }

  @Test
  void everyKeyIsRead() {
    assertThat(
            read(
                Map.of(
                    "enabled",
                    true,
                    "max_bytes",
                    1_000_000,
                    "ttl_seconds",
                    7,
                    "max_entry_bytes",
                    2000,
                    "scope",
                    "shared",
                    "temperature",
                    "any",
                    "ignored_members",
                    List.of("user", "metadata"))))
        .isEqualTo(
            new CacheConfig(
                true,
                1_000_000,
                Duration.ofSeconds(7),
                2000,
                Scope.SHARED,
                Temperature.ANY,
                Set.of("user", "metadata")));
    assertThat(errors).isEmpty();
  }

  @Test
  void allErrorsComeAtOnceWithWhatWasMeant() {
    read(
        Map.of(
            "max_bytes",
            100_000,
            "ttl_second",
            1,
            "scope",
            "usr",
            "temperature",
            "zeros",
            "ignored_members",
            List.of("messages", "metdata")));
    assertThat(errors.stream().map(ConfigError::toString))
        .containsExactly(
            "response_cache.scope = \"usr\": must be one of shared, tier, user; did you mean"
                + " \"user\"?",
            "response_cache.temperature = \"zeros\": must be one of any, default, zero; did you"
                + " mean \"zero\"?",
            "response_cache.ignored_members = \"messages\": must be some of metadata, priority,"
                + " prompt_cache_key, request_id, safety_identifier, user",
            "response_cache.ignored_members = \"metdata\": must be some of metadata, priority,"
                + " prompt_cache_key, request_id, safety_identifier, user; did you mean"
                + " \"metadata\"?",
            "response_cache.max_entry_bytes: must be at most a quarter of max_bytes",
            "response_cache.ttl_second: unknown key; did you mean \"ttl_seconds\"?");
  }
}
