// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.Headers;
import io.semanticrouter.maas.Identity;
import io.semanticrouter.maas.Operation;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells which requests may be answered from the cache, and with what. Nothing is taken for the same
 * that the request, its scope, its path or the headers below tell apart. Immutable and thread-safe.
 */
final class CacheKeys {
  /** Why a request is not answered from the cache: a closed set. */
  enum Bypass {
    /** It may be. */
    NONE,
    /** An operation whose answers are not kept. */
    OPERATION,
    /** The scope needs an identity that the gateway vouches for, and there is none. */
    IDENTITY,
    /** The body is too long. */
    TOO_LARGE,
    /** The body is no JSON object, nests too deep, or has a member twice. */
    MALFORMED,
    /** Tools, functions or a search may run. */
    TOOLS,
    /** The provider keeps something of it, or it builds on what the provider has kept. */
    STATEFUL,
    /** The temperature asks for another answer each time. */
    TEMPERATURE;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The metric label value. */
    String label() {
      return label;
    }
  }

  /**
   * What came of one request.
   *
   * @param key present when there is no reason against it
   * @param bypass the first reason against it
   */
  record Keyed(@Nullable CacheKey key, Bypass bypass) {
    private static Keyed not(Bypass bypass) {
      return new Keyed(null, bypass);
    }
  }

  private static final Set<Operation> SAMPLED =
      EnumSet.of(Operation.CHAT, Operation.COMPLETION, Operation.RESPONSES, Operation.MESSAGES);

  private static final Set<Operation> COMPUTED =
      EnumSet.of(Operation.EMBEDDING, Operation.RERANK, Operation.POOLING);

  /** What lets a model act, or look at a world that changes (OpenAI, Anthropic, Azure, xAI…). */
  private static final List<String> TOOL_MEMBERS =
      List.of(
          "tools",
          "functions",
          "mcp_servers",
          "web_search_options",
          "search_parameters",
          "data_sources",
          "plugins",
          "connectors");

  /** What ties a request to others (OpenAI Responses and Chat, Anthropic). */
  private static final List<String> STATE_MEMBERS =
      List.of(
          "previous_response_id",
          "conversation",
          "container",
          "context_management",
          "prompt_template",
          "audio");

  /** Headers that change what the body means (Anthropic, OpenAI), or who answers it. */
  static final List<String> VARIANT_HEADERS =
      List.of(
          ":authority",
          "anthropic-beta",
          "anthropic-version",
          "openai-beta",
          "openai-organization",
          "openai-project");

  private final CacheConfig config;

  CacheKeys(CacheConfig config) {
    this.config = config;
  }

  /**
   * The key of a request.
   *
   * @param decision what else decides who answers, such as the name of the routing decision and the
   *     model that it chose; empty when nothing does
   * @param headers of the request
   * @param bytes the body lies in these, as the client sent it
   */
  Keyed of(
      Identity identity,
      Operation operation,
      String path,
      String decision,
      Headers headers,
      byte[] bytes,
      int from,
      int to) {
    boolean sampled = SAMPLED.contains(operation);
    if (!sampled && !COMPUTED.contains(operation)) {
      return Keyed.not(Bypass.OPERATION);
    }
    if (!isVouchedFor(identity)) {
      return Keyed.not(Bypass.IDENTITY);
    }
    if (to - from > CanonicalRequest.MAX_BYTES) {
      return Keyed.not(Bypass.TOO_LARGE);
    }
    CanonicalRequest request = CanonicalRequest.read(bytes, from, to, config.ignoredMembers());
    if (request == null) {
      return Keyed.not(Bypass.MALFORMED);
    }
    Bypass bypass = sampled ? bypassOf(request, operation) : Bypass.NONE;
    return bypass == Bypass.NONE
        ? new Keyed(key(identity, operation, path, decision, headers, request), Bypass.NONE)
        : Keyed.not(bypass);
  }

  /** A fallback is one name for many: who shares it must not share answers. */
  private boolean isVouchedFor(Identity identity) {
    return switch (config.scope()) {
      case USER -> identity.userSource() == Identity.Source.HEADER;
      case TIER -> identity.tierSource() == Identity.Source.HEADER;
      case SHARED -> true;
    };
  }

  private Bypass bypassOf(CanonicalRequest request, Operation operation) {
    for (String member : TOOL_MEMBERS) {
      String fact = request.fact(member);
      if (fact != null && !fact.equals("[]")) {
        return Bypass.TOOLS;
      }
    }
    for (String member : STATE_MEMBERS) {
      if (request.fact(member) != null) {
        return Bypass.STATEFUL;
      }
    }
    boolean responses = operation == Operation.RESPONSES;
    boolean stored = isTrue(request, "store", responses);
    boolean saved = responses && "{".equals(request.fact("prompt"));
    if (stored || saved || isTrue(request, "background", false)) {
      return Bypass.STATEFUL;
    }
    return isTemperatureAllowed(request.fact("temperature")) ? Bypass.NONE : Bypass.TEMPERATURE;
  }

  /** Anything but {@code false} is true; null is the default. */
  private static boolean isTrue(CanonicalRequest request, String member, boolean defaultValue) {
    String fact = request.fact(member);
    return fact == null ? defaultValue : !fact.equals("false");
  }

  private boolean isTemperatureAllowed(@Nullable String temperature) {
    return switch (config.temperature()) {
      case ZERO -> temperature != null && isZero(temperature);
      case DEFAULT -> temperature == null || isZero(temperature);
      case ANY -> true;
    };
  }

  /** Whether a number is 0, however it is spelled, without reading what may be 1e999999999. */
  private static boolean isZero(String number) {
    for (int i = 0; i < number.length(); i++) {
      char c = number.charAt(i);
      if (c == 'e' || c == 'E') {
        return i > 0;
      }
      if (c != '0' && c != '.' && c != '-') {
        return false;
      }
    }
    return !number.isEmpty();
  }

  private CacheKey key(
      Identity identity,
      Operation operation,
      String path,
      String decision,
      Headers headers,
      CanonicalRequest request) {
    MessageDigest digest = sha256();
    boolean byUser = config.scope() == CacheConfig.Scope.USER;
    boolean byTier = byUser || config.scope() == CacheConfig.Scope.TIER;
    add(digest, byUser ? identity.user() : "");
    add(digest, byTier ? identity.tier() : "");
    add(digest, operation.label());
    add(digest, path);
    add(digest, decision);
    for (String name : VARIANT_HEADERS) {
      String value = headers.get(name);
      add(digest, value == null ? "" : value);
    }
    digest.update(request.bytes(), 0, request.size());
    return CacheKey.of(digest.digest());
  }

  /** With its length, so that no two rows of texts are the same bytes. */
  private static void add(MessageDigest digest, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
    digest.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
