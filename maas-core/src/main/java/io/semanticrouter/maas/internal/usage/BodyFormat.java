// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static io.semanticrouter.maas.internal.usage.EventFacts.BESIDE;
import static io.semanticrouter.maas.internal.usage.EventFacts.CHOICE;
import static io.semanticrouter.maas.internal.usage.EventFacts.ELEMENT;
import static io.semanticrouter.maas.internal.usage.EventFacts.NESTED;
import static io.semanticrouter.maas.internal.usage.EventFacts.OWN;
import static io.semanticrouter.maas.internal.usage.EventFacts.ROOT;
import static io.semanticrouter.maas.internal.usage.EventFacts.SPARE;
import static io.semanticrouter.maas.internal.usage.EventFacts.TOOLS;
import static io.semanticrouter.maas.internal.usage.Schema.Kind.DECIMAL;
import static io.semanticrouter.maas.internal.usage.Schema.Kind.PRESENCE;
import static io.semanticrouter.maas.internal.usage.Schema.Kind.RELAY;
import static io.semanticrouter.maas.internal.usage.Schema.Kind.TEXT;

import io.semanticrouter.maas.internal.usage.Schema.Members;
import org.jspecify.annotations.Nullable;

/**
 * Where the bodies of an API state their usage, and whether that alone settles the {@link Dialect}.
 *
 * <p>Sources: the OpenAI API reference (chat completions, completions, embeddings, responses,
 * images, audio); vLLM's OpenAI-compatible server; the API references of DeepSeek, Mistral,
 * Moonshot, Groq, xAI, Perplexity and OpenRouter for what they add to it; the Anthropic API
 * reference (Messages); the Gemini API reference ({@code UsageMetadata}, Interactions); the Amazon
 * Bedrock API reference ({@code TokenUsage} of Converse, invocation metrics of InvokeModel); the
 * Cohere API reference (Chat v1 and v2, Embed, Rerank); LiteLLM's and Bifrost's {@code usage}
 * types.
 *
 * <p>Of {@link Places#own()}: Ollama {@code docs/api.md} ({@code prompt_eval_count}, {@code
 * eval_count}); llama.cpp {@code tools/server/README.md} ({@code tokens_evaluated}, {@code
 * tokens_predicted}); SGLang {@code managers/tokenizer_manager.py} ({@code meta_info}); Text
 * Generation Inference {@code router/src/lib.rs} ({@code Details}, {@code StreamDetails}); the
 * watsonx.ai API reference (text generation, embeddings); the Vertex AI reference ({@code
 * metadata.tokenMetadata}, {@code embeddings.statistics}); the DashScope API reference ({@code
 * usage}, {@code output.finish_reason} with {@code "null"}, {@code usage.models} of applications);
 * Replicate ({@code metrics}); LM Studio's REST API ({@code stats}); Cloudflare Workers AI ({@code
 * result.usage}).
 */
