// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import io.semanticrouter.maas.extproc.server.text.SourceFiles;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.router.RouterConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the configuration again when one of its files changes, or when it is asked to, and gives it
 * to the server: whole, for exchanges that begin from then on. One that is wrong, or that changes
 * what only a start can change, is refused whole, and the one before stays in use. Thread-safe.
 */
final class ConfigReload implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConfigReload.class);

  static final Duration INTERVAL = Duration.ofSeconds(5);

  /** Of changed keys that a line of the log names. */
  private static final int MAX_NAMED = 20;

  /** What listeners, files and metrics were made of at the start. */
  private static final List<String> NEED_A_RESTART =
      List.of(
          "maas_integration.enabled",
          "maas_integration.metrics",
          RouterConfig.SECTION,
          "server",
          JournalConfig.SECTION);

  private final Path path;
  private final Map<String, String> environment;
  private final MaasServer server;
  private final ScheduledExecutorService thread = Daemons.scheduler("config-reload");

  // Of the thread, once it runs.
  private ConfigText used;
  private SourceFiles files;
  private Map<Path, String> taken;
  private @Nullable Map<Path, String> changed;

  private final AtomicInteger applied = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private volatile boolean lastRefused;
  private volatile Instant appliedAt = Instant.now();

  /**
   * For a running server.
   *
   * @param path the file that it was started with
   * @param environment as {@link ConfigFile#read} takes it
   * @param used the text of the configuration that it was started with
   */
  ConfigReload(Path path, Map<String, String> environment, ConfigText used, MaasServer server) {
    this.path = path;
    this.environment = environment;
    this.used = used;
    this.server = server;
    files = used.files();
    taken = files.asRead();
    register(server.registry());
  }

  /** Looks at the files from now on. */
  void start() {
    long seconds = INTERVAL.toSeconds();
    Future<?> unused =
        thread.scheduleWithFixedDelay(this::look, seconds, seconds, TimeUnit.SECONDS);
  }

  /** Reads the configuration again, changed or not. Returns at once. */
  void soon() {
    try {
      thread.execute(this::reload);
    } catch (RejectedExecutionException e) {
      return; // the server ends
    }
  }

  /** One look at the files: a change is taken when the next look finds it as it was. */
  void look() {
    Map<Path, String> now = files.now();
    if (now.equals(taken)) {
      changed = null;
    } else if (now.equals(changed)) {
      reload();
    } else {
      changed = now; // perhaps only half of what is being written
    }
  }

  private void reload() {
    ConfigText text = new ConfigText();
    List<String> problems = new ArrayList<>();
    try {
      ConfigFile next = ConfigFile.read(path, environment, text);
      List<String> keys = changes("", used.effective(), text.effective());
      keys.stream().filter(ConfigReload::needsRestart).forEach(problems::add);
      if (problems.isEmpty()) {
        server.use(next.metering());
        used = text;
        applied.incrementAndGet();
        appliedAt = Instant.now();
        lastRefused = false;
        LOG.info("Configuration read again and in use; changed: {}", named(keys));
      } else {
        refuse("these keys need a restart: " + named(problems));
      }
    } catch (ConfigException e) {
      e.errors().forEach(error -> problems.add(text.located(error)));
      refuse(String.join("; ", problems));
    } catch (UnreadableException | RuntimeException e) {
      refuse(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
    }
    files = text.files();
    taken = files.asRead();
    changed = null;
  }

  private void refuse(String reason) {
    refused.incrementAndGet();
    lastRefused = true;
    LOG.error("{} was not taken, the configuration before stays in use: {}", path, reason);
  }

  private static boolean needsRestart(String key) {
    return NEED_A_RESTART.stream()
        .anyMatch(
            fixed ->
                key.equals(fixed) || key.startsWith(fixed + ".") || key.startsWith(fixed + "["));
  }

  private static String named(List<String> keys) {
    if (keys.isEmpty()) {
      return "nothing that can be seen";
    }
    int shown = Math.min(MAX_NAMED, keys.size());
    String names = String.join(", ", keys.subList(0, shown));
    return keys.size() == shown ? names : names + " and " + (keys.size() - shown) + " more";
  }

  /** The keys that differ, by the paths that errors name them with; values are not shown. */
  private static List<String> changes(String at, Map<?, ?> before, Map<?, ?> after) {
    List<String> keys = new ArrayList<>();
    for (Object key : before.keySet()) {
      if (!after.containsKey(key)) {
        keys.add(ConfigSection.path(at, (String) key));
      }
    }
    after.forEach(
        (key, value) -> {
          String name = ConfigSection.path(at, (String) key);
          if (value instanceof Map<?, ?> now && before.get(key) instanceof Map<?, ?> then) {
            keys.addAll(changes(name, then, now));
          } else if (!Objects.equals(value, before.get(key))) {
            keys.add(name);
          }
        });
    return keys;
  }

  private void register(PrometheusRegistry registry) {
    CounterWithCallback.builder()
        .name("semantic_router_config_reloads")
        .help("Times that the configuration was read again, by what became of it.")
        .labelNames("result")
        .callback(
            callback -> {
              callback.call(applied.get(), "applied");
              callback.call(refused.get(), "refused");
            })
        .register(registry);
    GaugeWithCallback.builder()
        .name("semantic_router_config_last_reload_successful")
        .help("0 while the file is not what is in use, because it was refused; else 1.")
        .callback(callback -> callback.call(lastRefused ? 0 : 1))
        .register(registry);
    GaugeWithCallback.builder()
        .name("semantic_router_config_last_applied_timestamp_seconds")
        .help("When the configuration that is in use was read.")
        .callback(callback -> callback.call(appliedAt.toEpochMilli() / 1000.0))
        .register(registry);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
