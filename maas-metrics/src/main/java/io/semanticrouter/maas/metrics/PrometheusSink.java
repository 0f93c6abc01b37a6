// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Counts usage records in Prometheus metrics. The switches of the configuration decide which
 * metrics exist; the mode decides the labels (those of the payer only in MaaS and Hybrid mode) and
 * the cost (only in Standalone and Hybrid mode). {@code docs/metrics.md} lists all.
 *
 * <p>At most {@code max_series} combinations of user, tier and model get series of their own, and
 * only with usage, so that no client fills them with models that do not exist; all others are
 * counted in an overflow series of their tier, so that every total stays exact. Models that are
 * listed (in the rate card, or by who registers the sink) always show.
 *
 * <p>An exchange is counted after its tokens, its cost and everything else of it: once a scrape has
 * shown it, the next one shows all of it. One scrape alone is no single moment; the library reads
 * metric by metric.
 *
 * <p>Thread-safe. {@link #record} takes about as long as one map look-up and a few additions and
 * allocates nothing for a combination that it has seen before.
 */
public final class PrometheusSink implements UsageSink {
  /** Room for some ten lines with names of the usual length. */
  private static final long BYTES_PER_SERIES = 1536;

  /** What {@link #restore} returns when nothing was added. */
  public static final long OTHER = -1;

  private final boolean integrated;
  private final UserLabels users;

  /** Attributes of the payer that are labels. */
  private final List<String> labels;

  /** What the gateway knows besides those of the rate card. */
  private final Set<String> models;

  private final ListedModels listed;
  private final RequestMetrics requests;
  private final SeriesMetrics[] others;
  private final LatencyMetrics times;
  private final SeriesIndex index;
  private final Spaces spaces;
  private final KeptCounters kept;

  /** For the lines of further models; null when tokens are not exported. */
  private final @Nullable TokenMetrics tokens;

  private PrometheusSink(
      MaasConfig config, Set<String> models, UserLabels users, PrometheusRegistry registry) {
    this.models = Set.copyOf(models);
    listed = new ListedModels(names(models, config));
    integrated = config.mode().isIntegrated();
    labels = integrated ? config.metrics().identityLabels() : List.of();
    this.users = users;
    spaces = new Spaces(registry);
    LabelSpace exchanges = spaces.space(names());
    requests = new RequestMetrics(spaces, exchanges);
    int max = config.metrics().maxSeries();
    SeriesUse uses = new SeriesUse();
    List<SeriesMetrics> metrics = new ArrayList<>();
    if (config.metrics().tokens()) {
      tokens = new TokenMetrics(exchanges);
      metrics.add(tokens);
    } else {
      tokens = null;
    }
    if (config.metrics().cache()) {
      metrics.add(new CacheMetrics(exchanges));
    }
    if (config.metrics().routing()) {
      RoutingMetrics routing = new RoutingMetrics(config, listed, users, spaces);
      metrics.add(routing);
      uses.add("routing", routing::series);
      metrics.add(new RouterMetrics(spaces));
    }
    if (config.metrics().security()) {
      metrics.add(new SecurityMetrics(exchanges));
    }
    if (config.mode().calculatesCost()) {
      metrics.add(new CostMetrics(registry, exchanges, config.rateCard().charge() != null));
    }
    if (integrated) {
      metrics.add(new IdentityMetrics(spaces));
    }
    ErrorMetrics errors = new ErrorMetrics(spaces, max, listed, users);
    metrics.add(errors);
    uses.add("errors", errors::series);
    times = new LatencyMetrics(registry, config.metrics(), listed, integrated);
    others = metrics.toArray(SeriesMetrics[]::new);
    index = new SeriesIndex(exchanges, max, listed, BYTES_PER_SERIES, users);
    kept = new KeptCounters(spaces, users);
    uses.add("exchanges", index::size);
    uses.register(registry, max);
  }

  private List<String> names() {
    List<String> names = new ArrayList<>();
    if (users.areShown()) {
      names.add("user");
    }
    if (integrated) {
      names.add("tier");
      names.addAll(labels);
    }
    names.add("model");
    return List.copyOf(names);
  }

  /**
   * Registers the metrics that this configuration asks for.
   *
   * @throws ConfigException when the key for {@code users: hmac} cannot be read
   * @throws IllegalArgumentException when the registry already has a metric of one of the names,
   *     for example from an earlier call; one sink per registry
   */
  public static PrometheusSink register(MaasConfig config, PrometheusRegistry registry) {
    return register(config, Set.of(), registry);
  }

  /**
   * The same, for a gateway that knows more models than those of the rate card.
   *
   * @param models names that always show in the metrics, whatever clients ask for
   */
  public static PrometheusSink register(
      MaasConfig config, Set<String> models, PrometheusRegistry registry) {
    return new PrometheusSink(config, models, new UserLabels(config), registry);
  }

  /**
   * A sink that has counted nothing, with the models of this one and users as this one shows them:
   * for what {@link #save} writes.
   */
  public PrometheusSink another(MaasConfig config, PrometheusRegistry registry) {
    return new PrometheusSink(config, models, users, registry);
  }

  /** The models of another rate card always show from now on. */
  public void list(MaasConfig config) {
    listed.replace(names(models, config));
  }

  private static Set<String> names(Set<String> models, MaasConfig config) {
    Set<String> names = new HashSet<>(models);
    names.addAll(config.rateCard().models());
    return names;
  }

  @Override
  public void record(UsageRecord record) {
    record(record, 1, true);
  }

  /**
   * Counts what an earlier run has counted before, as a journal has it: lines that it is the first
   * to add to are as old as it is. Histograms have what this run sees only. Not while other threads
   * record.
   */
  public void replay(UsageRecord record) {
    replay(record, 1);
  }

  /**
   * Takes off what a record has added that another one replaces, as a journal has them. Not for
   * counters that somebody reads already: they would go back. Not while other threads record.
   */
  public void takeOff(UsageRecord record) {
    replay(record, -1);
  }

  private void replay(UsageRecord record, int sign) {
    spaces.replay(record.startedAt().plus(record.duration()).toEpochMilli());
    try {
      record(record, sign, false);
    } finally {
      spaces.endReplay();
    }
  }

  /**
   * Writes what all counters have come to, so that another sink can go on from there.
   *
   * @throws IOException when it cannot be written
   */
  public void save(DataOutput out) throws IOException {
    kept.save(out);
  }

  /**
   * Adds what another sink has saved. What has no place here, since other metrics are switched on,
   * is left out.
   *
   * @return how many counts were left out; {@link #OTHER} when another version has saved it, or a
   *     configuration with other labels or another form of users, so that nothing was added
   * @throws IOException when it cannot be read
   */
  public long restore(DataInput in) throws IOException {
    return kept.restore(in);
  }

  private void record(UsageRecord record, int sign, boolean isNew) {
    Series series = series(record, record.model());
    for (SeriesMetrics metrics : others) {
      metrics.record(series, record, sign);
    }
    if (tokens != null && !record.isCacheHit()) {
      List<UsageLine> lines = record.measurement().otherLines();
      for (int i = 0; i < lines.size(); i++) {
        tokens.addTokens(series(record, lines.get(i).model()), lines.get(i).usage(), sign);
      }
    }
    if (isNew) {
      times.record(series, record);
    }
    // After all others, for it counts the exchange.
    requests.record(series, record, sign);
  }

  private Series series(UsageRecord record, String model) {
    Identity identity = record.identity();
    boolean withUser = users.areShown();
    String first = withUser ? users.shown(identity.user()) : integrated ? identity.tier() : model;
    String second = withUser ? identity.tier() : integrated ? model : "";
    String third = withUser ? model : "";
    String fourth = labels.isEmpty() ? "" : attributes(identity);
    if (record.measurement().usage() == null && !index.isListed(model)) {
      // A path or a request can name any model: it has a series when a backend has served it.
      Series known = index.known(first, second, third, fourth);
      return known != null ? known : series(record, Routing.UNKNOWN_MODEL);
    }
    return index.find(identity.user(), first, second, third, fourth);
  }

  /** The attributes in the order of their labels; what is not stated is empty, as if not there. */
  private String attributes(Identity identity) {
    StringBuilder values = new StringBuilder();
    for (int i = 0; i < labels.size(); i++) {
      String value = identity.attributes().get(labels.get(i));
      values.append(i == 0 ? "" : SeriesIndex.SEPARATOR).append(value == null ? "" : value);
    }
    return values.toString();
  }
}