public enum BodyFormat {
  /** Chat completions. */
  OPENAI(Places.openAi(), Dialect.OPENAI, Dialect.OPENAI),
  /** Completions; llama.cpp answers in its own format under the same name. */
  COMPLETION(Places.openAi().union(Places.own()), Dialect.OPENAI, Dialect.OPENAI),
  /** Embeddings of several APIs under similar paths. */
  EMBEDDING(
      Places.openAi().union(Places.gemini()).union(Places.cohere()).union(Places.own()),
      null,
      Dialect.OPENAI),
  /** OpenAI Responses. */
  RESPONSES(Places.responses(), Dialect.INPUT_OUTPUT, Dialect.INPUT_OUTPUT),
  /** Anthropic Messages. */
  ANTHROPIC(Places.anthropic(), Dialect.ANTHROPIC, Dialect.ANTHROPIC),
  /** Gemini {@code generateContent}. */
  GEMINI(Places.gemini(), Dialect.GEMINI, Dialect.GEMINI),
  /** Gemini Interactions. */
  INTERACTIONS(Places.interactions(), Dialect.GEMINI, Dialect.GEMINI),
  /** Amazon Bedrock Converse. */
  CONVERSE(Places.converse(), Dialect.CONVERSE, Dialect.CONVERSE),
  /** Amazon Bedrock InvokeModel: whatever the model's own API is, and metrics of Bedrock. */
  INVOKE(Places.everything().union(Places.invocation()), null, null),
  /** Cohere Chat. */
  COHERE(Places.cohere(), Dialect.COHERE, Dialect.COHERE),
  /** Rerank of Cohere and vLLM, scores, classes, pooling. */
  RERANK(Places.openAi().union(Places.cohere()).union(Places.own()), null, Dialect.OPENAI),
  /** What servers and clouds offer in formats of their own. */
  GENERATE(
      Places.own().union(Places.openAi()).union(Places.media()),
      Dialect.INPUT_OUTPUT,
      Dialect.INPUT_OUTPUT),
  /** Transcriptions, translations and speech of OpenAI and vLLM. */
  AUDIO(Places.media().union(Places.openAi()), null, Dialect.INPUT_OUTPUT),
  /** Images of OpenAI. */
  IMAGE(Places.media(), Dialect.INPUT_OUTPUT, Dialect.INPUT_OUTPUT),
  /** Any of them; the body has to tell. */
  DETECT(Places.everything(), null, null);

  @SuppressWarnings("ImmutableEnumChecker") // a Schema is immutable
  final Schema schema;

  /** The dialect when the format leaves no choice. */
  final @Nullable Dialect pinned;

  /** The dialect when the body does not tell; null: it stays unknown. */
  final @Nullable Dialect otherwise;

  BodyFormat(Schema schema, @Nullable Dialect pinned, @Nullable Dialect otherwise) {
    this.schema = schema;
    this.pinned = pinned;
    this.otherwise = otherwise;
  }

  /**
   * Whether a JSON body can be one array of documents: Gemini without {@code alt=sse}, SGLang for
   * several prompts, Text Generation Inference at {@code /}.
   */
  boolean isArrayOfDocuments() {
    return switch (this) {
      case GEMINI, GENERATE, EMBEDDING, RERANK, DETECT -> true;
      default -> false;
    };
  }

  /** The schemas; in a class of their own, because an enum's constants come before its methods. */
  private static final class Places {
    private static Members root() {
      return Schema.object(Paths.DETAILS)
          .leaf("model", TEXT, Paths.MODEL)
          .leaf("service_tier", TEXT, Paths.TIER)
          .leaf("error", PRESENCE, Paths.ERROR)
          .with("type", Words.type())
          .with("object", Words.object());
    }

    private static Members usage(int tally) {
      return Schema.object(Paths.USAGE).in(tally);
    }

    // --- OpenAI and compatible ---------------------------------------------------------------

    /** What one count is called by vLLM, OpenAI, DashScope, LiteLLM and Bifrost. */
    private static Members promptDetails(Members details) {
      return details
          .details("cache_creation", Places::writtenFor)
          .details("cache_creation_token_details", Places::writtenFor)
          .details(
              "cached_write_token_details",
              d ->
                  d.count("cached_write_tokens_5m", Slots.DETAIL_5M)
                      .count("cached_write_tokens_1h", Slots.DETAIL_1H))
          .count("cached_tokens", Slots.CACHE_READ)
          .count("cached_read_tokens", Slots.CACHED_READ)
          .count("cache_write_tokens", Slots.CACHE_WRITE)
          .count("created_cache_tokens", Slots.CREATED_CACHE)
          .count("cache_creation_input_tokens", Slots.CACHE_CREATION)
          .count("cache_creation_tokens", Slots.CACHE_CREATED)
          .count("cached_write_tokens", Slots.CACHED_WRITE)
          .count("audio_tokens", Slots.INPUT_AUDIO)
          .count("image_tokens", Slots.INPUT_IMAGE)
          .count("video_tokens", Slots.INPUT_VIDEO);
    }

