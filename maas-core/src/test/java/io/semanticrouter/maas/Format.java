// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Tokens.tokens;
import static io.semanticrouter.maas.Wire.concat;
import static io.semanticrouter.maas.Wire.utf8;

import io.semanticrouter.maas.record.TokenUsage;
import java.util.List;

/**
 * Every format in which a model answers, with the same small answer in each: 12 prompt tokens and 8
 * completion tokens. For what has to hold in all of them.
 */
enum Format {
  CHAT(Wire.CHAT, Wire.CHAT),
  COMPLETION(Wire.COMPLETIONS, Wire.COMPLETIONS),
  RESPONSES(Wire.RESPONSES, Wire.RESPONSES),
  MESSAGES(Wire.MESSAGES, Wire.MESSAGES),
  GENERATE_CONTENT(Wire.GEMINI, Wire.GEMINI_STREAM),
  INTERACTIONS(Wire.INTERACTIONS, Wire.INTERACTIONS),
  COHERE_CHAT(Wire.COHERE_CHAT, Wire.COHERE_CHAT),
  CONVERSE(Wire.CONVERSE, Wire.CONVERSE_STREAM),
  INVOKE(Wire.INVOKE, Wire.INVOKE_STREAM);

  private static final String OPEN_AI_USAGE =
      "{\"prompt_tokens\":12,\"completion_tokens\":8,\"total_tokens\":20}";
  private static final String INPUT_OUTPUT_TOTAL =
      "{\"input_tokens\":12,\"output_tokens\":8,\"total_tokens\":20}";
  private static final String INPUT_OUTPUT = "{\"input_tokens\":12,\"output_tokens\":8}";
  private static final String GEMINI_USAGE =
      "{\"promptTokenCount\":12,\"candidatesTokenCount\":8,\"totalTokenCount\":20}";
  private static final String INTERACTION_USAGE =
      "{\"total_input_tokens\":12,\"total_output_tokens\":8,\"total_tokens\":20}";
  private static final String COHERE_USAGE =
      "{\"billed_units\":{\"input_tokens\":12,\"output_tokens\":8}}";
  private static final String CONVERSE_USAGE =
      "{\"inputTokens\":12,\"outputTokens\":8,\"totalTokens\":20}";

  /**
   * What every format calls usage, with other numbers: to be planted where it is none. It is the
   * inside of an object.
   */
  static final String PLANTED =
      """
      "usage":{"prompt_tokens":1,"completion_tokens":1,"input_tokens":1,"output_tokens":1,\
      "total_tokens":1,"inputTokens":1,"outputTokens":1,"totalTokens":1,\
      "billed_units":{"input_tokens":1,"output_tokens":1},"tokens":{"input_tokens":1}},\
      "usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":1},\
      "usage_metadata":{"prompt_token_count":1},\
      "x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":1}},\
      "type":"message_start","object":"response","finish_reason":"stop","stop_reason":"end_turn",\
      "message":{"model":"planted","usage":{"input_tokens":1,"output_tokens":1}},\
      "response":{"model":"planted","usage":{"input_tokens":1,"output_tokens":1}},\
      "interaction":{"usage":{"total_input_tokens":1,"total_output_tokens":1}},\
      "delta":{"usage":{"billed_units":{"input_tokens":1,"output_tokens":1}}},\
      "meta":{"billed_units":{"input_tokens":1,"search_units":1}},\
      "metadata":{"usage":{"inputTokens":1}},"model":"planted","modelVersion":"planted",\
      "amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"outputTokenCount":1},\
      "error":{"message":"planted"}""";

  private final String jsonPath;
  private final String streamPath;

  Format(String jsonPath, String streamPath) {
    this.jsonPath = jsonPath;
    this.streamPath = streamPath;
  }

  boolean isFrames() {
    return this == CONVERSE || this == INVOKE;
  }

  /** Formats that name their usage alike have the same one. */
  String family() {
    return switch (this) {
      case CHAT, COMPLETION -> "choices";
      case MESSAGES, INVOKE -> "message";
      default -> name();
    };
  }

  Wire json() {
    return Wire.json(jsonPath);
  }

  Wire stream() {
    return isFrames() ? Wire.frames(streamPath) : Wire.events(streamPath);
  }

  /** What the answer comes to. */
  TokenUsage usage() {
    return switch (this) {
      case MESSAGES, COHERE_CHAT, INVOKE -> tokens(12, 8).usage();
      default -> tokens(12, 8).total(20).usage();
    };
  }

