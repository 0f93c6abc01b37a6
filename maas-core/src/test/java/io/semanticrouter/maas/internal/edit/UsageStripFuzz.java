// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.edit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.semanticrouter.maas.internal.edit.SplicedBodies.Stripped;
import io.semanticrouter.maas.internal.edit.UsageStrip.Mode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What has to hold for every response stream, whatever it is:
 *
 * <ul>
 *   <li>chunks do not matter, with any limit;
 *   <li>events whose data Jackson reads come out as an implementation on whole texts makes them;
 *   <li>of other events nothing is added or reordered, and they do not touch their neighbours.
 * </ul>
 */
public final class UsageStripFuzz {
  private static final String MARK = "\u00ef\u00bb\u00bf";

  private UsageStripFuzz() {}

  /** Two bytes choose how the rest, the stream, is put through. */
  public static void fuzzerTestOneInput(byte[] data) {
    if (data.length >= 2) {
      byte[] body = Arrays.copyOfRange(data, 2, data.length);
      Mode mode = (data[0] & 1) != 0 ? Mode.ALL : Mode.CONTINUOUS;
      check(body, mode, new Random(data[1] << 8 | data[0]));
    }
  }

  /** The filter, after everything has been checked. */
  static UsageStrip check(byte[] body, Mode mode, Random random) {
    String as = mode + ": " + latin(body);
    Stripped once = strip(body, mode);
    compareChunked(as, once, body, mode, UsageStrip.LIMIT, random);
    int limit = 16 + random.nextInt(100);
    Stripped limited = SplicedBodies.strip(body, mode, limit, SplicedBodies.chunksOf(1 << 30));
    compareChunked("limit " + limit + " " + as, limited, body, mode, limit, random);

    Oracle oracle = new Oracle(latin(body), mode);
    assertThat(latin(once.out())).as("stripped, %s", as).isEqualTo(oracle.expected());
    return once.strip();
  }

  private static void compareChunked(
      String as, Stripped once, byte[] body, Mode mode, int limit, Random random) {
    Stripped chunked = SplicedBodies.strip(body, mode, limit, SplicedBodies.randomChunks(random));
    assertThat(latin(chunked.out())).as("chunked, %s", as).isEqualTo(latin(once.out()));
    assertThat(chunked.counts()).as("counts, %s", as).isEqualTo(once.counts());
  }

  private static Stripped strip(byte[] body, Mode mode) {
    return SplicedBodies.strip(body, mode, UsageStrip.LIMIT, SplicedBodies.chunksOf(1 << 30));
  }