    private static Members writtenFor(Members lifetimes) {
      return lifetimes
          .count("ephemeral_5m_input_tokens", Slots.DETAIL_5M)
          .count("ephemeral_1h_input_tokens", Slots.DETAIL_1H);
    }

    private static Members ephemeral(Members lifetimes) {
      return lifetimes
          .count("ephemeral_5m_input_tokens", Slots.WRITE_5M)
          .count("ephemeral_1h_input_tokens", Slots.WRITE_1H);
    }

    /** Cache writes as proxies state them beside the details, with Anthropic's names or others. */
    private static Members cacheWrites(Members usage) {
      return usage
          .details("cache_creation", Places::ephemeral)
          .count("cache_read_input_tokens", Slots.CACHE_READ_INPUT)
          .count("cache_creation_input_tokens", Slots.WRITE_INPUT)
          .count("cache_write_tokens", Slots.WRITE_BESIDE)
          .count("cache_creation_tokens", Slots.WRITE_BESIDE)
          .count("cache_write_input_tokens", Slots.WRITE_BESIDE)
          .count("prompt_cache_write_tokens", Slots.WRITE_BESIDE)
          .count("claude_cache_creation_5_m_tokens", Slots.WRITE_5M)
          .count("claude_cache_creation_1_h_tokens", Slots.WRITE_1H);
    }

    /** Calls of the provider's own tools: Anthropic, OpenRouter, xAI, Mistral, DashScope. */
    private static Members tools(Members usage) {
      return usage
          .count("num_sources_used", Slots.SOURCES)
          .details("server_tool_use", Places::serverTools)
          .details("server_tool_use_details", Places::serverTools)
          .details(
              "server_side_tool_usage_details",
              d ->
                  d.count("web_search_calls", Slots.WEB_SEARCHES)
                      .count("x_search_calls", Slots.X_SEARCHES)
                      .count("code_interpreter_calls", Slots.CODE_RUNS)
                      .count("file_search_calls", Slots.FILE_SEARCHES)
                      .count("document_search_calls", Slots.DOCUMENT_SEARCHES)
                      .count("mcp_calls", Slots.OTHER_TOOLS))
          .details(
              "connectors",
              d ->
                  d.count("web_search", Slots.WEB_SEARCHES)
                      .count("web_search_premium", Slots.X_SEARCHES)
                      .count("code_interpreter", Slots.CODE_RUNS)
                      .count("document_library", Slots.DOCUMENT_SEARCHES))
          .details(
              "plugins",
              d -> d.details("search", search -> search.count("count", Slots.WEB_SEARCHES)));
    }

    private static Members serverTools(Members calls) {
      return calls
          .count("web_search_requests", Slots.WEB_SEARCHES)
          .count("web_fetch_requests", Slots.WEB_FETCHES)
          .count("code_execution_requests", Slots.CODE_RUNS)
          .count("tool_search_requests", Slots.OTHER_TOOLS);
    }

