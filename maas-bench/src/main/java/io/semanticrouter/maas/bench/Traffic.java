// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Mode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The traffic that is measured: of the size and shape that gateways see. */
public final class Traffic {
  static final String METHOD = "POST";
  static final String PATH = "/v1/chat/completions";

  /** The models of the traffic, each with a price. */
  public static final List<String> MODELS = List.of("qwen3-32b", "llama-3.3-70b", "mistral-small");

  static final List<String> TIERS = List.of("free", "premium", "enterprise");
  static final int USERS = 10_000;

  static final int BODY_BYTES = 2048;

  /** The size of an event without usage. */
  public static final int EVENT_BYTES = 230;

  static final int EVENT_WITH_USAGE_BYTES = 280;
  static final int PROMPT_TOKENS = 1187;

  /** What each exchange used. */
  public static final int COMPLETION_TOKENS = 342;

  private static final String WORDS =
      "The quick answer is \\\"it depends\\\"; the longer one needs a look at the figures.\\n\\n";

  private Traffic() {}

  /** Every combination of user and model fits, so that none is measured in the overflow series. */
  static MaasConfig config(Mode mode) {
    return config(mode, true);
  }

  /** The same, with or without editing requests so that streams report their usage. */
  public static MaasConfig config(Mode mode, boolean forceUsage) {
    Map<String, Object> price = Map.of("prompt_per_1m", "0.20", "completion_per_1m", "0.60");
    return MaasConfig.from(
        Map.of(
            MaasConfig.SECTION,
            Map.of(
                "enabled",
                mode.isIntegrated(),
                "usage",
                Map.of("force_usage", forceUsage),
                "metrics",
                Map.of(
                    "internal_cost_calculation",
                    mode == Mode.HYBRID,
                    "max_series",
                    2 * USERS * MODELS.size())),
            "pricing",
            Map.of(
                "models",
                Map.of(MODELS.get(0), price, MODELS.get(1), price, MODELS.get(2), price))));
  }

