// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

/**
 * A tool that a provider runs itself in the course of an exchange. Some are charged by the call,
 * beside the tokens: Anthropic, OpenAI, Perplexity, xAI, Gemini, Mistral and Groq do for searches
 * and for running code. What the others cost shows in the tokens alone.
 */
public enum ProviderTool {
  /** A search of the web or of a social network. */
  WEB_SEARCH(true),
  /** A source that a search used, where the provider charges by source (xAI). */
  SOURCE(true),
  /** A search of files or documents that are stored with the provider. */
  FILE_SEARCH(true),
  /** A program that was run. */
  CODE_EXECUTION(true),
  /** A page that was fetched or read. */
  WEB_FETCH(false),
  /** Any other: MCP, search for tools, use of a computer. */
  OTHER(false);

  private final boolean charged;

  ProviderTool(boolean charged) {
    this.charged = charged;
  }

  /** Whether providers charge by the call. */
  public boolean isCharged() {
    return charged;
  }
}
