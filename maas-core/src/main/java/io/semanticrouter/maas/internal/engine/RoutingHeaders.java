// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.RoutingConfig;
import io.semanticrouter.maas.config.RoutingProfile;
import io.semanticrouter.maas.config.RoutingProfile.Fact;
import io.semanticrouter.maas.config.RoutingProfile.Stated;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.Routing;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The headers in which a semantic router says what it decided: read as its {@link RoutingProfile}
 * spells them, written as the MaaS integration guide of the semantic router does. Thread-safe.
 */
public final class RoutingHeaders {
  /** Prefix of everything that a semantic router sends. */
  static final String UPSTREAM_PREFIX = "x-vsr-";

  /** Asks the vLLM Semantic Router for those facts that it keeps back otherwise. */
  public static final String DEBUG = "x-vsr-debug";

  private static final int DEBUG_BYTES = DEBUG.length() + "true".length();

  private static final HeaderEdits ASK_FOR_DEBUG =
      new HeaderEdits.Builder().set(DEBUG, "true").build();

  /** Request headers by which a client could steer or mislead a router or the metering. */
  private static final String[] PROBED_REQUEST_HEADERS = {
    DEBUG,
    "x-vsr-skip-processing",
    "x-vsr-model-selected",
    "x-vsr-selected-model",
    "x-vsr-decision",
    "x-vsr-selected-decision",
    "x-vsr-category",
    "x-vsr-selected-category",
    "x-vsr-reasoning-enabled",
    "x-vsr-selected-reasoning",
    "x-vsr-cache-hit",
    "x-vsr-response-path",
    "x-vsr-system-prompt-injected",
    "x-vsr-injected-system-prompt",
    "x-vsr-pii-detected",
    "x-vsr-matched-pii",
    "x-vsr-jailbreak-detected",
    "x-vsr-matched-jailbreak",
    "x-vsr-destination-endpoint",
    "x-vsr-internal-auth"
  };

  /**
   * With more than 100 edits in one reply Envoy fails the exchange ({@code max_headers_count});
   * some are left for others.
   */
  private static final int MAX_REMOVED = 90;

  /** The same for a response, to which facts are added as well. */
  private static final int MAX_DEBUG_REMOVED = 80;

  private final MaasConfig.HeaderExport export;
  private final RoutingConfig routing;
  private final String model;
  private final String routingDecision;
  private final String category;
  private final String reasoning;
  private final String cacheHit;
  private final String systemPrompt;
  private final String pii;
  private final String jailbreak;

  private final List<String> exported;

  private final UnknownSchemas unknownSchemas;

  public RoutingHeaders(
      MaasConfig.HeaderExport export, RoutingConfig routing, UnknownSchemas unknownSchemas) {
    this.export = export;
    this.routing = routing;
    this.unknownSchemas = unknownSchemas;
    String prefix = export.prefix();
    model = prefix + "model-selected";
    routingDecision = prefix + "decision";
    category = prefix + "category";
    reasoning = prefix + "reasoning-enabled";
    cacheHit = prefix + "cache-hit";
    systemPrompt = prefix + "system-prompt-injected";
    pii = prefix + "pii-detected";
    jailbreak = prefix + "jailbreak-detected";
    exported =
        List.of(
            model, routingDecision, category, reasoning, cacheHit, systemPrompt, pii, jailbreak);
  }

  /**
   * Removes from a request what only a router may say, and asks the router for all that it knows.
   *
   * @param generates whether a router may handle it, so that it is worth asking
   * @return edits that set {@link #DEBUG} only when the client has not done so itself
   */
  public HeaderEdits ask(Headers request, boolean generates) {
    boolean asks = generates && routing.requestDebug() && request.hasRoomFor(1, DEBUG_BYTES);
    if (!request.mayHave(UPSTREAM_PREFIX) && !request.mayHave(export.prefix())) {
      return asks ? ASK_FOR_DEBUG : HeaderEdits.EMPTY;
    }
    HeaderEdits.Builder edits = spoofed(request, asks);
    if (asks && !asksForDebug(request)) {
      edits = (edits == null ? new HeaderEdits.Builder() : edits).set(DEBUG, "true");
    }
    return edits == null ? HeaderEdits.EMPTY : edits.build();
  }

  /** What the vLLM Semantic Router takes for being asked ({@code pkg/extproc/debug_mode.go}). */
  private static boolean asksForDebug(Headers request) {
    String value = request.get(DEBUG);
    return value != null
        && Texts.trimmed(value).equalsIgnoreCase("true")
        && request.count(DEBUG) == 1;
  }

  private HeaderEdits.@Nullable Builder spoofed(Headers request, boolean keepsDebug) {
    HeaderEdits.Builder edits = null;
    boolean named = false;
    int spoofed = 0;
    for (String name : request.names()) {
      named = true;
      boolean ours =
          Texts.startsWith(name, UPSTREAM_PREFIX) || Texts.startsWith(name, export.prefix());
      if (ours && !(keepsDebug && name.equalsIgnoreCase(DEBUG))) {
        edits = remove(edits, name.toLowerCase(Locale.ROOT));
        spoofed++;
      }
    }
    // Where the names are not known, or there are too many of them, those that mean something.
    return !named || spoofed > MAX_REMOVED ? wellKnown(request, keepsDebug) : edits;
  }

