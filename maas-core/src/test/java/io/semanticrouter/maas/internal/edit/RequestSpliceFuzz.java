// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.edit;

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
import com.fasterxml.jackson.databind.node.NullNode;
import io.semanticrouter.maas.internal.edit.RequestSplice.Flag;
import io.semanticrouter.maas.internal.edit.RequestSplice.Outcome;
import io.semanticrouter.maas.internal.edit.SplicedBodies.Spliced;
import io.semanticrouter.maas.internal.usage.Bodies;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What has to hold for every request body, whatever it is:
 *
 * <ul>
 *   <li>chunks do not matter;
 *   <li>the output is the input with the known texts inserted, or put in place of a literal;
 *   <li>if Jackson reads the input, it reads the output, and nothing but stream options differs;
 *   <li>a server that takes keys as they are, and one that takes them in any case, both see usage
 *       asked for when they see a stream, and see what the client sent when they see none;
 *   <li>no key is there twice that was not before, where a server that minds could have served it.
 * </ul>
 */
public final class RequestSpliceFuzz {
  private static final JsonMapper TREES = mapper(false);
  private static final JsonMapper STRICT = mapper(true);
  private static final String INCLUDE = "\"include_usage\":true";
  private static final String CONTINUOUS = "\"continuous_usage_stats\":true";

  private RequestSpliceFuzz() {}

  /** Two bytes choose how the rest, the body, is put through. */
  public static void fuzzerTestOneInput(byte[] data) {
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
    checkOutput(as, once, continuous);
    return once.splice().outcome();
  }

  private static void checkOutput(String in, Spliced spliced, boolean continuous) {
    String out = latin(spliced.out());
    RequestSplice splice = spliced.splice();
    String as = in + " -> " + out + " " + SplicedBodies.facts(splice);
    assertThat(isEditOf(in, out)).as("only edits: %s", as).isTrue();
    assertThat(splice.isChanged()).as("changed: %s", as).isEqualTo(!in.equals(out));
    if (splice.outcome() == Outcome.NOT_JSON) {
      assertThat(out).isEqualTo(in);
    }
    List<Member> before = members(in);
    if (before == null) {
      return;
    }
    List<Member> after = members(out);
    if (after == null) {
      throw new AssertionError("not readable: " + as);
    }
    assertThat(rest(after)).as("the rest: %s", as).isEqualTo(rest(before));
    Reading exact = Reading.exact(before);
    Reading folding = Reading.folding(before);
    Reading exactAfter = Reading.exact(after);
    Reading foldingAfter = Reading.folding(after);
    switch (splice.outcome()) {
      case NOT_STREAMING -> {
        assertThat(exact.streams() || folding.streams()).as("no stream: %s", as).isFalse();
        if (exact.isKnownToBeNone) {
          assertThat(exactAfter).as("not asked: %s", as).isEqualTo(exact);
        }
      }
      case EDITED, ALREADY -> {
        assertThat(exact.streams() || folding.streams()).as("stream: %s", as).isTrue();
        assertThat(!exact.streams() || exactAfter.asks(continuous)).as("exact: %s", as).isTrue();
        assertThat(!folding.streams() || !folding.isTyped || foldingAfter.asks(continuous))
            .as("folding: %s", as)
            .isTrue();
        if (!exact.streams() && exact.isKnownToBeNone) {
          assertThat(exactAfter).as("no stream, not asked: %s", as).isEqualTo(exact);
        }
      }
      case UNSAFE -> assertThat(exact.streams()).as("stream: %s", as).isTrue();
      default -> throw new AssertionError("outcome of " + as);
    }
    if (splice.isChanged() && exact.streams()) {
      boolean wanted = exact.includes() || folding.includes();
      assertThat(splice.strip() == UsageStrip.Mode.ALL).as("strip: %s", as).isEqualTo(!wanted);
    }
    checkModel(in, splice);
    if (tree(STRICT, in) != null && folding.isTyped && !hasOtherCase(before)) {
      assertThat(tree(STRICT, out)).as("no duplicates: %s", as).isNotNull();
      assertThat(splice.duplicateSeen()).as("duplicate: %s", as).isFalse();
    }
  }

  private static void checkModel(String in, RequestSplice splice) {
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
      ",\"stream_options\":{" + both + "}",
      ",\"Stream_Options\":{" + INCLUDE + "}",
      ",\"Stream_Options\":{" + both + "}"
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
                .configure(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS, true)
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

  /** A member of an object of which no key is lost; a member that is an object has members too. */
  private record Member(String name, JsonNode value, @Nullable List<Member> members) {
    boolean isNamed(String wanted, boolean folding) {
      return folding ? folded(name).equals(wanted) : name.equals(wanted);
    }
  }

  /** As the names look to Go; the characters are bytes here. */
  private static String folded(String name) {
    StringBuilder folded = new StringBuilder();
    String text = name.replace("\u00c5\u00bf", "s").replace('\u017f', 's');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      folded.append(c >= 'A' && c <= 'Z' ? (char) (c + 32) : c);
    }
    return folded.toString();
  }

