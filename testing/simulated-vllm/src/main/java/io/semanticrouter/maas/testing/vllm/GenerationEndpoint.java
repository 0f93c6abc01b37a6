// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import io.semanticrouter.maas.testing.vllm.StatsRecorder.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Answers chat and text completions, as one JSON body or as a stream of events. */
final class GenerationEndpoint implements InferenceEndpoint {

  private final String path;
  private final WireFormat format;
  private final ServerState server;

  GenerationEndpoint(String path, WireFormat format, ServerState server) {
    this.path = path;
    this.format = format;
    this.server = server;
  }

  @Override
  public void answer(Exchange exchange, Fields body, Knobs knobs) throws IOException {
    GenerationRequest request = format.parse(body);
    String model = server.served(request.model());
    List<Choice> choices = choices(request, knobs);
    exchange.headers(
        server.routingHeaders().of(model, request.lastUserText(), knobs.cacheHit(), knobs.pii()));
    if (request.stream()) {
      StreamedAnswer.send(
          exchange, knobs, server.stats(), new Script(request, knobs, model, choices));
    } else {
      json(exchange, request, knobs, model, choices);
    }
  }

  private static List<Choice> choices(GenerationRequest request, Knobs knobs) {
    List<Choice> choices = new ArrayList<>();
    for (TextInput prompt : request.prompts()) {
      Answer answer = Answer.to(prompt.text(), knobs.tokens(), request.maxTokens());
      for (int i = 0; i < request.choicesPerPrompt(); i++) {
        choices.add(new Choice(choices.size(), prompt, answer));
      }
    }
    return choices;
  }

  private void json(
      Exchange exchange, GenerationRequest request, Knobs knobs, String model, List<Choice> choices)
      throws IOException {
    long completionTokens = choices.stream().mapToLong(choice -> choice.answer.tokens()).sum();
    Usage usage = new Usage(promptTokens(request), completionTokens).withCached(knobs);
    Map<String, Object> body = format.bodyHead(server.ids().get(), server.created(), model);
    body.put(
        "choices",
        choices.stream().map(choice -> format.choice(choice.index, choice.answer)).toList());
    body.put("service_tier", Json.NULL);
    body.put("system_fingerprint", Json.NULL);
    if (!knobs.omitUsage()) {
      body.put("usage", usage.inBody());
    }
    JsonAnswer.send(
        exchange,
        knobs,
        server.stats(),
        new Outcome(path, usage, !knobs.omitUsage(), knobs.cacheHit()),
        body);
  }

  private static long promptTokens(GenerationRequest request) {
    return request.prompts().stream().mapToLong(TextInput::tokens).sum();
  }

  private record Choice(int index, TextInput prompt, Answer answer) {}

  /** One streamed answer: for each choice an opening, its tokens in turn, and its end. */
  private final class Script implements StreamedAnswer.Script {
    private final GenerationRequest request;
    private final Knobs knobs;
    private final List<Choice> choices;
    private final Map<String, Object> head;
    private final boolean finalUsage;
    private final boolean continuousUsage;
    private long produced;

    Script(GenerationRequest request, Knobs knobs, String model, List<Choice> choices) {
      this.request = request;
      this.knobs = knobs;
      this.choices = choices;
      this.head = format.chunkHead(server.ids().get(), server.created(), model);
      boolean force = knobs.forceUsage();
      this.finalUsage = (force || request.includeUsage()) && !knobs.omitUsage();
      this.continuousUsage = (force || request.continuousUsage()) && !knobs.omitUsage();
    }

    @Override
    public void play(EventStream events) throws IOException {
      sendChoices(events);
      if (finalUsage) {
        head.put("choices", List.of());
        head.put("usage", usage().inStream());
        events.send(Json.text(head));
      }
    }

    @Override
    public void end(EventStream events) throws IOException {
      events.send("[DONE]");
    }

    @Override
    public Outcome outcome() {
      return new Outcome(path, usage(), finalUsage, knobs.cacheHit());
    }

    private void sendChoices(EventStream events) throws IOException {
      int longest = 0;
      for (Choice choice : choices) {
        longest = Math.max(longest, choice.answer.tokens());
        for (Map<String, Object> opening : format.opening(choice.index)) {
          send(events, choice, opening, 0);
        }
      }
      for (int token = 0; token < longest; token++) {
        for (Choice choice : choices) {
          if (token < choice.answer.tokens()) {
            String text = choice.answer.pieces().get(token);
            send(events, choice, format.delta(choice.index, text, Json.NULL), token + 1);
            produced++;
          }
        }
      }
      for (Choice choice : choices) {
        Object end = format.delta(choice.index, "", choice.answer.finishReason());
        send(events, choice, end, choice.answer.tokens());
      }
    }

    private void send(EventStream events, Choice choice, Object delta, int tokensSoFar)
        throws IOException {
      head.put("choices", List.of(delta));
      if (continuousUsage) {
        head.put("usage", new Usage(choice.prompt.tokens(), tokensSoFar).inStream());
      } else if (finalUsage && knobs.nullUsage()) {
        head.put("usage", Json.NULL);
      }
      events.send(Json.text(head));
    }

    private Usage usage() {
      return new Usage(promptTokens(request), produced).withCached(knobs);
    }
  }
}
