// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import static org.assertj.core.api.Assertions.assertThat;

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
import io.semanticrouter.maas.internal.UsageScanner.Framing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The scanner against a reader that shares nothing with it: whole text, lines by regular
 * expression, Jackson's tree. The two agree on a body when
 *
 * <ol>
 *   <li>Jackson reads every document: all counts and flags are equal, nothing is malformed or
 *       truncated. Of keys that are stated twice the last one counts in both; only then may the
 *       scanner flag more (it sees the first one too).
 *   <li>Jackson reads every document only after the values that the scanner passes over have been
 *       blanked: the same. The scanner does not judge what it skips.
 *   <li>Jackson rejects one even then: the scanner says malformed or truncated, so that the
 *       measurement cannot be complete.
 * </ol>
 *
 * <p>{@code -Dscanner.oracle.documents=1000000 -Dscanner.oracle.seed=7} runs more and others.
 */
class UsageScannerOracleTest {
  private static final int DOCUMENTS = Integer.getInteger("scanner.oracle.documents", 10_000);
  private static final long SEED = Long.getLong("scanner.oracle.seed", 20_260_101L);

  @Test
  void json_bodies_are_read_as_by_a_tree_reader() {
    run(Framing.JSON);
  }

  @Test
  void event_streams_are_read_as_by_a_tree_reader() {
    run(Framing.SSE);
  }

  private static void run(Framing framing) {
    int accepted = 0;
    int seen = 0;
    for (int i = 0; i < DOCUMENTS; i++) {
      long seed = SEED + i;
      Random random = new Random(seed);
      Generator generator = new Generator(random);
      byte[] body = generator.body(framing == Framing.SSE);
      UsageScanner scanner = Bodies.scan(framing, body, random);
      Oracle oracle = new Oracle(framing == Framing.SSE);
      try {
        oracle.read(new String(body, StandardCharsets.ISO_8859_1));
      } catch (NumberFormatException e) {
        // Jackson has no opinion on exponents beyond an int.
        continue;
      }
      String as = framing + " seed " + seed + ": " + new String(body, StandardCharsets.ISO_8859_1);
      boolean flagged = scanner.malformedJsonSeen() || scanner.isTruncated();
      assertThat(flagged).as("flagged, %s", as).isEqualTo(oracle.rejected);
      if (!oracle.rejected) {
        accepted++;
        seen += scanner.usageSeen() ? 1 : 0;
        compare(scanner, oracle, as);
      }
    }
    // Guards the generator: a run in which nothing is ever read proves nothing.
    assertThat(accepted).as("bodies accepted").isGreaterThan(DOCUMENTS / 4);
    assertThat(DOCUMENTS - accepted).as("bodies rejected").isGreaterThan(DOCUMENTS / 10);
    assertThat(seen).as("bodies with usage").isGreaterThan(DOCUMENTS / 10);
  }

  private static void compare(UsageScanner scanner, Oracle oracle, String as) {
    assertThat(Bodies.prompt(scanner))
        .as("prompt, %s", as)
        .isEqualTo(oracle.count("prompt_tokens"));
    assertThat(Bodies.completion(scanner))
        .as("completion, %s", as)
        .isEqualTo(oracle.count("completion_tokens"));
    assertThat(Bodies.total(scanner)).as("total, %s", as).isEqualTo(oracle.count("total_tokens"));
    assertThat(Bodies.cacheRead(scanner)).as("cache read, %s", as).isEqualTo(oracle.cacheRead());
    assertThat(Bodies.cacheWrite(scanner))
        .as("cache write, %s", as)
        .isEqualTo(oracle.count("prompt_tokens_details.cache_write_tokens"));
    assertThat(Bodies.reasoning(scanner))
        .as("reasoning, %s", as)
        .isEqualTo(oracle.count("completion_tokens_details.reasoning_tokens"));
    assertThat(scanner.usageSeen()).as("seen, %s", as).isEqualTo(!oracle.counts.isEmpty());
    if (oracle.malformedUsage) {
      assertThat(scanner.malformedUsageSeen()).as("malformed usage, %s", as).isTrue();
    }
    if (!oracle.duplicates) {
      assertThat(scanner.malformedUsageSeen())
          .as("malformed usage, %s", as)
          .isEqualTo(oracle.malformedUsage);
      assertThat(scanner.duplicateSeen()).as("duplicate, %s", as).isFalse();
      assertThat(scanner.errorSeen()).as("error, %s", as).isEqualTo(oracle.error);
      assertThat(scanner.isFinal()).as("final, %s", as).isEqualTo(oracle.isFinal());
      assertThat(scanner.isOfSeveralChoices())
          .as("several choices, %s", as)
          .isEqualTo(oracle.isOfOneOfSeveralChoices());
    }
  }

