// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.router.internal.edits.JsonObject.Member;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt.Mode;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What is changed of a request: the model, the switch of the reasoning, the system prompt. All
 * other bytes stay as they are. A value that is there already, however it is spelled, is left
 * alone. Missing members become the last ones of their object.
 *
 * <p>Each edit is made once, of members that are not each other's. For one thread.
 */
public final class BodyEdits {
  private final RequestDocument document;
  private final byte[] body;
  private final Splice splice = new Splice();
  private boolean added;

  public BodyEdits(RequestDocument document) {
    this.document = document;
    this.body = document.body();
  }

  /** States the model that is to answer. */
  public BodyEdits model(String model) {
    set(document.root(), "model", Json.quoted(model));
    return this;
  }

  /** Sets a member; where it belongs to an object that is missing or something else, makes that. */
  public BodyEdits set(MemberEdit edit) {
    String name = edit.name();
    Member parent = edit.parent() == null ? null : document.root().member(edit.parent());
    if (edit.parent() == null) {
      set(document.root(), name, edit.json());
    } else if (parent != null && body[parent.from()] == '{') {
      set(JsonObject.at(body, parent.from(), parent.to()), name, edit.json());
    } else {
      set(document.root(), edit.parent(), "{" + Json.quoted(name) + ":" + edit.json() + "}");
    }
    return this;
  }

  private void set(JsonObject object, String name, String json) {
    Member member = object.member(name);
    if (member == null) {
      boolean isRoot = object.close() == document.root().close();
      boolean first = object.members().isEmpty() && !(isRoot && added);
      splice.insert(object.close(), (first ? "" : ",") + Json.quoted(name) + ":" + json);
      added |= isRoot;
    } else if (!Json.isSame(body, member.from(), member.to(), Json.bytes(json))) {
      splice.replace(member.from(), member.to(), json);
    }
  }

  /**
   * Gives the request a system prompt: its first message with the role system or developer (CHAT),
   * {@code system} (MESSAGES), {@code instructions} (RESPONSES). A COMPLETION has none.
   */
  public Outcome systemPrompt(SystemPrompt prompt) {
    if (prompt.mode() == Mode.IF_ABSENT && document.hasSystemPrompt()) {
      return Outcome.CLIENTS_OWN;
    }
    return switch (document.operation()) {
      case CHAT -> systemMessage(prompt);
      case MESSAGES -> text(prompt, document.root(), "system");
      case RESPONSES -> text(prompt, document.root(), "instructions");
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
      return text(prompt, message, "content");
    }
    String message = "{\"role\":\"system\",\"content\":" + Json.quoted(prompt.text()) + "}";
    splice.insert(messages.open() + 1, message + (messages.empty() ? "" : ","));
    return Outcome.ADDED;
  }

  /** Gives a member the text: a string, or an array of parts. */
  private Outcome text(SystemPrompt prompt, JsonObject object, String name) {
    Member stated = object.member(name);
    if (stated == null || body[stated.from()] == 'n') {
      set(object, name, Json.quoted(prompt.text()));
      return Outcome.ADDED;
    }
    char first = (char) body[stated.from()];
    boolean parts = first == '[' && document.operation() != Operation.RESPONSES;
    if (prompt.mode() == Mode.REPLACE) {
      if (isText(stated, first, parts, prompt.text())) {
        return Outcome.ALREADY;
      }
      set(object, name, Json.quoted(prompt.text()));
      return Outcome.ADDED;
    }
    if (first == '"') {
      return beside(prompt, stated);
    }
    return parts ? besideParts(prompt, stated) : Outcome.NO_PLACE;
  }

  /** Whether a member is a text, as a string or as the only part. */
  private boolean isText(Member stated, char first, boolean parts, String text) {
    if (first == '"') {
      return Json.string(body, stated.from(), stated.to()).equals(text);
    }
    Parts known = parts ? Parts.of(body, stated) : null;
    return known != null && known.count() == 1 && text.equals(known.first());
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
      splice.insert(stated.from() + 1, Json.escaped(added) + between);
    } else {
      splice.insert(stated.to() - 1, between + Json.escaped(added));
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
      splice.insert(stated.from() + 1, part + comma);
    } else {
      splice.insert(stated.to() - 1, comma + part);
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
  public byte[] apply() {
    int from = document.from();
    int to = document.to();
    if (!splice.isEmpty()) {
      return splice.apply(body, from, to);
    }
    return to - from == body.length ? body : Arrays.copyOfRange(body, from, to);
  }
}
