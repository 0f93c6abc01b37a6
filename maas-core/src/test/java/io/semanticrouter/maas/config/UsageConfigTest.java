// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.config.UsageConfig.AcceptEncoding;
import io.semanticrouter.maas.config.UsageConfig.Backend;
import io.semanticrouter.maas.config.UsageConfig.Disconnect;
import io.semanticrouter.maas.config.UsageConfig.Route;
import io.semanticrouter.maas.config.UsageConfig.Unmeasurable;
import io.semanticrouter.maas.record.Operation;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UsageConfigTest {
  private static UsageConfig usage(Map<String, Object> section) {
    return MaasConfig.from(Map.of("maas_integration", Map.of("usage", section))).usage();
  }

  private static List<Object> keys(UsageConfig config) {
    return List.of(
        config.forceUsage(),
        config.backend(),
        config.onDisconnect(),
        config.unmeasurable(),
        config.bytesPerToken(),
        config.maxTokens(),
        config.unlisted(),
        config.acceptEncoding(),
        config.routes());
  }

  @Test
  void sectionThatIsAbsentHasTheDefaultsOfTheReferenceFile() {
    assertThat(keys(MaasConfig.defaults().usage()))
        .containsExactly(
            true,
            Backend.GENERIC,
            Disconnect.ESTIMATE,
            Unmeasurable.ESTIMATE,
            4,
            100_000_000L,
            UsageConfig.Unlisted.DETECT,
            AcceptEncoding.DECODABLE,
            List.of());
  }

  @Test
  void everyKeyIsRead() {
    assertThat(
            keys(
                usage(
                    Map.of(
                        "force_usage",
                        false,
                        "backend",
                        "vllm",
                        "on_disconnect",
                        "last-snapshot",
                        "unmeasurable",
                        "refuse",
                        "bytes_per_token",
                        3,
                        "max_tokens_per_exchange",
                        5000,
                        "unlisted",
                        "count",
                        "accept_encoding",
                        "identity"))))
        .containsExactly(
            false,
            Backend.VLLM,
            Disconnect.LAST_SNAPSHOT,
            Unmeasurable.REFUSE,
            3,
            5000L,
            UsageConfig.Unlisted.COUNT,
            AcceptEncoding.IDENTITY,
            List.of());
  }

  @Test
  void routeInheritsWhatItDoesNotSayAndTheMostSpecificOneWins() {
    UsageConfig config =
        usage(
            Map.of(
                "backend",
                "vllm",
                "routes",
                Map.of(
                    "/a/*",
                    Map.of("operation", "cohere-chat"),
                    "/a/b/chat",
                    Map.of("force_usage", false, "backend", "generic"))));
    assertRoute(config.route("/a/B/chat"), "/a/b/chat", null, false, Backend.GENERIC);
    assertRoute(config.route("/a/b/chat/more"), "/a/*", Operation.COHERE_CHAT, true, Backend.VLLM);
    assertThat(config.route("/b")).isNull();
  }

  private static void assertRoute(
      @Nullable Route route,
      String path,
      @Nullable Operation operation,
      boolean forceUsage,
      Backend backend) {
    Route found = Objects.requireNonNull(route);
    assertThat(found.path()).isEqualTo(path);
    assertThat(found.operation()).isEqualTo(operation);
    assertThat(found.forceUsage()).isEqualTo(forceUsage);
    assertThat(found.backend()).isEqualTo(backend);
  }

  @Test
  void everythingThatIsWrongComesAtOnceWithWhatWasMeant() {
    assertThatThrownBy(
            () ->
                usage(
                    Map.of(
                        "force_usge",
                        true,
                        "on_disconnect",
                        "last-snapshots",
                        "bytes_per_token",
                        0,
                        "routes",
                        Map.of("a", Map.of(), "/b", Map.of("operation", "chatt")))))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll(
            "maas_integration.usage.force_usge",
            "did you mean \"force_usage\"",
            "maas_integration.usage.on_disconnect",
            "did you mean \"last-snapshot\"",
            "maas_integration.usage.bytes_per_token",
            "a route must begin with /",
            "maas_integration.usage.routes./b.operation",
            "did you mean \"chat\"");
  }
}
