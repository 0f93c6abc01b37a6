// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.router.RouterConfig;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the tree of a configuration out of YAML, without guessing: what YAML 1.1 and 1.2 understand
 * differently ({@code yes}, {@code 010}, {@code 1_000}) becomes a value that no key accepts, and an
 * alias in a section of ours is an error. Sections of others are skipped, whatever is in them.
 */
final class YamlTree {
  private static final Set<String> SECTIONS =
      Set.of(MaasConfig.SECTION, "pricing", RouterConfig.SECTION, "server", JournalConfig.SECTION);
  private static final Pattern INTEGER = Pattern.compile("[-+]?(0|[1-9][0-9]{0,17})");
  private static final Pattern DECIMAL =
      Pattern.compile(
          "[-+]?([0-9]{1,100}(\\.[0-9]{0,100})?|\\.[0-9]{1,100})([eE][-+]?[0-9]{1,9})?");

  private final Path path;
  private final YAMLParser parser;
  private final Map<String, Integer> lines;

  /** A scalar whose meaning depends on whom one asks; shown as it was written. */
  private record Ambiguous(String text) {
    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * A tree to be read.
   *
   * @param lines receives the line of each key and element, by the path that errors name it with
   */
  YamlTree(Path path, YAMLParser parser, Map<String, Integer> lines) {
    this.path = path;
    this.parser = parser;
    this.lines = lines;
  }

  /** The top level: sections of ours in full, of others the names only. */
  Map<String, @Nullable Object> read() throws IOException, ConfigFile.UnreadableException {
    Map<String, @Nullable Object> root = new LinkedHashMap<>();
    JsonToken first = parser.nextToken();
    if (first == null) {
      return root;
    }
    if (first == JsonToken.START_OBJECT) {
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        String keyPath = located("", key);
        parser.nextToken();
        if (SECTIONS.contains(key)) {
          root.put(key, value(keyPath));
        } else {
          parser.skipChildren();
          root.put(key, null);
        }
      }
    } else if (!isNull(first)) {
      throw new ConfigFile.UnreadableException(
          path + ": must be a YAML mapping, such as maas_integration: …");
    }
    if (parser.nextToken() != null) {
      throw problem("must be one document; this is the start of another");
    }
    return root;
  }

  /** The path of the key that is next, whose line is noted. */
  private String located(String section, String key) {
    String keyPath = ConfigSection.path(section, key);
    lines.put(keyPath, parser.currentTokenLocation().getLineNr());
    return keyPath;
  }

  private @Nullable Object value(String valuePath)
      throws IOException, ConfigFile.UnreadableException {
    if (parser.isCurrentAlias()) {
      throw problem(
          "aliases (*…) are not read; write the value itself, in quotes if it begins with *");
    }
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        String keyPath = located(valuePath, key);
        parser.nextToken();
        map.put(key, value(keyPath));
      }
      return map;
    }
    if (token == JsonToken.START_ARRAY) {
      List<@Nullable Object> list = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        String elementPath = valuePath + "[" + list.size() + "]";
        lines.put(elementPath, parser.currentTokenLocation().getLineNr());
        list.add(value(elementPath));
      }
      return list;
    }
    if (isNull(token)) {
      return null;
    }
    String text = parser.getText();
    return switch (token) {
      case VALUE_STRING -> text;
      case VALUE_TRUE -> text.equalsIgnoreCase("true") ? true : new Ambiguous(text);
      case VALUE_FALSE -> text.equalsIgnoreCase("false") ? false : new Ambiguous(text);
      case VALUE_NUMBER_INT ->
          INTEGER.matcher(text).matches() ? Long.valueOf(text) : new Ambiguous(text);
      case VALUE_NUMBER_FLOAT ->
          DECIMAL.matcher(text).matches() ? new BigDecimal(text) : new Ambiguous(text);
      default -> new Ambiguous(text);
    };
  }

  private static boolean isNull(JsonToken token) {
    return token == JsonToken.VALUE_NULL;
  }

  private ConfigFile.UnreadableException problem(String problem) {
    return new ConfigFile.UnreadableException(
        path + ":" + parser.currentTokenLocation().getLineNr() + ": " + problem);
  }
}
