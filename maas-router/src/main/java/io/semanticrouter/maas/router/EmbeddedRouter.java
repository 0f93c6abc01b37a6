// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import com.github.benmanes.caffeine.cache.Ticker;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.router.internal.cache.CacheKeys;
import io.semanticrouter.maas.router.internal.cache.CacheKeys.Bypass;
import io.semanticrouter.maas.router.internal.cache.CachedAnswer;
import io.semanticrouter.maas.router.internal.cache.ResponseCache;
import io.semanticrouter.maas.router.internal.decisions.Decider;
import io.semanticrouter.maas.router.internal.decisions.DecisionConfig;
import io.semanticrouter.maas.router.internal.decisions.RoutingDecision;
import io.semanticrouter.maas.router.internal.edits.BodyEdits;
import io.semanticrouter.maas.router.internal.edits.MemberEdit;
import io.semanticrouter.maas.router.internal.edits.Prompt;
import io.semanticrouter.maas.router.internal.edits.RequestDocument;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt;
import io.semanticrouter.maas.router.internal.edits.UnreadableRequest;
import io.semanticrouter.maas.router.internal.security.Refusal;
import io.semanticrouter.maas.router.internal.security.SecuritySignals;
import io.semanticrouter.maas.router.internal.security.SecuritySignals.Findings;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The embedded router: reads a request once, looks for personal data and jailbreak attempts,
 * decides on the model, answers from the response cache or edits the request. Thread-safe; the
 * cache is all that exchanges share.
 *
 * <p>Time is linear in the length of the body. Nothing of what a user wrote leaves it but the
 * request itself.
 */
public final class EmbeddedRouter implements RequestRouter {
  private final RouterConfig config;
  private final Decider decider;
  private final SecuritySignals security;
  private final boolean looksForPii;
  private final boolean looksForJailbreak;
  private final CacheKeys keys;
  private final @Nullable ResponseCache cache;
  private final Map<Bypass, LongAdder> bypasses = new EnumMap<>(Bypass.class);

  /** A router with an empty cache. */
  public EmbeddedRouter(RouterConfig config) {
    this(config, Ticker.systemTicker());
  }

  EmbeddedRouter(RouterConfig config, Ticker ticker) {
    this.config = config;
    decider = config.decider;
    security = new SecuritySignals(config.security);
    looksForPii = config.security.pii().enabled();
    looksForJailbreak = config.security.jailbreak().enabled();
    keys = new CacheKeys(config.responseCache);
    cache = config.responseCache.enabled() ? new ResponseCache(config.responseCache, ticker) : null;
    for (Bypass bypass : Bypass.values()) {
      bypasses.put(bypass, new LongAdder());
    }
  }

  @Override
  public boolean routes(Operation operation) {
    return config.enabled() && RequestDocument.reads(operation);
  }

  @Override
  public int maxBodyBytes() {
    return config.maxBodyBytes;
  }

  @Override
  public long maxHeldBytes() {
    return config.maxHeldBytes;
  }

  @Override
  public List<String> headers() {
    return cache == null ? List.of() : CacheKeys.VARIANT_HEADERS;
  }

  @Override
  public RoutedRequest route(RoutableRequest request) {
    RequestDocument document;
    try {
      document =
          RequestDocument.read(request.operation(), request.bytes(), request.from(), request.to());
    } catch (UnreadableRequest e) {
      return RoutedRequest.unchanged(Routing.UNKNOWN, RouterReport.of(Result.NOT_JSON));
    }
    Prompt prompt = document.prompt();
    Findings findings = security.scan(prompt.text());
    RoutingDecision decision = decider.decide(prompt, request.identity());
    if (security.isBlocked(findings)) {
      return RoutedRequest.answered(
          facts(document, decision, findings, null, false, false),
          report(Result.BLOCKED, findings),
          Refusal.of(request.operation(), security.isBlockedAsJailbreak(findings)));
    }
    ByteBuffer key = cache == null ? null : key(request, document, decision);
    CachedAnswer known = cache == null || key == null ? null : cache.get(key);
    if (known != null) {
      return RoutedRequest.answered(
          facts(document, decision, findings, known.model(), true, false),
          report(Result.CACHED, findings),
          known.answer());
    }
    RoutedRequest routed = edited(document, decision, findings);
    return cache == null || key == null ? routed : routed.withKeeper(cache.collect(key));
  }

  private @Nullable ByteBuffer key(
      RoutableRequest request, RequestDocument document, RoutingDecision decision) {
    CacheKeys.Keyed keyed =
        keys.of(
            request.identity(),
            request.path(),
            decision.name() + '\n' + decision.model(),
            request.headers(),
            document);
    Objects.requireNonNull(bypasses.get(keyed.bypass())).increment();
    return keyed.key();
  }

  private RoutedRequest edited(
      RequestDocument document, RoutingDecision decision, Findings findings) {
    String model = decision.model();
    if (model == null) {
      boolean pinned = !decider.isRouted(document.prompt().model());
      return RoutedRequest.unchanged(
          facts(document, decision, findings, null, false, false),
          report(pinned ? Result.PINNED : Result.DEFAULT, findings));
    }
    BodyEdits edits = new BodyEdits(document).model(model);
    MemberEdit reasoning = decision.reasoningEdit();
    if (reasoning != null) {
      edits.set(reasoning.on(document.operation()));
    }
    SystemPrompt prompt = decision.systemPrompt();
    boolean injected = prompt != null && edits.systemPrompt(prompt) == SystemPrompt.Outcome.ADDED;
    boolean isDefault = decision.name().equals(DecisionConfig.DEFAULT);
    Routing facts = facts(document, decision, findings, null, false, injected);
    RouterReport report = report(isDefault ? Result.DEFAULT : Result.ROUTED, findings);
    byte[] body = edits.apply();
    return body == document.body()
        ? RoutedRequest.unchanged(facts, report)
        : RoutedRequest.edited(facts, report, body);
  }

  private static RouterReport report(Result result, Findings findings) {
    return RouterReport.of(result).withPiiTypes(findings.pii());
  }

  private Routing facts(
      RequestDocument document,
      RoutingDecision decision,
      Findings findings,
      @Nullable String responseModel,
      boolean cacheHit,
      boolean injected) {
    boolean routed = decision.isRouted();
    return Routing.builder()
        .requestedModel(document.prompt().model())
        .selectedModel(decision.model())
        .responseModel(responseModel)
        .routingDecision(routed ? decision.name() : null)
        .category(decision.category())
        .reasoning(decision.reasoning())
        .cacheHit((routed || cache != null) ? cacheHit : null)
        .systemPromptInjected(decision.systemPrompt() != null ? injected : null)
        .piiDetected(looksForPii ? !findings.pii().isEmpty() : null)
        .jailbreakDetected(looksForJailbreak ? findings.jailbreak() : null)
        .build();
  }

  /**
   * Visits how many requests were looked up in the cache ({@code none}) or kept from it, by the
   * metric label value of the reason; nothing where there is no cache.
   */
  public void forEachCacheBypass(ObjLongConsumer<String> action) {
    if (cache != null) {
      bypasses.forEach((bypass, count) -> action.accept(bypass.label(), count.sum()));
    }
  }

  /** The bytes that kept answers take; 0 where there is no cache. */
  public long cachedBytes() {
    return cache == null ? 0 : cache.keptBytes();
  }
}
