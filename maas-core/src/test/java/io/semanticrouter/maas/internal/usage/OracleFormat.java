// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the API references say about where a body states its usage, as text: one line a path. The
 * oracle, the blanker and the generator all read this table; the scanner has one of its own.
 *
 * <p>A line is {@code path meaning}. {@code []} goes into the elements of an array. A meaning in
 * capitals is a count; {@code word:a|b} is a text with known values; {@code mark} matters by being
 * there; {@code name} is the name of a model; {@code text} is any text; {@code skipped} is not
 * looked at.
 */
final class OracleFormat {
  /** A place in a document; a leaf has a meaning. */
  static final class Node {
    final Map<String, Node> members = new LinkedHashMap<>();
    @Nullable Node element;
    String meaning = "";

    /** Whose counts are unusable when this is not what it should be; empty for nobody's. */
    String place = "";

    boolean isCount() {
      return !meaning.isEmpty() && Character.isUpperCase(meaning.charAt(0));
    }

    /** Whether the text of such a value is read, and so has to be right. */
    boolean isText() {
      return !meaning.isEmpty() && !isCount() && !meaning.equals("skipped");
    }

    boolean isObject() {
      return meaning.isEmpty() && element == null;
    }

    /** Whether a count stands here or below, and not only in the elements of an array. */
    boolean hasCounts() {
      return isCount()
          || (element != null && element.hasCounts())
          || members.values().stream().anyMatch(Node::hasCounts);
    }

    List<String> words() {
      return meaning.startsWith("word:") ? List.of(meaning.substring(5).split("\\|")) : List.of();
    }
  }

  private static final String PROMPT_DETAILS =
      """
      cached_tokens CACHE_READ
      cached_read_tokens CACHED_READ
      cache_write_tokens CACHE_WRITE
      created_cache_tokens CREATED_CACHE
      cache_creation_input_tokens CACHE_CREATION
      cache_creation_tokens CACHE_CREATED
      cached_write_tokens CACHED_WRITE
      cache_creation.ephemeral_5m_input_tokens DETAIL_5M
      cache_creation.ephemeral_1h_input_tokens DETAIL_1H
      cache_creation_token_details.ephemeral_5m_input_tokens DETAIL_5M
      cache_creation_token_details.ephemeral_1h_input_tokens DETAIL_1H
      cached_write_token_details.cached_write_tokens_5m DETAIL_5M
      cached_write_token_details.cached_write_tokens_1h DETAIL_1H
      audio_tokens INPUT_AUDIO
      image_tokens INPUT_IMAGE
      video_tokens INPUT_VIDEO
      """;

  private static final String SERVER_TOOLS =
      """
      web_search_requests WEB_SEARCHES
      web_fetch_requests WEB_FETCHES
      code_execution_requests CODE_RUNS
      tool_search_requests OTHER_TOOLS
      """;

  /** What proxies and providers add to the usage of either API of OpenAI. */
  private static final String ADDED =
      """
      cache_read_input_tokens CACHE_READ_INPUT
      cache_creation_input_tokens WRITE_INPUT
      cache_write_tokens WRITE_BESIDE
      cache_creation_tokens WRITE_BESIDE
      cache_write_input_tokens WRITE_BESIDE
      prompt_cache_write_tokens WRITE_BESIDE
      cache_creation.ephemeral_5m_input_tokens WRITE_5M
      cache_creation.ephemeral_1h_input_tokens WRITE_1H
      claude_cache_creation_5_m_tokens WRITE_5M
      claude_cache_creation_1_h_tokens WRITE_1H
      num_sources_used SOURCES
      server_side_tool_usage_details.web_search_calls WEB_SEARCHES
      server_side_tool_usage_details.x_search_calls X_SEARCHES
      server_side_tool_usage_details.code_interpreter_calls CODE_RUNS
      server_side_tool_usage_details.file_search_calls FILE_SEARCHES
      server_side_tool_usage_details.document_search_calls DOCUMENT_SEARCHES
      server_side_tool_usage_details.mcp_calls OTHER_TOOLS
      connectors.web_search WEB_SEARCHES
      connectors.web_search_premium X_SEARCHES
      connectors.code_interpreter CODE_RUNS
      connectors.document_library DOCUMENT_SEARCHES
      plugins.search.count WEB_SEARCHES
      """
          + under("server_tool_use.", SERVER_TOOLS)
          + under("server_tool_use_details.", SERVER_TOOLS);

