// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.cache;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.router.internal.edits.Json;
import io.semanticrouter.maas.router.internal.edits.JsonObject;
import io.semanticrouter.maas.router.internal.edits.RequestDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tells which requests may be answered from the cache, and with what. Nothing is taken for the same
 * that the request, its scope, its path or the headers below tell apart. Immutable and thread-safe.
 */
public final class CacheKeys {
  /** Why a request is not answered from the cache: a closed set. */
  public enum Bypass {
    /** It may be. */
    NONE,
    /** The scope needs an identity that the gateway vouches for, and there is none. */
    IDENTITY,
    /** Tools, functions or a search may run. */
    TOOLS,
    /** The provider keeps something of it, or it builds on what the provider has kept. */
    STATEFUL,
    /** The temperature asks for another answer each time. */
    TEMPERATURE;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The metric label value. */
    public String label() {
      return label;
    }
  }

  /**
   * What came of one request.
   *
   * @param key a SHA-256, when there is no reason against it: who can guess a prompt must not find
   *     it confirmed
   * @param bypass the first reason against it
   */
  public record Keyed(@Nullable ByteBuffer key, Bypass bypass) {
    private static Keyed not(Bypass bypass) {
      return new Keyed(null, bypass);
    }
  }

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
  public static final List<String> VARIANT_HEADERS =
      List.of(
          ":authority",
          "anthropic-beta",
          "anthropic-version",
          "openai-beta",
          "openai-organization",
          "openai-project");

  private final CacheConfig config;

  public CacheKeys(CacheConfig config) {
    this.config = config;
  }

  /**
   * The key of a request.
   *
   * @param decision what else decides who answers, such as the name of the routing decision and the
   *     model that it chose; empty when nothing does
   * @param headers of the request
   * @param body as the client sent it
   */
  public Keyed of(
      Identity identity, String path, String decision, Headers headers, RequestDocument body) {
    if (!isVouchedFor(identity)) {
      return Keyed.not(Bypass.IDENTITY);
    }
    Bypass bypass = bypassOf(body);
    return bypass == Bypass.NONE
        ? new Keyed(key(identity, path, decision, headers, body), Bypass.NONE)
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

  private Bypass bypassOf(RequestDocument request) {
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
    boolean responses = request.operation() == Operation.RESPONSES;
    boolean stored = isTrue(request, "store", responses);
    boolean saved = responses && "{".equals(request.fact("prompt"));
    if (stored || saved || isTrue(request, "background", false)) {
      return Bypass.STATEFUL;
    }
    return isTemperatureAllowed(request.fact("temperature")) ? Bypass.NONE : Bypass.TEMPERATURE;
  }

  /** Anything but {@code false} is true; null is the default. */
  private static boolean isTrue(RequestDocument request, String member, boolean defaultValue) {
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

  private ByteBuffer key(
      Identity identity, String path, String decision, Headers headers, RequestDocument body) {
    MessageDigest digest = sha256();
    boolean byUser = config.scope() == CacheConfig.Scope.USER;
    boolean byTier = byUser || config.scope() == CacheConfig.Scope.TIER;
    add(digest, byUser ? identity.user() : "");
    add(digest, byTier ? identity.tier() : "");
    add(digest, body.operation().label());
    add(digest, path);
    add(digest, decision);
    for (String name : VARIANT_HEADERS) {
      String value = headers.get(name);
      add(digest, value == null ? "" : value);
    }
    List<JsonObject.Member> members = new ArrayList<>(body.root().members());
    members.sort(Comparator.comparing(JsonObject.Member::name));
    for (JsonObject.Member member : members) {
      if (!config.ignoredMembers().contains(member.name())) {
        add(digest, member.name());
        add(digest, body.body(), member.from(), member.to());
      }
    }
    return ByteBuffer.wrap(digest.digest());
  }

  /** A value by its tokens: white space and escapes make no difference, and numbers are texts. */
  private static void add(MessageDigest digest, byte[] body, int from, int to) {
    try (JsonParser parser = Json.parser(body, from, to)) {
      for (JsonToken t = parser.nextToken(); t != null; t = parser.nextToken()) {
        digest.update((byte) t.id());
        if (!t.isStructStart() && !t.isStructEnd()) {
          add(digest, parser.getText());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * With its length, and as UTF-16: half a surrogate pair has no UTF-8, and is a text all the same.
   */
  private static void add(MessageDigest digest, String text) {
    ByteBuffer bytes = ByteBuffer.allocate(4 + 2 * text.length()).putInt(text.length());
    bytes.asCharBuffer().put(text);
    digest.update(bytes.array());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