  /** User names, in an order that says nothing about where they lie in memory. */
  public static List<String> users(int count) {
    List<String> users = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      users.add("user-%05d@example.com".formatted(i));
    }
    Collections.shuffle(users, new Random(42));
    return users;
  }

  /** A user has one tier. */
  public static String tier(String user) {
    return TIERS.get(Math.floorMod(user.hashCode(), TIERS.size()));
  }

  /** 21 headers, the identity among the last ones, where an auth filter puts it. */
  public static GatewayHeaders request() {
    return GatewayHeaders.of(
        ":method", METHOD,
        ":scheme", "https",
        ":authority", "llm.example.com",
        ":path", PATH,
        "accept", "application/json",
        "accept-encoding", "gzip, deflate",
        "accept-language", "*",
        "content-type", "application/json",
        "content-length", "1893",
        "user-agent", "OpenAI/Python 1.99.1",
        "x-stainless-lang", "python",
        "x-stainless-package-version", "1.99.1",
        "x-stainless-os", "Linux",
        "x-stainless-runtime", "CPython",
        "x-forwarded-for", "203.0.113.57",
        "x-forwarded-proto", "https",
        "x-request-id", "8c1f3f0a-6a0e-4b6e-9f0e-0a4f5d1b7c2e",
        "x-envoy-expected-rq-timeout-ms", "300000",
        "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "x-auth-request-user", "nobody",
        "x-auth-request-tier", "free");
  }

  /** 12 headers, those of the router in the spelling of its current versions. */
  public static GatewayHeaders response(String model, String contentType) {
    return GatewayHeaders.of(
        ":status", "200",
        "date", "Mon, 02 Nov 2026 09:14:57 GMT",
        "server", "uvicorn",
        "content-type", contentType,
        "cache-control", "no-cache",
        "x-request-id", "8c1f3f0a-6a0e-4b6e-9f0e-0a4f5d1b7c2e",
        "x-envoy-upstream-service-time", "1832",
        "x-vsr-selected-model", model,
        "x-vsr-selected-decision", "math-decision",
        "x-vsr-selected-category", "math",
        "x-vsr-selected-reasoning", "on",
        "x-vsr-injected-system-prompt", "true");
  }

  /** A chat completion with its usage at the end, of {@link #BODY_BYTES}. */
  static byte[] body(String model) {
    String head =
        "{\"id\":\"chatcmpl-8c1f3f0a6a0e4b6e9f0e0a4f5d1b7c2e\",\"object\":\"chat.completion\","
            + "\"created\":1793610897,\"model\":\""
            + model
            + "\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"";
    String tail =
        "\",\"refusal\":null,\"tool_calls\":[]},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
            + "\"service_tier\":null,\"usage\":"
            + usage(COMPLETION_TOKENS)
            + ",\"system_fingerprint\":null}";
    return padded(head, tail, BODY_BYTES);
  }

  /** A stream of chunks: one event each, the last one with the usage and the end marker. */
  static byte[][] stream(String model, int chunks) {
    byte[][] stream = new byte[chunks][];
    for (int i = 0; i < chunks - 1; i++) {
      stream[i] = event(model, i, "null", EVENT_BYTES);
    }
    stream[chunks - 1] = terminal(model, COMPLETION_TOKENS);
    return stream;
  }

  /** An event with a piece of text. */
  public static byte[] event(String model, int number, String usage, int size) {
    String head = eventHead(model) + "{\"index\":0,\"delta\":{\"content\":\" " + (number % 10);
    String tail = "\"},\"finish_reason\":null}],\"usage\":" + usage + "}\n\n";
    return padded(head, tail, size);
  }

  /**
   * An event as vLLM sends it to clients that did not ask for usage, or, with an obfuscation, as
   * OpenAI does: a token of one to eleven letters, and letters that hide how many.
   */
  static byte[] plainEvent(String model, Random random, boolean obfuscated) {
    String token = " " + "internationalisation".substring(0, 1 + random.nextInt(11));
    String content = "{\"index\":0,\"delta\":{\"content\":\"" + token + "\"},\"logprobs\":null,";
    if (!obfuscated) {
      return ("data: {\"id\":\"chatcmpl-8c1f3f0a6a0e4b6e9f0e0a4f5d1b7c2e\","
              + "\"object\":\"chat.completion.chunk\",\"created\":1793610897,\"model\":\""
              + model
              + "\",\"choices\":["
              + content
              + "\"finish_reason\":null,\"token_ids\":null}]}\n\n")
          .getBytes(UTF_8);
    }
    return ("data: {\"id\":\"chatcmpl-CQ7wZ1kXv3Yb8hUeR5sTn0LmAdGfJ\","
            + "\"object\":\"chat.completion.chunk\",\"created\":1793610897,\"model\":\""
            + model
            + "\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_51db84afab\",\"choices\":["
            + content
            + "\"finish_reason\":null}],\"obfuscation\":\""
            + letters(random, random.nextInt(24))
            + "\"}\n\n")
        .getBytes(UTF_8);
  }

  private static String letters(Random random, int length) {
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    StringBuilder letters = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      letters.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return letters.toString();
  }

  /** One event of 28 MB with its usage at the end: an image in base64, or ids of tokens. */
  static byte[] bigEvent(String model, boolean ids, String usage) {
    Random random = new Random(42);
    int size = 28 << 20;
    StringBuilder event = new StringBuilder(size + 1000);
    event.append(eventHead(model)).append("{\"index\":0,\"delta\":{");
    event.append(ids ? "\"token_ids\":[1" : "\"content\":\"");
    String piece = letters(random, 1 << 16);
    while (event.length() < size) {
      if (ids) {
        event.append(',').append(random.nextInt(150_000));
      } else {
        event.append(piece);
      }
    }
    event.append(ids ? "]" : "\"").append("},\"finish_reason\":null}],\"usage\":");
    return event.append(usage).append("}\n\n").toString().getBytes(UTF_8);
  }

  /** What no reader may fall for: usage in a text, in a tool's schema, and behind another key. */
  static byte[] lookAlikes(String model) {
    return (eventHead(model)
            + "{\"index\":0,\"delta\":{\"content\":\"\\\"usage\\\":{\\\"prompt_tokens\\\":7}\","
            + "\"x\":{\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":9}}},"
            + "\"finish_reason\":null}],\"usage2\":{\"prompt_tokens\":3}}\n\n: comment\n\n")
        .getBytes(UTF_8);
  }

  /** The usage of the whole request, and the end marker. */
  public static byte[] terminal(String model, int completion) {
    return (eventHead(model) + "],\"usage\":" + usage(completion) + "}\n\ndata: [DONE]\n\n")
        .getBytes(UTF_8);
  }

  /** The usage as it runs along with a stream. */
  static String runningUsage(int completion) {
    return "{\"prompt_tokens\":%d,\"total_tokens\":%d,\"completion_tokens\":%d}"
        .formatted(PROMPT_TOKENS, PROMPT_TOKENS + completion, completion);
  }

  private static String usage(int completion) {
    return ("{\"prompt_tokens\":%d,\"total_tokens\":%d,\"completion_tokens\":%d,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":1024}}")
        .formatted(PROMPT_TOKENS, PROMPT_TOKENS + completion, completion);
  }

  private static String eventHead(String model) {
    return "data: {\"id\":\"c-8c1f3f0a6a0e\",\"object\":\"chat.completion.chunk\","
        + "\"created\":1793610897,\"model\":\""
        + model
        + "\",\"choices\":[";
  }

  private static byte[] padded(String head, String tail, int size) {
    int room = size - head.length() - tail.length();
    String words = WORDS.repeat(room / WORDS.length());
    String text = words + "x".repeat(room - words.length());
    return (head + text + tail).getBytes(UTF_8);
  }
}
