// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import java.util.ArrayList;
import java.util.List;

/**
 * What the vLLM Semantic Router adds to a response, or answers itself, by how the response came
 * about: its header contract v0.4, schema version 2. Sources: {@code
 * pkg/extproc/processor_res_header_mutation.go}, {@code req_filter_looper_response.go}, {@code
 * processor_req_body_memory.go}, {@code pkg/utils/http/response.go} of
 * vllm-project/semantic-router.
 */
public enum VsrResponse {
  /** The model answered, in the protocol of the client. */
  UPSTREAM(
      false,
      200,
      "",
      list(
          "x-vsr-schema-version", "2",
          "x-vsr-response-path", "upstream",
          "x-vsr-selected-recipe", "default",
          "x-vsr-selected-decision", "math",
          "x-vsr-selected-confidence", "0.9231",
          "x-vsr-selected-algorithm", "static",
          "x-vsr-selected-model", "qwen3",
          "x-vsr-replay-id", "replay-1"),
      list(
          "x-vsr-client-protocol", "openai",
          "x-vsr-upstream-protocol", "openai",
          "x-vsr-retention-drop", "false",
          "x-vsr-retention-ttl-turns", "3",
          "x-vsr-retention-keep-current-model", "true",
          "x-vsr-retention-prefer-prefix", "true",
          "x-vsr-tools-strategy", "semantic",
          "x-vsr-tools-confidence", "0.8000",
          "x-vsr-tools-latency-ms", "2",
          "x-vsr-selected-category", "math",
          "x-vsr-selected-modality", "AR;classifier",
          "x-vsr-selected-reasoning", "off",
          "x-vsr-session-phase", "user_turn",
          "x-vsr-learning-methods", "adaptation",
          "x-vsr-learning-actions", "adaptation=keep",
          "x-vsr-learning-scopes", "adaptation=conversation",
          "x-vsr-learning-reasons", "adaptation=sampled_win",
          "x-vsr-injected-system-prompt", "true",
          "x-vsr-cache-similarity", "0.1200",
          "x-vsr-matched-keywords", "math_keywords",
          "x-vsr-matched-embeddings", "math",
          "x-vsr-matched-domains", "mathematics",
          "x-vsr-matched-fact-check", "no_fact_check_needed",
          "x-vsr-matched-user-feedback", "wrong_answer",
          "x-vsr-matched-reask", "likely_dissatisfied",
          "x-vsr-matched-preference", "short",
          "x-vsr-matched-language", "en",
          "x-vsr-matched-context", "low_token_count",
          "x-vsr-matched-structure", "numbered_steps",
          "x-vsr-matched-complexity", "math_complexity:easy",
          "x-vsr-matched-modality", "AR",
          "x-vsr-matched-authz", "premium_tier",
          "x-vsr-matched-jailbreak", "strict_jailbreak",
          "x-vsr-matched-pii", "pii_strict,pii_moderate",
          "x-vsr-matched-kb", "privacy_policy",
          "x-vsr-matched-conversation", "single_turn",
          "x-vsr-matched-event", "payment_failed",
          "x-vsr-matched-projections", "balance_medium",
          "x-vsr-context-token-count", "7")),

  /** The model answered in another protocol than that of the client. */
  TRANSLATED(
      false,
      200,
      "",
      list(
          "x-vsr-schema-version", "2",
          "x-vsr-response-path", "upstream",
          "x-vsr-client-protocol", "anthropic",
          "x-vsr-upstream-protocol", "openai",
          "x-vsr-protocol-warnings", "dropped;unsupported;metadata",
          "x-vsr-selected-decision", "math",
          "x-vsr-selected-model", "qwen3"),
      list("x-vsr-selected-category", "math", "x-vsr-selected-reasoning", "on")),

  /** The model answered with an error. */
  UPSTREAM_ERROR(
      false,
      503,
      "",
      list("x-vsr-schema-version", "2", "x-vsr-response-path", "upstream"),
      list("x-vsr-client-protocol", "openai", "x-vsr-upstream-protocol", "openai")),

  /** The response cache answered; the decision is stated even when there was none. */
  CACHE_HIT(
      true,
      200,
      "{\"id\":\"chatcmpl-cache-1700000000\",\"object\":\"chat.completion\",\"model\":\"qwen3\","
          + "\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":4,"
          + "\"total_tokens\":11}}",
      list(
          "content-type", "application/json",
          "x-vsr-cache-hit", "true",
          "x-vsr-selected-decision", "",
          "x-vsr-schema-version", "2",
          "x-vsr-response-path", "cache"),
      list(
          "x-vsr-selected-category", "math",
          "x-vsr-cache-similarity", "0.9700",
          "x-vsr-matched-keywords", "math_keywords")),

