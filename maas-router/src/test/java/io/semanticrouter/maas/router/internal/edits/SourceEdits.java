// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.router.internal.edits.Source.Array;
import io.semanticrouter.maas.router.internal.edits.Source.Element;
import io.semanticrouter.maas.router.internal.edits.Source.Node;
import io.semanticrouter.maas.router.internal.edits.Source.Obj;
import io.semanticrouter.maas.router.internal.edits.Source.Raw;
import io.semanticrouter.maas.router.internal.edits.Source.Text;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt.Mode;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt.Outcome;
import org.jspecify.annotations.Nullable;

/** The edits of a request on a tree that remembers its spelling. */
final class SourceEdits {
  private final Obj request;
  private final Operation operation;

  SourceEdits(Obj request, Operation operation) {
    this.request = request;
    this.operation = operation;
  }

  @Nullable Outcome edit(BodyEditsFuzzTest.Case edits) {
    if (edits.model != null) {
      put(request, "model", text(edits.model));
    }
    for (MemberEdit edit : edits.members) {
      set(edit);
    }
    return edits.prompt == null ? null : prompt(edits.prompt);
  }

  private static Text text(String meant) {
    return new Text(Source.plain(meant), meant);
  }

  /** Unless it is there already. */
  private static void put(Obj object, String name, Node value) {
    Node stated = object.value(name);
    if (stated == null || !Source.meant(stated).equals(Source.meant(value))) {
      object.set(name, value);
    }
  }

  private void set(MemberEdit edit) {
    // The literals of the test have neither white space nor escapes.
    Raw value = new Raw(edit.json());
    if (edit.parent() == null) {
      put(request, edit.name(), value);
    } else if (request.value(edit.parent()) instanceof Obj child) {
      put(child, edit.name(), value);
    } else {
      Obj child = new Obj();
      child.set(edit.name(), value);
      request.set(edit.parent(), child);
    }
  }

  private Outcome prompt(SystemPrompt prompt) {
    return switch (operation) {
      case MESSAGES -> text(request, "system", prompt, true);
      case RESPONSES -> {
        boolean inItems =
            request.value("input") instanceof Array items
                && items.elements.stream().anyMatch(e -> isSystem(e.value));
        yield inItems && prompt.mode() == Mode.IF_ABSENT
            ? Outcome.CLIENTS_OWN
            : text(request, "instructions", prompt, false);
      }
      case CHAT -> message(prompt);
      default -> Outcome.NO_PLACE;
    };
  }

  private static boolean isSystem(Node node) {
    return node instanceof Obj message
        && message.value("role") instanceof Text role
        && (role.meant().equals("system") || role.meant().equals("developer"));
  }

  private Outcome message(SystemPrompt prompt) {
    if (!(request.value("messages") instanceof Array messages)) {
      return Outcome.NO_PLACE;
    }
    for (Element element : messages.elements) {
      if (isSystem(element.value)) {
        return prompt.mode() == Mode.IF_ABSENT
            ? Outcome.CLIENTS_OWN
            : text((Obj) element.value, "content", prompt, true);
      }
    }
    Obj message = new Obj();
    message.set("role", text("system"));
    message.set("content", text(prompt.text()));
    addPart(messages, message, true);
    return Outcome.ADDED;
  }

  private static void addPart(Array array, Obj part, boolean before) {
    String white = array.elements.isEmpty() ? array.white : "";
    Element element = before ? new Element("", part, white) : new Element(white, part, "");
    array.elements.add(before ? 0 : array.elements.size(), element);
  }

  private static Outcome text(Obj object, String name, SystemPrompt prompt, boolean allowParts) {
    Node stated = object.value(name);
    String added = prompt.text();
    if (stated == null || (stated instanceof Raw raw && raw.text().equals("null"))) {
      object.set(name, text(added));
      return Outcome.ADDED;
    }
    boolean before = prompt.mode() == Mode.PREPEND;
    if (prompt.mode() == Mode.IF_ABSENT) {
      return Outcome.CLIENTS_OWN;
    }
    if (prompt.mode() == Mode.REPLACE) {
      boolean isOnlyPart =
          allowParts
              && stated instanceof Array array
              && array.elements.size() == 1
              && says(array.elements.get(0).value, added);
      if (isOnlyPart || (stated instanceof Text text && text.meant().equals(added))) {
        return Outcome.ALREADY;
      }
      object.set(name, text(added));
      return Outcome.ADDED;
    }
    if (stated instanceof Text clients) {
      return beside(object, name, clients, added, before);
    }
    if (!(stated instanceof Array parts && allowParts)) {
      return Outcome.NO_PLACE;
    }
    int at = before ? 0 : parts.elements.size() - 1;
    if (!parts.elements.isEmpty() && says(parts.elements.get(at).value, added)) {
      return Outcome.ALREADY;
    }
    Obj part = new Obj();
    part.set("type", text("text"));
    part.set("text", text(added));
    addPart(parts, part, before);
    return Outcome.ADDED;
  }

  private static boolean says(Node part, String text) {
    Node said = part instanceof Obj object ? object.value("text") : part;
    return said instanceof Text other && other.meant().equals(text);
  }

  private static Outcome beside(
      Obj object, String name, Text clients, String added, boolean before) {
    String meant = clients.meant();
    if (meant.equals(added)
        || (before && meant.startsWith(added + "\n\n"))
        || (!before && meant.endsWith("\n\n" + added))) {
      return Outcome.ALREADY;
    }
    String own = clients.spelled().substring(1, clients.spelled().length() - 1);
    String ours = Source.plain(added);
    ours = ours.substring(1, ours.length() - 1);
    String between = own.isEmpty() ? "" : "\\n\\n";
    String both = before ? ours + between + own : own + between + ours;
    object.set(name, new Text('"' + both + '"', added + meant));
    return Outcome.ADDED;
  }
}
