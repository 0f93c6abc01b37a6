// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A YAML file as maps, lists and scalars that mean what they look like: decimal numbers are exact,
 * and what only old YAML takes for a number (octal, hexadecimal, underscores, infinities) is no
 * number at all. A file is one document, small, without a key that stands twice.
 */
final class YamlTree {
  private static final long MAX_BYTES = 1 << 20;
  private static final Pattern INTEGER = Pattern.compile("-?(0|[1-9][0-9]*)");
  private static final Pattern DECIMAL =
      Pattern.compile("-?(0|[1-9][0-9]*)?(\\.[0-9]+)?([eE][-+]?[0-9]{1,9})?");
  private static final Pattern MARK = Pattern.compile(" line (\\d+), column \\d+");
  private static final YAMLFactory YAML =
      YAMLFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(YAMLParser.Feature.EMPTY_STRING_AS_NULL)
          .build();

  private final Path path;
  private final Set<String> ours;
  private final YAMLParser parser;

  /** In one of our sections: an alias there would be read as a text. */
  private boolean inside;

  private YamlTree(Path path, Set<String> ours, YAMLParser parser) {
    this.path = path;
    this.ours = ours;
    this.parser = parser;
  }

  /** A number in a spelling that different YAML versions read differently: nobody's value. */
  record OddNumber(String text) {
    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * Reads a file.
   *
   * @param ours the top-level sections in which aliases are refused; elsewhere they are not looked
   *     at
   */
  static Map<String, @Nullable Object> read(Path path, Set<String> ours)
      throws ConfigFile.UnreadableException {
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw new ConfigFile.UnreadableException(path + ": larger than 1 MiB");
      }
      try (YAMLParser parser = YAML.createParser(path.toFile())) {
        return new YamlTree(path, ours, parser).document();
      }
    } catch (JacksonException e) {
      throw new ConfigFile.UnreadableException(
          path + ":" + line(e) + ": not valid YAML: " + oneLine(e.getOriginalMessage()));
    } catch (IOException e) {
      throw new ConfigFile.UnreadableException(
          path + ": cannot be read: " + oneLine(String.valueOf(e.getMessage())));
    }
  }

  private Map<String, @Nullable Object> document()
      throws IOException, ConfigFile.UnreadableException {
    JsonToken first = parser.nextToken();
    if (first == null || first == JsonToken.VALUE_NULL) {
      return Map.of();
    }
    if (first != JsonToken.START_OBJECT) {
      throw new ConfigFile.UnreadableException(
          path + ": must be a YAML mapping, such as maas_integration: …");
    }
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      inside = ours.contains(name);
      tree.put(name, value(parser.nextToken()));
    }
    if (parser.nextToken() != null) {
      throw unreadable("must be one document; what follows a second \"---\" would be ignored");
    }
    return tree;
  }

  private @Nullable Object value(JsonToken token)
      throws IOException, ConfigFile.UnreadableException {
    return switch (token) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String name = parser.currentName();
          map.put(name, value(parser.nextToken()));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        for (JsonToken next = parser.nextToken();
            next != JsonToken.END_ARRAY;
            next = parser.nextToken()) {
          list.add(value(next));
        }
        yield list;
      }
      case VALUE_TRUE, VALUE_FALSE -> {
        // "yes" and "off" are texts since YAML 1.2.
        String text = parser.getText();
        boolean word = text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false");
        yield word ? (Object) (token == JsonToken.VALUE_TRUE) : text;
      }
      case VALUE_NULL -> null;
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser.getText());
      default -> {
        if (inside && parser.isCurrentAlias()) {
          throw unreadable("aliases are not supported here: *" + oneLine(parser.getText()));
        }
        yield parser.getText();
      }
    };
  }

  private static Object number(String text) {
    if (INTEGER.matcher(text).matches()) {
      BigInteger number = text.length() > 30 ? null : new BigInteger(text);
      if (number == null) {
        return new OddNumber(text);
      }
      return number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
    }
    boolean decimal = DECIMAL.matcher(text).matches() && text.length() <= 60;
    return decimal ? new BigDecimal(text) : new OddNumber(text);
  }

  private ConfigFile.UnreadableException unreadable(String problem) {
    int line = parser.currentTokenLocation().getLineNr();
    return new ConfigFile.UnreadableException(path + ":" + line + ": " + problem);
  }

  /** The line of the problem: the scanner's own word for it, where it has one, is the closest. */
  private static String line(JacksonException e) {
    Matcher mark = MARK.matcher(e.getOriginalMessage());
    JsonLocation location = e.getLocation();
    String line = location == null ? "?" : String.valueOf(location.getLineNr());
    while (mark.find()) {
      line = mark.group(1);
    }
    return line;
  }

  private static String oneLine(String message) {
    String line = message.lines().findFirst().orElse("not readable");
    return line.length() > 200 ? line.substring(0, 200) + "…" : line;
  }
}
