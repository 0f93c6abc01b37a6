// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.spelling;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Operation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OperationTest {
  @ParameterizedTest
  @CsvSource({
    "/v1/chat/completions, CHAT",
    "/openai/deployments/gpt/chat/completions?api-version=2, CHAT",
    "/v1/chat/completions/, CHAT",
    "/v1/completions, COMPLETION",
    "/v1/embeddings, EMBEDDING",
    "/v2/embed, EMBEDDING",
    "/v1beta/models/m:embedContent, EMBEDDING",
    "/v1beta/models/m:batchEmbedContents, EMBEDDING",
    "/v1/responses, RESPONSES",
    "/v1/messages, MESSAGES",
    "/v1beta/models/m:generateContent, GENERATE_CONTENT",
    "/v1beta/models/m:streamGenerateContent?alt=sse, GENERATE_CONTENT",
    "/v1beta/interactions, INTERACTIONS",
    "/model/m/converse, CONVERSE",
    "/model/m/converse-stream, CONVERSE",
    "/model/m/invoke, INVOKE",
    "/model/m/invoke-with-response-stream, INVOKE",
    "/v2/chat, COHERE_CHAT",
    "/v1/rerank, RERANK",
    "/rerank, RERANK",
    "/score, POOLING",
    "/v1/audio/transcriptions, AUDIO",
    "/v1/images/generations, IMAGE",
    "/v1/projects/p/models/claude:streamRawPredict, DETECT",
    "/v1/messages/count_tokens, NOT_METERED",
    "/v1/messages/batches, NOT_METERED",
    "/v1/responses/input_tokens, NOT_METERED",
    "/model/m/count-tokens, NOT_METERED",
    "/tokenize, NOT_METERED",
  })
  void postIsToldByTheEndOfItsPath(String path, Operation operation) {
    assertThat(Endpoints.of("POST", RequestPath.of(path))).isEqualTo(operation);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "", "/v1", "/health", "/v1/chat/completionss", "?/score"})
  void otherPathsAreNoOperation(String path) {
    assertThat(Endpoints.of("POST", RequestPath.of(path))).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "/v1beta/models/gemini-x:generateContent, gemini-x",
        "/v1beta/models/gemini-x:streamGenerateContent?alt=sse, gemini-x",
        "/model/anthropic.claude-v1%3A0/converse, anthropic.claude-v1:0",
        "/model/arn%3Aaws%3Abedrock%2Fx/invoke, arn:aws:bedrock/x",
        "/model/m/invoke-with-response-stream/, m",
        "/model/a%0Ab/converse, a_b",
        "/model/a%zz%/converse, a%zz%",
        "/v1/chat/completions, -",
        "/model//converse, -",
        "/model/converse, -",
        "/:x, -",
        "'', -",
      })
  void modelIsReadFromPathsThatNameOne(String path, String model) {
    assertThat(ModelPath.model(RequestPath.of(path))).isEqualTo(model);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/model/%s/converse", "/models/%s:generateContent"})
  void modelOfAPathIsNoLongerThanALabelMayBe(String path) {
    assertThat(ModelPath.model(RequestPath.of(path).formatted("x".repeat(300)))).hasSize(256);
    assertThat(ModelPath.model(RequestPath.of(path).formatted("x".repeat(10_000)))).hasSize(256);
  }
}
