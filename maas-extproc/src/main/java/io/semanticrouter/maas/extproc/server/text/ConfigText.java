// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.text;

import com.fasterxml.jackson.core.JsonGenerator;
import io.semanticrouter.maas.config.ConfigError;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** A configuration as text: where its keys stand, and what all keys are with their defaults. */
public final class ConfigText {
  private final Map<String, String> places = new HashMap<>();
  private final SourceFiles files = new SourceFiles();
  private Map<String, Object> effective = Map.of();

  /** Takes the lines of the configuration file itself. */
  public TextTree.Places places() {
    return (path, line) -> places.put(path, "line " + line);
  }

  /** Takes the lines of another file that it names. */
  public TextTree.Places places(String file) {
    return (path, line) -> places.put(path, file + " line " + line);
  }

  /** The files that it stands in. */
  public SourceFiles files() {
    return files;
  }

  /** All keys that are known, with their values and defaults; secrets are not among them. */
  public Map<String, Object> effective() {
    return effective;
  }

  /** Takes what all keys are. */
  public void effective(Map<String, Object> values) {
    effective = values;
  }

  /** An error with the line of its key, or of the section in which the key is missing. */
  public String located(ConfigError error) {
    for (String path = error.path(); !path.isEmpty(); path = section(path)) {
      String place = places.get(path);
      if (place != null) {
        return place + ": " + error;
      }
    }
    return error.toString();
  }

  private static String section(String path) {
    return path.substring(0, Math.max(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['))));
  }

  /** All keys with their values as YAML, which read again is the same configuration. */
  public String yaml() {
    StringWriter text = new StringWriter();
    try (JsonGenerator yaml = TextTree.YAML.createGenerator(text)) {
      write(yaml, effective);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void write(JsonGenerator yaml, Object value) throws IOException {
    if (value instanceof Map<?, ?> map) {
      yaml.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        yaml.writeFieldName((String) entry.getKey());
        write(yaml, entry.getValue());
      }
      yaml.writeEndObject();
    } else if (value instanceof Collection<?> list) {
      yaml.writeStartArray();
      for (Object element : list) {
        write(yaml, element);
      }
      yaml.writeEndArray();
    } else if (value instanceof Boolean flag) {
      yaml.writeBoolean(flag);
    } else if (value instanceof Long number) {
      yaml.writeNumber(number);
    } else if (value instanceof BigDecimal number) {
      yaml.writeString(number.toPlainString());
    } else {
      yaml.writeString((String) value);
    }
  }
}