  /** The members of the object that the text begins with; null when Jackson does not read it. */
  private static @Nullable List<Member> members(String text) {
    try (JsonParser parser = TREES.createParser(withoutMark(text))) {
      return parser.nextToken() == JsonToken.START_OBJECT ? members(parser) : null;
    } catch (JsonProcessingException | NumberFormatException e) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Member> members(JsonParser parser) throws IOException {
    List<Member> members = new ArrayList<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      if (parser.nextToken() == JsonToken.START_OBJECT && folded(name).equals("stream_options")) {
        members.add(new Member(name, NullNode.instance, members(parser)));
      } else {
        members.add(new Member(name, TREES.readTree(parser), null));
      }
    }
    return members;
  }

  private static List<Member> rest(List<Member> members) {
    List<Member> rest = new ArrayList<>();
    for (Member member : members) {
      if (!member.isNamed("stream_options", true)) {
        rest.add(member);
      } else if (member.members() != null) {
        for (Member option : member.members()) {
          if (!option.isNamed("include_usage", true)
              && !option.isNamed("continuous_usage_stats", true)) {
            rest.add(option);
          }
        }
      }
    }
    return rest;
  }

  private static boolean hasOtherCase(List<Member> members) {
    for (Member member : members) {
      for (String name : new String[] {"stream", "stream_options", "include_usage"}) {
        if (member.isNamed(name, true) && !member.isNamed(name, false)) {
          return true;
        }
      }
      if (member.members() != null && hasOtherCase(member.members())) {
        return true;
      }
    }
    return false;
  }

  /** What a server makes of a request. */
  private static final class Reading {
    private Flag stream = Flag.ABSENT;
    private boolean hasOptions;
    private Flag include = Flag.ABSENT;
    private Flag continuous = Flag.ABSENT;

    /** Whether it was known when the last options came that there is no stream. */
    private boolean isKnownToBeNone = true;

    /** Whether a server that takes no strings or numbers for booleans takes the request. */
    private boolean isTyped = true;

    /** The last key counts, as it is spelled. */
    static Reading exact(List<Member> members) {
      Reading reading = new Reading();
      boolean streamSeen = false;
      for (Member member : members) {
        if (member.isNamed("stream", false)) {
          reading.stream = flag(member.value());
          streamSeen = true;
        } else if (member.isNamed("stream_options", false)) {
          boolean off = streamSeen && !reading.streams();
          reading.isKnownToBeNone = off || (member.members() == null && !member.value().isNull());
          reading.hasOptions = member.members() != null;
          reading.include = Flag.ABSENT;
          reading.continuous = Flag.ABSENT;
          if (member.members() != null) {
            reading.options(member.members(), false);
          }
        }
      }
      return reading;
    }

    /** Keys in any case, objects merged, null as if it were not there. */
    static Reading folding(List<Member> members) {
      Reading reading = new Reading();
      for (Member member : members) {
        if (member.isNamed("stream", true)) {
          reading.isTyped &= member.value().isBoolean() || member.value().isNull();
          reading.stream = member.value().isNull() ? reading.stream : flag(member.value());
        } else if (member.isNamed("stream_options", true)) {
          reading.isTyped &= member.members() != null || member.value().isNull();
          reading.hasOptions = member.members() != null;
          if (member.members() != null) {
            reading.options(member.members(), true);
          } else {
            reading.include = Flag.ABSENT;
            reading.continuous = Flag.ABSENT;
          }
        }
      }
      return reading;
    }

    private void options(List<Member> members, boolean folding) {
      for (Member member : members) {
        boolean isInclude = member.isNamed("include_usage", folding);
        if (!isInclude && !member.isNamed("continuous_usage_stats", folding)) {
          continue;
        }
        Flag flag = flag(member.value());
        isTyped &= member.value().isBoolean() || member.value().isNull();
        if (folding && member.value().isNull()) {
          continue;
        }
        if (isInclude) {
          include = flag;
        } else {
          continuous = flag;
        }
      }
    }

    boolean streams() {
      return isOn(stream);
    }

    boolean includes() {
      return hasOptions && isOn(include);
    }

    boolean asks(boolean continuousToo) {
      return hasOptions && include == Flag.TRUE && (!continuousToo || continuous == Flag.TRUE);
    }

    private static boolean isOn(Flag flag) {
      return flag == Flag.TRUE || flag == Flag.OTHER;
    }

    private static Flag flag(JsonNode value) {
      if (value.isNull()) {
        return Flag.ABSENT;
      }
      if (value.isBoolean()) {
        return value.booleanValue() ? Flag.TRUE : Flag.FALSE;
      }
      String text =
          value.isNumber()
              ? value.doubleValue() == 1 ? "1" : value.doubleValue() == 0 ? "0" : "?"
              : value.isTextual() ? value.textValue() : "?";
      return switch (text.toLowerCase(java.util.Locale.ROOT)) {
        case "1", "true", "t", "yes", "y", "on" -> Flag.TRUE;
        case "0", "false", "f", "no", "n", "off" -> Flag.FALSE;
        default -> Flag.OTHER;
      };
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Reading that
          && stream == that.stream
          && include == that.include
          && continuous == that.continuous
          && hasOptions == that.hasOptions;
    }

    @Override
    public int hashCode() {
      return stream.hashCode();
    }
  }
}