  /** The response cache answered as a stream. */
  CACHE_HIT_STREAM(
      true,
      200,
      "data: {\"id\":\"chatcmpl-cache-1700000000\",\"object\":\"chat.completion.chunk\","
          + "\"model\":\"qwen3\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"4\"},"
          + "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,"
          + "\"completion_tokens\":4,\"total_tokens\":11}}\n\ndata: [DONE]\n\n",
      list(
          "content-type", "text/event-stream",
          "x-vsr-cache-hit", "true",
          "x-vsr-selected-decision", "math",
          "x-vsr-schema-version", "2",
          "x-vsr-response-path", "cache"),
      list("x-vsr-cache-similarity", "0.9700")),

  /** A plugin answered with a fixed text. */
  FAST_RESPONSE(
      true,
      200,
      "{\"id\":\"chatcmpl-fast\",\"object\":\"chat.completion\",\"model\":\"router\","
          + "\"choices\":[],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,"
          + "\"total_tokens\":0}}",
      list(
          "content-type", "application/json",
          "x-vsr-fast-response", "true",
          "x-vsr-selected-decision", "block_jailbreak",
          "x-vsr-schema-version", "2",
          "x-vsr-response-path", "fast_response"),
      list("x-vsr-selected-category", "other", "x-vsr-matched-jailbreak", "strict_jailbreak")),

  /** Several models answered, or one several times. The body states the last call. */
  LOOPER(
      true,
      200,
      "{\"id\":\"chatcmpl-looper\",\"object\":\"chat.completion\",\"model\":\"qwen3\","
          + "\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":6,"
          + "\"total_tokens\":18}}",
      list(
          "content-type", "application/json",
          "x-vsr-schema-version", "2",
          "x-vsr-response-path", "looper",
          "x-vsr-selected-model", "qwen3",
          "x-vsr-selected-decision", "hard",
          "x-vsr-replay-id", "replay-2"),
      list(
          "x-vsr-looper-model", "qwen3",
          "x-vsr-looper-models-used", "small,qwen3",
          "x-vsr-looper-iterations", "2",
          "x-vsr-looper-algorithm", "confidence",
          "x-vsr-looper-latency-ms", "842",
          "x-vsr-looper-prompt-tokens", "40",
          "x-vsr-looper-completion-tokens", "25",
          "x-vsr-looper-total-tokens", "65",
          "x-vsr-selected-category", "math",
          "x-vsr-session-phase", "user_turn")),

  /** The router's own rate limit refused. */
  RATE_LIMITED(
      true,
      429,
      "{\"error\":{\"message\":\"rate limit exceeded\",\"type\":\"rate_limit_error\"}}",
      list(
          "content-type", "application/json",
          "retry-after", "30",
          "x-ratelimit-limit", "10",
          "x-ratelimit-remaining", "0",
          "x-ratelimit-reset", "1700000030",
          "x-vsr-schema-version", "2",
          "x-vsr-response-path", "rate_limited"),
      List.of()),

  /** The router refused the answer of the model, or failed. */
  ERROR(
      true,
      403,
      "{\"error\":{\"message\":\"blocked\",\"type\":\"policy\",\"code\":403}}",
      list(
          "content-type", "application/json",
          "x-vsr-schema-version", "2",
          "x-vsr-response-path", "error"),
      List.of()),

  /** The contract has a path for refusals too, which no version sends yet. */
  BLOCKED(
      true,
      403,
      "{\"error\":{\"message\":\"blocked\",\"type\":\"policy\",\"code\":403}}",
      list(
          "content-type", "application/json",
          "x-vsr-schema-version", "2",
          "x-vsr-response-path", "blocked"),
      List.of()),

  /** A contract that changes once more: another version, another path, another header. */
  NEXT_CONTRACT(
      false,
      200,
      "",
      list(
          "x-vsr-schema-version", "3",
          "x-vsr-response-path", "distilled",
          "x-vsr-selected-model", "qwen3",
          "x-vsr-selected-decision", "math",
          "x-vsr-something-new", "1"),
      list("x-vsr-matched-something-new", "1"));

  private final boolean immediate;
  private final int status;
  private final String body;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> headers;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> debugHeaders;

  VsrResponse(
      boolean immediate, int status, String body, List<String> headers, List<String> debugHeaders) {
    this.immediate = immediate;
    this.status = status;
    this.body = body;
    this.headers = headers;
    this.debugHeaders = debugHeaders;
  }

  private static List<String> list(String... namesAndValues) {
    return List.of(namesAndValues);
  }

  /** Whether the router answers itself, without asking the upstream. */
  public boolean isImmediate() {
    return immediate;
  }

  /** The status of the response. */
  public int status() {
    return status;
  }

  /** The body, where the router answers itself. */
  public String body() {
    return body;
  }

  /**
   * The headers that the router adds, as alternating names and values.
   *
   * @param debug whether the request had {@code x-vsr-debug: true}
   */
  public List<String> headers(boolean debug) {
    List<String> all = new ArrayList<>(headers);
    if (debug) {
      all.addAll(debugHeaders);
    }
    return all;
  }

  /** The names of the headers that come only for {@code x-vsr-debug: true}. */
  public List<String> debugNames() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < debugHeaders.size(); i += 2) {
      names.add(debugHeaders.get(i));
    }
    return names;
  }
}
