// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.semanticrouter.maas.internal.framing.FirstBytes;
import io.semanticrouter.maas.internal.framing.Framing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A reader of usage that shares nothing with the scanner: whole texts in which each character is a
 * byte, lines by regular expression, Jackson's tree.
 */
public final class Oracle {
  private static final JsonMapper TREES = mapper(false);
  private static final JsonMapper STRICT = mapper(true);

  private final BodyFormat format;
  private final OracleFormat table;
  private final Framing label;
  private boolean stream;
  final OracleUsage usage;

  /** Whether a document is not JSON, even with what the scanner passes over left out. */
  private boolean rejected;

  /** Whether an object states a key twice. */
  boolean duplicates;

  /** Whether there is no telling if this has to be rejected. */
  boolean undecided;

  /** Whether the last document is no JSON: the scanner may see it as one that stops early. */
  boolean cut;

  /** Whether a count is stated under two names. */
  boolean ambiguous;

  private boolean openArray;
  private boolean closedArray;
  private int documents;

  /** Whether the body is none of those that hold usage. */
  boolean foreign;

  Oracle(BodyFormat format, Framing label) {
    this.format = format;
    this.table = OracleFormat.of(format);
    this.label = label;
    this.usage = new OracleUsage(format);
  }

  /** JSON by how it begins, events by a line of theirs, anything else by its label. */
  private static @Nullable Framing framing(String text, Framing label) {
    String body = text.replaceAll("^[ \t\r\n]+", "");
    if (body.matches("(?s)\\{[ \t\r\n]*[\"}].*|\\[[ \t\r\n]*[{\\]].*|[{\\[][ \t\r\n]*")) {
      return Framing.JSON;
    }
    boolean byLabel = label == Framing.SSE || body.matches("(?s)[{\\[\"\\-0-9tfn\0].*");
    if (byLabel && label != Framing.DETECT) {
      return label;
    }
    String opened = body.replaceFirst("^[{\\[][ \t\r\n]*", "");
    String lines = opened.substring(0, Math.min(FirstBytes.MAX_TEXT, opened.length()));
    boolean atLine = opened.equals(body) && text.matches("(?s)([ \t\r\n]*[\r\n])?[^ \t\r\n].*");
    String first = Pattern.compile("[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F]").split(lines + "\n", 2)[0];
    return Pattern.compile("[\r\n](?:data|event|id|retry|):")
            .matcher((atLine ? "\n" : "x") + first)
            .find()
        ? Framing.SSE
        : label == Framing.DETECT ? null : label;
  }

  private static JsonMapper mapper(boolean strict) {
    return JsonMapper.builder(
            JsonFactory.builder()
                .streamReadConstraints(
                    StreamReadConstraints.builder()
                        .maxNestingDepth(100_000)
                        .maxNumberLength(100_000)
                        .build())
                .configure(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS, true)
                .configure(StreamReadFeature.STRICT_DUPLICATE_DETECTION, strict)
                .build())
        .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
        .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
        .build();
  }

  /** The documents in a text, or null when it is not all JSON. */
  static @Nullable List<JsonNode> trees(String text) {
    return readAll(TREES, text);
  }

  private static @Nullable List<JsonNode> readAll(JsonMapper mapper, String text) {
    List<JsonNode> trees = new ArrayList<>();
    try (JsonParser parser = mapper.createParser(text)) {
      for (JsonNode tree; (tree = mapper.readTree(parser)) != null; ) {
        trees.add(tree);
      }
      return trees;
    } catch (JsonProcessingException e) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void read(String body) {
    String text = body.startsWith("ï»¿") ? body.substring(3) : body;
    Framing framing = text.isBlank() ? label : framing(text, label);
    foreign = framing == null;
    stream = framing == Framing.SSE;
    if (framing == Framing.JSON) {
      documents(text);
    }
    if (!stream) {
      return;
    }
    List<String> data = new ArrayList<>();
    for (String line : text.split("\r\n|\r|\n", -1)) {
      int colon = line.indexOf(':');
      String field = colon < 0 ? line : line.substring(0, colon);
      String value = colon < 0 ? "" : line.substring(colon + 1);
      if (line.isEmpty()) {
        event(data);
      } else if (field.equals("data")) {
        data.add(value.startsWith(" ") ? value.substring(1) : value);
      }
    }
    event(data);
  }

  /** A document ends with the line in which it is complete, and another can begin behind it. */
  private void event(List<String> data) {
    String payload = "";
    boolean other = false;
    for (String line : data) {
      boolean begins = payload.isEmpty();
      String trimmed = line.replaceAll("^[ \t]+|[ \t]+$", "");
      cut &= trimmed.isEmpty();
      if (begins && !trimmed.startsWith("{")) {
        usage.done |= trimmed.equals("[DONE]") && !other;
        other |= !trimmed.isEmpty() && !trimmed.equals("[DONE]");
        continue;
      }
      payload = begins ? trimmed : payload + "\n" + line;
      other = false;
      if (trees(new Blanker(payload, table, false).blanked()) != null) {
        documents(payload);
        payload = "";
      }
    }
    data.clear();
    if (!payload.isEmpty()) {
      documents(payload.replaceAll("[ \t\n]+$", ""));
    }
  }

  private void documents(String text) {
    boolean lists = !stream && format.isArrayOfDocuments();
    Blanker blanker = new Blanker(text, table, lists);
    String blanked = blanker.blanked();
    undecided |= blanker.undecided;
    List<JsonNode> raw = trees(text);
    List<JsonNode> judged = readAll(STRICT, blanked);
    if (judged == null) {
      judged = trees(blanked);
      duplicates |= judged != null;
    }
    if (raw != null && !blanker.glued && (judged == null || judged.size() != raw.size())) {
      throw new AssertionError("spoilt by the blanker: " + text + " -> " + blanked);
    }
    if (judged == null && lists && blanked.strip().startsWith("[")) {
      // An array that stays open is all right once it has said everything.
      judged = trees(blanked.replaceAll(",[ \t\r\n]*$", "") + "]");
      openArray = judged != null;
    }
    // What is blanked is read by nobody: only keys that are stated twice are looked for in it.
    if (blanker.glued || judged == null || (stream && judged.size() != 1)) {
      rejected = true;
      cut = judged == null;
      return;
    }
    boolean list = lists && !judged.isEmpty() && judged.get(0).isArray();
    if (list && judged.size() > 1) {
      rejected = true;
      return;
    }
    for (JsonNode tree : list ? judged.get(0) : judged) {
      documents++;
      boolean only = !stream && !list && documents == 1;
      OracleDocument document = new OracleDocument(table, tree);
      ambiguous |= document.ambiguous;
      usage.take(document, only);
    }
    closedArray = list && !openArray && !judged.get(0).isEmpty() && usage.seen;
  }

  /** Whether the measurement must not be complete. */
  boolean isRejected() {
    return rejected || (openArray && !isFinal());
  }

  boolean isFinal() {
    return usage.isFinal(closedArray);
  }
}