  private HeaderEdits.@Nullable Builder wellKnown(Headers request, boolean keepsDebug) {
    HeaderEdits.Builder edits = null;
    for (String name : PROBED_REQUEST_HEADERS) {
      boolean kept = request.get(name) == null || (keepsDebug && name.equals(DEBUG));
      edits = kept ? edits : remove(edits, name);
    }
    for (int i = 0; i < exported.size(); i++) {
      String name = exported.get(i);
      edits = request.get(name) == null ? edits : remove(edits, name);
    }
    return edits;
  }

  private static HeaderEdits.Builder remove(HeaderEdits.@Nullable Builder edits, String name) {
    return (edits == null ? new HeaderEdits.Builder() : edits).remove(name);
  }

  /** What a response says about the routing. */
  public RoutingFacts read(Headers response) {
    Stated stated = routing.profile().read(response);
    if (stated == Stated.NOTHING) {
      return RoutingFacts.NONE;
    }
    unknownSchemas.check(stated.raw(Fact.SCHEMA_VERSION));
    String selectedModel = stated.fact(Fact.MODEL);
    String decision = stated.fact(Fact.DECISION);
    ResponsePath path = path(stated);
    RouterTotals totals =
        path == null || path == ResponsePath.LOOPER
            ? RouterTotals.of(
                stated.raw(Fact.LOOPER_PROMPT_TOKENS),
                stated.raw(Fact.LOOPER_COMPLETION_TOKENS),
                stated.raw(Fact.LOOPER_TOTAL_TOKENS))
            : null;
    if (totals != null) {
      path = ResponsePath.LOOPER;
    }
    Routing facts =
        Routing.builder()
            .selectedModel(selectedModel)
            .routingDecision(decision)
            .category(stated.fact(Fact.CATEGORY))
            .reasoning(flag(stated.fact(Fact.REASONING)))
            .cacheHit(cacheHit(stated, path, selectedModel != null || decision != null))
            .systemPromptInjected(flag(stated.fact(Fact.SYSTEM_PROMPT)))
            .piiDetected(detected(stated.raw(Fact.PII)))
            .jailbreakDetected(detected(stated.raw(Fact.JAILBREAK)))
            .responsePath(path)
            .build();
    return new RoutingFacts(facts, totals);
  }

  /**
   * The edits that give the client the facts under the configured names.
   *
   * @param debugged whether the router was asked for more than the client had asked for
   */
  public HeaderEdits write(Routing routing, Headers response, boolean debugged) {
    if (!routing.isKnown() && !debugged) {
      return HeaderEdits.EMPTY;
    }
    HeaderEdits.Builder edits = new HeaderEdits.Builder();
    if (export.routing()) {
      set(edits, response, model, routing.selectedModel());
      set(edits, response, routingDecision, routing.routingDecision());
      set(edits, response, category, routing.category());
      set(edits, response, reasoning, text(routing.reasoning(), "on", "off"));
      set(edits, response, systemPrompt, text(routing.systemPromptInjected(), "true", "false"));
    }
    if (export.cache()) {
      set(edits, response, cacheHit, text(routing.cacheHit(), "true", "false"));
    }
    if (export.security()) {
      set(edits, response, pii, text(routing.piiDetected(), "true", "false"));
      set(edits, response, jailbreak, text(routing.jailbreakDetected(), "true", "false"));
    }
    if (debugged) {
      DebugHeaders.remove(response, exported, MAX_DEBUG_REMOVED, edits);
    }
    return edits.fitInto(response).build();
  }

  private static void set(
      HeaderEdits.Builder edits, Headers response, String name, @Nullable String value) {
    if (value != null && !value.equals(response.get(name))) {
      edits.set(name, value);
    }
  }

  private static @Nullable String text(@Nullable Boolean flag, String yes, String no) {
    return flag == null ? null : flag ? yes : no;
  }

  private static @Nullable ResponsePath path(Stated stated) {
    String value = stated.fact(Fact.RESPONSE_PATH);
    ResponsePath path = value == null ? null : ResponsePath.of(value);
    boolean known = path != null && path != ResponsePath.OTHER;
    return !known && Boolean.TRUE.equals(flag(stated.fact(Fact.FAST_RESPONSE)))
        ? ResponsePath.FAST_RESPONSE
        : path;
  }

  /**
   * The vLLM Semantic Router sends the header on hits only, and the response path always; a
   * response that a router has handled and that says neither was no hit.
   */
  private static @Nullable Boolean cacheHit(
      Stated stated, @Nullable ResponsePath path, boolean routed) {
    Boolean hit = flag(stated.fact(Fact.CACHE_HIT));
    if (hit != null) {
      return hit;
    }
    if (path != null) {
      return path == ResponsePath.CACHE;
    }
    return routed ? Boolean.FALSE : null;
  }

  /** A list of rules that found something can be longer than any fact. */
  private static @Nullable Boolean detected(@Nullable String value) {
    String text = value == null ? "" : Texts.trimmed(value);
    if (text.isEmpty()) {
      return null;
    }
    Boolean flag = flag(text);
    return flag == null ? Boolean.TRUE : flag;
  }

  private static @Nullable Boolean flag(@Nullable String value) {
    if (value == null) {
      return null;
    }
    return switch (value) {
      case "on", "true", "1" -> Boolean.TRUE;
      case "off", "false", "0" -> Boolean.FALSE;
      default -> null;
    };
  }
}
