// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.jr.ob.JSON;
import com.fasterxml.jackson.jr.ob.JacksonJrExtension;
import com.fasterxml.jackson.jr.ob.api.ExtensionContext;
import com.fasterxml.jackson.jr.ob.api.ReaderWriterProvider;
import com.fasterxml.jackson.jr.ob.api.ValueWriter;
import com.fasterxml.jackson.jr.ob.impl.JSONWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads and writes JSON as maps, lists, texts, numbers and booleans. */
final class Json {

  /** JSON's null: a value of its own, so that maps and lists need not hold Java nulls. */
  static final Object NULL = Null.NULL;

  /** Texts of any length: an image in a request can be larger than the 20 MB that are usual. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
          .build();

  private static final JSON JR =
      JSON.builder(FACTORY)
          .enable(JSON.Feature.WRITE_NULL_PROPERTIES)
          .register(new NullWriter())
          .build();

  private Json() {}

  /** Builds an object from alternating names and values, and keeps their order. */
  static Map<String, Object> object(Object... namesAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return object;
  }

  /**
   * Reads one JSON value.
   *
   * @throws ApiException with status 400 if the bytes are not exactly one JSON value
   */
  static Object parse(byte[] json) {
    try (JsonParser parser = JR.createParser(json)) {
      boolean empty = parser.nextToken() == null;
      Object value = empty ? null : JR.anyFrom(parser);
      if (empty || parser.nextToken() != null) {
        throw ApiException.badRequest("The request body is not valid JSON: not one value.");
      }
      return value == null ? NULL : value;
    } catch (JsonProcessingException e) {
      throw ApiException.badRequest(
          "The request body is not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] bytes(Object value) {
    return text(value).getBytes(StandardCharsets.UTF_8);
  }

  static String text(Object value) {
    try {
      return JR.asString(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private enum Null {
    NULL
  }

  private static final class NullWriter extends JacksonJrExtension implements ValueWriter {
    @Override
    protected void register(ExtensionContext context) {
      context.appendProvider(
          new ReaderWriterProvider() {
            @Override
            public @Nullable ValueWriter findValueWriter(JSONWriter writer, Class<?> type) {
              return type == Null.class ? NullWriter.this : null;
            }
          });
    }

    @Override
    public void writeValue(JSONWriter writer, JsonGenerator generator, Object value)
        throws IOException {
      generator.writeNull();
    }

    @Override
    public Class<?> valueType() {
      return Null.class;
    }
  }
}
