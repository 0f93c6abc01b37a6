// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import io.semanticrouter.maas.testing.vllm.StatsRecorder.Outcome;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Answers OpenAI's Responses API, in vLLM's order of members ({@code ResponsesResponse} in {@code
 * vllm/entrypoints/openai/responses/protocol.py}): {@code usage} stands behind what the client sent
 * and gets back, and the type of an event behind its response.
 */
final class ResponsesEndpoint implements InferenceEndpoint {

  private static final String RESPONSE_ID = "resp_";
  private static final int STORED_PROMPT_TOKENS = 7;

  private final String path;
  private final ServerState server;

  ResponsesEndpoint(String path, ServerState server) {
    this.path = path;
    this.server = server;
  }

  @Override
  public void answer(Exchange exchange, Fields body, Knobs knobs) throws IOException {
    TextInput prompt = prompt(body);
    OptionalInt cap = body.integer("max_output_tokens", 1, Integer.MAX_VALUE);
    boolean stream = body.flag("stream");
    Answer answer = Answer.to(prompt.text(), knobs.tokens(), cap);
    String model = server.served(body.string("model").orElse(""));
    Response response =
        new Response(server.ids().get(), server.created(), model, body, cap, knobs.omitUsage());
    exchange.headers(
        server.routingHeaders().of(model, prompt.text(), knobs.cacheHit(), knobs.pii()));
    if (stream) {
      StreamedAnswer.send(
          exchange, knobs, server.stats(), new Script(response, prompt, answer, knobs));
    } else {
      Usage usage = new Usage(prompt.tokens(), answer.tokens()).withCached(knobs);
      JsonAnswer.send(
          exchange, knobs, server.stats(), outcome(usage, knobs), response.ended(answer, usage));
    }
  }

  private static TextInput prompt(Fields body) {
    Conversation conversation = new Conversation().addText(body, "instructions", "system");
    Object input = body.any("input").orElseThrow(() -> body.wrong("input", "a string or an array"));
    return input instanceof List<?>
        ? conversation.addMessages(body, "input").prompt()
        : conversation.addText(body, "input", "user").prompt();
  }

  /**
   * Returns a stored response. This server stores none: it answers any id with the same one, and,
   * as the API does, repeats the usage that was billed when the response was made.
   */
  void retrieve(Exchange exchange, String id) throws IOException {
    if (!id.startsWith(RESPONSE_ID)) {
      throw ApiException.badRequest("'" + id + "' is no id of a response.");
    }
    OptionalInt none = OptionalInt.empty();
    Fields request = Fields.of(Map.of(), "");
    String model = server.models().get(0);
    Response response =
        new Response(
            id.substring(RESPONSE_ID.length()), server.created(), model, request, none, false);
    Answer answer = Answer.to("", none, none);
    exchange.json(200, response.ended(answer, new Usage(STORED_PROMPT_TOKENS, answer.tokens())));
  }

  private Outcome outcome(Usage usage, Knobs knobs) {
    return new Outcome(path, usage, !knobs.omitUsage(), knobs.cacheHit());
  }

  /** The response object, from its creation to its end. */
  private record Response(
      String id,
      long created,
      String model,
      Fields request,
      OptionalInt maxTokens,
      boolean omitUsage) {

    Map<String, Object> started() {
      return object("in_progress", Json.NULL, List.of(), Json.NULL);
    }

    Map<String, Object> ended(Answer answer, Usage usage) {
      return object(
          status(answer),
          isWhole(answer) ? Json.NULL : Json.object("reason", "max_output_tokens"),
          List.of(message(status(answer), List.of(text(answer.text())))),
          usage.ofResponse());
    }

    Map<String, Object> message(String status, List<?> content) {
      return Json.object(
          "id",
          itemId(),
          "content",
          content,
          "role",
          "assistant",
          "status",
          status,
          "type",
          "message");
    }

    Map<String, Object> text(String text) {
      return Json.object(
          "annotations", List.of(), "text", text, "type", "output_text", "logprobs", Json.NULL);
    }

    String itemId() {
      return "msg_" + id;
    }

    private static boolean isWhole(Answer answer) {
      return answer.finishReason().equals("stop");
    }

    static String status(Answer answer) {
      return isWhole(answer) ? "completed" : "incomplete";
    }

    private Map<String, Object> object(
        String status, Object incompleteDetails, List<?> output, Object usage) {
      Map<String, Object> response =
          Json.object(
              "id",
              RESPONSE_ID + id,
              "created_at",
              created,
              "incomplete_details",
              incompleteDetails,
              "instructions",
              request.any("instructions").orElse(Json.NULL),
              "metadata",
              request.any("metadata").orElse(Json.NULL),
              "model",
              model,
              "object",
              "response",
              "output",
              output,
              "parallel_tool_calls",
              true,
              "temperature",
              1.0,
              "tool_choice",
              "auto",
              "tools",
              request.any("tools").orElse(List.of()),
              "top_p",
              1.0,
              "background",
              false,
              "max_output_tokens",
              maxTokens.isEmpty() ? Json.NULL : maxTokens.getAsInt(),
              "max_tool_calls",
              Json.NULL,
              "previous_response_id",
              Json.NULL,
              "prompt",
              Json.NULL,
              "reasoning",
              Json.NULL,
              "service_tier",
              "auto",
              "status",
              status,
              "text",
              Json.NULL,
              "top_logprobs",
              Json.NULL,
              "truncation",
              "disabled");
      if (!omitUsage) {
        response.put("usage", usage);
      }
      response.put("user", Json.NULL);
      return response;
    }
  }

  private final class Script implements StreamedAnswer.Script {
    private final Response response;
    private final TextInput prompt;
    private final Answer answer;
    private final Knobs knobs;
    private long produced;
    private int sequence;

    Script(Response response, TextInput prompt, Answer answer, Knobs knobs) {
      this.response = response;
      this.prompt = prompt;
      this.answer = answer;
      this.knobs = knobs;
    }

    @Override
    public void play(EventStream events) throws IOException {
      send(events, "created", Json.object("response", response.started()));
      send(events, "in_progress", Json.object("response", response.started()));
      send(
          events,
          "output_item.added",
          Json.object("item", response.message("in_progress", List.of()), "output_index", 0));
      send(events, "content_part.added", part("part", response.text("")));
      for (String piece : answer.pieces()) {
        send(events, "output_text.delta", part("delta", piece, "logprobs", List.of()));
        produced++;
      }
      send(events, "output_text.done", part("logprobs", List.of(), "text", answer.text()));
      Map<String, Object> text = response.text(answer.text());
      send(events, "content_part.done", part("part", text));
      send(
          events,
          "output_item.done",
          Json.object(
              "item", response.message(Response.status(answer), List.of(text)), "output_index", 0));
    }

    @Override
    public void end(EventStream events) throws IOException {
      send(
          events,
          Response.status(answer),
          Json.object("response", response.ended(answer, usage())));
    }

    @Override
    public Outcome outcome() {
      return ResponsesEndpoint.this.outcome(usage(), knobs);
    }

    private Usage usage() {
      return new Usage(prompt.tokens(), produced).withCached(knobs);
    }

    private Map<String, Object> part(Object... members) {
      Map<String, Object> part =
          Json.object("content_index", 0, "item_id", response.itemId(), "output_index", 0);
      part.putAll(Json.object(members));
      return part;
    }

    private void send(EventStream events, String type, Map<String, Object> event)
        throws IOException {
      event.put("sequence_number", sequence++);
      event.put("type", "response." + type);
      events.send("response." + type, Json.text(event));
    }
  }
}