  // --- the oracle ----------------------------------------------------------------------------

  /** Reads whole texts; each character is a byte. */
  private static final class Oracle {
    private static final JsonMapper TREES = mapper(false);
    private static final JsonMapper STRICT = mapper(true);
    private static final BigDecimal MAX = new BigDecimal("9007199254740991");
    private static final String[] COUNTS = {
      "prompt_tokens",
      "completion_tokens",
      "total_tokens",
      "cached_tokens",
      "num_cached_tokens",
      "prompt_cache_hit_tokens"
    };

    private final boolean stream;
    final Map<String, Long> counts = new HashMap<>();
    boolean rejected;
    boolean malformedUsage;
    boolean duplicates;
    boolean error;
    private boolean done;
    private boolean terminal;
    private boolean ofRequest;
    private long highestChoice;
    private int documents;

    Oracle(boolean stream) {
      this.stream = stream;
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

    void read(String body) {
      String text = body.startsWith("ï»¿") ? body.substring(3) : body;
      if (!stream) {
        documents(text);
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

    private void event(List<String> data) {
      String payload = String.join("\n", data).replaceAll("^[ \t\n]+|[ \t\n]+$", "");
      data.clear();
      if (payload.equals("[DONE]")) {
        done = true;
      } else if (payload.startsWith("{")) {
        documents(payload);
      }
    }

    private void documents(String text) {
      int first = documents;
      Blanker blanker = new Blanker(text);
      String blanked = blanker.blanked();
      if (blanker.glued) {
        rejected = true;
        return;
      }
      List<JsonNode> raw = trees(text);
      List<JsonNode> trees = raw != null ? raw : trees(blanked);
      if (raw != null) {
        // The blanker is code too: it must not spoil what is well-formed.
        assertThat(trees(blanked)).as("blanked: %s", text).hasSize(raw.size());
      }
      if (trees == null || (stream && trees.size() != 1)) {
        rejected = true;
        return;
      }
      duplicates |= readAll(STRICT, text) == null;
      for (JsonNode tree : trees) {
        documents = ++first;
        if (tree.isObject()) {
          document(tree);
        }
      }
    }

    private static @Nullable List<JsonNode> trees(String text) {
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

    private void document(JsonNode root) {
      error |= isThere(root.get("error"));
      boolean choice = false;
      boolean finished = false;
      JsonNode choices = root.get("choices");
      if (choices != null && choices.isArray()) {
        for (JsonNode element : choices) {
          if (element.isObject()) {
            choice = true;
            finished |= isThere(element.get("finish_reason"));
            Long index = value(element.get("index"));
            highestChoice = Math.max(highestChoice, index == null ? 0 : index);
          }
        }
      }
      Map<String, Long> stated = new HashMap<>();
      JsonNode usage = root.get("usage");
      if (usage == null || usage.isNull()) {
        return;
      }
      if (!usage.isObject()) {
        malformedUsage = true;
        return;
      }
      for (String name : COUNTS) {
        state(stated, name, usage.get(name));
      }
      details(stated, usage, "prompt_tokens_details", "cached_tokens", "cache_write_tokens");
      details(stated, usage, "completion_tokens_details", "reasoning_tokens");
      if (stated.isEmpty() || (isZero(stated) && !isZero(counts))) {
        return;
      }
      counts.putAll(stated);
      ofRequest = !choice || (!stream && documents == 1);
      terminal = ofRequest || finished;
    }

    private void details(Map<String, Long> stated, JsonNode usage, String name, String... members) {
      JsonNode details = usage.get(name);
      if (details == null || details.isNull()) {
        return;
      }
      malformedUsage |= !details.isObject();
      for (String member : members) {
        state(stated, name + "." + member, details.get(member));
      }
    }

    private void state(Map<String, Long> stated, String name, @Nullable JsonNode node) {
      if (node == null || node.isNull()) {
        return;
      }
      Long value = value(node);
      if (value == null) {
        malformedUsage = true;
      } else {
        stated.put(name, value);
      }
    }

    private static @Nullable Long value(@Nullable JsonNode node) {
      if (node == null || !node.isNumber()) {
        return null;
      }
      BigDecimal number = node.decimalValue();
      if (number.signum() == 0) {
        return 0L;
      }
      long magnitude = (long) number.precision() - number.scale();
      if (number.signum() < 0 || magnitude > 16 || magnitude < 1) {
        return null;
      }
      boolean integral = number.stripTrailingZeros().scale() <= 0;
      return integral && number.compareTo(MAX) <= 0 ? number.longValueExact() : null;
    }

    private static boolean isThere(@Nullable JsonNode node) {
      return node != null
          && !node.isNull()
          && !(node.isBoolean() && !node.booleanValue())
          && !(node.isTextual() && node.textValue().isEmpty());
    }

    private static boolean isZero(Map<String, Long> counts) {
      return counts.values().stream().allMatch(count -> count == 0);
    }

    long count(String name) {
      return counts.getOrDefault(name, UsageScanner.ABSENT);
    }

    long cacheRead() {
      for (String name :
          List.of(
              "prompt_tokens_details.cached_tokens",
              "cached_tokens",
              "num_cached_tokens",
              "prompt_cache_hit_tokens")) {
        if (counts.containsKey(name)) {
          return count(name);
        }
      }
      return UsageScanner.ABSENT;
    }

    boolean isFinal() {
      return !counts.isEmpty() && (terminal || done);
    }

    boolean isOfOneOfSeveralChoices() {
      return !counts.isEmpty() && !ofRequest && highestChoice > 0;
    }
  }

  /**
   * Replaces the values that a reader of usage passes over, so that Jackson judges only the rest.
   * What cannot be told apart stays as it is, and Jackson rejects it.
   */
  private static final class Blanker {
    private static final Map<String, Set<String>> FOLLOWED =
        Map.of(
            "", Set.of("choices", "usage"),
            "usage", Set.of("prompt_tokens_details", "completion_tokens_details"));
    private static final Set<String> JUDGED =
        Set.of(
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
            "cached_tokens",
            "num_cached_tokens",
            "prompt_cache_hit_tokens",
            "cache_write_tokens",
            "reasoning_tokens");

    private final String text;
    private final StringBuilder out = new StringBuilder();
    private int at;

    /** Whether a literal at the root runs into an opening bracket: two documents for Jackson. */
    boolean glued;

    Blanker(String text) {
      this.text = text;
    }

    String blanked() {
      while (at < text.length() && value("", true)) {
        // the next document
      }
      return out.append(text.substring(at)).toString();
    }

    /** Copies one value, blank where it is passed over; false when it cannot be made out. */
    private boolean value(String path, boolean followed) {
      space();
      if (at == text.length()) {
        return false;
      }
      char c = text.charAt(at);
      boolean array = path.equals("choices");
      if (c == '"') {
        return string();
      }
      if (followed && c == (array ? '[' : '{')) {
        return array ? elements() : members(path);
      }
      return (c == '{' || c == '[') ? skipped() : scalar(path);
    }

    private boolean members(String path) {
      copy(1);
      space();
      if (at < text.length() && text.charAt(at) == '}') {
        copy(1);
        return true;
      }
      while (true) {
        space();
        int from = at;
        if (at == text.length() || text.charAt(at) != '"' || !string()) {
          return false;
        }
        String name = unescaped(text.substring(from, at));
        space();
        if (name == null || at == text.length() || text.charAt(at) != ':') {
          return false;
        }
        copy(1);
        boolean judged = path.startsWith("usage") && JUDGED.contains(name);
        boolean followed = FOLLOWED.getOrDefault(path, Set.of()).contains(name);
        String child =
            judged ? "count" : !followed ? "other" : path.isEmpty() ? name : path + "." + name;
        if (!value(child, followed)) {
          return false;
        }
        space();
        if (at == text.length()) {
          return false;
        }
        if (text.charAt(at) != ',') {
          boolean closed = text.charAt(at) == '}';
          copy(closed ? 1 : 0);
          return closed;
        }
        copy(1);
      }
    }

    private boolean elements() {
      copy(1);
      space();
      if (at < text.length() && text.charAt(at) == ']') {
        copy(1);
        return true;
      }
      while (true) {
        if (!value("choice", true)) {
          return false;
        }
        space();
        if (at == text.length()) {
          return false;
        }
        if (text.charAt(at) != ',') {
          boolean closed = text.charAt(at) == ']';
          copy(closed ? 1 : 0);
          return closed;
        }
        copy(1);
      }
    }

    private boolean string() {
      int end = at + 1;
      while (end < text.length() && text.charAt(end) != '"') {
        end += text.charAt(end) == '\\' ? 2 : 1;
      }
      if (end >= text.length()) {
        return false;
      }
      copy(end + 1 - at);
      return true;
    }

    private static @Nullable String unescaped(String json) {
      List<JsonNode> string = Oracle.trees(json);
      return string == null ? null : string.get(0).textValue();
    }

    private boolean scalar(String path) {
      int end = at;
      while (end < text.length() && " \t\r\n,]}".indexOf(text.charAt(end)) < 0) {
        end++;
      }
      String scalar = text.substring(at, end);
      boolean plausible = !scalar.isEmpty() && "-0123456789tfn".indexOf(scalar.charAt(0)) >= 0;
      glued |= plausible && path.isEmpty() && scalar.chars().anyMatch(c -> "\":{[".indexOf(c) >= 0);
      if (!plausible || scalar.chars().anyMatch(c -> "\":{[".indexOf(c) >= 0)) {
        return false;
      }
      // A count that is no JSON number is as malformed as a text; the document goes on.
      boolean number = Oracle.trees(scalar) != null;
      out.append(
          scalar.equals("null") ? scalar : number ? scalar : path.equals("count") ? "[]" : "7");
      at = end;
      return true;
    }

    private boolean skipped() {
      List<Character> open = new ArrayList<>();
      for (int i = at; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c == '"') {
          i++;
          while (i < text.length() && text.charAt(i) != '"') {
            i += text.charAt(i) == '\\' ? 2 : 1;
          }
        } else if (c == '{' || c == '[') {
          open.add(c);
        } else if (c == '}' || c == ']') {
          char opened = open.remove(open.size() - 1);
          if (open.size() < 64 && opened != (c == '}' ? '{' : '[')) {
            return false;
          }
          if (open.isEmpty()) {
            out.append(opened).append(c);
            at = i + 1;
            return true;
          }
        }
      }
      return false;
    }

    private void space() {
      while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
        copy(1);
      }
    }

    private void copy(int length) {
      out.append(text, at, at + length);
      at += length;
    }
  }

  // --- the generator -------------------------------------------------------------------------

  /** Bodies that look like answers, and some that do not. */
  private static final class Generator {
    private static final String[] KEYS = {
      "usage",
      "choices",
      "model",
      "error",
      "prompt_tokens",
      "completion_tokens",
      "total_tokens",
      "cached_tokens",
      "num_cached_tokens",
      "prompt_cache_hit_tokens",
      "prompt_tokens_details",
      "completion_tokens_details",
      "cache_write_tokens",
      "reasoning_tokens",
      "index",
      "finish_reason",
      "delta",
      "id",
      "x_groq",
      "",
      "é",
      "a\\\"b",
      "\\u0000"
    };
    private static final String[] SCALARS = {
      "0",
      "1",
      "7",
      "12",
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
      "{}"
    };
    private static final String HOSTILE =
        "{}[]\",:\\ \n\r\t0179-+.eEtrufalsn\u0000\u00ff\u00ef\u00bb";

    private final Random random;

    Generator(Random random) {
      this.random = random;
    }

    byte[] body(boolean stream) {
      StringBuilder body = new StringBuilder();
      if (random.nextInt(10) == 0) {
        body.append('\uFEFF');
      }
      int documents = stream ? 1 + random.nextInt(5) : random.nextInt(8) == 0 ? 2 : 1;
      for (int i = 0; i < documents; i++) {
        String document = document();
        if (stream) {
          event(body, document);
        } else {
          body.append(document).append(space());
        }
      }
      return mutated(body.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void event(StringBuilder body, String document) {
      String end = new String[] {"\n", "\r", "\r\n"}[random.nextInt(3)];
      String clean = document.replaceAll("[\r\n]", " ");
      if (random.nextInt(6) == 0) {
        body.append(
                new String[] {": c", "event: x", " data: {", "id", "data2: {}"}[random.nextInt(5)])
            .append(end);
      }
      if (random.nextInt(8) == 0) {
        int cut = random.nextInt(clean.length() + 1);
        clean = clean.substring(0, cut) + end + "data:" + clean.substring(cut);
      }
      body.append(random.nextBoolean() ? "data: " : "data:").append(clean).append(end).append(end);
      if (random.nextInt(6) == 0) {
        body.append(
                new String[] {"data: [DONE]", "data: [DONE", "data: x", "data"}[random.nextInt(4)])
            .append(end)
            .append(end);
      }
    }

    private byte[] mutated(byte[] body) {
      if (random.nextInt(2) == 0) {
        return body;
      }
      if (random.nextInt(6) == 0) {
        return java.util.Arrays.copyOf(body, random.nextInt(body.length + 1));
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

    private String document() {
      return switch (random.nextInt(10)) {
        case 0 -> value(0);
        case 1 ->
            "{\"deep\":"
                + "[{\"usage\":".repeat(100)
                + "1"
                + "}]".repeat(100)
                + ",\"usage\":"
                + usage()
                + "}";
        default -> object(5, 0, true);
      };
    }

    private String object(int most, int depth, boolean root) {
      StringBuilder object = new StringBuilder("{").append(space());
      int members = random.nextInt(most + 1);
      boolean comma = false;
      for (int i = 0; i < members; i++) {
        object.append(comma ? "," : "").append(space());
        comma = true;
        String key = KEYS[random.nextInt(KEYS.length)];
        object
            .append(key(key))
            .append(space())
            .append(':')
            .append(space())
            .append(value(depth + 1));
      }
      if (root) {
        if (random.nextInt(3) > 0) {
          object.append(comma ? "," : "").append(key("choices")).append(':').append(choices());
          comma = true;
        }
        if (random.nextInt(3) > 0) {
          object.append(comma ? "," : "").append(key("usage")).append(':').append(usage());
        }
      }
      return object.append(space()).append('}').toString();
    }

    private String usage() {
      StringBuilder usage = new StringBuilder("{");
      for (int i = random.nextInt(6); i >= 0; i--) {
        String key = KEYS[4 + random.nextInt(10)];
        String value =
            key.endsWith("details") && random.nextInt(4) > 0
                ? "{" + key(KEYS[7 + random.nextInt(7)]) + ":" + random.nextInt(50) + "}"
                : random.nextInt(3) > 0 ? "" + random.nextInt(5000) : scalar();
        usage.append(key(key)).append(':').append(space()).append(value);
        usage.append(i > 0 ? "," : "");
      }
      return usage.append('}').toString();
    }

    private String choices() {
      StringBuilder choices = new StringBuilder("[");
      int n = random.nextInt(3);
      for (int i = 0; i < n; i++) {
        choices
            .append(i == 0 ? "" : ",")
            .append("{\"index\":")
            .append(random.nextInt(3))
            .append(",\"delta\":")
            .append(value(2))
            .append(",\"finish_reason\":")
            .append(scalar())
            .append('}');
      }
      return choices.append(']').toString();
    }

    private String value(int depth) {
      return switch (depth > 5 ? 0 : random.nextInt(6)) {
        case 1 -> object(4, depth, false);
        case 2 -> "[" + space() + value(depth + 1) + "," + value(depth + 1) + space() + "]";
        default -> scalar();
      };
    }

    private String scalar() {
      return SCALARS[random.nextInt(SCALARS.length)];
    }

    private String key(String name) {
      if (!name.isEmpty()
          && name.charAt(0) < 0x80
          && name.charAt(0) != '\\'
          && random.nextInt(8) == 0) {
        return "\"\\u00" + Integer.toHexString(name.charAt(0)) + name.substring(1) + '"';
      }
      return '"' + name + '"';
    }

    private String space() {
      return new String[] {"", "", "", " ", "\n", "\t \r\n"}[random.nextInt(6)];
    }
  }
}
