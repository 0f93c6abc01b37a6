// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.semanticrouter.maas.Operation;
import io.semanticrouter.maas.router.JsonObject.Member;
import io.semanticrouter.maas.router.SystemPrompt.Mode;
import io.semanticrouter.maas.router.SystemPrompt.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is changed of a request: the model, the switch of the reasoning, the system prompt. All
 * other bytes stay as they are. A value that is there already, however it is spelled, is left
 * alone. Missing members become the last ones of their object.
 *
 * <p>For one thread. Of two edits of one member the later one counts.
 */
final class BodyEdits {
  /** What becomes of a member. */
  private sealed interface Change permits Set, Remove, Within {}

  private record Set(String json) implements Change {}

  private record Remove() implements Change {}

  /** Its own members are changed. */
  private record Within(Map<String, Change> changes) implements Change {
    static Within nothing() {
      return new Within(new LinkedHashMap<>());
    }
  }

  private final RequestDocument document;
  private final byte[] body;
  private final Within root = Within.nothing();

  /** Changes of the text of a system prompt that is there. */
  private final Splice text = new Splice();

  private @Nullable JsonObject systemMessage;
  private final Within ofSystemMessage = Within.nothing();
  private boolean prompted;

  BodyEdits(RequestDocument document) {
    this.document = document;
    this.body = document.body();
  }

  /** States the model that is to answer. */
  BodyEdits model(String model) {
    root.changes().put("model", new Set(Json.quoted(model)));
    return this;
  }

  /** Switches the reasoning. */
  BodyEdits reasoning(ReasoningSwitch reasoning) {
    // Removals last: they must not have a say in the order of what is added.
    for (MemberEdit edit : reasoning.edits()) {
      if (edit.literal() != null) {
        put(edit.path(), new Set(edit.literal()));
      }
    }
    for (MemberEdit edit : reasoning.edits()) {
      if (edit.literal() == null) {
        put(edit.path(), new Remove());
      }
    }
    return this;
  }

  private void put(List<String> path, Change change) {
    Within parent = root;
    for (String name : path.subList(0, path.size() - 1)) {
      Change next = parent.changes().get(name);
      Within within = next instanceof Within known ? known : Within.nothing();
      parent.changes().put(name, within);
      parent = within;
    }
    parent.changes().put(path.get(path.size() - 1), change);
  }

  /**
   * Gives the request a system prompt: its first message with the role system or developer (CHAT),
   * {@code system} (MESSAGES), {@code instructions} (RESPONSES). A COMPLETION has none.
   *
   * @throws IllegalStateException the second time
   */
  Outcome systemPrompt(SystemPrompt prompt) {
    if (prompted) {
      throw new IllegalStateException("one system prompt per request");
    }
    prompted = true;
    if (prompt.mode() == Mode.IF_ABSENT && document.hasSystemPrompt()) {
      return Outcome.CLIENTS_OWN;
    }
    return switch (document.operation()) {
      case CHAT -> systemMessage(prompt);
      case MESSAGES -> text(prompt, document.root(), "system", root);
      case RESPONSES -> text(prompt, document.root(), "instructions", root);
      default -> Outcome.NO_PLACE;
    };
  }

  private Outcome systemMessage(SystemPrompt prompt) {
    RequestDocument.Messages messages = document.messages();
    if (messages == null) {
      return Outcome.NO_PLACE;
    }
    if (messages.hasSystem()) {
      JsonObject message = JsonObject.at(body, messages.systemFrom(), messages.systemTo());
      systemMessage = message;
      return text(prompt, message, "content", ofSystemMessage);
    }
    String message = "{\"role\":\"system\",\"content\":" + Json.quoted(prompt.text()) + "}";
    text.insert(messages.open() + 1, message + (messages.empty() ? "" : ","));
    return Outcome.ADDED;
  }

  /** Gives a member the text: a string, or an array of parts. */
  private Outcome text(SystemPrompt prompt, JsonObject object, String name, Within changes) {
    Member stated = object.member(name);
    char first = stated == null ? 'n' : (char) body[stated.from()];
    Set whole = new Set(Json.quoted(prompt.text()));
    if (stated == null || first == 'n') {
      changes.changes().put(name, whole);
      return Outcome.ADDED;
    }
    if (first == '"' && prompt.mode() != Mode.REPLACE) {
      return beside(prompt, stated);
    }
    boolean parts = first == '[' && document.operation() != Operation.RESPONSES;
    if (parts && prompt.mode() != Mode.REPLACE) {
      return besideParts(prompt, stated);
    }
    if (prompt.mode() != Mode.REPLACE) {
      return Outcome.NO_PLACE;
    }
    if (first == '"' && Json.string(body, stated.from(), stated.to()).equals(prompt.text())) {
      return Outcome.ALREADY;
    }
    if (parts) {
      Parts known = Parts.of(body, stated);
      if (known.count() == 1 && prompt.text().equals(known.first())) {
        return Outcome.ALREADY;
      }
    }
    changes.changes().put(name, whole);
    return Outcome.ADDED;
  }

