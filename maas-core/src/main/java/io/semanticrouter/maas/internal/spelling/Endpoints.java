// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.spelling;

import io.semanticrouter.maas.record.Operation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which paths belong to which {@link Operation}: how they end, below whatever prefix, in any case.
 * The longest ending decides. Paths whose answers mostly state no usage, or whose names other
 * software has as well ({@code /predictions}, {@code /conversations}, {@code /ocr}, {@code
 * /videos}), are left out: what they state is found all the same ({@code usage.unlisted: detect}).
 *
 * <p>Sources: the API references of OpenAI, Azure OpenAI, Anthropic, Gemini, Vertex AI, Amazon
 * Bedrock and SageMaker, Databricks, Cohere, Mistral, Voyage, Jina, Nomic, DashScope, watsonx,
 * Cloudflare, LM Studio and Perplexity; the routes that vLLM, SGLang, Text Generation Inference,
 * Text Embeddings Inference, llama.cpp and Ollama print or register.
 */
public final class Endpoints {
  private record Ending(String text, Operation operation) {}

  private static final class Table {
    private final List<@Nullable List<Ending>> buckets = new ArrayList<>();

    Table() {
      for (int i = 0; i < 256; i++) {
        buckets.add(null);
      }
    }

    Table put(Operation operation, String... endings) {
      for (String text : endings) {
        int bucket = hash(text, word(text, text.length()), text.length());
        List<Ending> others = buckets.get(bucket);
        List<Ending> all = others == null ? new ArrayList<>() : others;
        int i = 0;
        while (i < all.size() && all.get(i).text().length() >= text.length()) {
          i++;
        }
        all.add(i, new Ending(text, operation));
        buckets.set(bucket, all);
      }
      return this;
    }

    @Nullable Operation find(String path) {
      int end = path.length();
      List<Ending> endings = buckets.get(hash(path, word(path, end), end));
      for (int i = 0; endings != null && i < endings.size(); i++) {
        String text = endings.get(i).text();
        if (path.regionMatches(true, end - text.length(), text, 0, text.length())) {
          return endings.get(i).operation();
        }
      }
      return null;
    }

    /** Where the last word begins: a segment, or the verb behind a colon. */
    private static int word(String path, int end) {
      int i = end - 1;
      while (i >= 0 && path.charAt(i) != '/' && path.charAt(i) != ':') {
        i--;
      }
      return i + 1;
    }

    /** Of letters that differ by case only in a bit that is left out. */
    private static int hash(String path, int from, int to) {
      if (from == to) {
        return 0;
      }
      int middle = path.charAt((from + to) >>> 1) & 31;
      return ((to - from) * 7 + (path.charAt(from) & 31) * 31 + (path.charAt(to - 1) & 31) * 5)
              + middle
          & 255;
    }
  }