    private static Schema openAiUsage(int tally) {
      return tools(cacheWrites(usage(tally)))
          .count("prompt_tokens", Slots.INPUT)
          .count("completion_tokens", Slots.OUTPUT)
          .count("total_tokens", Slots.TOTAL)
          .count("cached_tokens", Slots.CACHED)
          .count("num_cached_tokens", Slots.NUM_CACHED)
          .count("prompt_cache_hit_tokens", Slots.CACHE_HIT)
          .count("reasoning_tokens", Slots.REASONING_BESIDE)
          .count("citation_tokens", Slots.CITATIONS)
          .count("num_search_queries", Slots.SEARCH_QUERIES)
          .count("connector_tokens", Slots.TOOL_INPUT)
          .count("prompt_audio_seconds", Slots.AUDIO_SECONDS)
          .count("cost_in_usd_ticks", Slots.COST_TICKS)
          .leaf("cost", DECIMAL, Paths.COST)
          .leaf("service_tier", TEXT, Paths.TIER)
          .details(
              "prompt_tokens_details",
              d ->
                  promptDetails(d)
                      .details(
                          "multimodal_tokens",
                          m ->
                              m.count("audio", Slots.INPUT_AUDIO)
                                  .count("image", Slots.INPUT_IMAGE)
                                  .count("video", Slots.INPUT_VIDEO)))
          .details(
              "completion_tokens_details",
              d ->
                  d.count("reasoning_tokens", Slots.REASONING)
                      .count("audio_tokens", Slots.OUTPUT_AUDIO)
                      .count("image_tokens", Slots.OUTPUT_IMAGE)
                      .count("video_tokens", Slots.OUTPUT_VIDEO)
                      .count("accepted_prediction_tokens", Slots.ACCEPTED_PREDICTION)
                      .count("rejected_prediction_tokens", Slots.REJECTED_PREDICTION))
          .build();
    }

    static Schema openAi() {
      return root()
          .leaf("id", TEXT, Paths.RESPONSE_ID)
          .with(
              "choices",
              Schema.array(
                  Paths.CHOICES,
                  Schema.object(Paths.CHOICE)
                      .count("index", Paths.CHOICE_INDEX)
                      .leaf("finish_reason", PRESENCE, Paths.FINISH)
                      .with("usage", openAiUsage(CHOICE))
                      .with("message", executedTools())
                      .build()))
          .with(
              "server_side_tool_usage",
              Schema.object(Paths.DETAILS)
                  .in(TOOLS)
                  .count("SERVER_SIDE_TOOL_WEB_SEARCH", Slots.WEB_SEARCHES)
                  .count("SERVER_SIDE_TOOL_X_SEARCH", Slots.X_SEARCHES)
                  .count("SERVER_SIDE_TOOL_CODE_EXECUTION", Slots.CODE_RUNS)
                  .count("SERVER_SIDE_TOOL_COLLECTIONS_SEARCH", Slots.DOCUMENT_SEARCHES)
                  .count("SERVER_SIDE_TOOL_MCP", Slots.OTHER_TOOLS)
                  .build())
          .with("usage", openAiUsage(ROOT))
          .with("x_groq", Schema.object(Paths.DETAILS).with("usage", openAiUsage(SPARE)).build())
          .build();
    }

    /** Tools that Groq's compound systems ran. */
    private static Schema executedTools() {
      return Schema.object(Paths.DETAILS)
          .with("executed_tools", items(Schema.object(Paths.ITEM)))
          .build();
    }

    private static Schema items(Members item) {
      return Schema.array(Paths.ITEMS, item.in(ELEMENT).with("type", Words.item()).build());
    }

    /** What a response holds, each with its type: some are calls of the provider's own tools. */
    private static Schema output() {
      return items(
          Schema.object(Paths.ITEM)
              .with("action", Schema.object(Paths.DETAILS).with("type", Words.action()).build()));
    }

    private static Members outputDetails(Members details) {
      return details
          .count("reasoning_tokens", Slots.REASONING)
          .count("audio_tokens", Slots.OUTPUT_AUDIO)
          .count("image_tokens", Slots.OUTPUT_IMAGE)
          .count("video_tokens", Slots.OUTPUT_VIDEO);
    }

    private static Schema inputOutputUsage(int tally) {
      return tools(cacheWrites(usage(tally)))
          .count("input_tokens", Slots.INPUT)
          .count("output_tokens", Slots.OUTPUT)
          .count("total_tokens", Slots.TOTAL)
          .count("seconds", Slots.AUDIO_SECONDS)
          .count("cost_in_usd_ticks", Slots.COST_TICKS)
          .leaf("cost", DECIMAL, Paths.COST)
          .leaf("service_tier", TEXT, Paths.TIER)
          .details("input_tokens_details", Places::promptDetails)
          .details("input_token_details", Places::promptDetails)
          .details("output_tokens_details", Places::outputDetails)
          .details("output_token_details", Places::outputDetails)
          .build();
    }