  private static final String ITEM_WORDS =
      "type word:message|text|thinking|web_search_call|x_search_call|google_search_call|search"
          + "|file_search_call|code_interpreter_call|code_execution_call|python|url_context_call"
          + "|visit|mcp_call|computer_call|shell_call|tool_search_call|function_call";

  private static final String OUTPUT_ITEMS =
      ITEM_WORDS + "\naction.type word:open_page|find_in_page|search\n";

  private static final String OPENAI_USAGE =
      ADDED
          + under("prompt_tokens_details.", PROMPT_DETAILS)
          + """
      prompt_tokens INPUT
      completion_tokens OUTPUT
      total_tokens TOTAL
      cached_tokens CACHED
      num_cached_tokens NUM_CACHED
      prompt_cache_hit_tokens CACHE_HIT
      reasoning_tokens REASONING_BESIDE
      citation_tokens CITATIONS
      num_search_queries SEARCH_QUERIES
      connector_tokens TOOL_INPUT
      prompt_audio_seconds AUDIO_SECONDS
      cost_in_usd_ticks COST_TICKS
      service_tier tier
      prompt_tokens_details.multimodal_tokens.audio INPUT_AUDIO
      prompt_tokens_details.multimodal_tokens.image INPUT_IMAGE
      prompt_tokens_details.multimodal_tokens.video INPUT_VIDEO
      completion_tokens_details.reasoning_tokens REASONING
      completion_tokens_details.audio_tokens OUTPUT_AUDIO
      completion_tokens_details.image_tokens OUTPUT_IMAGE
      completion_tokens_details.video_tokens OUTPUT_VIDEO
      completion_tokens_details.accepted_prediction_tokens ACCEPTED_PREDICTION
      completion_tokens_details.rejected_prediction_tokens REJECTED_PREDICTION
      """;

  private static final String INPUT_OUTPUT_USAGE =
      ADDED
          + under("input_tokens_details.", PROMPT_DETAILS)
          + under("input_token_details.", PROMPT_DETAILS)
          + """
      service_tier tier
      input_tokens INPUT
      output_tokens OUTPUT
      total_tokens TOTAL
      seconds AUDIO_SECONDS
      cost_in_usd_ticks COST_TICKS
      output_tokens_details.reasoning_tokens REASONING
      output_tokens_details.audio_tokens OUTPUT_AUDIO
      output_tokens_details.image_tokens OUTPUT_IMAGE
      output_tokens_details.video_tokens OUTPUT_VIDEO
      output_token_details.reasoning_tokens REASONING
      output_token_details.audio_tokens OUTPUT_AUDIO
      output_token_details.image_tokens OUTPUT_IMAGE
      output_token_details.video_tokens OUTPUT_VIDEO
      """;

  private static final String ANTHROPIC_COUNTS =
      """
      input_tokens INPUT
      output_tokens OUTPUT
      cache_creation_input_tokens WRITE_INPUT
      cache_read_input_tokens CACHE_READ_INPUT
      cache_creation.ephemeral_5m_input_tokens WRITE_5M
      cache_creation.ephemeral_1h_input_tokens WRITE_1H
      """;

  private static final String ANTHROPIC_USAGE =
      ANTHROPIC_COUNTS
          + """
          service_tier tier
          output_tokens_details.thinking_tokens REASONING
          iterations[].type word:message|compaction|advisor_message|fallback_message
          iterations[].model text
          """
          + under("server_tool_use.", SERVER_TOOLS)
          + under("iterations[].", ANTHROPIC_COUNTS);

