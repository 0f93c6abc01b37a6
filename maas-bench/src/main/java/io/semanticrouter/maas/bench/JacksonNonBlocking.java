// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.async.ByteArrayFeeder;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * The parser that is fed, one for the whole stream: the data of each line goes into it as it comes,
 * nothing is put together. It takes each data line for an event, as {@link LineReader} does.
 */
final class JacksonNonBlocking implements UsageReader {
  private static final byte[] PREFIX = {'d', 'a', 't', 'a', ':'};

  private enum Line {
    PREFIX,
    SPACE,
    DOCUMENT,
    IGNORED
  }

  /** What the parser is behind. */
  private enum Key {
    OTHER,
    USAGE,
    PROMPT,
    COMPLETION
  }

  private final JsonParser parser;
  private final ByteArrayFeeder feeder;
  private Line line = Line.PREFIX;
  private int matched;
  private Key key = Key.OTHER;
  private int depth;
  private boolean inUsage;
  private long prompt = NONE;
  private long completion = NONE;

  JacksonNonBlocking() {
    try {
      parser =
          JsonFactory.builder()
              .streamReadConstraints(
                  // The default refuses the text of the big event.
                  StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
              .build()
              .createNonBlockingByteArrayParser();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    feeder = (ByteArrayFeeder) parser.getNonBlockingInputFeeder();
  }

  @Override
  public void feed(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      byte c = b[i];
      switch (line) {
        case PREFIX -> {
          if (c == PREFIX[matched]) {
            i++;
            if (++matched == PREFIX.length) {
              line = Line.SPACE;
            }
          } else {
            line = Line.IGNORED;
          }
        }
        case SPACE -> {
          if (c == ' ') {
            i++;
          } else {
            line = c == '{' ? Line.DOCUMENT : Line.IGNORED;
          }
        }
        default -> {
          int end = LineReader.lineEnd(b, i, to);
          if (line == Line.DOCUMENT && i < end) {
            document(b, i, end);
          }
          i = end;
          if (i < to) {
            i++;
            line = Line.PREFIX;
            matched = 0;
          }
        }
      }
    }
  }

  private void document(byte[] b, int from, int to) {
    try {
      feeder.feedInput(b, from, to);
      JsonToken token;
      while ((token = parser.nextToken()) != JsonToken.NOT_AVAILABLE) {
        take(token);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void take(JsonToken token) throws IOException {
    switch (token) {
      case FIELD_NAME ->
          key = depth == 1 || (inUsage && depth == 2) ? key(parser.currentName()) : Key.OTHER;
      case START_OBJECT -> {
        inUsage |= depth == 1 && key == Key.USAGE;
        depth++;
      }
      case END_OBJECT -> {
        depth--;
        inUsage &= depth > 1;
      }
      case START_ARRAY -> depth++;
      case END_ARRAY -> depth--;
      case VALUE_NUMBER_INT -> {
        if (depth == 2 && inUsage && key == Key.PROMPT) {
          prompt = parser.getLongValue();
        } else if (depth == 2 && inUsage && key == Key.COMPLETION) {
          completion = parser.getLongValue();
        }
      }
      default -> {
        // says nothing
      }
    }
  }

  private Key key(String name) {
    if (depth == 1) {
      return name.equals("usage") ? Key.USAGE : Key.OTHER;
    }
    return switch (name) {
      case "prompt_tokens" -> Key.PROMPT;
      case "completion_tokens" -> Key.COMPLETION;
      default -> Key.OTHER;
    };
  }

  @Override
  public long prompt() {
    return prompt;
  }

  @Override
  public long completion() {
    return completion;
  }
}
