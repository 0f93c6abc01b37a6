// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.semanticrouter.maas.record.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What a request says, as a reader of trees finds it. */
final class SaidInTree {
  private static final Set<String> OTHERS =
      Set.of("system", "developer", "assistant", "tool", "function");
  private static final Set<String> MEDIA = Set.of("image_url", "input_audio", "file");

  private final List<String> users = new ArrayList<>();
  private long characters;
  private boolean media;

  private SaidInTree() {}

  static Prompt of(Operation operation, JsonNode tree) {
    SaidInTree said = new SaidInTree();
    JsonNode nothing = MissingNode.getInstance();
    JsonNode messages = nothing;
    JsonNode users = nothing;
    JsonNode others = nothing;
    switch (operation) {
      case CHAT -> messages = tree.path("messages");
      case MESSAGES -> {
        messages = tree.path("messages");
        others = tree.path("system");
      }
      case RESPONSES -> {
        JsonNode input = tree.path("input");
        messages = input.isArray() ? input : nothing;
        users = input.isArray() ? nothing : input;
        others = tree.path("instructions");
      }
      default -> users = tree.path("prompt");
    }
    said.texts(others);
    if (users.isArray()) {
      users.forEach(prompt -> said.add(said.texts(prompt)));
    } else {
      said.add(said.texts(users));
    }
    if (messages.isArray()) {
      messages.forEach(message -> said.message(operation, message));
    }
    int last = said.users.size() - 1;
    return new Prompt(
        tree.path("model").asText("").equals(tree.path("model").textValue())
            ? tree.path("model").textValue()
            : "",
        String.join("\n", said.users),
        last < 0 ? "" : said.users.get(last),
        said.characters,
        tree.path("tools").isArray() && !tree.path("tools").isEmpty(),
        said.media);
  }

  private void add(List<String> texts) {
    if (!texts.isEmpty()) {
      users.add(String.join("\n", texts));
    }
  }

  private void message(Operation operation, JsonNode message) {
    if (!message.isObject()) {
      add(texts(message));
      return;
    }
    texts(message.path("output"));
    List<String> texts = texts(message.path("content"));
    String role = message.path("role").isTextual() ? message.path("role").textValue() : "";
    String type = message.path("type").isTextual() ? message.path("type").textValue() : "";
    boolean item = operation == Operation.RESPONSES && role.isEmpty();
    if (!OTHERS.contains(role) && (!item || type.isEmpty() || type.equals("message"))) {
      add(texts);
    }
  }

  /** Of a text, a part, or an array of both. */
  private List<String> texts(JsonNode content) {
    List<String> texts = new ArrayList<>();
    if (content.isArray()) {
      content.forEach(part -> part(part, texts));
    } else {
      part(content, texts);
    }
    return texts;
  }

  private void part(JsonNode part, List<String> texts) {
    if (part.isTextual()) {
      text(part.textValue(), texts);
      return;
    }
    for (String name :
        part.isObject()
            ? part.properties().stream().map(e -> e.getKey()).toList()
            : List.<String>of()) {
      JsonNode value = part.get(name);
      if (value.isTextual() && Set.of("text", "thinking", "refusal").contains(name)) {
        text(value.textValue(), texts);
      }
      media |= MEDIA.contains(name) && !value.isNull();
    }
    media |= part.path("type").isTextual() && MEDIA.contains(part.path("type").textValue());
    if (part.isObject()) {
      texts(part.path("content"));
      texts(part.path("output"));
    }
  }

  private void text(String text, List<String> texts) {
    characters += text.length();
    if (!text.isEmpty()) {
      texts.add(text);
    }
  }
}
