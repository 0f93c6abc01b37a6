// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import io.semanticrouter.maas.router.internal.edits.Source.Array;
import io.semanticrouter.maas.router.internal.edits.Source.Node;
import io.semanticrouter.maas.router.internal.edits.Source.Obj;
import io.semanticrouter.maas.router.internal.edits.Source.Raw;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Random requests: what clients send, what they should not, and what nobody ever would. */
final class Requests {
  static final String[] TEXTS = {
    "",
    "a",
    "What is 2+2?",
    "Be brief.",
    "Be brief.\n\nYou are \"kind\".",
    "You are \"kind\".\n\nBe brief.",
    "\\ / \u0000 \u001f \u007f \u2028",
    "grün 日本語 \uD83D\uDE00",
    "lone \uD800 and \uDC00",
    "\uDE00 first",
    "{\"model\":\"x\"}, \"messages\":[",
    "system"
  };
  private static final String[] NUMBERS = {
    "0", "-0", "3", "0.70", "1e5", "1E-7", "-12.5e+3", "123456789012345678901234567890", "1e400"
  };
  private static final String[] ROLES = {
    "user", "user", "system", "developer", "assistant", "tool", "function", "human", ""
  };
  private static final String[] PART_TYPES = {
    "text", "input_text", "image_url", "input_audio", "tool_result", "tool_use", "file", "mystery"
  };
  private static final String[] ITEM_TYPES = {
    "message", "function_call_output", "reasoning", "function_call", ""
  };

  private final Random random;
  private final Source.Maker make;

  Requests(Random random) {
    this.random = random;
    this.make = new Source.Maker(random);
  }

  <T> T any(T[] of) {
    return of[random.nextInt(of.length)];
  }

  boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  Obj request() {
    List<String> names =
        new ArrayList<>(
            List.of(
                "model",
                "stream",
                "messages",
                "system",
                "instructions",
                "input",
                "prompt",
                "temperature",
                "tools",
                "chat_template_kwargs",
                "thinking",
                "reasoning_effort",
                "Model",
                "m",
                "x\"y",
                "日本"));
    Collections.shuffle(names, random);
    Obj request = make.object();
    boolean few = oneIn(5);
    for (String name : names) {
      boolean isText = List.of("messages", "system", "instructions", "input").contains(name);
      if (few ? oneIn(10) : isText ? !oneIn(5) : oneIn(2)) {
        make.add(request, name, member(name));
      }
    }
    return request;
  }

  private Node member(String name) {
    if (oneIn(8)) {
      return value(3);
    }
    return switch (name) {
      case "model" -> make.text(any(new String[] {"gpt-4", "qwen3", "a/b", ""}));
      case "stream" -> new Raw(random.nextBoolean() ? "true" : "false");
      case "messages", "input" -> oneIn(6) ? make.text(any(TEXTS)) : messages();
      case "system", "instructions", "prompt" -> content(1);
      case "temperature" -> new Raw(any(NUMBERS));
      case "tools" -> oneIn(3) ? make.array() : make.array(value(4));
      case "chat_template_kwargs" -> kwargs();
      case "thinking" -> thinking();
      case "reasoning_effort" -> make.text(any(new String[] {"low", "high"}));
      default -> value(4);
    };
  }

  private Obj kwargs() {
    Obj kwargs = make.object();
    if (random.nextBoolean()) {
      make.add(kwargs, "other", value(2));
    }
    if (random.nextBoolean()) {
      make.add(kwargs, "enable_thinking", new Raw(any(new String[] {"true", "false", "null"})));
    }
    if (random.nextBoolean()) {
      make.add(kwargs, "deep", oneIn(2) ? value(1) : make.object());
    }
    return kwargs;
  }

  private Obj thinking() {
    Obj thinking = make.object();
    make.add(thinking, "type", make.text(any(new String[] {"enabled", "disabled"})));
    if (random.nextBoolean()) {
      make.add(thinking, "budget_tokens", new Raw("1024"));
    }
    return thinking;
  }

  private Array messages() {
    Node[] messages = new Node[random.nextInt(5)];
    for (int i = 0; i < messages.length; i++) {
      messages[i] = oneIn(15) ? value(2) : message();
    }
    return make.array(messages);
  }

  private Obj message() {
    List<String> names = new ArrayList<>(List.of("role", "content", "type", "output", "name"));
    Collections.shuffle(names, random);
    Obj message = make.object();
    for (String name : names) {
      if (!oneIn(name.equals("role") || name.equals("content") ? 10 : 2)) {
        Node value =
            switch (name) {
              case "role" -> make.text(any(ROLES));
              case "type" -> make.text(any(ITEM_TYPES));
              case "content", "output" -> content(2);
              default -> value(2);
            };
        make.add(message, name, oneIn(20) ? value(2) : value);
      }
    }
    return message;
  }

  private Node content(int depth) {
    if (oneIn(10)) {
      return value(2);
    }
    if (oneIn(2)) {
      return make.text(any(TEXTS));
    }
    Node[] parts = new Node[random.nextInt(4)];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = oneIn(6) ? value(1) : part(depth);
    }
    return make.array(parts);
  }

  private Obj part(int depth) {
    List<String> names =
        new ArrayList<>(
            List.of("type", "text", "image_url", "input_audio", "content", "thinking", "uuid"));
    Collections.shuffle(names, random);
    Obj part = make.object();
    for (String name : names) {
      if (!oneIn(name.equals("type") || name.equals("text") ? 8 : 1 + random.nextInt(2))) {
        Node value =
            switch (name) {
              case "type" -> make.text(any(PART_TYPES));
              case "text", "thinking" -> make.text(any(TEXTS));
              case "content" -> depth > 0 ? content(depth - 1) : value(1);
              default -> oneIn(2) ? new Raw("null") : value(1);
            };
        make.add(part, name, value);
      }
    }
    return part;
  }

  /** Anything. */
  private Node value(int depth) {
    return switch (random.nextInt(depth > 0 ? 6 : 4)) {
      case 0 -> new Raw(any(NUMBERS));
      case 1 -> new Raw(any(new String[] {"true", "false", "null"}));
      case 2, 3 -> make.text(any(TEXTS));
      case 4 -> {
        Node[] values = new Node[random.nextInt(4)];
        Arrays.setAll(values, i -> value(depth - 1));
        yield make.array(values);
      }
      default -> {
        Obj object = make.object();
        int members = random.nextInt(4);
        for (int i = 0; i < members; i++) {
          make.add(object, "key" + i, value(depth - 1));
        }
        yield object;
      }
    };
  }
}
