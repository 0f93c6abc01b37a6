// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.TokenConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.coding.ContentDecoding;
import io.semanticrouter.maas.internal.engine.Engine;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.TokenVerifier;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The configured metering engine: one per gateway process, and of it another one for each
 * configuration that comes later ({@link #withConfig}). Thread-safe.
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
  private final MaasConfig config;
  private final Engine engine;
  private final Records records;
  private final Function<TokenConfig, TokenVerifier> tokens;

  private Metering(Builder builder) {
    config = builder.config;
    tokens = builder.tokens;
    records = new Records(builder.instanceId, builder.sinks);
    List<ContentCoding> codings =
        builder.codings != null ? builder.codings : ContentDecoding.installed();
    engine = new Engine(config, builder.clock, builder.ticker, codings, builder.router, tokens);
  }

  private Metering(Metering before, MaasConfig next) {
    config = next;
    tokens = before.tokens;
    records = before.records;
    engine = before.engine.withConfig(next, tokens);
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
   * The engine of another configuration of the same process: it has the same sinks, counts and
   * router, and goes on with the numbers of records and with what is known of backends and pending
   * responses. Exchanges that have begun here end here, as the configuration of their beginning
   * says.
   *
   * <p>The mode and {@code metrics} may stay as they are only: sinks were made for them.
   *
   * @throws IllegalStateException when the configuration trusts signed tokens, and nothing here can
   *     verify them
   */
  public Metering withConfig(MaasConfig next) {
    return new Metering(this, next);
  }

  /**
   * A request has arrived.
   *
   * @param method the HTTP method
   * @param target the path as the request spells it, with or without its query
   * @param request its headers, read during this call only
   */
  public Exchange begin(String method, String target, Headers request) {
    return new Exchange(records, engine, engine.read(method, target, request));
  }

  /** How often the metering itself failed; such exchanges count as FAILED. */
  public long defects() {
    return engine.defects().count();
  }

  /** How often a sink threw. */
  public long sinkFailures() {
    return records.sinkFailures();
  }

  /**
   * How many responses stated a version of the router's header contract that is not known here;
   * they were read all the same.
   */
  public long routingSchemaMismatches() {
    return engine.unknownSchemas().count();
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
