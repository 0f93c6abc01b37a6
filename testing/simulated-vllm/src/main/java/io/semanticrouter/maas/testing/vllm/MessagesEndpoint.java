// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import io.semanticrouter.maas.testing.vllm.StatsRecorder.Outcome;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Answers Anthropic's Messages API as vLLM does ({@code vllm/entrypoints/anthropic}), member for
 * member; {@code type} and {@code role} of a streamed message, and the ping, are Anthropic's, for
 * vLLM leaves them out.
 */
final class MessagesEndpoint implements InferenceEndpoint {

  private final String path;
  private final ServerState server;

  MessagesEndpoint(String path, ServerState server) {
    this.path = path;
    this.server = server;
  }

  @Override
  public void answer(Exchange exchange, Fields body, Knobs knobs) throws IOException {
    TextInput prompt = prompt(body);
    OptionalInt cap = body.integer("max_tokens", 1, Integer.MAX_VALUE);
    if (cap.isEmpty()) {
      throw body.wrong("max_tokens", "an integer from 1 to " + Integer.MAX_VALUE);
    }
    boolean stream = body.flag("stream");
    String model = server.served(body.string("model").orElse(""));
    Answer answer = Answer.to(prompt.text(), knobs.tokens(), cap);
    String id = "chatcmpl-" + server.ids().get();
    exchange.headers(
        server.routingHeaders().of(model, prompt.text(), knobs.cacheHit(), knobs.pii()));
    if (stream) {
      StreamedAnswer.send(
          exchange, knobs, server.stats(), new Script(id, model, prompt, answer, knobs));
    } else {
      json(exchange, knobs, id, model, prompt, answer);
    }
  }

  /** Tells what a request would cost; nothing is produced, so that no statistics count it. */
  void countTokens(Exchange exchange) throws IOException {
    TextInput prompt = prompt(Fields.ofBody(exchange.body()));
    exchange.json(200, Json.object("input_tokens", prompt.tokens()));
  }

  private static TextInput prompt(Fields body) {
    return new Conversation()
        .addText(body, "system", "system")
        .addMessages(body, "messages")
        .prompt();
  }

  private void json(
      Exchange exchange, Knobs knobs, String id, String model, TextInput prompt, Answer answer)
      throws IOException {
    Usage usage = new Usage(prompt.tokens(), answer.tokens()).withCached(knobs);
    Map<String, Object> body =
        Json.object(
            "id",
            id,
            "type",
            "message",
            "role",
            "assistant",
            "content",
            answer.tokens() == 0 ? List.of() : List.of(textBlock(answer.text())),
            "model",
            model,
            "stop_reason",
            stopReason(answer));
    if (!knobs.omitUsage()) {
      body.put("usage", usage.ofMessage());
    }
    JsonAnswer.send(exchange, knobs, server.stats(), outcome(usage, knobs), body);
  }

  private Outcome outcome(Usage usage, Knobs knobs) {
    return new Outcome(path, usage, !knobs.omitUsage(), knobs.cacheHit());
  }

  private static Map<String, Object> textBlock(String text) {
    return Json.object("type", "text", "text", text);
  }

  private static String stopReason(Answer answer) {
    return answer.finishReason().equals("length") ? "max_tokens" : "end_turn";
  }

  private final class Script implements StreamedAnswer.Script {
    private final String id;
    private final String model;
    private final TextInput prompt;
    private final Answer answer;
    private final Knobs knobs;
    private long produced;

    Script(String id, String model, TextInput prompt, Answer answer, Knobs knobs) {
      this.id = id;
      this.model = model;
      this.prompt = prompt;
      this.answer = answer;
      this.knobs = knobs;
    }

    @Override
    public void play(EventStream events) throws IOException {
      // vLLM knows of cached tokens at the end only: until then all of the prompt is input.
      send(events, "message_start", "message", message(new Usage(prompt.tokens(), 0)));
      if (answer.tokens() > 0) {
        send(events, "content_block_start", "content_block", textBlock(""), "index", 0);
        send(events, "ping");
        for (String piece : answer.pieces()) {
          Map<String, Object> delta = Json.object("type", "text_delta", "text", piece);
          send(events, "content_block_delta", "delta", delta, "index", 0);
          produced++;
        }
        send(events, "content_block_stop", "index", 0);
      }
      Map<String, Object> delta = Json.object("stop_reason", stopReason(answer));
      if (knobs.omitUsage()) {
        send(events, "message_delta", "delta", delta);
      } else {
        send(events, "message_delta", "delta", delta, "usage", usage().ofMessage());
      }
    }

    @Override
    public void end(EventStream events) throws IOException {
      send(events, "message_stop");
    }

    @Override
    public Outcome outcome() {
      return MessagesEndpoint.this.outcome(usage(), knobs);
    }

    private Usage usage() {
      return new Usage(prompt.tokens(), produced).withCached(knobs);
    }

    private Map<String, Object> message(Usage usage) {
      Map<String, Object> message =
          Json.object(
              "id",
              id,
              "type",
              "message",
              "role",
              "assistant",
              "content",
              List.of(),
              "model",
              model,
              "stop_reason",
              Json.NULL,
              "stop_sequence",
              Json.NULL);
      if (!knobs.omitUsage()) {
        message.put("usage", usage.ofMessage());
      }
      return message;
    }

    private void send(EventStream events, String type, Object... members) throws IOException {
      Map<String, Object> event = Json.object("type", type);
      event.putAll(Json.object(members));
      events.send(type, Json.text(event));
    }
  }
}