    static Schema responses() {
      return root().with("output", output()).build().union(responseEvents());
    }

    private static Schema responseEvents() {
      return root()
          .leaf("id", TEXT, Paths.RESPONSE_ID)
          .with("status", Words.status())
          .leaf("background", PRESENCE, Paths.BACKGROUND)
          .with("usage", inputOutputUsage(ROOT))
          .with(
              "response",
              Schema.object(Paths.DETAILS)
                  .in(NESTED)
                  .leaf("id", TEXT, Paths.RESPONSE_ID)
                  .with("status", Words.status())
                  .leaf("background", PRESENCE, Paths.BACKGROUND)
                  .leaf("model", TEXT, Paths.MODEL)
                  .leaf("service_tier", TEXT, Paths.TIER)
                  .leaf("error", PRESENCE, Paths.ERROR)
                  .with("output", output())
                  .with("usage", inputOutputUsage(NESTED))
                  .build())
          .build();
    }

    static Schema media() {
      return root()
          .with("usage", inputOutputUsage(ROOT))
          .with("data", Schema.array(Paths.IMAGES, Schema.object(Paths.IMAGE).build()))
          .build();
    }

    // --- Anthropic ---------------------------------------------------------------------------

    private static Members anthropicCounts(Members counts) {
      return counts
          .count("input_tokens", Slots.INPUT)
          .count("output_tokens", Slots.OUTPUT)
          .count("cache_creation_input_tokens", Slots.WRITE_INPUT)
          .count("cache_read_input_tokens", Slots.CACHE_READ_INPUT)
          .details("cache_creation", Places::ephemeral);
    }

    private static Schema anthropicUsage(int tally) {
      return anthropicCounts(usage(tally))
          .leaf("service_tier", TEXT, Paths.TIER)
          .leaf("speed", TEXT, Paths.SPEED)
          .leaf("inference_geo", TEXT, Paths.PLACE)
          .details("output_tokens_details", d -> d.count("thinking_tokens", Slots.REASONING))
          .details("server_tool_use", Places::serverTools)
          .with(
              "iterations",
              Schema.array(
                  Paths.ITERATIONS,
                  anthropicCounts(Schema.object(Paths.ITERATION).in(ELEMENT))
                      .with("type", Words.iteration())
                      .leaf("model", TEXT, Paths.ELEMENT_MODEL)
                      .build()))
          .build();
    }

    static Schema anthropic() {
      return root()
          .leaf("id", TEXT, Paths.RESPONSE_ID)
          .with("usage", anthropicUsage(ROOT))
          .with("content", items(Schema.object(Paths.ITEM)))
          .with(
              "message",
              Schema.object(Paths.DETAILS)
                  .in(NESTED)
                  .leaf("id", TEXT, Paths.RESPONSE_ID)
                  .leaf("model", TEXT, Paths.MODEL)
                  .with("usage", anthropicUsage(NESTED))
                  .build())
          .with(
              "delta",
              Schema.object(Paths.DETAILS)
                  .in(NESTED)
                  .leaf("stop_reason", PRESENCE, Paths.FINISH)
                  .build())
          .build();
    }

    // --- Gemini ------------------------------------------------------------------------------

    private static Schema modalities(int array, int element, String count) {
      return Schema.array(
          array,
          Schema.object(element)
              .in(ELEMENT)
              .count(count, Slots.TOTAL)
              .with("modality", Words.modality())
              .build());
    }

