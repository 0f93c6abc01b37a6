// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.internal.Labels;
import io.semanticrouter.maas.record.ProviderTool;
import org.jspecify.annotations.Nullable;

/** What a rate card can put a price on. A constant never changes its name or its key. */
public enum PriceUnit {
  /** Input tokens that have no price of their own. */
  PROMPT("prompt_per_1m"),
  /** Output tokens that have no price of their own. */
  COMPLETION("completion_per_1m"),
  /** Tokens read from the provider's prompt cache. */
  CACHE_READ("cached_input_per_1m"),
  /** Tokens written to it, for five minutes or for a time that nobody states. */
  CACHE_WRITE("cache_write_per_1m"),
  /** Tokens written to it for an hour. */
  CACHE_WRITE_1H("cache_write_1h_per_1m"),
  /** Tokens spent on reasoning. */
  REASONING("reasoning_per_1m"),
  /** Audio tokens that were sent. */
  AUDIO_INPUT("audio_input_per_1m"),
  /** Image tokens that were sent. */
  IMAGE_INPUT("image_input_per_1m"),
  /** Audio tokens that were generated. */
  AUDIO_OUTPUT("audio_output_per_1m"),
  /** Image tokens that were generated. */
  IMAGE_OUTPUT("image_output_per_1m"),
  /** The exchange itself. */
  REQUEST("per_request"),
  /** A second of audio that was transcribed. */
  AUDIO_SECOND("per_audio_second"),
  /** An image that was generated. */
  IMAGE("per_image"),
  /** A unit of a rerank. */
  SEARCH_UNIT("per_search_unit"),
  /** A search of the web by the provider. */
  WEB_SEARCH("per_web_search", ProviderTool.WEB_SEARCH),
  /** A source that such a search used. */
  SOURCE("per_source", ProviderTool.SOURCE),
  /** A search of files that are stored with the provider. */
  FILE_SEARCH("per_file_search", ProviderTool.FILE_SEARCH),
  /** A program that the provider ran. */
  CODE_EXECUTION("per_code_execution", ProviderTool.CODE_EXECUTION);

  private final String key;
  private final @Nullable ProviderTool tool;
  private final String label = Labels.of(this);

  PriceUnit(String key) {
    this(key, null);
  }

  PriceUnit(String key, @Nullable ProviderTool tool) {
    this.key = key;
    this.tool = tool;
  }

  /** The key of its price in a configuration or a price book. */
  public String key() {
    return key;
  }

  /** Whether it is a token, priced by 1,000,000; else a piece, priced by one. */
  public boolean isToken() {
    return key.endsWith("_per_1m");
  }

  /** The tool of which it is a call; null for all else. */
  @Nullable ProviderTool tool() {
    return tool;
  }

  /** The metric label value. */
  public String label() {
    return label;
  }
}
