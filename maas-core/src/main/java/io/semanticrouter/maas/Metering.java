// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.lang.System.Logger.Level.ERROR;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.TokenConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.coding.ContentDecoding;
import io.semanticrouter.maas.internal.engine.Defects;
import io.semanticrouter.maas.internal.engine.Engine;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.TokenVerifier;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The configured metering engine: one per gateway process. Thread-safe.
 *
 * <pre>{@code
 * Metering metering = Metering.builder(MaasConfig.from(yaml)).sink(System.out::println).build();
 * Headers headers = Headers.latin1(Headers.of(request.getHeaderNames(), request::getHeaders));
 * Exchange exchange = metering.begin("POST", "/v1/chat/completions", headers);
 * }</pre>
 *
 * <p>Configuration throws; traffic never does: what goes wrong inside is counted ({@link
 * #defects()}, {@link #sinkFailures()}) and the exchange goes on.
 */
public final class Metering {
  private static final System.Logger LOG = System.getLogger(Metering.class.getName());

  private final MaasConfig config;
  private final Engine engine;
  private final List<UsageSink> sinks;
  private final List<UsageSink.WhileOpen> followers = new ArrayList<>();
  private final String instanceId;

  private final AtomicLong sequence = new AtomicLong();
  private final LongAdder sinkFailures = new LongAdder();
  private final AtomicBoolean sinkFailureLogged = new AtomicBoolean();

  private Metering(Builder builder) {
    config = builder.config;
    sinks = List.copyOf(builder.sinks);
    for (UsageSink sink : sinks) {
      if (sink instanceof UsageSink.WhileOpen follower) {
        followers.add(follower);
      }
    }
    instanceId = builder.instanceId;
    List<ContentCoding> codings =
        builder.codings != null ? builder.codings : ContentDecoding.installed();
    engine =
        new Engine(config, builder.clock, builder.ticker, codings, builder.router, builder.tokens);
  }

  /** Starts to configure an engine. */
  public static Builder builder(MaasConfig config) {
    return new Builder(config);
  }

  /** The configuration. */
  public MaasConfig config() {
    return config;
  }

  /**
   * A request has arrived.
   *
   * @param method the HTTP method
   * @param target the path as the request spells it, with or without its query
   * @param request its headers, read during this call only
   */
  public Exchange begin(String method, String target, Headers request) {
    return new Exchange(this, engine, engine.read(method, target, request));
  }

  /** How often the metering itself failed; such exchanges count as FAILED. */
  public long defects() {
    return engine.defects().count();
  }

  /** How often a sink threw. */
  public long sinkFailures() {
    return sinkFailures.sum();
  }

  /**
   * How many responses stated a version of the router's header contract that is not known here;
   * they were read all the same.
   */
  public long routingSchemaMismatches() {
    return engine.routingHeaders().schemaMismatches();
  }

  /**
   * How many requests on paths that neither a list nor a route names were answered as a model
   * answers: a method that may generate, a 2xx status, and JSON or a stream of events.
   */
  public long unlistedRequests() {
    return engine.unlisted().count();
  }

  /** The bytes that requests take which are held back at this moment, to be routed. */
  long heldRequestBytes() {
    return engine.heldRequests().bytes();
  }

  String newId() {
    return instanceId + '-' + Long.toHexString(sequence.incrementAndGet());
  }

  void deliver(UsageRecord record) {
    for (int i = 0; i < sinks.size(); i++) {
      deliver(sinks.get(i), record);
    }
  }

  private void deliver(UsageSink sink, UsageRecord record) {
    try {
      sink.record(record);
    } catch (Throwable e) {
      failed(e);
    }
  }

  /** Whether anybody wants to hear of exchanges before they have ended. */
  boolean isFollowed() {
    return !followers.isEmpty();
  }

  void opened(UsageRecord record) {
    for (UsageSink.WhileOpen follower : followers) {
      try {
        follower.opened(record);
      } catch (Throwable e) {
        failed(e);
      }
    }
  }

  void stated(UsageRecord record) {
    for (UsageSink.WhileOpen follower : followers) {
      try {
        follower.stated(record);
      } catch (Throwable e) {
        failed(e);
      }
    }
  }

  /** A class that is missing in one sink must not cost the others their record. */
  private void failed(Throwable e) {
    sinkFailures.increment();
    Defects.passOn(e);
    if (sinkFailureLogged.compareAndSet(false, true)) {
      LOG.log(ERROR, "A usage sink failed; further failures are counted, not logged", e);
    }
  }

  /** Configures a {@link Metering}. Not thread-safe. */
  public static final class Builder {
    private final MaasConfig config;
    private final List<UsageSink> sinks = new ArrayList<>();
    private InstantSource clock = InstantSource.system();
    private LongSupplier ticker = System::nanoTime;
    private String instanceId = UUID.randomUUID().toString();
    private @Nullable List<ContentCoding> codings;
    private @Nullable RequestRouter router;
    private Function<TokenConfig, TokenVerifier> tokens =
        token -> {
          throw new IllegalStateException(
              "authentication.trust has tokens (by: jwt): give the builder what verifies them, such"
                  + " as the JwtVerifiers of maas-jwt");
        };

    private Builder(MaasConfig config) {
      this.config = config;
    }

    /** Adds a receiver of usage records; they are called in the order of adding. */
    public Builder sink(UsageSink sink) {
      sinks.add(sink);
      return this;
    }

    /** Where the time of records comes from; the system clock by default. */
    public Builder clock(InstantSource source) {
      clock = source;
      return this;
    }

    /** Where durations come from, in nanoseconds; {@link System#nanoTime} by default. */
    public Builder ticker(LongSupplier nanos) {
      ticker = nanos;
      return this;
    }

    /** What makes record ids of this process differ from all others; random by default. */
    public Builder instanceId(String id) {
      instanceId = id;
      return this;
    }

    /**
     * The codings of response bodies that can be decoded, besides gzip and deflate; those that
     * {@link java.util.ServiceLoader} finds by default.
     */
    public Builder codings(List<ContentCoding> contentCodings) {
      codings = List.copyOf(contentCodings);
      return this;
    }

    /** Routes requests inside this gateway; none by default. */
    public Builder router(RequestRouter requestRouter) {
      router = requestRouter;
      return this;
    }

    /**
     * What verifies the tokens of each issuer that the configuration trusts ({@code by: jwt}), such
     * as the {@code JwtVerifiers} of {@code maas-jwt}.
     */
    public Builder tokens(Function<TokenConfig, TokenVerifier> verifiers) {
      tokens = verifiers;
      return this;
    }

    /**
     * The engine.
     *
     * @throws IllegalStateException when the configuration trusts signed tokens, and nothing here
     *     can verify them
     */
    public Metering build() {
      return new Metering(this);
    }
  }
}
