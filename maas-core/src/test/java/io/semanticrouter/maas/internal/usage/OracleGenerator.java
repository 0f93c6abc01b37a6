// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.usage.OracleFormat.Node;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Bodies that look like the answers of an API, and some that do not. */
final class OracleGenerator {
  private static final String[] NAMES = {"usage", "id", "x_groq", "", "é", "a\\\"b", "\\u0000"};
  private static final String[] SCALARS = {
    "0",
    "1",
    "12.0",
    "1.2e1",
    "-0",
    "-5",
    "1.5",
    "1e309",
    "1e-400",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "true",
    "false",
    "null",
    "\"\"",
    "\"stop\"",
    "\"7\"",
    "\"\\\"usage\\\":{\"",
    "\"é🌍\"",
    "\"\\ud83c\\udf0d\\n\"",
    "[]",
    "{}",
    "[1,{}]"
  };
  private static final String[] TEXTS = {
    "Hello",
    " world",
    "a",
    "",
    "\\n",
    "\\\"",
    "é🌍",
    "\\u0041",
    "data: [DONE]",
    "}}]}",
    "{\\\"usage\\\":",
    "a long piece of an answer that is longer than what is compared, and then some more of it"
  };
  private static final String[][] SYNONYMS = {
    {"input_tokens_details", "input_token_details"},
    {"output_tokens_details", "output_token_details"},
    {"promptTokensDetails", "promptTokenDetails", "input_tokens_by_modality"},
    {"candidatesTokensDetails", "responseTokensDetails", "output_tokens_by_modality"},
    {"candidatesTokenCount", "responseTokenCount"},
    {"candidates_tokens_details", "response_tokens_details"},
    {"candidates_token_count", "response_token_count"},
    {"usageMetadata", "usage_metadata"},
    {"meta", "no meta"},
    {"multimodal_tokens", "none of them"},
    {
      "cache_write_tokens",
      "cache_creation_tokens",
      "cache_write_input_tokens",
      "prompt_cache_write_tokens"
    },
    {"cache_creation", "cache_creation_token_details", "cached_write_token_details"},
    {"cache_creation", "claude_cache_creation_5_m_tokens", "claude_cache_creation_1_h_tokens"},
    {
      "server_tool_use",
      "server_tool_use_details",
      "server_side_tool_usage_details",
      "connectors",
      "plugins"
    },
    {"service_tier", "serviceTier", "trafficType", "traffic_type"},
    {"id", "responseId", "response_id"},
  };
  private static final String HOSTILE =
      "{}[]\",:\\ \n\r\t0179-+.eEtrufalsn\u0000\u00ff\u00ef\u00bb";

  /** Stands for the text that differs between events that are otherwise alike. */
  private static final String PIECE = "\u0001";

  private final Random random;
  private final OracleFormat format;
  private final boolean spaces;

  /** Of few, some add up to others, and some are 0. */
  private final int mostTokens;

  /** Names for which there is another one; both in one document are seldom clear. */
  private final Set<String> avoided = new HashSet<>();

