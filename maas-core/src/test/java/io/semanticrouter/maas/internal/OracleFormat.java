// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

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

    List<String> words() {
      return meaning.startsWith("word:") ? List.of(meaning.substring(5).split("\\|")) : List.of();
    }
  }

  private static final String OPENAI_USAGE =
      """
      prompt_tokens INPUT
      completion_tokens OUTPUT
      total_tokens TOTAL
      cached_tokens CACHED
      num_cached_tokens NUM_CACHED
      prompt_cache_hit_tokens CACHE_HIT
      cache_read_input_tokens CACHE_READ_INPUT
      reasoning_tokens REASONING_BESIDE
      cost_in_usd_ticks COST_TICKS
      prompt_tokens_details.cached_tokens CACHE_READ
      prompt_tokens_details.cache_write_tokens CACHE_WRITE
      prompt_tokens_details.created_cache_tokens CREATED_CACHE
      prompt_tokens_details.cache_creation_input_tokens CACHE_CREATION
      prompt_tokens_details.audio_tokens INPUT_AUDIO
      prompt_tokens_details.image_tokens INPUT_IMAGE
      prompt_tokens_details.multimodal_tokens.audio INPUT_AUDIO
      prompt_tokens_details.multimodal_tokens.image INPUT_IMAGE
      completion_tokens_details.reasoning_tokens REASONING
      completion_tokens_details.audio_tokens OUTPUT_AUDIO
      completion_tokens_details.image_tokens OUTPUT_IMAGE
      completion_tokens_details.accepted_prediction_tokens ACCEPTED_PREDICTION
      completion_tokens_details.rejected_prediction_tokens REJECTED_PREDICTION
      """;

  private static final String INPUT_OUTPUT_USAGE =
      """
      input_tokens INPUT
      output_tokens OUTPUT
      total_tokens TOTAL
      seconds AUDIO_SECONDS
      cost_in_usd_ticks COST_TICKS
      input_tokens_details.cached_tokens CACHE_READ
      input_tokens_details.cache_write_tokens CACHE_WRITE
      input_tokens_details.audio_tokens INPUT_AUDIO
      input_tokens_details.image_tokens INPUT_IMAGE
      input_token_details.cached_tokens CACHE_READ
      input_token_details.cache_write_tokens CACHE_WRITE
      input_token_details.audio_tokens INPUT_AUDIO
      input_token_details.image_tokens INPUT_IMAGE
      output_tokens_details.reasoning_tokens REASONING
      output_tokens_details.audio_tokens OUTPUT_AUDIO
      output_tokens_details.image_tokens OUTPUT_IMAGE
      output_token_details.reasoning_tokens REASONING
      output_token_details.audio_tokens OUTPUT_AUDIO
      output_token_details.image_tokens OUTPUT_IMAGE
      """;

  private static final String ANTHROPIC_COUNTS =
      """
      input_tokens INPUT
      output_tokens OUTPUT
      cache_creation_input_tokens CACHE_WRITE
      cache_read_input_tokens CACHE_READ_INPUT
      cache_creation.ephemeral_5m_input_tokens WRITE_5M
      cache_creation.ephemeral_1h_input_tokens WRITE_1H
      """;

  private static final String ANTHROPIC_USAGE =
      ANTHROPIC_COUNTS
          + """
          output_tokens_details.thinking_tokens REASONING
          server_tool_use.web_search_requests WEB_SEARCHES
          server_tool_use.web_fetch_requests WEB_FETCHES
          iterations[].type word:message|compaction|advisor_message|fallback_message
          iterations[].model text
          """
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
      promptTokensDetails[].tokenCount TOTAL
      promptTokensDetails[].modality word:AUDIO|IMAGE|audio|image|TEXT
      promptTokenDetails[].tokenCount TOTAL
      promptTokenDetails[].modality word:AUDIO|IMAGE|audio|image|TEXT
      candidatesTokensDetails[].tokenCount TOTAL
      candidatesTokensDetails[].modality word:AUDIO|IMAGE|audio|image|TEXT
      responseTokensDetails[].tokenCount TOTAL
      responseTokensDetails[].modality word:AUDIO|IMAGE|audio|image|TEXT
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
      prompt_tokens_details[].token_count TOTAL
      prompt_tokens_details[].modality word:AUDIO|IMAGE|audio|image|TEXT
      candidates_tokens_details[].token_count TOTAL
      candidates_tokens_details[].modality word:AUDIO|IMAGE|audio|image|TEXT
      response_tokens_details[].token_count TOTAL
      response_tokens_details[].modality word:AUDIO|IMAGE|audio|image|TEXT
      """;

  private static final String INTERACTION_USAGE =
      """
      total_input_tokens INPUT
      total_output_tokens OUTPUT
      total_thought_tokens REASONING
      total_cached_tokens CACHE_READ
      total_tool_use_tokens TOOL_INPUT
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
      "model name\nerror mark\ntype " + TYPES + "\nobject " + OBJECTS + "\n";

  /** The parts that formats are made of. */
  enum Part {
    OPENAI(
        ROOT
            + "choices[].index INDEX\nchoices[].finish_reason mark\n"
            + under("choices[].usage.", OPENAI_USAGE)
            + under("usage.", OPENAI_USAGE)
            + under("x_groq.usage.", OPENAI_USAGE)),
    RESPONSES(
        ROOT
            + "response.id text\nresponse.model name\nresponse.error mark\n"
            + under("usage.", INPUT_OUTPUT_USAGE)
            + under("response.usage.", INPUT_OUTPUT_USAGE)),
    MEDIA(ROOT + under("usage.", INPUT_OUTPUT_USAGE) + "data[].b64_json skipped\n"),
    ANTHROPIC(
        ROOT
            + "message.model name\ndelta.stop_reason mark\n"
            + under("usage.", ANTHROPIC_USAGE)
            + under("message.usage.", ANTHROPIC_USAGE)),
    GEMINI(
        ROOT
            + "modelVersion name\nmodel_version name\ncandidates[].finishReason mark\n"
            + "candidates[].finish_reason mark\npromptFeedback.blockReason mark\n"
            + under("usageMetadata.", GEMINI_USAGE)
            + under("usage_metadata.", GEMINI_SNAKE_USAGE)),
    INTERACTIONS(
        ROOT
            + "interaction.model name\n"
            + ("event_type " + TYPES + "\n")
            + under("usage.", INTERACTION_USAGE)
            + under("interaction.usage.", INTERACTION_USAGE)),
    CONVERSE(ROOT + "stopReason mark\n" + under("usage.", CONVERSE_USAGE)),
    COHERE(
        ROOT
            + ("event_type " + TYPES + "\n")
            + under("usage.", COHERE_USAGE)
            + under("meta.", COHERE_USAGE)
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
      boolean counts = !name.equals("delta") || nested.members.containsKey("usage");
      nested.place = counts ? "NESTED" : "";
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
            case RESPONSES -> List.of(Part.RESPONSES);
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