  private static final String GEMINI_USAGE =
      """
      promptTokenCount INPUT
      candidatesTokenCount OUTPUT
      responseTokenCount OUTPUT
      thoughtsTokenCount REASONING
      toolUsePromptTokenCount TOOL_INPUT
      cachedContentTokenCount CACHE_READ
      totalTokenCount TOTAL
      serviceTier tier
      trafficType traffic
      promptTokensDetails[].tokenCount TOTAL
      promptTokensDetails[].modality word:AUDIO|IMAGE|VIDEO|DOCUMENT|audio|image|video|document|TEXT
      promptTokenDetails[].tokenCount TOTAL
      promptTokenDetails[].modality word:AUDIO|IMAGE|VIDEO|DOCUMENT|audio|image|video|document|TEXT
      candidatesTokensDetails[].tokenCount TOTAL
      candidatesTokensDetails[].modality word:AUDIO|IMAGE|VIDEO|DOCUMENT|audio|image|video|document|TEXT
      responseTokensDetails[].tokenCount TOTAL
      responseTokensDetails[].modality word:AUDIO|IMAGE|VIDEO|DOCUMENT|audio|image|video|document|TEXT
      """;

  private static final String GEMINI_SNAKE_USAGE =
      """
      prompt_token_count INPUT
      candidates_token_count OUTPUT
      response_token_count OUTPUT
      thoughts_token_count REASONING
      tool_use_prompt_token_count TOOL_INPUT
      cached_content_token_count CACHE_READ
      total_token_count TOTAL
      service_tier tier
      traffic_type traffic
      prompt_tokens_details[].token_count TOTAL
      prompt_tokens_details[].modality word:AUDIO|IMAGE|VIDEO|DOCUMENT|audio|image|video|document|TEXT
      candidates_tokens_details[].token_count TOTAL
      candidates_tokens_details[].modality word:AUDIO|IMAGE|VIDEO|DOCUMENT|audio|image|video|document|TEXT
      response_tokens_details[].token_count TOTAL
      response_tokens_details[].modality word:AUDIO|IMAGE|VIDEO|DOCUMENT|audio|image|video|document|TEXT
      """;

  private static final String INTERACTION_USAGE =
      """
      total_input_tokens INPUT
      total_output_tokens OUTPUT
      total_thought_tokens REASONING
      total_cached_tokens CACHE_READ
      total_tool_use_tokens TOOL_INPUT
      input_tokens_by_modality[].tokens TOTAL
      input_tokens_by_modality[].modality word:audio|image|video|document|text
      output_tokens_by_modality[].tokens TOTAL
      output_tokens_by_modality[].modality word:audio|image|video|document|text
      total_tokens TOTAL
      """;

  private static final String CONVERSE_USAGE =
      """
      inputTokens INPUT
      outputTokens OUTPUT
      totalTokens TOTAL
      cacheReadInputTokens CACHE_READ
      cacheReadInputTokenCount CACHED
      cacheWriteInputTokens CACHE_WRITE
      cacheWriteInputTokenCount CREATED_CACHE
      cacheDetails[].inputTokens CACHE_WRITE
      cacheDetails[].ttl word:5m|1h|2h
      """;

  private static final String INVOCATION_METRICS =
      """
      inputTokenCount INPUT
      outputTokenCount OUTPUT
      cacheReadInputTokenCount CACHE_READ
      cacheWriteInputTokenCount CACHE_WRITE
      """;

  private static final String COHERE_USAGE =
      """
      cached_tokens CACHED
      billed_units.input_tokens BILLED_INPUT
      billed_units.output_tokens BILLED_OUTPUT
      billed_units.search_units SEARCH_UNITS
      tokens.input_tokens INPUT
      tokens.output_tokens OUTPUT
      """;

  private static final String TYPES =
      "word:message|message_start|message_delta|message_stop|content_block_delta|ping"
          + "|response.created|response.in_progress|response.output_text.delta|response.completed"
          + "|response.incomplete|response.failed|content-delta|text-generation|message-end"
          + "|stream-end|transcript.text.delta|transcript.text.done|speech.audio.done"
          + "|image_generation.completed|interaction.complete|content.delta|step.delta|error|something.else";

  private static final String OBJECTS =
      "word:chat.completion|chat.completion.chunk|text_completion|transcription.chunk|list"
          + "|response|interaction|thing";

  private static final String ROOT =
      "model name\nservice_tier tier\nerror mark\ntype " + TYPES + "\nobject " + OBJECTS + "\n";