    private static Schema camelCaseUsage() {
      String n = "tokenCount";
      Schema input = modalities(Paths.INPUT_MODALITIES, Paths.INPUT_MODALITY, n);
      Schema output = modalities(Paths.OUTPUT_MODALITIES, Paths.OUTPUT_MODALITY, n);
      return usage(BESIDE)
          .count("promptTokenCount", Slots.INPUT)
          .count("candidatesTokenCount", Slots.OUTPUT)
          .count("responseTokenCount", Slots.OUTPUT)
          .count("thoughtsTokenCount", Slots.REASONING)
          .count("toolUsePromptTokenCount", Slots.TOOL_INPUT)
          .count("cachedContentTokenCount", Slots.CACHE_READ)
          .count("totalTokenCount", Slots.TOTAL)
          .leaf("serviceTier", TEXT, Paths.TIER)
          .leaf("trafficType", TEXT, Paths.TRAFFIC)
          .with("promptTokensDetails", input)
          .with("promptTokenDetails", input)
          .with("candidatesTokensDetails", output)
          .with("responseTokensDetails", output)
          .build();
    }

    private static Schema snakeCaseUsage() {
      String n = "token_count";
      Schema input = modalities(Paths.INPUT_MODALITIES, Paths.INPUT_MODALITY, n);
      Schema output = modalities(Paths.OUTPUT_MODALITIES, Paths.OUTPUT_MODALITY, n);
      return usage(BESIDE)
          .count("prompt_token_count", Slots.INPUT)
          .count("candidates_token_count", Slots.OUTPUT)
          .count("response_token_count", Slots.OUTPUT)
          .count("thoughts_token_count", Slots.REASONING)
          .count("tool_use_prompt_token_count", Slots.TOOL_INPUT)
          .count("cached_content_token_count", Slots.CACHE_READ)
          .count("total_token_count", Slots.TOTAL)
          .leaf("service_tier", TEXT, Paths.TIER)
          .leaf("traffic_type", TEXT, Paths.TRAFFIC)
          .with("prompt_tokens_details", input)
          .with("candidates_tokens_details", output)
          .with("response_tokens_details", output)
          .build();
    }

    static Schema gemini() {
      return root()
          .leaf("responseId", TEXT, Paths.RESPONSE_ID)
          .leaf("response_id", TEXT, Paths.RESPONSE_ID)
          .leaf("modelVersion", TEXT, Paths.MODEL)
          .leaf("model_version", TEXT, Paths.MODEL)
          .with("usageMetadata", camelCaseUsage())
          .with("usage_metadata", snakeCaseUsage())
          .with(
              "candidates",
              Schema.array(
                  Paths.CANDIDATES,
                  Schema.object(Paths.CANDIDATE)
                      .leaf("finishReason", PRESENCE, Paths.FINISH)
                      .leaf("finish_reason", PRESENCE, Paths.FINISH)
                      .with("groundingMetadata", grounding("webSearchQueries"))
                      .with("grounding_metadata", grounding("web_search_queries"))
                      .build()))
          .with(
              "promptFeedback",
              Schema.object(Paths.DETAILS).leaf("blockReason", PRESENCE, Paths.FINISH).build())
          .build();
    }

    private static Schema grounding(String queries) {
      return Schema.object(Paths.DETAILS)
          .in(TOOLS)
          .with(queries, Schema.array(Paths.QUERIES, Schema.leaf(PRESENCE, Paths.QUERY)))
          .build();
    }

    private static Schema interactionUsage(int tally) {
      Schema input = modalities(Paths.INPUT_MODALITIES, Paths.INPUT_MODALITY, "tokens");
      Schema output = modalities(Paths.OUTPUT_MODALITIES, Paths.OUTPUT_MODALITY, "tokens");
      return usage(tally)
          .with("input_tokens_by_modality", input)
          .with("output_tokens_by_modality", output)
          .count("total_input_tokens", Slots.INPUT)
          .count("total_output_tokens", Slots.OUTPUT)
          .count("total_thought_tokens", Slots.REASONING)
          .count("total_cached_tokens", Slots.CACHE_READ)
          .count("total_tool_use_tokens", Slots.TOOL_INPUT)
          .count("total_tokens", Slots.TOTAL)
          .build();
    }

