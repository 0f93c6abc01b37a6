// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The LLM operation that a request asks for, told by its method and path, or by a route of the
 * configuration. It decides in which format usage is read: names of fields never do.
 */
public enum Operation {
  /** {@code POST …/chat/completions} (OpenAI and compatible servers). */
  CHAT,
  /** {@code POST …/completions}, the legacy one. */
  COMPLETION,
  /**
   * {@code POST …/embeddings} (OpenAI), {@code …/embed} (Cohere), {@code :embedContent} (Gemini).
   */
  EMBEDDING,
  /** {@code POST …/responses} (OpenAI). */
  RESPONSES,
  /** {@code POST …/v1/messages} (Anthropic, vLLM). */
  MESSAGES,
  /** {@code POST …:generateContent} and {@code …:streamGenerateContent} (Gemini). */
  GENERATE_CONTENT,
  /** {@code POST …/interactions} (Gemini). */
  INTERACTIONS,
  /** {@code POST …/converse} and {@code …/converse-stream} (Amazon Bedrock). */
  CONVERSE,
  /** {@code POST …/invoke} and {@code …/invoke-with-response-stream} (Amazon Bedrock). */
  INVOKE,
  /** {@code POST …/v2/chat} (Cohere). */
  COHERE_CHAT,
  /** {@code POST …/rerank} (Cohere, vLLM). */
  RERANK,
  /** {@code POST …/score}, {@code …/classify} and {@code …/pooling} (vLLM). */
  POOLING,
  /** {@code POST …/audio/transcriptions}, {@code …/translations} and {@code …/speech}. */
  AUDIO,
  /** {@code POST …/images/generations}, {@code …/edits} and {@code …/variations}. */
  IMAGE,
  /** An LLM path of the configuration whose format the body has to tell. */
  DETECT,
  /**
   * Belongs to an LLM API and uses no billable tokens: counting tokens, tokenising, listing models,
   * reading a stored response, uploading a batch. Counted as a request.
   */
  NOT_METERED;

  private final String label = Labels.of(this);

  /** The metric label value. */
  public String label() {
    return label;
  }

  private record Ending(String text, Operation operation) {}

  /** How the paths of POST requests end; the more specific ones first. */
  private static final List<Ending> ENDINGS =
      List.of(
          new Ending("/chat/completions", CHAT),
          new Ending("/completions", COMPLETION),
          new Ending("/embeddings", EMBEDDING),
          new Ending("/responses", RESPONSES),
          new Ending("/v1/messages", MESSAGES),
          new Ending(":rawPredict", DETECT),
          new Ending(":streamRawPredict", DETECT),
          new Ending(":generateContent", GENERATE_CONTENT),
          new Ending(":streamGenerateContent", GENERATE_CONTENT),
          new Ending(":embedContent", EMBEDDING),
          new Ending(":batchEmbedContents", EMBEDDING),
          new Ending("/interactions", INTERACTIONS),
          new Ending("/converse", CONVERSE),
          new Ending("/converse-stream", CONVERSE),
          new Ending("/invoke", INVOKE),
          new Ending("/invoke-with-response-stream", INVOKE),
          new Ending("/v2/chat", COHERE_CHAT),
          new Ending("/v1/embed", EMBEDDING),
          new Ending("/v2/embed", EMBEDDING),
          new Ending("/rerank", RERANK),
          new Ending("/score", POOLING),
          new Ending("/pooling", POOLING),
          new Ending("/classify", POOLING),
          new Ending("/audio/transcriptions", AUDIO),
          new Ending("/audio/translations", AUDIO),
          new Ending("/audio/speech", AUDIO),
          new Ending("/images/generations", IMAGE),
          new Ending("/images/edits", IMAGE),
          new Ending("/images/variations", IMAGE),
          new Ending("/messages/count_tokens", NOT_METERED),
          new Ending("/responses/input_tokens", NOT_METERED),
          new Ending(":countTokens", NOT_METERED),
          new Ending("/count-tokens", NOT_METERED),
          new Ending("/tokenize", NOT_METERED),
          new Ending("/detokenize", NOT_METERED),
          new Ending("/v1/files", NOT_METERED),
          new Ending("/v1/batches", NOT_METERED),
          new Ending("/v1/messages/batches", NOT_METERED));

  /**
   * The operation of a request.
   *
   * @param path the path, a query allowed
   * @return null when the request belongs to no LLM API
   */
  static @Nullable Operation of(String method, String path) {
    String p = plain(path);
    if (method.equals("POST")) {
      for (int i = 0; i < ENDINGS.size(); i++) {
        if (p.endsWith(ENDINGS.get(i).text())) {
          return ENDINGS.get(i).operation();
        }
      }
      return null;
    }
    return method.equals("GET") && isStored(p) ? NOT_METERED : null;
  }

  /** Without the query and without slashes at the end. */
  static String plain(String path) {
    int query = path.indexOf('?');
    int end = query < 0 ? path.length() : query;
    while (end > 1 && path.charAt(end - 1) == '/') {
      end--;
    }
    return end == path.length() ? path : path.substring(0, end);
  }

  /** Lists of models, and answers that were billed when they were made (OpenAI API reference). */
  private static boolean isStored(String path) {
    return path.endsWith("/v1/models")
        || path.contains("/v1/models/")
        || path.contains("/v1/responses/")
        || path.contains("/v1/chat/completions/");
  }
}
