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

/** What the exchanges of one process share. Thread-safe. */
public final class Engine {
  private final MaasConfig config;
  private final InstantSource clock;
  private final LongSupplier ticker;
  private final List<ContentCoding> codings;
  private final @Nullable RequestRouter router;
  private final IdentityReader identities;
  private final RoutingHeaders routingHeaders;
  private final AskedModels askedModels;
  private final Pricing pricing;
  private final UnlistedRequests unlisted = new UnlistedRequests();
  private final PendingResponses pending = new PendingResponses();
  private final HeldRequests heldRequests = new HeldRequests();
  private final Defects defects = new Defects();

  public Engine(
      MaasConfig config,
      InstantSource clock,
      LongSupplier ticker,
      List<ContentCoding> codings,
      @Nullable RequestRouter router,
      Function<TokenConfig, TokenVerifier> tokens) {
    this.config = config;
    this.clock = clock;
    this.ticker = ticker;
    this.codings = codings;
    this.router = router;
    identities = new IdentityReader(config.authentication(), tokens);
    routingHeaders = new RoutingHeaders(config.headers(), config.routing());
    askedModels = new AskedModels(ticker);
    pricing = new Pricing(config, defects);
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
    return codings;
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
    return askedModels;
  }

  public Pricing pricing() {
    return pricing;
  }

  public UnlistedRequests unlisted() {
    return unlisted;
  }

  public PendingResponses pending() {
    return pending;
  }

  /** The bytes that requests take which are held back at this moment, to be routed. */
  public HeldRequests heldRequests() {
    return heldRequests;
  }

  public Defects defects() {
    return defects;
  }

  /** The ticker's time; 0 where it fails. */
  public long nanos() {
    try {
      return ticker.getAsLong();
    } catch (Throwable e) {
      defects.add(e);
      return 0;
    }
  }

  /** The clock's time; the epoch where it fails. */
  public Instant now() {
    try {
      return clock.instant();
    } catch (Throwable e) {
      defects.add(e);
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