  private Outcome beside(SystemPrompt prompt, Member stated) {
    String clients = Json.string(body, stated.from(), stated.to());
    String added = prompt.text();
    boolean before = prompt.mode() == Mode.PREPEND;
    if (clients.equals(added)
        || (before ? clients.startsWith(added + "\n\n") : clients.endsWith("\n\n" + added))) {
      return Outcome.ALREADY;
    }
    String between = clients.isEmpty() ? "" : "\\n\\n";
    if (before) {
      text.insert(stated.from() + 1, Json.escaped(added) + between);
    } else {
      text.insert(stated.to() - 1, between + Json.escaped(added));
    }
    return Outcome.ADDED;
  }

  private Outcome besideParts(SystemPrompt prompt, Member stated) {
    Parts clients = Parts.of(body, stated);
    boolean before = prompt.mode() == Mode.PREPEND;
    if (prompt.text().equals(before ? clients.first() : clients.last())) {
      return Outcome.ALREADY;
    }
    String part = "{\"type\":\"text\",\"text\":" + Json.quoted(prompt.text()) + "}";
    String comma = clients.count() == 0 ? "" : ",";
    if (before) {
      text.insert(stated.from() + 1, part + comma);
    } else {
      text.insert(stated.to() - 1, comma + part);
    }
    return Outcome.ADDED;
  }

  /**
   * The parts of a text.
   *
   * @param first the text of the first one; null if it has none
   * @param last the text of the last one; null if it has none
   */
  private record Parts(int count, @Nullable String first, @Nullable String last) {
    static Parts of(byte[] body, Member array) {
      int count = 0;
      String first = null;
      String last = null;
      try (JsonParser p = Json.parser(body, array.from(), array.to())) {
        p.nextToken();
        while (p.nextToken() != JsonToken.END_ARRAY) {
          last = text(p);
          first = count == 0 ? last : first;
          count++;
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return new Parts(count, first, last);
    }

    private static @Nullable String text(JsonParser p) throws IOException {
      if (p.hasToken(JsonToken.VALUE_STRING)) {
        return p.getText();
      }
      if (!p.hasToken(JsonToken.START_OBJECT)) {
        p.skipChildren();
        return null;
      }
      String text = null;
      while (p.nextToken() != JsonToken.END_OBJECT) {
        boolean isText = p.currentName().equals("text");
        if (p.nextToken() == JsonToken.VALUE_STRING && isText) {
          text = p.getText();
        }
        p.skipChildren();
      }
      return text;
    }
  }

  /**
   * The body with the edits.
   *
   * @return when nothing has changed and the document is all of its array: that array
   */
  byte[] apply() {
    Splice splice = new Splice();
    splice.addAll(text);
    change(document.root(), root, splice);
    if (systemMessage != null) {
      change(systemMessage, ofSystemMessage, splice);
    }
    int from = document.from();
    int to = document.to();
    if (!splice.isEmpty()) {
      return splice.apply(body, from, to);
    }
    return to - from == body.length ? body : Arrays.copyOfRange(body, from, to);
  }

  private void change(JsonObject object, Within within, Splice splice) {
    Map<String, Change> missing = new LinkedHashMap<>(within.changes());
    List<Member> members = object.members();
    boolean kept = false;
    for (int i = 0; i < members.size(); i++) {
      Member member = members.get(i);
      Change change = missing.remove(member.name());
      if (change instanceof Remove) {
        // With the comma before it, or, in front of all that is kept, the one behind it.
        if (kept) {
          splice.remove(members.get(i - 1).to(), member.to());
        } else {
          boolean last = i + 1 == members.size();
          splice.remove(member.key(), last ? member.to() : members.get(i + 1).key());
        }
        continue;
      }
      kept = true;
      if (change != null) {
        change(member, change, splice);
      }
    }
    StringBuilder added = new StringBuilder();
    write(missing, kept, added);
    if (!added.isEmpty()) {
      splice.insert(object.close(), added.toString());
    }
  }

  private void change(Member member, Change change, Splice splice) {
    if (change instanceof Within within) {
      if (body[member.from()] == '{') {
        change(JsonObject.at(body, member.from(), member.to()), within, splice);
        return;
      }
      String object = object(within);
      if (object != null) {
        splice.replace(member.from(), member.to(), object);
      }
    } else if (change instanceof Set set) {
      byte[] wanted = set.json().getBytes(StandardCharsets.UTF_8);
      if (!Json.isSame(body, member.from(), member.to(), wanted)) {
        splice.replace(member.from(), member.to(), set.json());
      }
    }
  }

  /** As an object of its own; null when there is nothing to set in it. */
  private static @Nullable String object(Within within) {
    StringBuilder members = new StringBuilder();
    write(within.changes(), false, members);
    return members.isEmpty() ? null : "{" + members + "}";
  }

  private static void write(Map<String, Change> changes, boolean behindOthers, StringBuilder out) {
    for (Map.Entry<String, Change> entry : changes.entrySet()) {
      String value = null;
      if (entry.getValue() instanceof Set set) {
        value = set.json();
      } else if (entry.getValue() instanceof Within within) {
        value = object(within);
      }
      if (value != null) {
        if (behindOthers || !out.isEmpty()) {
          out.append(',');
        }
        out.append(Json.quoted(entry.getKey())).append(':').append(value);
      }
    }
  }
}
