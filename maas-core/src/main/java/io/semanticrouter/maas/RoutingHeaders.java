// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The headers in which a semantic router says what it decided: read in both spellings, written in
 * one.
 *
 * <p>Sources: the names without "selected" are those of the MaaS integration guide of the semantic
 * router; the names with it are those of the vLLM Semantic Router since its header contract v0.4
 * ({@code pkg/headers/headers.go}). Immutable and thread-safe.
 */
final class RoutingHeaders {
  /** Prefix of everything that a semantic router sends. */
  static final String UPSTREAM_PREFIX = "x-vsr-";

  /** Request headers by which a client could steer or mislead a router or the metering. */
  private static final String[] PROBED_REQUEST_HEADERS = {
    "x-vsr-debug",
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

  private final MaasConfig.HeaderExport export;
  private final String model;
  private final String routingDecision;
  private final String category;
  private final String reasoning;
  private final String cacheHit;
  private final String systemPrompt;
  private final String pii;
  private final String jailbreak;

  /** All names of the configured prefix, when that is another one. */
  private final List<String> exported;

  RoutingHeaders(MaasConfig.HeaderExport export) {
    this.export = export;
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
        prefix.equals(UPSTREAM_PREFIX)
            ? List.of()
            : List.of(
                model,
                routingDecision,
                category,
                reasoning,
                cacheHit,
                systemPrompt,
                pii,
                jailbreak);
  }

  /** Removes from a request what only a router may say. */
  HeaderEdits strip(Headers request) {
    if (!request.mayHave(UPSTREAM_PREFIX) && !request.mayHave(export.prefix())) {
      return HeaderEdits.EMPTY;
    }
    HeaderEdits.Builder edits = null;
    int spoofed = 0;
    for (String name : request.names()) {
      if (name.startsWith(UPSTREAM_PREFIX) || name.startsWith(export.prefix())) {
        edits = remove(edits, name);
        spoofed++;
      }
    }
    // Where the names are not known, or there are too many of them, those that mean something.
    return edits == null || spoofed > MAX_REMOVED ? stripWellKnown(request) : edits.build();
  }

  private HeaderEdits stripWellKnown(Headers request) {
    HeaderEdits.Builder edits = null;
    for (String name : PROBED_REQUEST_HEADERS) {
      edits = request.get(name) == null ? edits : remove(edits, name);
    }
    for (int i = 0; i < exported.size(); i++) {
      String name = exported.get(i);
      edits = request.get(name) == null ? edits : remove(edits, name);
    }
    return edits == null ? HeaderEdits.EMPTY : edits.build();
  }

  private static HeaderEdits.Builder remove(HeaderEdits.@Nullable Builder edits, String name) {
    return (edits == null ? new HeaderEdits.Builder() : edits).remove(name);
  }

  /** What a response says about the routing. */
  Routing read(Headers response) {
    // Without names the headers have to be probed one by one.
    if (!response.mayHave(UPSTREAM_PREFIX)) {
      return Routing.UNKNOWN;
    }
    String selectedModel = either(response, "x-vsr-model-selected", "x-vsr-selected-model");
    String decision = either(response, "x-vsr-decision", "x-vsr-selected-decision");
    return new Routing(
        selectedModel,
        null,
        decision,
        either(response, "x-vsr-category", "x-vsr-selected-category"),
        flag(either(response, "x-vsr-reasoning-enabled", "x-vsr-selected-reasoning")),
        cacheHit(response, selectedModel != null || decision != null),
        flag(either(response, "x-vsr-system-prompt-injected", "x-vsr-injected-system-prompt")),
        detected(response, "x-vsr-pii-detected", "x-vsr-matched-pii"),
        detected(response, "x-vsr-jailbreak-detected", "x-vsr-matched-jailbreak"));
  }

  /** The edits that give the client the facts under the configured names. */
  HeaderEdits write(Routing routing, Headers response) {
    if (!routing.isKnown()) {
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
    return edits.build();
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

  private static @Nullable String either(Headers headers, String name, String otherName) {
    String value = Texts.fact(headers.get(name));
    return value != null ? value : Texts.fact(headers.get(otherName));
  }

  /**
   * The vLLM Semantic Router sends the header on hits only, and the response path always; a
   * response that a router has handled and that says neither was no hit.
   */
  private static @Nullable Boolean cacheHit(Headers response, boolean routed) {
    Boolean stated = flag(Texts.fact(response.get("x-vsr-cache-hit")));
    if (stated != null) {
      return stated;
    }
    String path = Texts.fact(response.get("x-vsr-response-path"));
    if (path != null) {
      return path.equals("cache");
    }
    return routed ? Boolean.FALSE : null;
  }

  private static @Nullable Boolean detected(Headers response, String name, String matchedRules) {
    Boolean stated = flag(Texts.fact(response.get(name)));
    if (stated != null) {
      return stated;
    }
    return Texts.fact(response.get(matchedRules)) != null ? Boolean.TRUE : null;
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
