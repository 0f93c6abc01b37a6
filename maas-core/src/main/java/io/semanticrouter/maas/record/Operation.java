// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;

/**
 * The LLM operation that a request asks for, by its method and path, or by a route of the
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
}
