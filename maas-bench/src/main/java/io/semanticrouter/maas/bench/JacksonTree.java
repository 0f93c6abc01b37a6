// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;

/** A tree of each document: the code that most people would write. */
final class JacksonTree extends LineReader {
  private final ObjectReader reader =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      // The default refuses the text of the big event.
                      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
                  .build())
          .build()
          .reader();

  @Override
  void document(byte[] b, int from, int to) throws IOException {
    JsonNode usage = reader.readTree(b, from, to - from).get("usage");
    if (usage != null && usage.isObject()) {
      prompt = usage.path("prompt_tokens").asLong(prompt);
      completion = usage.path("completion_tokens").asLong(completion);
    }
  }
}
