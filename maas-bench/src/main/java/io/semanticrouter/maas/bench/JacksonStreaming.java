// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** A pull parser for each document, which skips what is not the usage at the root. */
final class JacksonStreaming extends LineReader {
  private final JsonFactory jackson = new JsonFactory();

  @Override
  void document(byte[] b, int from, int to) throws IOException {
    try (JsonParser parser = jackson.createParser(b, from, to - from)) {
      parser.nextToken();
      String name;
      while ((name = parser.nextFieldName()) != null) {
        if (parser.nextToken() == JsonToken.START_OBJECT && name.equals("usage")) {
          usage(parser);
        } else {
          parser.skipChildren();
        }
      }
    }
  }

  private void usage(JsonParser parser) throws IOException {
    String name;
    while ((name = parser.nextFieldName()) != null) {
      parser.nextToken();
      if (name.equals("prompt_tokens")) {
        prompt = parser.getLongValue();
      } else if (name.equals("completion_tokens")) {
        completion = parser.getLongValue();
      } else {
        parser.skipChildren();
      }
    }
  }
}
