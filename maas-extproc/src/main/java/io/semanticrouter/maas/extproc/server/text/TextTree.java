// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.text;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.semanticrouter.maas.config.ConfigSection;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;

/**
 * Reads a tree of maps, lists, texts, booleans, {@link Long} and {@link BigDecimal} out of YAML or
 * JSON, without guessing: what YAML 1.1 and 1.2 understand differently ({@code yes}, {@code 010},
 * {@code 1_000}) becomes a value that no key accepts, and an alias is an error, as is a key that
 * stands twice.
 */
public final class TextTree {
  static final YAMLFactory YAML =
      YAMLFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // The default according to its documentation, but not with a builder.
          .enable(YAMLParser.Feature.EMPTY_STRING_AS_NULL)
          .loaderOptions(limits())
          .build();

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private static final Pattern INTEGER = Pattern.compile("[-+]?(0|[1-9][0-9]{0,17})");
  private static final Pattern DECIMAL =
      Pattern.compile(
          "[-+]?([0-9]{1,100}(\\.[0-9]{0,100})?|\\.[0-9]{1,100})([eE][-+]?[0-9]{1,9})?");

  /** How the parser of JSON begins a problem that repeats a word of the text: maybe a secret. */
  private static final String WORD = "Unrecognized token ";

  /** How the YAML parser begins a line that says where something is. */
  private static final String MARK = " in 'reader', line ";

  private final String name;
  private final JsonParser parser;
  private final Places places;

  /** A scalar whose meaning depends on whom one asks; shown as it was written. */
  private record Ambiguous(String text) {
    @Override
    public String toString() {
      return text;
    }
  }

  /** Receives the line of each key and element, by the path that errors name it with. */
  public interface Places {
    /** For those who need no lines. */
    Places NONE = (path, line) -> {};

    /** Called once for each key and element. */
    void add(String path, int line);
  }

  private TextTree(String name, JsonParser parser, Places places) {
    this.name = name;
    this.parser = parser;
    this.places = places;
  }

  private static LoaderOptions limits() {
    LoaderOptions options = new LoaderOptions();
    // Callers limit the bytes.
    options.setCodePointLimit(Integer.MAX_VALUE);
    return options;
  }

  /**
   * Reads a file.
   *
   * @param name of the file: one that ends in {@code .json} is JSON, all others are YAML
   * @param section the path of what the tree is put into, which the paths of its keys begin with;
   *     empty for none
   * @param isRead whether a key of the top level is read; the others are there without a value
   * @throws UnreadableException when it is no mapping in YAML or JSON
   */
  public static Map<String, @Nullable Object> read(
      String name, byte[] text, String section, Predicate<String> isRead, Places places)
      throws UnreadableException {
    JsonFactory format = name.endsWith(".json") ? JSON : YAML;
    // Not the array itself: the YAML factory guesses another encoding.
    try (InputStream in = new ByteArrayInputStream(text);
        JsonParser parser = format.createParser(in)) {
      return new TextTree(name, parser, places).read(section, isRead);
    } catch (JacksonException e) {
      throw notReadable(name, format == JSON ? "JSON" : "YAML", e);
    } catch (IOException e) {
      throw new UnreadableException(name + ": cannot be read: " + e.getMessage());
    }
  }

  /**
   * Reads any JSON value.
   *
   * @throws UnreadableException when it is no JSON
   */
  public static @Nullable Object readJson(String name, byte[] text) throws UnreadableException {
    try (JsonParser parser = JSON.createParser(text)) {
      TextTree tree = new TextTree(name, parser, Places.NONE);
      Object value = parser.nextToken() == null ? null : tree.value("");
      if (parser.nextToken() != null) {
        throw tree.problem("must be one value; this is another");
      }
      return value;
    } catch (JacksonException e) {
      throw notReadable(name, "JSON", e);
    } catch (IOException e) {
      throw new UnreadableException(name + ": cannot be read: " + e.getMessage());
    }
  }

  private Map<String, @Nullable Object> read(String section, Predicate<String> isRead)
      throws IOException, UnreadableException {
    Map<String, @Nullable Object> root = new LinkedHashMap<>();
    JsonToken first = parser.nextToken();
    if (first == null) {
      return root;
    }
    if (first == JsonToken.START_OBJECT) {
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        String keyPath = located(section, key);
        parser.nextToken();
        if (isRead.test(key)) {
          root.put(key, value(keyPath));
        } else {
          parser.skipChildren();
          root.put(key, null);
        }
      }
    } else if (!isNull(first)) {
      throw new UnreadableException(name + ": must be a YAML mapping, such as maas_integration: …");
    }
    if (parser.nextToken() != null) {
      throw problem("must be one document; this is the start of another");
    }
    return root;
  }

  /** The path of the key that is next, whose line is noted. */
  private String located(String section, String key) {
    if (places == Places.NONE) {
      return "";
    }
    String keyPath = ConfigSection.path(section, key);
    places.add(keyPath, parser.currentTokenLocation().getLineNr());
    return keyPath;
  }

  private @Nullable Object value(String valuePath) throws IOException, UnreadableException {
    if (parser instanceof YAMLParser yaml && yaml.isCurrentAlias()) {
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
        String elementPath = places == Places.NONE ? "" : valuePath + "[" + list.size() + "]";
        places.add(elementPath, parser.currentTokenLocation().getLineNr());
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

  private UnreadableException problem(String problem) {
    return new UnreadableException(
        name + ":" + parser.currentTokenLocation().getLineNr() + ": " + problem);
  }

  /** With the line of the problem, where the parser states one, and not that of its context. */
  private static UnreadableException notReadable(String name, String format, JacksonException e) {
    JsonLocation location = e.getLocation();
    String line = location == null ? "" : ":" + location.getLineNr();
    String problem = "not readable";
    for (String text : e.getOriginalMessage().lines().toList()) {
      if (text.startsWith(MARK)) {
        line = ":" + text.substring(MARK.length(), text.indexOf(',', MARK.length()));
      } else if (text.startsWith(WORD)) {
        problem = "a word that is neither in quotes nor true, false or null";
      } else if (!text.startsWith(" ")) {
        problem = text.length() > 200 ? text.substring(0, 200) + "…" : text;
      }
    }
    return new UnreadableException(name + line + ": not valid " + format + ": " + problem);
  }
}
