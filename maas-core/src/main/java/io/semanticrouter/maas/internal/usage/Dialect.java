// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

/**
 * What the counts of an API family contain. Decided by the path of the request or by what the
 * documents say they are, never by the names of the counts: {@code input_tokens} contains cached
 * tokens in one API and not in another.
 */
enum Dialect {
  /** Chat completions and what is compatible with them: totals contain their parts. */
  OPENAI,
  /** Responses, images and audio of OpenAI: other names, totals contain their parts. */
  INPUT_OUTPUT,
  /** Anthropic Messages: the input excludes what was read from or written to a cache. */
  ANTHROPIC,
  /**
   * Gemini: the output excludes thoughts, the input excludes tool use, and contains cached ones.
   */
  GEMINI,
  /** Amazon Bedrock Converse: the input excludes cached tokens; the total may or may not. */
  CONVERSE,
  /** Cohere: what is billed differs from what the model saw. */
  COHERE
}