    static Schema interactions() {
      return root()
          .leaf("id", TEXT, Paths.RESPONSE_ID)
          .with("status", Words.status())
          .with("event_type", Words.type())
          .with("outputs", items(Schema.object(Paths.ITEM)))
          .with("steps", items(Schema.object(Paths.ITEM)))
          .with("usage", interactionUsage(ROOT))
          .with(
              "interaction",
              Schema.object(Paths.DETAILS)
                  .in(NESTED)
                  .leaf("id", TEXT, Paths.RESPONSE_ID)
                  .leaf("service_tier", TEXT, Paths.TIER)
                  .with("status", Words.status())
                  .leaf("model", TEXT, Paths.MODEL)
                  .with("usage", interactionUsage(NESTED))
                  .build())
          .build();
    }

    // --- Amazon Bedrock ----------------------------------------------------------------------

    static Schema converse() {
      return root()
          .leaf("stopReason", PRESENCE, Paths.CONVERSE_MARK)
          .with("serviceTier", Schema.object(Paths.DETAILS).leaf("type", TEXT, Paths.TIER).build())
          .with(
              "usage",
              usage(ROOT)
                  .count("inputTokens", Slots.INPUT)
                  .count("outputTokens", Slots.OUTPUT)
                  .count("totalTokens", Slots.TOTAL)
                  .count("cacheReadInputTokens", Slots.CACHE_READ)
                  .count("cacheReadInputTokenCount", Slots.CACHED)
                  .count("cacheWriteInputTokens", Slots.CACHE_WRITE)
                  .count("cacheWriteInputTokenCount", Slots.CREATED_CACHE)
                  .with(
                      "cacheDetails",
                      Schema.array(
                          Paths.CACHE_DETAILS,
                          Schema.object(Paths.CACHE_DETAIL)
                              .in(ELEMENT)
                              .count("inputTokens", Slots.CACHE_WRITE)
                              .with("ttl", Words.lifetime())
                              .build()))
                  .build())
          .build();
    }

    static Schema invocation() {
      return Schema.object(Paths.DETAILS)
          .with(
              "amazon-bedrock-invocationMetrics",
              usage(SPARE)
                  .count("inputTokenCount", Slots.INPUT)
                  .count("outputTokenCount", Slots.OUTPUT)
                  .count("cacheReadInputTokenCount", Slots.CACHE_READ)
                  .count("cacheWriteInputTokenCount", Slots.CACHE_WRITE)
                  .build())
          .build();
    }

    // --- Cohere ------------------------------------------------------------------------------

    private static Members cohereCounts(Members counts) {
      return counts
          .count("cached_tokens", Slots.CACHED)
          .details(
              "billed_units",
              d ->
                  d.count("input_tokens", Slots.BILLED_INPUT)
                      .count("output_tokens", Slots.BILLED_OUTPUT)
                      .count("search_units", Slots.SEARCH_UNITS))
          .details(
              "tokens",
              d -> d.count("input_tokens", Slots.INPUT).count("output_tokens", Slots.OUTPUT));
    }

    static Schema cohere() {
      return root()
          .with("event_type", Words.type())
          .with("usage", cohereCounts(usage(ROOT)).build())
          .with("meta", cohereCounts(usage(BESIDE)).build())
          .with(
              "message",
              Schema.object(Paths.DETAILS)
                  .in(NESTED)
                  .with("content", items(Schema.object(Paths.ITEM)))
                  .build())
          .with(
              "delta",
              Schema.object(Paths.DETAILS)
                  .in(NESTED)
                  .with("usage", cohereCounts(usage(NESTED)).build())
                  .build())
          .with(
              "response",
              Schema.object(Paths.DETAILS)
                  .in(NESTED)
                  .with("meta", cohereCounts(usage(NESTED)).build())
                  .build())
          .build();
    }

    // --- formats of their own ----------------------------------------------------------------

    private static Members counts(String input, String output) {
      return Schema.object(Paths.DETAILS)
          .in(OWN)
          .count(input, Slots.INPUT)
          .count(output, Slots.OUTPUT);
    }

