// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import org.jspecify.annotations.Nullable;

/**
 * The LLM operation that a request asks for, told by its method and path ({@link Endpoints}), or by
 * a route of the configuration. It decides in which format usage is read: names of fields never do.
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
  /**
   * {@code POST …/score}, {@code …/classify}, {@code …/pooling} (vLLM) and {@code …/moderations}.
   */
  POOLING,
  /** {@code POST …/audio/transcriptions}, {@code …/translations} and {@code …/speech}. */
  AUDIO,
  /** {@code POST …/images/generations}, {@code …/edits} and {@code …/variations}. */
  IMAGE,
  /**
   * What servers offer beside the formats of OpenAI: {@code POST …/generate} (TGI, SGLang, Ollama),
   * {@code …/api/chat} (Ollama), {@code …/completion} (llama.cpp), {@code …/text/generation}
   * (watsonx) and others.
   */
  GENERATE,
  /**
   * {@code POST …/invocations} (vLLM, SageMaker, Databricks), and others of which only the body
   * tells the format.
   */
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

  /** Whether a request of this method may ask for an answer; other methods only read or delete. */
  static boolean mayGenerate(String method) {
    return switch (method.length()) {
      case 3 -> !method.equalsIgnoreCase("GET");
      case 4 -> !method.equalsIgnoreCase("HEAD");
      case 5 -> !method.equalsIgnoreCase("TRACE");
      case 6 -> !method.equalsIgnoreCase("DELETE");
      case 7 -> !method.equalsIgnoreCase("OPTIONS") && !method.equalsIgnoreCase("CONNECT");
      default -> !method.isEmpty();
    };
  }

  /**
   * The operation that has made the response that a request reads or cancels; null for all other
   * requests.
   *
   * @param path as {@link RequestPath} spells it
   */
  static @Nullable Operation stored(String method, String path) {
    boolean generates = mayGenerate(method);
    return generates || method.equalsIgnoreCase("GET") ? Endpoints.stored(generates, path) : null;
  }

  /**
   * The operation of a request that reads or cancels no stored response.
   *
   * @param path as {@link RequestPath} spells it
   * @return null when no list names it
   */
  static @Nullable Operation of(String method, String path) {
    if (mayGenerate(method)) {
      return Endpoints.operation(path);
    }
    return method.equalsIgnoreCase("GET") && Endpoints.isListed(path) ? NOT_METERED : null;
  }
}
