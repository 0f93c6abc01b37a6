// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.spelling.Endpoints;
import io.semanticrouter.maas.internal.spelling.RequestPath;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.spi.RequestRouter;
import org.jspecify.annotations.Nullable;

/**
 * What the head of one request decides. Of the body nothing is known yet: the head is read once for
 * a body that goes on unseen and for one that is handed in, since it is gone when the gateway says
 * which it is.
 */
public final class RequestHead {
  private static final String CONTENT_LENGTH = "content-length";

  /** Envoy makes one where the client states none, before any filter (x-request-id). */
  private static final String REQUEST_ID = "x-request-id";

  private final @Nullable Operation operation;
  private final boolean unlisted;
  private final @Nullable Operation stored;
  private final String path;
  private final @Nullable RequestSize size;
  private final @Nullable String requestId;

  private Identity identity = Identity.ANONYMOUS;
  private HeaderEdits edits = HeaderEdits.EMPTY;
  private HeaderEdits editsWithBody = HeaderEdits.EMPTY;
  private boolean isFull;
  private @Nullable UsageForcing forcing;
  private ForcedUsage forcedUsage = ForcedUsage.OFF;
  private @Nullable RequestRouting routing;
  private RouterReport routerReport = RouterReport.OFF;

  /**
   * Reads it.
   *
   * @param target the path as the request spells it, with or without its query
   */
  RequestHead(Engine engine, String method, String target, Headers request) {
    UsageConfig usage = engine.config().usage();
    path = RequestPath.of(target);
    boolean generates = Endpoints.mayGenerate(method);
    UsageConfig.Route route = generates ? usage.route(path) : null;
    stored = Endpoints.stored(method, path);
    Operation listed = stored == null ? Endpoints.of(method, path) : Operation.NOT_METERED;
    Operation known = route != null && route.operation() != null ? route.operation() : listed;
    boolean free = known == Operation.NOT_METERED && generates && route == null;
    if (free && !RequestPath.isPlain(target, path)) {
      known = null; // what costs nothing has to be spelt plainly
    }
    unlisted = known == null && generates;
    operation = unlisted ? Operation.DETECT : known;
    requestId = operation == null ? null : requestId(engine, request);
    size = known == null ? null : RequestSize.of(known, request, engine.config(), engine.defects());
    if (engine.config().mode().isIntegrated()) {
      identify(engine, request);
      edit(engine, known, route, request);
    }
    RequestRouter router = engine.router();
    if (router != null && known != null) {
      route(engine, router, known, request);
    }
    if (forcing == null && routing == null) {
      editsWithBody = edits;
    }
  }

  private static @Nullable String requestId(Engine engine, Headers request) {
    try {
      String value = request.get(REQUEST_ID);
      return value != null && Texts.check(value) == Identity.Source.HEADER ? value : null;
    } catch (Throwable e) {
      engine.defects().add(e);
      return null;
    }
  }

  private void identify(Engine engine, Headers request) {
    try {
      identity = engine.identities().read(request);
    } catch (Throwable e) {
      engine.defects().add(e);
      identity = engine.identities().read(Headers.EMPTY);
    }
  }

  private void edit(
      Engine engine,
      @Nullable Operation known,
      UsageConfig.@Nullable Route route,
      Headers request) {
    UsageConfig usage = engine.config().usage();
    boolean asks = known != null && known != Operation.NOT_METERED;
    boolean detects = unlisted && usage.unlisted() == UsageConfig.Unlisted.DETECT;
    boolean polls = stored != null && engine.pending().isWaiting();
    try {
      edits = withoutProof(engine, engine.routingHeaders().ask(request, asks), request);
      if (!edits.fitInto(request)) {
        // Headers that steer a router have to go, and the gateway takes no change of this head.
        isFull = !edits.toRemove().isEmpty();
        edits = HeaderEdits.EMPTY;
      }
      if (known != null && asks && isForced(usage, known, route, path)) {
        force(engine, route, request);
      }
      if (asks || detects || polls) {
        HeaderEdits narrowed =
            AcceptEncoding.edit(edits, request, usage.acceptEncoding(), engine.codings());
        edits = narrowed.fitInto(request) ? narrowed : edits;
      }
    } catch (Throwable e) {
      forcing = null;
      forcedUsage = ForcedUsage.OFF;
      engine.defects().add(e);
    }
  }