  /** The parts that formats are made of. */
  enum Part {
    OPENAI(
        ROOT
            + "id text\nchoices[].index INDEX\nchoices[].finish_reason mark\n"
            + under("choices[].message.executed_tools[].", ITEM_WORDS)
            + under(
                "server_side_tool_usage.SERVER_SIDE_TOOL_",
                """
                WEB_SEARCH WEB_SEARCHES
                X_SEARCH X_SEARCHES
                CODE_EXECUTION CODE_RUNS
                COLLECTIONS_SEARCH DOCUMENT_SEARCHES
                MCP OTHER_TOOLS
                """)
            + under("choices[].usage.", OPENAI_USAGE)
            + under("usage.", OPENAI_USAGE)
            + under("x_groq.usage.", OPENAI_USAGE)),
    RESPONSES(
        ROOT
            + "id text\nresponse.id text\nresponse.model name\nresponse.error mark\n"
            + "response.service_tier tier\n"
            + under("response.output[].", OUTPUT_ITEMS)
            + under("usage.", INPUT_OUTPUT_USAGE)
            + under("response.usage.", INPUT_OUTPUT_USAGE)),
    OUTPUT(ROOT + under("output[].", OUTPUT_ITEMS)),
    MEDIA(ROOT + under("usage.", INPUT_OUTPUT_USAGE) + "data[].b64_json skipped\n"),
    ANTHROPIC(
        ROOT
            + "id text\nmessage.id text\nmessage.model name\ndelta.stop_reason mark\n"
            + under("content[].", ITEM_WORDS)
            + under("usage.", ANTHROPIC_USAGE)
            + under("message.usage.", ANTHROPIC_USAGE)),
    GEMINI(
        ROOT
            + "responseId text\nresponse_id text\n"
            + "candidates[].groundingMetadata.webSearchQueries[] mark\n"
            + "candidates[].grounding_metadata.web_search_queries[] mark\n"
            + "modelVersion name\nmodel_version name\ncandidates[].finishReason mark\n"
            + "candidates[].finish_reason mark\npromptFeedback.blockReason mark\n"
            + under("usageMetadata.", GEMINI_USAGE)
            + under("usage_metadata.", GEMINI_SNAKE_USAGE)),
    INTERACTIONS(
        ROOT
            + "id text\ninteraction.id text\ninteraction.model name\n"
            + "interaction.service_tier tier\n"
            + under("outputs[].", ITEM_WORDS)
            + under("steps[].", ITEM_WORDS)
            + ("event_type " + TYPES + "\n")
            + under("usage.", INTERACTION_USAGE)
            + under("interaction.usage.", INTERACTION_USAGE)),
    CONVERSE(ROOT + "stopReason mark\nserviceTier.type tier\n" + under("usage.", CONVERSE_USAGE)),
    COHERE(
        ROOT
            + ("event_type " + TYPES + "\n")
            + under("usage.", COHERE_USAGE)
            + under("meta.", COHERE_USAGE)
            + under("message.content[].", ITEM_WORDS)
            + under("delta.usage.", COHERE_USAGE)
            + under("response.meta.", COHERE_USAGE)),
    /** Only what the names of others can be taken for; the rest is OwnFormatsTest's. */
    OWN("stop mark\ndone mark\n"),
    INVOCATION(under("amazon-bedrock-invocationMetrics.", INVOCATION_METRICS));

    @SuppressWarnings("ImmutableEnumChecker") // nobody writes to it once it is built
    final Node root = new Node();

    Part(String lines) {
      addAll(root, lines);
    }
  }

  private static final Map<BodyFormat, OracleFormat> FORMATS = formats();

  final List<Part> parts;
  final Node root = new Node();

  private OracleFormat(List<Part> parts) {
    this.parts = parts;
    for (Part part : parts) {
      merge(root, part.root);
    }
    for (String name : List.of("response", "message", "interaction", "delta")) {
      Node nested = root.members.getOrDefault(name, new Node());
      nested.place = nested.hasCounts() ? "NESTED" : "";
    }
    for (Map.Entry<String, Node> member : root.members.entrySet()) {
      String name = member.getKey();
      place(member.getValue(), "", placeOf(name));
    }
  }

