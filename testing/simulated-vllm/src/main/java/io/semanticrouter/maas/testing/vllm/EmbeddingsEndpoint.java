// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import io.semanticrouter.maas.testing.vllm.StatsRecorder.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Answers embeddings with vectors that depend on nothing but the input. */
final class EmbeddingsEndpoint implements InferenceEndpoint {

  private static final int DEFAULT_DIMENSIONS = 8;
  private static final int MAX_DIMENSIONS = 4096;

  private final String path;
  private final ServerState server;

  EmbeddingsEndpoint(String path, ServerState server) {
    this.path = path;
    this.server = server;
  }

  @Override
  public void answer(Exchange exchange, Fields body, Knobs knobs) throws IOException {
    List<TextInput> inputs = TextInput.listOf(body, "input");
    String encoding = body.string("encoding_format").orElse("float");
    if (!encoding.equals("float") && !encoding.equals("base64")) {
      throw body.wrong("encoding_format", "float or base64");
    }
    int dimensions = body.integer("dimensions", 1, MAX_DIMENSIONS).orElse(DEFAULT_DIMENSIONS);
    String model = server.served(body.string("model").orElse(""));
    List<Map<String, Object>> data = new ArrayList<>();
    for (TextInput input : inputs) {
      List<Float> vector = vector(input.seed(), dimensions);
      data.add(
          Json.object(
              "index",
              data.size(),
              "object",
              "embedding",
              "embedding",
              encoding.equals("float") ? vector : base64(vector)));
    }
    Usage usage = new Usage(inputs.stream().mapToLong(TextInput::tokens).sum(), 0);
    Map<String, Object> answer =
        Json.object(
            "id",
            "embd-" + server.ids().get(),
            "object",
            "list",
            "created",
            server.created(),
            "model",
            model,
            "data",
            data);
    if (!knobs.omitUsage()) {
      answer.put("usage", usage.inBody());
    }
    String lastText = inputs.get(inputs.size() - 1).text();
    exchange.headers(server.routingHeaders().of(model, lastText, knobs.cacheHit(), knobs.pii()));
    JsonAnswer.send(
        exchange,
        knobs,
        server.stats(),
        new Outcome(path, usage, !knobs.omitUsage(), knobs.cacheHit()),
        answer);
  }

  /** Multiples of 1/128 between -1 and 1: exact as a float and short as a decimal. */
  private static List<Float> vector(int seed, int dimensions) {
    List<Float> vector = new ArrayList<>(dimensions);
    int state = seed;
    for (int i = 0; i < dimensions; i++) {
      state = state * 1_664_525 + 1_013_904_223;
      vector.add((state >> 24) / 128f);
    }
    return vector;
  }

  private static String base64(List<Float> vector) {
    ByteBuffer bytes =
        ByteBuffer.allocate(vector.size() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    vector.forEach(bytes::putFloat);
    return Base64.getEncoder().encodeToString(bytes.array());
  }
}