  static String latin(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /**
   * Text that does not come out.
   *
   * @param eventEnd behind the blank line or the line that begins another document, or past the
   *     text if there is none
   * @param eventStart where it would begin if the stream ended before that
   */
  record Removed(int from, int to, int eventEnd, boolean event, int eventStart) {
    Removed(int from, int to, int eventEnd, boolean event) {
      this(from, to, eventEnd, event, from);
    }
  }

  /** The filter on whole texts; each character is a byte. */
  static final class Oracle {
    private static final Pattern LINE = Pattern.compile("([^\r\n]*)(\r\n|\r|\n|\\z)");
    private static final JsonMapper MAPPER =
        JsonMapper.builder(
                JsonFactory.builder()
                    .streamReadConstraints(
                        StreamReadConstraints.builder()
                            .maxNestingDepth(100_000)
                            .maxNumberLength(100_000)
                            .build())
                    .configure(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS, true)
                    .build())
            .build();

    private final String text;
    private final Mode mode;
    final List<Removed> removed = new ArrayList<>();

    /** From where to where events are that Jackson does not read. */
    final List<int[]> malformed = new ArrayList<>();

    private int eventStart = -1;

    /** Whether something of the event stays in front of what is being read. */
    private boolean partly;

    private boolean broken;

    /** Where the part of the event begins that is not settled. */
    private int restStart;

    /** An object to drop, from its first data line to behind its last one; the end is -1: none. */
    private int dropStart;

    private int dropEnd = -1;

    private int documentStart;

    private final StringBuilder data = new StringBuilder();

    /** For each character of the data its place in the text, -1 for what joins lines. */
    private final List<Integer> places = new ArrayList<>();

    private boolean dataSeen;

    Oracle(String text, Mode mode) {
      this.text = text;
      this.mode = mode;
      int at = text.startsWith(MARK) ? MARK.length() : 0;
      if (isJson(text.substring(at))) {
        return;
      }
      Matcher line = LINE.matcher(text);
      while (at < text.length() && line.find(at)) {
        int end = line.end(1);
        if (at == end) {
          endEvent(line.end());
        } else if (text.charAt(at) != ':') {
          line(at, end, line.end());
        }
        at = line.end();
      }
      endEvent(text.length() + 1);
    }

    private static boolean isJson(String body) {
      String begin = body.replaceAll("^[ \t\r\n]+", "");
      return begin.matches("(?s)\\{[ \t\r\n]*[\"}].*|\\[[ \t\r\n]*[{\\]].*");
    }

    private void line(int from, int to, int behind) {
      if (eventStart < 0) {
        eventStart = from;
        restStart = from;
      }
      String line = text.substring(from, to);
      if (broken || (!line.equals("data") && !line.startsWith("data:"))) {
        return;
      }
      int start = line.startsWith("data: ") ? 6 : Math.min(5, line.length());
      if (dropEnd >= 0) {
        if (line.substring(start).isBlank()) {
          return;
        }
        removed.add(new Removed(dropStart, dropEnd, behind, true, partly ? dropStart : restStart));
        partly |= dropStart != restStart;
        restStart = dropEnd;
        dropEnd = -1;
      }
      if (dataSeen) {
        data.append('\n');
        places.add(-1);
      } else {
        documentStart = from;
      }
      dataSeen = true;
      data.append(line, start, line.length());
      for (int i = from + start; i < to; i++) {
        places.add(i);
      }
      endLine(behind);
    }

    /** A document ends with the line in which it is complete. */
    private void endLine(int behind) {
      String begin = data.toString().replaceAll("^[ \t\n]+", "");
      if (begin.isEmpty()) {
        return;
      }
      try {
        if (begin.startsWith("{") && !object(behind)) {
          return;
        }
      } catch (JsonProcessingException e) {
        broken = true;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      partly |= dropEnd < 0;
      clear();
    }

    private void clear() {
      data.setLength(0);
      places.clear();
      dataSeen = false;
    }

    private void endEvent(int behind) {
      int end = Math.min(behind, text.length());
      broken |= data.toString().replaceAll("^[ \t\n]+", "").startsWith("{");
      if (broken) {
        removed.removeIf(span -> span.from() >= eventStart);
        malformed.add(new int[] {eventStart, end});
      } else if (dropEnd >= 0) {
        removed.add(
            partly
                ? new Removed(dropStart, dropEnd, behind, true)
                : new Removed(restStart, end, behind, true));
      }
      eventStart = -1;
      partly = false;
      broken = false;
      dropEnd = -1;
      clear();
    }

    private record Member(boolean usage, int keyStart, int valueEnd) {}

    /** False when it goes on in the next line. */
    private boolean object(int behind) throws IOException {
      String json = data.toString();
      List<Member> members = new ArrayList<>();
      boolean usageObject = false;
      boolean stays = false;
      boolean filled = false;
      try (JsonParser parser = MAPPER.createParser(json)) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          int keyStart = (int) parser.currentTokenLocation().getCharOffset();
          assertThat(json.charAt(keyStart)).isEqualTo('"');
          String name = parser.currentName();
          JsonToken first = parser.nextToken();
          int valueEnd = (int) parser.currentTokenLocation().getCharOffset() + 4;
          stays |= name.equals("error") && first != JsonToken.VALUE_NULL;
          if (name.equals("choices")) {
            if (first == JsonToken.START_ARRAY) {
              filled |= parser.nextToken() != JsonToken.END_ARRAY;
              skipToRoot(parser);
            } else {
              stays |= first != JsonToken.VALUE_NULL;
            }
          }
          boolean object = first == JsonToken.START_OBJECT;
          if (object || (first == JsonToken.START_ARRAY && !name.equals("choices"))) {
            parser.skipChildren();
            valueEnd = (int) parser.currentLocation().getCharOffset();
          }
          boolean usage = name.equals("usage") && (object || first == JsonToken.VALUE_NULL);
          usageObject |= usage && object;
          members.add(new Member(usage, keyStart, valueEnd));
        }
        if (parser.nextToken() != null) {
          broken = true;
          return true;
        }
      } catch (JsonEOFException e) {
        return false;
      }
      if (mode == Mode.ALL && usageObject && !filled && !stays) {
        dropStart = documentStart;
        dropEnd = behind;
      } else if (mode == Mode.ALL || filled) {
        cut(json, members, behind);
      }
      return true;
    }

    /** Goes to the end of the array that is a member of the root. */
    private static void skipToRoot(JsonParser parser) throws IOException {
      while (!(parser.currentToken() == JsonToken.END_ARRAY
          && parser.getParsingContext().inObject()
          && parser.getParsingContext().getParent().inRoot())) {
        if (parser.nextToken() == null) {
          return;
        }
      }
    }

    private void cut(String json, List<Member> members, int behind) {
      boolean keptBefore = false;
      for (int i = 0; i < members.size(); i++) {
        Member member = members.get(i);
        if (!member.usage()) {
          keptBefore = true;
        } else if (keptBefore) {
          cut(json.lastIndexOf(',', member.keyStart()), member.valueEnd(), behind);
        } else if (i + 1 < members.size()) {
          cut(member.keyStart(), json.indexOf(',', member.valueEnd()) + 1, behind);
        } else {
          cut(member.keyStart(), member.valueEnd(), behind);
        }
      }
    }

    private void cut(int from, int to, int behind) {
      for (int i = from; i < to; i++) {
        int place = places.get(i);
        if (place >= 0) {
          int last = removed.size() - 1;
          if (i > from && last >= 0 && removed.get(last).to() == place) {
            removed.set(last, new Removed(removed.get(last).from(), place + 1, behind, false));
          } else {
            removed.add(new Removed(place, place + 1, behind, false));
          }
        }
      }
    }

    /** The output; for events that Jackson does not read, that of the filter on them alone. */
    String expected() {
      StringBuilder out = new StringBuilder();
      int at = 0;
      int m = 0;
      int r = 0;
      while (m < malformed.size() || r < removed.size()) {
        boolean next =
            r == removed.size()
                || (m < malformed.size() && malformed.get(m)[0] < removed.get(r).from());
        int from = next ? malformed.get(m)[0] : removed.get(r).from();
        int to = next ? malformed.get(m)[1] : removed.get(r).to();
        out.append(text, at, from);
        if (next) {
          out.append(alone(text.substring(from, to)));
          m++;
        } else {
          r++;
        }
        at = to;
      }
      return out.append(text, at, text.length()).toString();
    }

    private String alone(String event) {
      // The blank line in front keeps a mark from being taken for that of a stream.
      String out = latin(strip(latin("\n" + event), mode).out()).substring(1);
      int at = 0;
      for (int i = 0; i < out.length(); i++) {
        at = event.indexOf(out.charAt(i), at) + 1;
        assertThat(at).as("nothing is added to %s -> %s", event, out).isPositive();
      }
      return out;
    }
  }
}
