// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * JSON as a tree that remembers every byte of its spelling, so that an edited document can be
 * written down exactly as it is expected. Shares nothing with what it tests.
 */
final class Source {
  private static final String[] WHITE = {
    "", "", "", "", " ", "\n", "\t", "\r\n", "  \n ", "      "
  };

  private Source() {}

  sealed interface Node permits Raw, Text, Array, Obj {}

  /** A number or a literal, or any text that stands for a value. */
  record Raw(String text) implements Node {}

  /** A string, as it is spelled with its quotes and as it is meant. */
  record Text(String spelled, String meant) implements Node {}

  static final class Array implements Node {
    final List<Element> elements = new ArrayList<>();
    String white = "";
  }

  static final class Element {
    String before;
    final Node value;
    final String after;

    Element(String before, Node value, String after) {
      this.before = before;
      this.value = value;
      this.after = after;
    }
  }

  static final class Obj implements Node {
    final List<Member> members = new ArrayList<>();
    String white = "";

    @Nullable Member member(String name) {
      return members.stream().filter(m -> m.key.meant().equals(name)).findFirst().orElse(null);
    }

    @Nullable Node value(String name) {
      Member member = member(name);
      return member == null ? null : member.value;
    }

    /** Sets a member; a missing one comes last, right before the brace. */
    void set(String name, Node value) {
      Member member = member(name);
      if (member == null) {
        String before = members.isEmpty() ? white : "";
        members.add(new Member(before, new Text(plain(name), name), "", "", value, ""));
      } else {
        member.value = value;
      }
    }

    /** Removes a member with the comma before it, or the one behind it if it is the first. */
    void remove(String name) {
      Member member = member(name);
      if (member == null) {
        return;
      }
      int i = members.indexOf(member);
      members.remove(i);
      if (i > 0) {
        members.get(i - 1).after = member.after;
      } else if (!members.isEmpty()) {
        members.get(0).before = member.before;
      } else {
        white = member.before + member.after;
      }
    }
  }

  static final class Member {
    String before;
    final Text key;
    final String beforeColon;
    final String behindColon;
    Node value;
    String after;

    Member(
        String before, Text key, String beforeColon, String behindColon, Node value, String after) {
      this.before = before;
      this.key = key;
      this.beforeColon = beforeColon;
      this.behindColon = behindColon;
      this.value = value;
      this.after = after;
    }
  }

  /** As it is spelled. */
  static String spelled(Node node) {
    StringBuilder out = new StringBuilder();
    write(node, false, out);
    return out.toString();
  }

  /** Without white space and with strings as they are meant: the same for the same value. */
  static String meant(Node node) {
    StringBuilder out = new StringBuilder();
    write(node, true, out);
    return out.toString();
  }

  private static void write(Node node, boolean meant, StringBuilder out) {
    if (node instanceof Raw raw) {
      out.append(raw.text());
    } else if (node instanceof Text text) {
      out.append(meant ? '"' + text.meant() + '"' : text.spelled());
    } else if (node instanceof Array array) {
      out.append('[').append(meant || !array.elements.isEmpty() ? "" : array.white);
      for (int i = 0; i < array.elements.size(); i++) {
        Element element = array.elements.get(i);
        out.append(i == 0 ? "" : ",").append(meant ? "" : element.before);
        write(element.value, meant, out);
        out.append(meant ? "" : element.after);
      }
      out.append(']');
    } else if (node instanceof Obj object) {
      out.append('{').append(meant || !object.members.isEmpty() ? "" : object.white);
      for (int i = 0; i < object.members.size(); i++) {
        Member member = object.members.get(i);
        out.append(i == 0 ? "" : ",").append(meant ? "" : member.before);
        write(member.key, meant, out);
        out.append(meant ? ":" : member.beforeColon + ":" + member.behindColon);
        write(member.value, meant, out);
        out.append(meant ? "" : member.after);
      }
      out.append('}');
    }
  }

  /** A string with no more escapes than JSON wants, in lower case hexadecimal. */
  static String plain(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.chars()
        .forEach(
            c -> {
              switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default ->
                    out.append(
                        c < 0x20 ? "\\u" + HexFormat.of().toHexDigits((char) c) : "" + (char) c);
              }
            });
    return out.append('"').toString();
  }

  /** Spells and builds at random. */
  static final class Maker {
    private final Random random;

    Maker(Random random) {
      this.random = random;
    }

    String white() {
      return WHITE[random.nextInt(WHITE.length)];
    }

    Text text(String meant) {
      StringBuilder out = new StringBuilder("\"");
      for (int i = 0; i < meant.length(); i++) {
        char c = meant.charAt(i);
        boolean must = c < 0x20 || c == '"' || c == '\\' || isLone(meant, i);
        boolean half = Character.isSurrogate(c) && !must;
        if (half && random.nextInt(4) > 0) {
          out.append(c).append(meant.charAt(++i));
        } else if (c == '/' && random.nextBoolean()) {
          out.append("\\/");
        } else if (must || half || random.nextInt(40) == 0) {
          out.append(escape(c));
          if (half) {
            out.append(escape(meant.charAt(++i)));
          }
        } else {
          out.append(c);
        }
      }
      return new Text(out.append('"').toString(), meant);
    }

    private String escape(char c) {
      HexFormat hex = random.nextBoolean() ? HexFormat.of() : HexFormat.of().withUpperCase();
      return "\\u" + hex.toHexDigits(c);
    }

    private static boolean isLone(String text, int i) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)) {
        return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
      }
      return Character.isLowSurrogate(c);
    }

    Array array(Node... values) {
      Array array = new Array();
      array.white = white();
      for (Node value : values) {
        array.elements.add(new Element(white(), value, white()));
      }
      return array;
    }

    Obj object() {
      Obj object = new Obj();
      object.white = white();
      return object;
    }

    /** Also a second one of the same name. */
    void add(Obj object, String name, Node value) {
      object.members.add(new Member(white(), text(name), white(), white(), value, white()));
    }
  }
}