  private void force(Engine engine, UsageConfig.@Nullable Route route, Headers request) {
    UsageConfig usage = engine.config().usage();
    boolean refuses = usage.unmeasurable() == UsageConfig.Unmeasurable.REFUSE;
    HeaderEdits asking =
        AcceptEncoding.edit(
            withoutLength(edits, request),
            request,
            usage.acceptEncoding().whereUsageIsStripped(),
            engine.codings());
    // Where there is no room, any edit makes the gateway refuse the request.
    if (asking.fitInto(request)) {
      UsageConfig.Backend backend = route == null ? usage.backend() : route.backend();
      forcing =
          new UsageForcing(
              engine.defects(),
              engine.askedModels(),
              refuses,
              path,
              backend == UsageConfig.Backend.VLLM,
              ResponseMeter.isEncoded(request.get("content-encoding")));
      editsWithBody = asking;
      forcedUsage = ForcedUsage.UNSEEN;
    } else {
      forcedUsage = ForcedUsage.NO_ROOM;
      isFull |= refuses;
    }
  }

  /**
   * Whether the backend is to be asked for usage, if the body is one of a stream. Only where the
   * API knows how to be asked, and does not state usage anyway. Whatever the head says the body is,
   * many servers read it as the JSON that it looks like: it is judged by its bytes.
   */
  private static boolean isForced(
      UsageConfig usage, Operation operation, UsageConfig.@Nullable Route route, String path) {
    return mayAsk(operation, route, path)
        && (route == null ? usage.forceUsage() : route.forceUsage());
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

  private void route(Engine engine, RequestRouter router, Operation known, Headers request) {
    try {
      long length = RequestSize.contentLength(request, engine.defects());
      RouterReport.Result result = routable(router, known, length, request);
      // Its length may change, and where there is no room no edit may say so.
      if (result == RouterReport.Result.UNSEEN && request.hasRoomFor(0, 0)) {
        HeaderEdits routed = withoutLength(edits, request);
        if (routed.fitInto(request)) {
          routing =
              new RequestRouting(
                  engine.defects(),
                  engine.heldRequests(),
                  engine::localAnswer,
                  router,
                  known,
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
      engine.defects().add(e);
    }
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

  /** What proves to us that the gateway has set the others is nobody else's business. */
  private static HeaderEdits withoutProof(Engine engine, HeaderEdits edits, Headers request) {
    String proof = engine.config().authentication().proofHeader();
    return proof == null || request.get(proof) == null ? edits : edits.withRemove(proof);
  }

  private static HeaderEdits withoutLength(HeaderEdits edits, Headers request) {
    return request.get(CONTENT_LENGTH) == null ? edits : edits.withRemove(CONTENT_LENGTH);
  }

  /** What to meter; null when it is no LLM operation, {@code DETECT} when it is on no list. */
  public @Nullable Operation operation() {
    return operation;
  }

  /** Whether only the answer can say that this is an operation at all. */
  public boolean isUnlisted() {
    return unlisted;
  }

  /** What has made the response that is read or cancelled here; null for all other requests. */
  public @Nullable Operation stored() {
    return stored;
  }

  /** The path, normalised. */
  public String path() {
    return path;
  }

  /** What a client may ask about; see {@code UsageRecord}. */
  public @Nullable String requestId() {
    return requestId;
  }

  /** The payer. */
  public Identity identity() {
    return identity;
  }

  /** How long the body is; null where no estimate needs it. */
  public @Nullable RequestSize size() {
    return size;
  }

  /** What to change when the body goes on unseen. */
  public HeaderEdits edits() {
    return edits;
  }

  /** What to change when the body is handed in. */
  public HeaderEdits editsWithBody() {
    return editsWithBody;
  }

  /** Whether the head has no room for an edit without which the request must not go on. */
  public boolean isFull() {
    return isFull;
  }

  /** Asks for usage; null when that is not wanted here. */
  public @Nullable UsageForcing forcing() {
    return forcing;
  }

  /** What became of asking for usage, by the head and by what was seen of the body. */
  public ForcedUsage forcedUsage() {
    return forcing == null ? forcedUsage : forcing.outcome();
  }

  /** Holds the body for the router; null when there is none, or not for this request. */
  public @Nullable RequestRouting routing() {
    return routing;
  }

  /** What became of routing. */
  public RouterReport routerReport() {
    return routing == null ? routerReport : routing.report();
  }

  /** Whether the body has to pass here. */
  public boolean wantsBody() {
    return forcing != null || routing != null || (size != null && size.isCounting());
  }
}
