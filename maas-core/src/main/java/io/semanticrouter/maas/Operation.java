// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import org.jspecify.annotations.Nullable;

/** The LLM operation that a request asks for, told by its method and path. */
public enum Operation {
  /** {@code POST …/chat/completions}. */
  CHAT,
  /** {@code POST …/completions}, the legacy one. */
  COMPLETION,
  /** {@code POST …/embeddings}. */
  EMBEDDING,
  /** An LLM API that is known, but whose usage format is not read by this version. */
  UNSUPPORTED;

  private final String label = Labels.of(this);

  /** The metric label value. */
  public String label() {
    return label;
  }

  /**
   * The operation of a request.
   *
   * @param path the path, a query allowed
   * @return null when the request is not for an LLM operation that uses tokens
   */
  static @Nullable Operation of(String method, String path) {
    if (!method.equals("POST")) {
      return null;
    }
    int query = path.indexOf('?');
    String p = query < 0 ? path : path.substring(0, query);
    int end = p.length();
    while (end > 1 && p.charAt(end - 1) == '/') {
      end--;
    }
    p = end == p.length() ? p : p.substring(0, end);
    if (p.endsWith("/chat/completions")) {
      return CHAT;
    }
    if (p.endsWith("/completions")) {
      return COMPLETION;
    }
    if (p.endsWith("/embeddings")) {
      return EMBEDDING;
    }
    for (String suffix : UNSUPPORTED_SUFFIXES) {
      if (p.endsWith(suffix)) {
        return UNSUPPORTED;
      }
    }
    return null;
  }

  // Paths of the OpenAI, Anthropic, vLLM, Cohere, Gemini and Bedrock APIs that generate or embed.
  private static final String[] UNSUPPORTED_SUFFIXES = {
    "/v1/responses",
    "/v1/messages",
    "/rerank",
    "/score",
    "/pooling",
    "/classify",
    "/v2/chat",
    "/v2/embed",
    "/audio/transcriptions",
    "/audio/translations",
    "/images/generations",
    "/images/edits",
    ":generateContent",
    ":streamGenerateContent",
    ":embedContent",
    "/converse",
    "/converse-stream",
    "/invoke",
    "/invoke-with-response-stream"
  };
}
