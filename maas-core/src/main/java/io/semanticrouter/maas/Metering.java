// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.lang.System.Logger.Level.ERROR;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.internal.coding.ContentDecoding;
import io.semanticrouter.maas.internal.engine.AcceptEncoding;
import io.semanticrouter.maas.internal.engine.AskedModels;
import io.semanticrouter.maas.internal.engine.Defects;
import io.semanticrouter.maas.internal.engine.HeldRequests;
import io.semanticrouter.maas.internal.engine.IdentityReader;
import io.semanticrouter.maas.internal.engine.PendingResponses;
import io.semanticrouter.maas.internal.engine.Pricing;
import io.semanticrouter.maas.internal.engine.RequestRouting;
import io.semanticrouter.maas.internal.engine.RequestSize;
import io.semanticrouter.maas.internal.engine.ResponseMeter;
import io.semanticrouter.maas.internal.engine.RoutingHeaders;
import io.semanticrouter.maas.internal.engine.UnlistedRequests;
import io.semanticrouter.maas.internal.engine.UsageForcing;
import io.semanticrouter.maas.internal.spelling.Endpoints;
import io.semanticrouter.maas.internal.spelling.RequestPath;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutedRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
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
  private static final String CONTENT_LENGTH = "content-length";
  private static final System.Logger LOG = System.getLogger(Metering.class.getName());

  private final MaasConfig config;
  private final List<UsageSink> sinks;
  private final InstantSource clock;
  private final LongSupplier ticker;
  private final String instanceId;
  private final IdentityReader identities;
  private final RoutingHeaders routingHeaders;
  private final List<ContentCoding> codings;
  private final @Nullable RequestRouter router;
  private final AskedModels askedModels;
  private final Pricing pricing;

  private final UnlistedRequests unlisted = new UnlistedRequests();
  private final PendingResponses pending = new PendingResponses();
  private final AtomicLong sequence = new AtomicLong();
  private final HeldRequests heldRequests = new HeldRequests();
  private final Defects defects = new Defects();
  private final LongAdder sinkFailures = new LongAdder();
  private final AtomicBoolean sinkFailureLogged = new AtomicBoolean();

  private Metering(Builder builder) {
    config = builder.config;
    sinks = List.copyOf(builder.sinks);
    clock = builder.clock;
    ticker = builder.ticker;
    instanceId = builder.instanceId;
    identities = new IdentityReader(config.authentication());
    routingHeaders = new RoutingHeaders(config.headers(), config.routing());
    codings = builder.codings != null ? builder.codings : ContentDecoding.installed();
    router = builder.router;
    askedModels = new AskedModels(ticker);
    pricing = new Pricing(config, defects);
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
    String path = RequestPath.of(target);
    boolean generates = Endpoints.mayGenerate(method);
    UsageConfig.Route route = generates ? config.usage().route(path) : null;
    Operation stored = Endpoints.stored(method, path);
    Operation listed = stored == null ? Endpoints.of(method, path) : Operation.NOT_METERED;
    Operation operation = route != null && route.operation() != null ? route.operation() : listed;
    boolean free = operation == Operation.NOT_METERED && generates && route == null;
    if (free && !RequestPath.isPlain(target, path)) {
      operation = null; // what costs nothing has to be spelt plainly
    }
    boolean isUnlisted = operation == null && generates;
    Identity identity = Identity.ANONYMOUS;
    HeaderEdits edits = HeaderEdits.EMPTY;
    HeaderEdits editsWithBody = HeaderEdits.EMPTY;
    UsageForcing forcing = null;
    ForcedUsage forcedUsage = ForcedUsage.OFF;
    boolean isHeadFull = false;
    if (config.mode().isIntegrated()) {
      try {
        identity = identities.read(request);
      } catch (Throwable e) {
        defects.add(e);
        identity = identities.read(Headers.EMPTY);
      }
      try {
        boolean asks = operation != null && operation != Operation.NOT_METERED;
        boolean detects = isUnlisted && config.usage().unlisted() == UsageConfig.Unlisted.DETECT;
        boolean polls = stored != null && pending.isWaiting();
        edits = routingHeaders.ask(request, asks);
        if (!edits.fitInto(request)) {
          // Headers that steer a router have to go, and the gateway takes no change of this head.
          isHeadFull = !edits.toRemove().isEmpty();
          edits = HeaderEdits.EMPTY;
        }
        if (operation != null && asks) {
          boolean refuses = config.usage().unmeasurable() == UsageConfig.Unmeasurable.REFUSE;
          if (isForced(operation, route, path)) {
            HeaderEdits asking =
                AcceptEncoding.edit(
                    withoutLength(edits, request),
                    request,
                    config.usage().acceptEncoding().whereUsageIsStripped(),
                    codings);
            // Where there is no room, any edit makes the gateway refuse the request.
            if (asking.fitInto(request)) {
              boolean encoded = ResponseMeter.isEncoded(request.get("content-encoding"));
              boolean continuous = backend(route) == UsageConfig.Backend.VLLM;
              forcing = new UsageForcing(defects, askedModels, refuses, path, continuous, encoded);
              editsWithBody = asking;
            }
            forcedUsage = forcing == null ? ForcedUsage.NO_ROOM : ForcedUsage.UNSEEN;
          }
          isHeadFull |= refuses && forcedUsage == ForcedUsage.NO_ROOM;
        }
        if (asks || detects || polls) {
          HeaderEdits narrowed =
              AcceptEncoding.edit(edits, request, config.usage().acceptEncoding(), codings);
          edits = narrowed.fitInto(request) ? narrowed : edits;
        }
      } catch (Throwable e) {
        forcing = null;
        forcedUsage = ForcedUsage.OFF;
        defects.add(e);
      }
    }
    RequestRouting routing = null;
    RouterReport routerReport = RouterReport.OFF;
    if (router != null && operation != null) {
      try {
        long length = RequestSize.contentLength(request, defects);
        RouterReport.Result result = routable(router, operation, length, request);
        // Its length may change, and where there is no room no edit may say so.
        if (result == RouterReport.Result.UNSEEN && request.hasRoomFor(0, 0)) {
          HeaderEdits routed = withoutLength(edits, request);
          if (routed.fitInto(request)) {
            routing =
                new RequestRouting(
                    defects,
                    heldRequests,
                    this::localAnswer,
                    router,
                    operation,
                    path,
                    identity,
                    request,
                    length);
            editsWithBody = forcing != null ? editsWithBody : routed;
          }
        }
        routerReport = RouterReport.of(result);
      } catch (Throwable e) {
        routing = null;
        routerReport = RouterReport.of(RouterReport.Result.FAILED);
        defects.add(e);
      }
    }
    return new Exchange(
        this,
        isUnlisted ? Operation.DETECT : operation,
        isUnlisted,
        stored,
        path,
        operation == null ? null : RequestSize.of(operation, request, config, defects),
        identity,
        edits,
        forcing != null || routing != null ? editsWithBody : edits,
        forcing,
        forcedUsage,
        routing,
        routerReport,
        isHeadFull,
        now(),
        nanos());
  }

  private static HeaderEdits withoutLength(HeaderEdits edits, Headers request) {
    return request.get(CONTENT_LENGTH) == null ? edits : edits.withRemove(CONTENT_LENGTH);
  }

  /**
   * Whether the backend is to be asked for usage, if the body is one of a stream. Only where the
   * API knows how to be asked, and does not state usage anyway. Whatever the head says the body is,
   * many servers read it as the JSON that it looks like: it is judged by its bytes.
   */
  private boolean isForced(Operation operation, UsageConfig.@Nullable Route route, String path) {
    return mayAsk(operation, route, path)
        && (route == null ? config.usage().forceUsage() : route.forceUsage());
  }

  /**
   * Whether an API can be asked. Where only the body tells which one it is, a request that says
   * {@code "stream": true} is one of those that can: on a path that vLLM and its like have, or that
   * the configuration leaves to the body, unless the path is one of another API.
   */
  private static boolean mayAsk(
      Operation operation, UsageConfig.@Nullable Route route, String path) {
    if (operation != Operation.DETECT) {
      return operation == Operation.CHAT || operation == Operation.COMPLETION;
    }
    if (RequestPath.endOf(path, "/invocations") == path.length()) {
      return true;
    }
    Operation listed = Endpoints.operation(path);
    return route != null
        && route.operation() == Operation.DETECT
        && (listed == null || listed == Operation.CHAT || listed == Operation.COMPLETION);
  }

  /** What the head of a request allows: unseen so far when its body can be routed. */
  private static RouterReport.Result routable(
      RequestRouter open, Operation operation, long length, Headers request) {
    if (!open.routes(operation)) {
      return RouterReport.Result.OFF;
    }
    if (ResponseMeter.isEncoded(request.get("content-encoding"))) {
      return RouterReport.Result.ENCODED;
    }
    if (!UsageForcing.isPlainJson(request)) {
      return RouterReport.Result.NOT_JSON;
    }
    return length > open.maxBodyBytes()
        ? RouterReport.Result.TOO_LARGE
        : RouterReport.Result.UNSEEN;
  }

  private UsageConfig.Backend backend(UsageConfig.@Nullable Route route) {
    return route == null ? config.usage().backend() : route.backend();
  }

  /** How often the metering itself failed; such exchanges count as FAILED. */
  public long defects() {
    return defects.count();
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
    return routingHeaders.schemaMismatches();
  }

  /**
   * How many requests on paths that neither a list nor a route names were answered as a model
   * answers: a method that may generate, a 2xx status, and JSON or a stream of events.
   */
  public long unlistedRequests() {
    return unlisted.count();
  }

  UnlistedRequests unlisted() {
    return unlisted;
  }

  PendingResponses pending() {
    return pending;
  }

  /** The bytes that requests take which are held back at this moment, to be routed. */
  long heldRequestBytes() {
    return heldRequests.bytes();
  }

  /** An answer of the router as the client gets it. */
  private LocalAnswer localAnswer(Routing routing, RoutedRequest.Answer answer) {
    HeaderEdits facts =
        config.mode().isIntegrated()
            ? routingHeaders.write(routing, Headers.EMPTY, false)
            : HeaderEdits.EMPTY;
    return new LocalAnswer(
        answer.status(), facts.withSet("content-type", answer.contentType()), answer.body());
  }

  boolean refuses(Identity identity) {
    return identities.refuses(identity);
  }

  Defects failures() {
    return defects;
  }

  Pricing pricing() {
    return pricing;
  }

  RoutingHeaders routingHeaders() {
    return routingHeaders;
  }

  /** Codings of response bodies that can be decoded, besides gzip and deflate. */
  List<ContentCoding> codings() {
    return codings;
  }

  long nanos() {
    try {
      return ticker.getAsLong();
    } catch (Throwable e) {
      defects.add(e);
      return 0;
    }
  }

  private Instant now() {
    try {
      return clock.instant();
    } catch (Throwable e) {
      defects.add(e);
      return Instant.EPOCH;
    }
  }

  UsageRecord settle(
      Operation operation,
      Identity identity,
      Routing routing,
      int status,
      ForcedUsage forcedUsage,
      RouterReport routerReport,
      ServiceTier serviceTier,
      Measurement measurement,
      Instant startedAt,
      Duration duration) {
    TokenUsage usage = measurement.usage();
    Cost cost =
        usage == null ? null : pricing.cost(routing, serviceTier, usage, measurement.otherLines());
    boolean unpriced = cost == null && usage != null && config.mode().calculatesCost();
    UsageRecord record =
        UsageRecord.builder(
                instanceId + '-' + Long.toHexString(sequence.incrementAndGet()),
                startedAt,
                operation,
                measurement)
            .duration(duration)
            .identity(identity)
            .routing(routing)
            .httpStatus(status)
            .forcedUsage(forcedUsage)
            .router(routerReport)
            .serviceTier(serviceTier)
            .cost(cost)
            .unpriced(unpriced)
            .build();
    for (int i = 0; i < sinks.size(); i++) {
      deliver(sinks.get(i), record);
    }
    return record;
  }

  private void deliver(UsageSink sink, UsageRecord record) {
    try {
      sink.record(record);
    } catch (Throwable e) {
      // A class that is missing in one sink must not cost the others their record.
      sinkFailures.increment();
      Defects.passOn(e);
      if (sinkFailureLogged.compareAndSet(false, true)) {
        LOG.log(ERROR, "A usage sink failed; further failures are counted, not logged", e);
      }
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

    /** The engine. */
    public Metering build() {
      return new Metering(this);
    }
  }
}