  OracleGenerator(Random random, BodyFormat format) {
    this.random = random;
    this.format = OracleFormat.of(format);
    this.spaces = random.nextInt(3) == 0;
    this.mostTokens = random.nextInt(3) == 0 ? 4 : 5000;
    for (String[] names : SYNONYMS) {
      if (!oneIn(10)) {
        avoided.addAll(List.of(names));
        avoided.remove(any(names));
      }
    }
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  private String any(String... texts) {
    return texts[random.nextInt(texts.length)];
  }

  byte[] body(boolean stream) {
    Node part = format.parts.get(random.nextInt(format.parts.size())).root;
    StringBuilder body = new StringBuilder(oneIn(10) ? "\uFEFF" : "");
    boolean list = !stream && oneIn(8);
    int documents = stream ? 1 + random.nextInt(4) : list || oneIn(8) ? random.nextInt(4) : 1;
    String end = any("\n", "\n", "\r", "\r\n");
    body.append(list ? "[" : "");
    for (int i = 0; i < documents; i++) {
      String document = document(oneIn(10) ? format.root : part);
      if (!stream) {
        body.append(list && i > 0 ? "," : "").append(piece(document)).append(space());
      } else if (document.contains(PIECE) && oneIn(2)) {
        alike(body, document.replaceAll("[\r\n]", " "), end);
      } else {
        event(body, piece(document), oneIn(8) ? any("\n", "\r", "\r\n") : end);
      }
    }
    body.append(list ? "]" : "");
    return mutated(body.toString().getBytes(StandardCharsets.UTF_8));
  }

  private String piece(String document) {
    return document.replace(PIECE, any(TEXTS));
  }

  /** Events that begin and end alike, with one text that differs; some differ elsewhere too. */
  private void alike(StringBuilder body, String document, String end) {
    String prefix = any("data: ", "data: ", "data:");
    String begin = document;
    for (int n = 2 + random.nextInt(6); n > 0; n--) {
      String next = begin;
      switch (random.nextInt(8)) {
        case 0 -> next = next.replaceFirst("[0-9]+(?=[,} ])", "" + random.nextInt(3000));
        case 1 -> next = replaceLast(next, "" + random.nextInt(3000));
        case 2 -> next = next.replaceFirst("delta\"|start\"|chunk\"", "stop\"");
        case 3 -> next = next.replaceFirst("\"(message|usage|type|delta)\"", "\"other\"");
        case 4 -> {
          event(body, piece(document(format.root)), end);
        }
        default -> {
          // as it is
        }
      }
      begin = oneIn(4) ? next : begin;
      body.append(prefix).append(piece(next)).append(end).append(oneIn(5) ? "" : end);
    }
  }

  private static String replaceLast(String text, String number) {
    return text.replaceFirst("(?s)(.*[:\\[ ])[0-9]+(?=[,} \\]])", "$1" + number);
  }

  private void event(StringBuilder body, String document, String end) {
    String clean = document.replaceAll("[\r\n]", " ");
    if (oneIn(6)) {
      body.append(any(": c", "event: x", " data: {", "id", "data2: {}")).append(end);
    }
    if (oneIn(8)) {
      int cut = random.nextInt(clean.length() + 1);
      clean = clean.substring(0, cut) + end + "data:" + clean.substring(cut);
    }
    // Some backends put no blank line between events.
    body.append(any("data: ", "data:")).append(clean).append(end).append(oneIn(5) ? "" : end);
    if (oneIn(6)) {
      String other = any("data: [DONE]", "data: [DONE", "data: x", "data", "data: : c");
      body.append(other).append(end).append(oneIn(5) ? "" : end);
    }
  }

  private byte[] mutated(byte[] body) {
    if (random.nextInt(3) > 0) {
      return body;
    }
    if (oneIn(6)) {
      return Arrays.copyOf(body, random.nextInt(body.length + 1));
    }
    StringBuilder text = new StringBuilder(new String(body, StandardCharsets.ISO_8859_1));
    for (int n = 1 + random.nextInt(3); n > 0 && text.length() > 0; n--) {
      int at = random.nextInt(text.length());
      char c = HOSTILE.charAt(random.nextInt(HOSTILE.length()));
      switch (random.nextInt(3)) {
        case 0 -> text.setCharAt(at, c);
        case 1 -> text.insert(at, c);
        default -> text.deleteCharAt(at);
      }
    }
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private String document(Node root) {
    return switch (random.nextInt(30)) {
      case 0 -> noise(0);
      case 1 -> {
        String deep = "[{\"usage\":".repeat(100) + "1" + "}]".repeat(100);
        yield "{\"deep\":" + deep + "," + object(root, 0).substring(1);
      }
      default -> object(root, 0);
    };
  }

  private String object(Node node, int depth) {
    List<Map.Entry<String, Node>> entries = new ArrayList<>(node.members.entrySet());
    if (!oneIn(3)) {
      Collections.shuffle(entries, random);
    }
    // Few members where there are many: the more, the less of what they mean is clear.
    int odds = entries.size() > 8 ? 5 : 2;
    List<String> members = new ArrayList<>();
    for (Map.Entry<String, Node> entry : entries) {
      if (avoided.contains(entry.getKey())) {
        continue;
      }
      boolean usual = depth == 0 && entry.getValue().meaning.isEmpty();
      if (random.nextInt(usual ? 2 : odds) == 0) {
        members.add(key(entry.getKey()) + space() + ":" + space() + value(entry.getValue(), depth));
        if (oneIn(100)) {
          members.add(key(entry.getKey()) + ":" + noise(depth + 1));
        }
      }
    }
    if (oneIn(6)) {
      members.add(key(any(NAMES)) + ":" + noise(depth + 1));
    }
    if (depth < 2 && oneIn(2)) {
      int place = random.nextInt(members.size() + 1);
      members.add(
          place, "\"text\":" + (oneIn(3) ? "{\"t\":\"" + PIECE + "\"}" : '"' + PIECE + '"'));
    }
    return "{" + space() + String.join("," + space(), members) + space() + "}";
  }

  private String value(Node node, int depth) {
    if (oneIn(50)) {
      return scalar();
    }
    if (node.element != null) {
      List<String> elements = new ArrayList<>();
      for (int n = random.nextInt(4); n > 0; n--) {
        elements.add(value(node.element, depth + 1));
      }
      return "[" + space() + String.join(",", elements) + space() + "]";
    }
    if (node.isObject()) {
      return object(node, depth + 1);
    }
    if (node.isCount()) {
      boolean index = node.meaning.equals("INDEX");
      int most = index ? (oneIn(20) ? 200 : 3) : mostTokens;
      return oneIn(25) ? scalar() : "" + random.nextInt(most);
    }
    List<String> words = node.words();
    if (!words.isEmpty()) {
      return '"' + words.get(random.nextInt(words.size())) + '"';
    }
    return any("\"a\"", "\"b\"", "\"a\"", "null", scalar());
  }

  private String noise(int depth) {
    return switch (depth > 5 ? 0 : random.nextInt(6)) {
      case 1 -> "{" + key(any(NAMES)) + ":" + noise(depth + 1) + "}";
      case 2 -> "[" + space() + noise(depth + 1) + "," + noise(depth + 1) + space() + "]";
      default -> scalar();
    };
  }

  private String scalar() {
    return any(SCALARS);
  }

  private String key(String name) {
    boolean plain = !name.isEmpty() && name.charAt(0) < 0x80 && name.charAt(0) != '\\';
    return plain && oneIn(20)
        ? "\"\\u00" + Integer.toHexString(name.charAt(0)) + name.substring(1) + '"'
        : '"' + name + '"';
  }

  private String space() {
    return spaces ? any("", "", "", " ", "\n", "\t \r\n") : "";
  }
}
