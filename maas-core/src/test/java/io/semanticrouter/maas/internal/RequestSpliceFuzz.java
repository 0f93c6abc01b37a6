// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.semanticrouter.maas.internal.RequestSplice.Flag;
import io.semanticrouter.maas.internal.RequestSplice.Outcome;
import io.semanticrouter.maas.internal.SplicedBodies.Spliced;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What has to hold for every request body, whatever it is:
 *
 * <ul>
 *   <li>chunks do not matter;
 *   <li>the output is the input with the known texts inserted, or put in place of a literal;
 *   <li>if Jackson reads the input, it reads the output, as the input's tree with the edit made by
 *       an implementation on trees; with duplicate keys only if the input has some.
 * </ul>
 */
final class RequestSpliceFuzz {
  private static final JsonMapper TREES = mapper(false);
  private static final JsonMapper STRICT = mapper(true);
  private static final String INCLUDE = "\"include_usage\":true";
  private static final String CONTINUOUS = "\"continuous_usage_stats\":true";

  private RequestSpliceFuzz() {}

  /** Two bytes choose how the rest, the body, is put through. */
  static void fuzzerTestOneInput(byte[] data) {
    if (data.length >= 2) {
      byte[] body = Arrays.copyOfRange(data, 2, data.length);
      check(body, (data[0] & 1) != 0, new Random(data[1] << 8 | data[0]));
    }
  }

  /** The outcome, after everything has been checked. */
  static Outcome check(byte[] body, boolean continuous, Random random) {
    String as = new String(body, StandardCharsets.ISO_8859_1);
    Spliced once = SplicedBodies.splice(body, continuous, SplicedBodies.chunksOf(1 << 30));
    Spliced chunked = SplicedBodies.splice(body, continuous, SplicedBodies.randomChunks(random));
    assertThat(latin(chunked.out())).as("chunked: %s", as).isEqualTo(latin(once.out()));
    assertThat(SplicedBodies.facts(chunked.splice()))
        .as("facts: %s", as)
        .isEqualTo(SplicedBodies.facts(once.splice()));
    checkOutput(as, once, continuous, Flag.ABSENT);
    Flag known = once.splice().stream();
    checkOutput(
        as,
        SplicedBodies.whole(body, continuous),
        continuous,
        known == Flag.ABSENT ? Flag.FALSE : known);
    return once.splice().outcome();
  }

  private static void checkOutput(String in, Spliced spliced, boolean continuous, Flag foreknown) {
    String out = latin(spliced.out());
    RequestSplice splice = spliced.splice();
    assertThat(isEditOf(in, out)).as("only edits: %s -> %s", in, out).isTrue();
    assertThat(splice.isChanged()).as("changed: %s", in).isEqualTo(!in.equals(out));
    if (splice.outcome() == Outcome.NOT_JSON) {
      assertThat(out).isEqualTo(in);
    }
    Expected expected = new Expected(continuous, foreknown);
    if (!expected.read(in)) {
      return;
    }
    assertThat(splice.outcome()).as("outcome: %s", in).isEqualTo(expected.outcome());
    if (expected.root == null) {
      assertThat(out).isEqualTo(in);
      return;
    }
    assertThat(tree(TREES, out)).as("tree of %s -> %s", in, out).isEqualTo(expected.root);
    assertThat(splice.includeUsage()).as("include: %s", in).isEqualTo(expected.include);
    JsonNode utf8 =
        tree(
            TREES,
            new String(in.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)
                .replace("\uFEFF", ""));
    JsonNode model = utf8 == null ? null : utf8.get("model");
    if (model != null && model.isTextual() && !model.textValue().isEmpty()) {
      // Lone surrogates are replaced; Jackson keeps them.
      String text = new String(Bodies.utf8(model.textValue()), StandardCharsets.UTF_8);
      assertThat(splice.model()).as("model: %s", in).isEqualTo(text.replace('?', '\uFFFD'));
    } else if (utf8 != null && (model == null || !model.isTextual())) {
      assertThat(splice.model()).as("model: %s", in).isNull();
    }
    if (tree(STRICT, in) != null) {
      assertThat(tree(STRICT, out)).as("no duplicates: %s -> %s", in, out).isNotNull();
      assertThat(splice.duplicateSeen()).as("duplicate: %s", in).isFalse();
    }
  }

