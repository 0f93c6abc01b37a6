// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.spelling;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Operation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every endpoint of the API references and server sources that uses tokens, and what is free. */
class EndpointsTest {
  @ParameterizedTest
  @CsvSource({
    // OpenAI and Azure
    "/v1/chat/completions, CHAT",
    "/v1/completions, COMPLETION",
    "/v1/embeddings, EMBEDDING",
    "/v1/responses, RESPONSES",
    "/v1/responses/compact, RESPONSES",
    "/v1/moderations, POOLING",
    "/v1/audio/transcriptions, AUDIO",
    "/v1/audio/translations, AUDIO",
    "/v1/audio/speech, AUDIO",
    "/v1/images/generations, IMAGE",
    "/v1/images/edits, IMAGE",
    "/v1/images/variations, IMAGE",
    "/openai/deployments/gpt-4o/chat/completions, CHAT",
    "/openai/deployments/gpt-4o/extensions/chat/completions, CHAT",
    "/openai/deployments/ada/embeddings, EMBEDDING",
    "/openai/deployments/whisper/audio/transcriptions, AUDIO",
    "/openai/v1/responses, RESPONSES",
    "/openai/v1/chat/completions, CHAT",
    "/models/chat/completions, CHAT",
    "/models/images/embeddings, EMBEDDING",
    // vLLM
    "/v1/chat/completions/batch, CHAT",
    "/invocations, DETECT",
    "/inference/v1/generate, GENERATE",
    "/generative_scoring, POOLING",
    "/v1/messages, MESSAGES",
    "/pooling, POOLING",
    "/classify, POOLING",
    "/score, POOLING",
    "/v1/score, POOLING",
    "/rerank, RERANK",
    "/v1/rerank, RERANK",
    "/v2/rerank, RERANK",
    "/v2/embed, EMBEDDING",
    // SGLang
    "/generate, GENERATE",
    "/encode, EMBEDDING",
    "/v1/classify, POOLING",
    "/vertex_generate, GENERATE",
    // Text Generation Inference and Text Embeddings Inference
    "/generate_stream, GENERATE",
    "/embed, EMBEDDING",
    "/embed_all, EMBEDDING",
    "/embed_sparse, EMBEDDING",
    // Triton
    "/v2/models/llama/generate, GENERATE",
    "/v2/models/llama/generate_stream, GENERATE",
    // llama.cpp
    "/completion, GENERATE",
    "/completions, COMPLETION",
    "/infill, GENERATE",
    "/embedding, EMBEDDING",
    "/embeddings, EMBEDDING",
    "/reranking, RERANK",
    "/v1/reranking, RERANK",
    "/chat/completions, CHAT",
    // Ollama, LM Studio
    "/api/chat, GENERATE",
    "/api/generate, GENERATE",
    "/api/embed, EMBEDDING",
    "/api/embeddings, EMBEDDING",
    "/api/v1/chat, GENERATE",
    "/api/v0/chat/completions, CHAT",
    // Anthropic
    "/v1/complete, DETECT",
    "/anthropic/v1/messages, MESSAGES",
    // Gemini and Vertex AI
    "/v1beta/models/g:generateContent, GENERATE_CONTENT",
    "/v1beta/models/g:streamGenerateContent, GENERATE_CONTENT",
    "/v1beta/tunedModels/g:generateContent, GENERATE_CONTENT",
    "/v1beta/models/g:generateAnswer, GENERATE_CONTENT",
    "/v1beta/models/g:embedContent, EMBEDDING",
    "/v1beta/models/g:batchEmbedContents, EMBEDDING",
    "/v1beta/interactions, INTERACTIONS",
    "/v1/projects/p/locations/l/publishers/google/models/g:predict, DETECT",
    "/v1/projects/p/locations/l/publishers/mistralai/models/m:rawPredict, DETECT",
    "/v1/projects/p/locations/l/publishers/anthropic/models/c:streamRawPredict, DETECT",
    "/v1/projects/p/locations/l/endpoints/1:serverStreamingPredict, DETECT",
    "/v1/projects/p/locations/l/endpoints/openapi/chat/completions, CHAT",
    "/v1beta/openai/chat/completions, CHAT",
    // Amazon Bedrock and SageMaker, Databricks
    "/model/m/converse, CONVERSE",
    "/model/m/converse-stream, CONVERSE",
    "/model/m/invoke, INVOKE",
    "/model/m/invoke-with-response-stream, INVOKE",
    "/endpoints/e/invocations, DETECT",
    "/endpoints/e/invocations-response-stream, DETECT",
    "/serving-endpoints/e/invocations, DETECT",
    // Cohere
    "/v2/chat, COHERE_CHAT",
    "/v1/chat, COHERE_CHAT",
    "/v1/generate, DETECT",
    "/v1/summarize, COHERE_CHAT",
    "/v1/embed, EMBEDDING",
    // Mistral
    "/v1/fim/completions, COMPLETION",
    "/v1/agents/completions, CHAT",
    "/v1/chat/moderations, POOLING",
    "/v1/classifications, POOLING",
    "/v1/chat/classifications, POOLING",
    // Voyage, Jina, Nomic
    "/v1/multimodalembeddings, EMBEDDING",
    "/v1/contextualizedembeddings, EMBEDDING",
    "/v1/embedding/text, EMBEDDING",
    "/v1/embedding/image, EMBEDDING",
    // DashScope
    "/compatible-mode/v1/chat/completions, CHAT",
    "/api/v1/services/aigc/text-generation/generation, GENERATE",
    "/api/v1/services/aigc/multimodal-generation/generation, GENERATE",
    "/api/v1/services/embeddings/text-embedding/text-embedding, EMBEDDING",
    "/api/v1/services/embeddings/multimodal-embedding/multimodal-embedding, EMBEDDING",
    "/api/v1/services/rerank/text-rerank/text-rerank, RERANK",
    "/api/v1/apps/a/completion, GENERATE",
    // watsonx
    "/ml/v1/text/chat, CHAT",
    "/ml/v1/text/chat_stream, CHAT",
    "/ml/v1/text/generation, GENERATE",
    "/ml/v1/text/generation_stream, GENERATE",
    "/ml/v1/deployments/d/text/generation, GENERATE",
    "/ml/v1/text/embeddings, EMBEDDING",
    "/ml/v1/text/rerank, RERANK",
    // Cloudflare, Hugging Face, Perplexity
    "/client/v4/accounts/a/ai/run/@cf/meta/llama-3, GENERATE",
    "/client/v4/accounts/a/ai/v1/chat/completions, CHAT",
    "/hf-inference/models/m/v1/chat/completions, CHAT",
    "/async/chat/completions, CHAT",
  })
  void endpointThatUsesTokensIsMetered(String path, Operation operation) {
    assertThat(Endpoints.of("POST", path)).isEqualTo(operation);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/messages/count_tokens",
        "/v1/messages/batches",
        "/v1/responses/input_tokens",
        "/v1/files",
        "/v1/batches",
        "/v1/batch/jobs",
        "/v1/chat/completions/render",
        "/v1/completions/render",
        "/tokenize",
        "/v1/tokenize",
        "/detokenize",
        "/apply-template",
        "/ml/v1/text/tokenization",
        "/model/m/count-tokens",
        "/v1beta/models/g:countTokens",
        "/v1/projects/p/models/g:computeTokens",
        "/v1beta/models/g:batchGenerateContent",
        "/api/show",
      })
  void endpointThatUsesNoneIsNotMetered(String path) {
    assertThat(Endpoints.of("POST", path)).isEqualTo(Operation.NOT_METERED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "",
        "/health",
        "/v1/chat/completionss",
        "/chatcompletions",
        "/xscore",
        "/v1/score2",
        "/v1/ocr",
        "/v1/videos",
        "/v1/conversations",
        "/v1/threads/t/runs",
        "/predictions",
        "/generatex",
        "/models/g:generate",
        "completions",
        "/v1/messagess",
        "/ai/running"
      })
  void otherPathsAreOnNoList(String path) {
    assertThat(Endpoints.of("POST", path)).isNull();
  }
}