  /**
   * An answer in one document.
   *
   * @param text the text of the model, as it stands between the quotes
   * @param arguments arguments of a tool call, and whatever else the payer may fill: an object
   */
  String document(String text, String arguments) {
    String content = "\"text\":\"" + text + "\"";
    String chosen =
        "{\"model\":\"m\",\"choices\":[{\"index\":0,\"text\":\""
            + text
            + "\",\"message\":{\"content\":\""
            + text
            + "\",\"tool_calls\":[{\"function\":{\"arguments\":"
            + arguments
            + "}}]},\"finish_reason\":\"stop\"}],\"kv_transfer_params\":"
            + arguments
            + ",\"usage\":"
            + OPEN_AI_USAGE
            + ",\"metadata\":"
            + arguments
            + "}";
    return switch (this) {
      case CHAT, COMPLETION -> chosen;
      case RESPONSES ->
          "{\"object\":\"response\",\"model\":\"m\",\"status\":\"completed\",\"metadata\":"
              + arguments
              + ",\"output\":[{\"content\":[{"
              + content
              + "}],\"arguments\":"
              + arguments
              + "}],\"usage\":"
              + INPUT_OUTPUT_TOTAL
              + ",\"tools\":[{\"parameters\":{\"properties\":"
              + arguments
              + "}}],\"text\":{\"format\":"
              + arguments
              + "}}";
      case MESSAGES, INVOKE ->
          "{\"type\":\"message\",\"model\":\"m\",\"content\":[{\"type\":\"text\","
              + content
              + "},{\"type\":\"tool_use\",\"input\":"
              + arguments
              + "}],\"stop_reason\":\"tool_use\",\"usage\":"
              + INPUT_OUTPUT
              + ",\"container\":"
              + arguments
              + "}";
      case GENERATE_CONTENT ->
          "{\"candidates\":[{\"content\":{\"parts\":[{"
              + content
              + "},{\"functionCall\":{\"args\":"
              + arguments
              + "}}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":"
              + GEMINI_USAGE
              + ",\"modelVersion\":\"m\"}";
      case INTERACTIONS ->
          "{\"object\":\"interaction\",\"model\":\"m\",\"status\":\"completed\",\"outputs\":[{"
              + content
              + "},{\"type\":\"function_call\",\"arguments\":"
              + arguments
              + "}],\"usage\":"
              + INTERACTION_USAGE
              + ",\"tools\":["
              + arguments
              + "]}";
      case COHERE_CHAT ->
          "{\"id\":\"c\",\"finish_reason\":\"COMPLETE\",\"message\":{\"content\":[{"
              + content
              + "}],\"tool_calls\":[{\"function\":{\"arguments\":"
              + arguments
              + "}}]},\"usage\":"
              + COHERE_USAGE
              + "}";
      case CONVERSE ->
          "{\"output\":{\"message\":{\"content\":[{"
              + content
              + "},{\"toolUse\":{\"input\":"
              + arguments
              + "}}]}},\"stopReason\":\"tool_use\",\"usage\":"
              + CONVERSE_USAGE
              + ",\"additionalModelResponseFields\":"
              + arguments
              + "}";
    };
  }

  /** What comes before the first piece of text; may be nothing. */
  byte[] open() {
    return switch (this) {
      case RESPONSES ->
          event(
              "{\"type\":\"response.created\",\"response\":{\"object\":\"response\",\"model\":\"m\",\"usage\":null}}");
      case MESSAGES, INVOKE ->
          event(
              "{\"type\":\"message_start\",\"message\":{\"type\":\"message\",\"model\":\"m\",\"usage\":{\"input_tokens\":12,\"output_tokens\":1}}}");
      case CONVERSE -> EventFrames.event("messageStart", utf8("{\"role\":\"assistant\"}"));
      default -> new byte[0];
    };
  }

  /** A piece of text, as it stands between the quotes. */
  byte[] delta(String text) {
    String quoted = '"' + text + '"';
    return switch (this) {
      case CHAT ->
          event(
              "{\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
                  + quoted
                  + "},\"finish_reason\":null}],\"usage\":null}");
      case COMPLETION ->
          event(
              "{\"model\":\"m\",\"choices\":[{\"index\":0,\"text\":"
                  + quoted
                  + ",\"finish_reason\":null}]}");
      case RESPONSES -> event("{\"type\":\"response.output_text.delta\",\"delta\":" + quoted + "}");
      case MESSAGES, INVOKE ->
          event(
              "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":"
                  + quoted
                  + "}}");
      case GENERATE_CONTENT ->
          event(
              "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
                  + quoted
                  + "}]}}],\"modelVersion\":\"m\"}");
      case INTERACTIONS ->
          event(
              "{\"event_type\":\"content.delta\",\"index\":0,\"delta\":{\"type\":\"text\",\"text\":"
                  + quoted
                  + "}}");
      case COHERE_CHAT ->
          event(
              "{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":"
                  + quoted
                  + "}}}}");
      case CONVERSE ->
          EventFrames.event(
              "contentBlockDelta",
              utf8("{\"contentBlockIndex\":0,\"delta\":{\"text\":" + quoted + "}}"));
    };
  }

  /** The event with the final usage. */
  byte[] close() {
    return switch (this) {
      case CHAT, COMPLETION -> event("{\"choices\":[],\"usage\":" + OPEN_AI_USAGE + "}");
      case RESPONSES ->
          event(
              "{\"type\":\"response.completed\",\"response\":{\"object\":\"response\",\"model\":\"m\",\"usage\":"
                  + INPUT_OUTPUT_TOTAL
                  + "}}");
      case MESSAGES, INVOKE ->
          event(
              "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":8}}");
      case GENERATE_CONTENT ->
          event(
              "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":"
                  + GEMINI_USAGE
                  + "}");
      case INTERACTIONS ->
          event(
              "{\"event_type\":\"interaction.complete\",\"interaction\":{\"model\":\"m\",\"usage\":"
                  + INTERACTION_USAGE
                  + "}}");
      case COHERE_CHAT ->
          event(
              "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":"
                  + COHERE_USAGE
                  + "}}");
      case CONVERSE ->
          EventFrames.event(
              "metadata", utf8("{\"usage\":" + CONVERSE_USAGE + ",\"metrics\":{\"latencyMs\":1}}"));
    };
  }

  /** A document as an event of this format's stream. */
  byte[] event(String document) {
    return this == INVOKE ? EventFrames.chunk(document) : utf8("data: " + document + "\n\n");
  }

  /** A whole answer in pieces. */
  byte[] answer(String... texts) {
    byte[] deltas = concat(List.of(texts).stream().map(this::delta).toArray(byte[][]::new));
    return concat(open(), deltas, close());
  }
}