  /** Whether {@code out} can be made of {@code in} by edits of the known kinds. */
  private static boolean isEditOf(String in, String out) {
    String both = INCLUDE + "," + CONTINUOUS;
    String[] inserted = {
      INCLUDE,
      CONTINUOUS,
      both,
      "," + INCLUDE,
      "," + CONTINUOUS,
      "," + both,
      ",\"stream_options\":{" + INCLUDE + "}",
      ",\"stream_options\":{" + both + "}"
    };
    String[] replaced = {"false", "null"};
    String[] replacing = {"true", "{" + INCLUDE + "}", "{" + both + "}"};
    Deque<int[]> open = new ArrayDeque<>();
    Set<Long> seen = new HashSet<>();
    open.push(new int[] {0, 0});
    while (!open.isEmpty()) {
      int[] at = open.pop();
      int i = at[0];
      int o = at[1];
      while (true) {
        if (i == in.length() && o == out.length()) {
          return true;
        }
        if (!seen.add((long) i << 32 | o)) {
          break;
        }
        for (String text : inserted) {
          if (i < in.length() && in.charAt(i) == '}' && out.startsWith(text, o)) {
            open.push(new int[] {i, o + text.length()});
          }
        }
        for (String old : replaced) {
          for (String text : replacing) {
            if (in.startsWith(old, i) && out.startsWith(text, o)) {
              open.push(new int[] {i + old.length(), o + text.length()});
            }
          }
        }
        if (i == in.length() || o == out.length() || in.charAt(i) != out.charAt(o)) {
          break;
        }
        i++;
        o++;
      }
    }
    return false;
  }

  private static String latin(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
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
        .build();
  }

  /** The first value of the text; null if Jackson does not read it. */
  private static @Nullable JsonNode tree(JsonMapper mapper, String text) {
    try (JsonParser parser = mapper.createParser(withoutMark(text))) {
      return mapper.readTree(parser);
    } catch (JsonProcessingException | NumberFormatException e) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String withoutMark(String text) {
    return text.startsWith("\u00ef\u00bb\u00bf") ? text.substring(3) : text;
  }

  /** The edit, on trees. */
  private static final class Expected {
    private final boolean continuous;
    private final Flag foreknown;
    @Nullable ObjectNode root;
    private Flag stream = Flag.ABSENT;
    private boolean streamSeen;
    private boolean optionsSeen;
    private boolean gap;
    private boolean changed;
    private Flag include = Flag.ABSENT;

    Expected(boolean continuous, Flag foreknown) {
      this.continuous = continuous;
      this.foreknown = foreknown;
    }

    Outcome outcome() {
      if (root == null) {
        return Outcome.NOT_JSON;
      }
      return switch (stream) {
        case OTHER -> Outcome.UNSAFE;
        case ABSENT, FALSE -> Outcome.NOT_STREAMING;
        case TRUE -> gap ? Outcome.UNSAFE : changed ? Outcome.EDITED : Outcome.ALREADY;
      };
    }

    /** False if Jackson does not read it. */
    boolean read(String text) {
      try (JsonParser parser = TREES.createParser(withoutMark(text))) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          return true;
        }
        ObjectNode object = TREES.createObjectNode();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String name = parser.currentName();
          JsonToken first = parser.nextToken();
          if (name.equals("stream_options") && first == JsonToken.START_OBJECT) {
            object.set(name, options(parser));
          } else {
            object.set(name, member(name, TREES.readTree(parser)));
          }
        }
        if (!optionsSeen && isStreaming()) {
          object.set("stream_options", fresh());
        }
        root = object;
        return true;
      } catch (JsonProcessingException | NumberFormatException e) {
        return false;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private JsonNode member(String name, JsonNode value) {
      if (name.equals("stream")) {
        stream = flag(value);
        streamSeen = true;
      } else if (name.equals("stream_options")) {
        optionsSeen = true;
        include = Flag.ABSENT;
        if (value.isNull() && isStreaming()) {
          return fresh();
        }
        gap = true;
      }
      return value;
    }

    private ObjectNode fresh() {
      changed = true;
      ObjectNode options = TREES.createObjectNode().put("include_usage", true);
      return continuous ? options.put("continuous_usage_stats", true) : options;
    }

    private ObjectNode options(JsonParser parser) throws IOException {
      optionsSeen = true;
      include = Flag.ABSENT;
      boolean unknown = foreknown == Flag.ABSENT && !streamSeen;
      boolean editing = unknown || isStreaming();
      ObjectNode options = TREES.createObjectNode();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        JsonNode value = TREES.readTree(parser);
        boolean isInclude = name.equals("include_usage");
        if (isInclude) {
          include = flag(value);
        }
        if (isInclude || (continuous && name.equals("continuous_usage_stats"))) {
          Flag flag = flag(value);
          if (flag == Flag.OTHER || (flag != Flag.TRUE && !editing)) {
            gap = true;
          } else {
            changed |= flag != Flag.TRUE;
            options.put(name, true);
            continue;
          }
        }
        options.set(name, value);
      }
      complete(options, "include_usage", editing);
      if (continuous) {
        complete(options, "continuous_usage_stats", editing);
      }
      return options;
    }

    private void complete(ObjectNode options, String name, boolean editing) {
      if (options.has(name)) {
        return;
      }
      if (editing && include != Flag.OTHER) {
        options.put(name, true);
        changed = true;
      } else {
        gap = true;
      }
    }

    private boolean isStreaming() {
      return (foreknown == Flag.ABSENT ? stream : foreknown) == Flag.TRUE;
    }

    private static Flag flag(JsonNode value) {
      return value.isNull()
          ? Flag.ABSENT
          : !value.isBoolean() ? Flag.OTHER : value.booleanValue() ? Flag.TRUE : Flag.FALSE;
    }
  }
}
