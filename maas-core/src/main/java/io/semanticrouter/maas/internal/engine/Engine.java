// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.TokenConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.spi.TokenVerifier;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the exchanges of one configuration share: what is made of it, and the state of the process,
 * which the engine of the next configuration goes on with. Thread-safe.
 */
public final class Engine {
  private final MaasConfig config;
  private final ProcessState process;
  private final @Nullable RequestRouter router;
  private final IdentityReader identities;
  private final RoutingHeaders routingHeaders;
  private final Pricing pricing;

  /** What outlives a configuration. */
  private record ProcessState(
      InstantSource clock,
      LongSupplier ticker,
      List<ContentCoding> codings,
      AskedModels askedModels,
      UnlistedRequests unlisted,
      PendingResponses pending,
      HeldRequests heldRequests,
      UnknownSchemas unknownSchemas,
      Defects defects) {}

  public Engine(
      MaasConfig config,
      InstantSource clock,
      LongSupplier ticker,
      List<ContentCoding> codings,
      @Nullable RequestRouter router,
      Function<TokenConfig, TokenVerifier> tokens) {
    this(
        config,
        new ProcessState(
            clock,
            ticker,
            codings,
            new AskedModels(ticker),
            new UnlistedRequests(),
            new PendingResponses(),
            new HeldRequests(),
            new UnknownSchemas(),
            new Defects()),
        router,
        tokens);
  }

  private Engine(
      MaasConfig config,
      ProcessState process,
      @Nullable RequestRouter router,
      Function<TokenConfig, TokenVerifier> tokens) {
    this.config = config;
    this.process = process;
    this.router = router;
    identities = new IdentityReader(config.authentication(), tokens);
    routingHeaders =
        new RoutingHeaders(config.headers(), config.routing(), process.unknownSchemas());
    pricing = new Pricing(config, process.defects());
  }

  /** The engine of another configuration of the same process. */
  public Engine withConfig(MaasConfig next, Function<TokenConfig, TokenVerifier> tokens) {
    return new Engine(next, process, router, tokens);
  }

  /** Reads the head of a request. */
  public RequestHead read(String method, String target, Headers request) {
    return new RequestHead(this, method, target, request);
  }

  public MaasConfig config() {
    return config;
  }

  /** Codings of response bodies that can be decoded, besides gzip and deflate. */
  public List<ContentCoding> codings() {
    return process.codings();
  }

  @Nullable RequestRouter router() {
    return router;
  }

  public IdentityReader identities() {
    return identities;
  }

  public RoutingHeaders routingHeaders() {
    return routingHeaders;
  }

  AskedModels askedModels() {
    return process.askedModels();
  }

  public Pricing pricing() {
    return pricing;
  }

  /** Versions of the router's header contract that are not known here. */
  public UnknownSchemas unknownSchemas() {
    return process.unknownSchemas();
  }

  public UnlistedRequests unlisted() {
    return process.unlisted();
  }

  public PendingResponses pending() {
    return process.pending();
  }

  /** The bytes that requests take which are held back at this moment, to be routed. */
  public HeldRequests heldRequests() {
    return process.heldRequests();
  }

  public Defects defects() {
    return process.defects();
  }

  /** The ticker's time; 0 where it fails. */
  public long nanos() {
    try {
      return process.ticker().getAsLong();
    } catch (Throwable e) {
      process.defects().add(e);
      return 0;
    }
  }

  /** The clock's time; the epoch where it fails. */
  public Instant now() {
    try {
      return process.clock().instant();
    } catch (Throwable e) {
      process.defects().add(e);
      return Instant.EPOCH;
    }
  }

  /** An answer of the router as the client gets it. */
  LocalAnswer localAnswer(Routing routing, RoutedRequest.Answer answer) {
    HeaderEdits facts =
        config.mode().isIntegrated()
            ? routingHeaders.write(routing, Headers.EMPTY, false)
            : HeaderEdits.EMPTY;
    return new LocalAnswer(
        answer.status(), facts.withSet("content-type", answer.contentType()), answer.body());
  }
}