    /** One of several answers, prompts or models, whose counts add up. */
    private static Schema parts() {
      return Schema.array(
          Paths.PARTS,
          Schema.object(Paths.PART)
              .in(ELEMENT)
              .count("input_token_count", Slots.INPUT)
              .count("generated_token_count", Slots.OUTPUT)
              .count("input_tokens", Slots.INPUT)
              .count("output_tokens", Slots.OUTPUT)
              .with("stop_reason", Words.ending())
              .leaf("relevance_score", PRESENCE, Paths.RELEVANCE)
              .details(
                  "meta_info",
                  d ->
                      d.count("prompt_tokens", Slots.INPUT)
                          .count("completion_tokens", Slots.OUTPUT))
              .details(
                  "embeddings",
                  d -> d.details("statistics", s -> s.count("token_count", Slots.INPUT)))
              .build());
    }

    private static Schema tokenMetadata() {
      Members input = Schema.object(Paths.DETAILS).in(OWN).count("totalTokens", Slots.INPUT);
      Members output = Schema.object(Paths.DETAILS).in(OWN).count("totalTokens", Slots.OUTPUT);
      return Schema.object(Paths.DETAILS)
          .with("inputTokenCount", input.build())
          .with("outputTokenCount", output.build())
          .build();
    }

    static Schema own() {
      Members ending = Schema.object(Paths.DETAILS).with("finish_reason", Words.ending());
      Schema result = Schema.object(Paths.DETAILS).with("usage", openAiUsage(ROOT)).build();
      return root()
          .leaf("done", PRESENCE, Paths.FINISH)
          .leaf("stop", PRESENCE, Paths.FINISH)
          .with("usage", usage(ROOT).with("models", parts()).build())
          .with("result", result)
          .with("results", parts())
          .with("predictions", parts())
          .with(
              "output",
              Schema.object(Paths.DETAILS)
                  .with("finish_reason", Words.ending())
                  .with("choices", Schema.array(Paths.DETAILS, ending.build()))
                  .build())
          .with(
              "meta_info",
              counts("prompt_tokens", "completion_tokens")
                  .count("cached_tokens", Slots.CACHE_READ)
                  .leaf("finish_reason", PRESENCE, Paths.FINISH)
                  .build())
          .with(
              "details",
              counts("input_length", "generated_tokens")
                  .with(
                      "prefill",
                      Schema.array(Paths.DETAILS, Schema.object(Paths.PROMPT_TOKEN).build()))
                  .leaf("finish_reason", PRESENCE, Paths.FINISH)
                  .build())
          .with(
              "metadata",
              Schema.object(Paths.DETAILS).with("tokenMetadata", tokenMetadata()).build())
          .with("metrics", counts("input_token_count", "output_token_count").build())
          .with(
              "stats",
              counts("input_tokens", "total_output_tokens")
                  .count("reasoning_output_tokens", Slots.REASONING)
                  .build())
          .in(OWN)
          .count("prompt_eval_count", Slots.INPUT)
          .count("eval_count", Slots.OUTPUT)
          .count("tokens_evaluated", Slots.INPUT)
          .count("tokens_predicted", Slots.OUTPUT)
          .count("input_token_count", Slots.INPUT)
          .in(Schema.NO_TALLY)
          .build();
    }

    // --- all ---------------------------------------------------------------------------------

    static Schema everything() {
      return openAi()
          .union(responseEvents())
          .union(media())
          .union(anthropic())
          .union(gemini())
          .union(interactions())
          .union(converse())
          .union(cohere())
          .union(own());
    }
  }

  /**
   * The document within a frame of InvokeModelWithResponseStream (Bedrock: {@code PayloadPart}).
   */
  static final Schema PAYLOAD_PART =
      Schema.object(Paths.DETAILS).leaf("bytes", RELAY, Paths.BYTES).build();
}
