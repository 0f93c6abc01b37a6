// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import java.util.List;
import java.util.Locale;

/**
 * The response headers that the vLLM Semantic Router adds only for requests with {@code
 * x-vsr-debug: true}. Source: its header contract v0.4 ({@code
 * pkg/extproc/processor_res_header_mutation.go}, {@code req_filter_looper_response.go}).
 */
final class DebugHeaders {
  /** Behind {@link RoutingHeaders#UPSTREAM_PREFIX}. */
  private static final List<String> PREFIXES =
      List.of("matched-", "learning-", "looper-", "retention-", "tools-");

  private static final List<String> NAMES =
      List.of(
          "x-vsr-selected-category",
          "x-vsr-selected-modality",
          "x-vsr-selected-reasoning",
          "x-vsr-session-phase",
          "x-vsr-injected-system-prompt",
          "x-vsr-cache-similarity",
          "x-vsr-context-token-count");

  /** Sent without being asked for only when the two differ. */
  private static final String CLIENT_PROTOCOL = "x-vsr-client-protocol";

  private static final String UPSTREAM_PROTOCOL = "x-vsr-upstream-protocol";

  /** Those of {@link #PREFIXES} that are known by name. */
  private static final List<String> PROBED =
      List.of(
          "x-vsr-matched-keywords",
          "x-vsr-matched-embeddings",
          "x-vsr-matched-domains",
          "x-vsr-matched-fact-check",
          "x-vsr-matched-user-feedback",
          "x-vsr-matched-reask",
          "x-vsr-matched-preference",
          "x-vsr-matched-language",
          "x-vsr-matched-context",
          "x-vsr-matched-structure",
          "x-vsr-matched-complexity",
          "x-vsr-matched-modality",
          "x-vsr-matched-input-modality",
          "x-vsr-matched-authz",
          "x-vsr-matched-jailbreak",
          "x-vsr-matched-safety",
          "x-vsr-matched-hallucination",
          "x-vsr-matched-pii",
          "x-vsr-matched-kb",
          "x-vsr-matched-conversation",
          "x-vsr-matched-event",
          "x-vsr-matched-projections",
          "x-vsr-learning-methods",
          "x-vsr-learning-actions",
          "x-vsr-learning-scopes",
          "x-vsr-learning-reasons",
          "x-vsr-looper-model",
          "x-vsr-looper-models-used",
          "x-vsr-looper-iterations",
          "x-vsr-looper-algorithm",
          "x-vsr-looper-latency-ms",
          "x-vsr-looper-prompt-tokens",
          "x-vsr-looper-completion-tokens",
          "x-vsr-looper-total-tokens",
          "x-vsr-retention-drop",
          "x-vsr-retention-ttl-turns",
          "x-vsr-retention-keep-current-model",
          "x-vsr-retention-prefer-prefix",
          "x-vsr-tools-strategy",
          "x-vsr-tools-confidence",
          "x-vsr-tools-latency-ms");

  private DebugHeaders() {}

  /**
   * Removes them from a response.
   *
   * @param kept names that stay all the same
   * @param max the most that may be removed
   */
  static void remove(Headers response, List<String> kept, int max, HeaderEdits.Builder edits) {
    if (!response.mayHave(RoutingHeaders.UPSTREAM_PREFIX)) {
      return;
    }
    boolean named = false;
    int removed = 0;
    for (String sent : response.names(RoutingHeaders.UPSTREAM_PREFIX)) {
      String name = sent.toLowerCase(Locale.ROOT);
      named = true;
      if (removed < max && isDebugOnly(name) && !kept.contains(name)) {
        edits.remove(name);
        removed++;
      }
    }
    // A router states its path in every response; without it there is nothing worth forty probes.
    if (!named && response.get("x-vsr-response-path") != null) {
      removeKnown(NAMES, response, kept, edits);
      removeKnown(PROBED, response, kept, edits);
    }
    String protocol = response.get(CLIENT_PROTOCOL);
    if (protocol != null && protocol.equals(response.get(UPSTREAM_PROTOCOL))) {
      edits.remove(CLIENT_PROTOCOL).remove(UPSTREAM_PROTOCOL);
    }
  }

  private static void removeKnown(
      List<String> names, Headers response, List<String> kept, HeaderEdits.Builder edits) {
    for (String name : names) {
      if (response.get(name) != null && !kept.contains(name)) {
        edits.remove(name);
      }
    }
  }

  /** Only for names that begin with {@link RoutingHeaders#UPSTREAM_PREFIX}. */
  private static boolean isDebugOnly(String name) {
    for (int i = 0; i < PREFIXES.size(); i++) {
      if (name.startsWith(PREFIXES.get(i), RoutingHeaders.UPSTREAM_PREFIX.length())) {
        return true;
      }
    }
    return NAMES.contains(name);
  }
}