  static OracleFormat of(BodyFormat format) {
    return Objects.requireNonNull(FORMATS.get(format));
  }

  private static Map<BodyFormat, OracleFormat> formats() {
    List<Part> all =
        List.of(
            Part.OPENAI,
            Part.RESPONSES,
            Part.MEDIA,
            Part.ANTHROPIC,
            Part.GEMINI,
            Part.INTERACTIONS,
            Part.CONVERSE,
            Part.COHERE,
            Part.OWN);
    List<Part> invoke = new ArrayList<>(all);
    invoke.add(Part.INVOCATION);
    Map<BodyFormat, OracleFormat> formats = new EnumMap<>(BodyFormat.class);
    for (BodyFormat format : BodyFormat.values()) {
      List<Part> parts =
          switch (format) {
            case OPENAI -> List.of(Part.OPENAI);
            case COMPLETION -> List.of(Part.OPENAI, Part.OWN);
            case GENERATE -> List.of(Part.OPENAI, Part.MEDIA, Part.OWN);
            case EMBEDDING -> List.of(Part.OPENAI, Part.GEMINI, Part.COHERE, Part.OWN);
            case RESPONSES -> List.of(Part.RESPONSES, Part.OUTPUT);
            case ANTHROPIC -> List.of(Part.ANTHROPIC);
            case GEMINI -> List.of(Part.GEMINI);
            case INTERACTIONS -> List.of(Part.INTERACTIONS);
            case CONVERSE -> List.of(Part.CONVERSE);
            case INVOKE -> invoke;
            case COHERE -> List.of(Part.COHERE);
            case RERANK -> List.of(Part.OPENAI, Part.COHERE, Part.OWN);
            case AUDIO -> List.of(Part.MEDIA, Part.OPENAI);
            case IMAGE -> List.of(Part.MEDIA);
            case DETECT -> all;
          };
      formats.put(format, new OracleFormat(parts));
    }
    return formats;
  }

  private static String under(String prefix, String lines) {
    StringBuilder all = new StringBuilder();
    lines.lines().forEach(line -> all.append(prefix).append(line).append('\n'));
    return all.toString();
  }

  private static void addAll(Node root, String lines) {
    for (String line : lines.split("\n", -1)) {
      if (line.isEmpty()) {
        continue;
      }
      String path = line.substring(0, line.indexOf(' '));
      Node node = root;
      for (String step : path.split("\\.", -1)) {
        String name = step.replace("[]", "");
        node = node.members.computeIfAbsent(name, any -> new Node());
        if (step.endsWith("[]")) {
          node.element = node.element == null ? new Node() : node.element;
          node = node.element;
        }
      }
      node.meaning = line.substring(line.indexOf(' ') + 1);
    }
  }

  private static void merge(Node into, Node from) {
    into.meaning = from.meaning;
    if (from.element != null) {
      into.element = into.element == null ? new Node() : into.element;
      merge(into.element, from.element);
    }
    from.members.forEach(
        (name, node) -> merge(into.members.computeIfAbsent(name, any -> new Node()), node));
  }

  /** The place whose counts stand at the root under that name. */
  private static String placeOf(String name) {
    return switch (name) {
      case "usage" -> "ROOT";
      case "meta", "usageMetadata", "usage_metadata" -> "BESIDE";
      case "amazon-bedrock-invocationMetrics" -> "SPARE";
      case "server_side_tool_usage" -> "TOOLS";
      default -> "";
    };
  }

  private static void place(Node node, String name, String given) {
    String place = given;
    if (node.place.isEmpty()) {
      node.place = place;
    } else {
      place = node.place;
    }
    for (Map.Entry<String, Node> member : node.members.entrySet()) {
      String inner = place;
      if (member.getKey().equals("usage")) {
        inner = place.equals("NESTED") ? "NESTED" : name.equals("choices") ? "CHOICE" : "SPARE";
      }
      place(member.getValue(), member.getKey(), inner);
    }
    if (node.element != null) {
      place(node.element, place.isEmpty() ? "choices" : name, place.isEmpty() ? "" : "ELEMENT");
    }
  }
}