  private static final Table TABLE =
      new Table()
          // OpenAI and all that is compatible; Mistral's agents, watsonx, vLLM's batches.
          .put(Operation.CHAT, "/chat/completions", "/agents/completions")
          .put(Operation.CHAT, "/chat/completions/batch", "/text/chat", "/text/chat_stream")
          .put(Operation.COMPLETION, "/completions")
          .put(Operation.RESPONSES, "/responses", "/responses/compact")
          .put(Operation.AUDIO, "/audio/transcriptions", "/audio/translations", "/audio/speech")
          .put(Operation.IMAGE, "/images/generations", "/images/edits", "/images/variations")
          // Embeddings; also those of Voyage, Nomic, Ollama, SGLang, llama.cpp, TEI, DashScope.
          .put(Operation.EMBEDDING, "/embeddings", "/v1/embed", "/v2/embed", "/api/embed")
          .put(Operation.EMBEDDING, "/multimodalembeddings", "/contextualizedembeddings")
          .put(Operation.EMBEDDING, "/embedding/text", "/embedding/image", "/encode", "/embedding")
          .put(Operation.EMBEDDING, "/embed", "/embed_all", "/embed_sparse")
          .put(Operation.EMBEDDING, "/text-embedding", "/multimodal-embedding")
          .put(Operation.EMBEDDING, ":embedContent", ":batchEmbedContents")
          .put(Operation.EMBEDDING, ":embedText", ":batchEmbedText")
          .put(Operation.RERANK, "/rerank", "/reranking", "/ranking", "/text-rerank")
          .put(Operation.POOLING, "/score", "/pooling", "/classify", "/generative_scoring")
          .put(Operation.POOLING, "/moderations", "/classifications")
          // Anthropic, Gemini, Bedrock, Cohere.
          .put(Operation.MESSAGES, "/v1/messages")
          .put(Operation.GENERATE_CONTENT, ":generateContent", ":streamGenerateContent")
          .put(Operation.GENERATE_CONTENT, ":generateAnswer")
          .put(Operation.INTERACTIONS, "/interactions")
          .put(Operation.CONVERSE, "/converse", "/converse-stream")
          .put(Operation.INVOKE, "/invoke", "/invoke-with-response-stream")
          .put(Operation.COHERE_CHAT, "/v2/chat", "/v1/chat", "/v1/summarize")
          // Own formats of servers: TGI, SGLang, Triton, Ollama, llama.cpp, LM Studio; of clouds:
          // watsonx, DashScope.
          .put(Operation.GENERATE, "/generate", "/generate_stream", "/vertex_generate")
          .put(Operation.GENERATE, "/inference/v1/generate", "/api/v1/generate")
          .put(Operation.GENERATE, "/api/chat", "/api/v1/chat", "/completion", "/infill")
          .put(Operation.GENERATE, "/text/generation", "/text/generation_stream")
          .put(Operation.GENERATE, "/text-generation/generation")
          .put(Operation.GENERATE, "/multimodal-generation/generation")
          // Whatever the model behind it speaks: Vertex AI, SageMaker, Databricks, vLLM; and paths
          // that several APIs have.
          .put(Operation.DETECT, ":rawPredict", ":streamRawPredict", ":predict")
          .put(Operation.DETECT, ":serverStreamingPredict", ":directPredict", ":directRawPredict")
          .put(Operation.DETECT, "/invocations", "/invocations-response-stream")
          .put(Operation.DETECT, "/v1/generate", "/v1/complete")
          // What costs no tokens, or not in this exchange.
          .put(Operation.NOT_METERED, "/messages/count_tokens", "/responses/input_tokens")
          .put(Operation.NOT_METERED, ":countTokens", ":countTextTokens", ":countMessageTokens")
          .put(Operation.NOT_METERED, ":computeTokens", "/count-tokens", "/text/tokenization")
          .put(Operation.NOT_METERED, "/tokenize", "/detokenize", "/apply-template")
          .put(Operation.NOT_METERED, "/completions/render", "/completions/derender")
          .put(Operation.NOT_METERED, "/v1/files", "/v1/batches", "/v1/messages/batches")
          .put(Operation.NOT_METERED, "/v1/batch/jobs", ":batchGenerateContent")
          .put(Operation.NOT_METERED, ":asyncBatchEmbedContent", "/api/show", "/api/pull");

  private Endpoints() {}

  /** Whether a request of this method may ask for an answer; other methods only read or delete. */
  public static boolean mayGenerate(String method) {
    return switch (method.length()) {
      case 3 -> !method.equalsIgnoreCase("GET");
      case 4 -> !method.equalsIgnoreCase("HEAD");
      case 5 -> !method.equalsIgnoreCase("TRACE");
      case 6 -> !method.equalsIgnoreCase("DELETE");
      case 7 -> !method.equalsIgnoreCase("OPTIONS") && !method.equalsIgnoreCase("CONNECT");
      default -> !method.isEmpty();
    };
  }

  /**
   * The operation that has made the response that a request reads or cancels; null for all other
   * requests.
   *
   * @param path as {@link RequestPath} spells it
   */
  public static @Nullable Operation stored(String method, String path) {
    boolean generates = mayGenerate(method);
    return generates || method.equalsIgnoreCase("GET") ? stored(generates, path) : null;
  }

  /**
   * The operation of a request that reads or cancels no stored response.
   *
   * @param path as {@link RequestPath} spells it
   * @return null when no list names it
   */
  public static @Nullable Operation of(String method, String path) {
    if (mayGenerate(method)) {
      return operation(path);
    }
    return method.equalsIgnoreCase("GET") && isListed(path) ? Operation.NOT_METERED : null;
  }

  /**
   * The operation of a request that may generate.
   *
   * @param path as {@link RequestPath} spells it
   */
  public static @Nullable Operation operation(String path) {
    Operation operation = TABLE.find(path);
    boolean run = operation == null && RequestPath.endOf(path, "/ai/run/") >= 0;
    return run ? Operation.GENERATE : operation;
  }

  /**
   * The operation that has made what a request reads or cancels: answers that are stored, or still
   * in the making. Null for all else.
   *
   * @param generates whether the request is one that may generate
   */
  static @Nullable Operation stored(boolean generates, String path) {
    if (generates && RequestPath.endOf(path, "/cancel") != path.length()) {
      return null;
    }
    return RequestPath.endOf(path, "/responses/") >= 0
        ? Operation.RESPONSES
        : RequestPath.endOf(path, "/interactions/") >= 0 ? Operation.INTERACTIONS : null;
  }

  /** Lists of models, and chats that are stored and were billed when they were made. */
  static boolean isListed(String path) {
    return RequestPath.endOf(path, "/v1/models") == path.length()
        || RequestPath.endOf(path, "/v1/models/") >= 0
        || RequestPath.endOf(path, "/v1/chat/completions/") >= 0;
  }
}
