// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Answers in formats that only one server or cloud has, as their references show them. */
class OwnFormatsTest {
  private static final String JSON = "application/json";
  private static final String LINES = "application/x-ndjson";
  private static final String EVENTS = "text/event-stream";

  private enum Answer {
    /** Ollama, docs/api.md. */
    OLLAMA_CHAT(
        "/api/chat",
        JSON,
        26,
        298,
        """
        {"model":"llama3.2","created_at":"2026-12-12T14:13:43.416799Z","message":{"role":"assistant",
        "content":"Hello! prompt_eval_count"},"done_reason":"stop","done":true,"total_duration":5191566416,
        "load_duration":2154458,"prompt_eval_count":26,"prompt_eval_duration":383809000,"eval_count":298,
        "eval_duration":4799921000}"""),
    OLLAMA_CHAT_STREAM(
        "/api/chat",
        LINES,
        26,
        298,
        """
        {"model":"m","message":{"role":"assistant","content":"h"},"done":false}
        {"model":"m","message":{"role":"assistant","content":"i"},"done":false}
        {"model":"m","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,\
        "prompt_eval_count":26,"eval_count":298}
        """),
    OLLAMA_OLD_STREAM(
        "/api/generate",
        LINES,
        11,
        7,
        """
        {"model":"m","response":"h","done":false}
        {"model":"m","response":"","done":true,"context":[1,2,3],"total_duration":10,\
        "prompt_eval_count":11,"eval_count":7}
        """),
    OLLAMA_GENERATE(
        "/api/generate",
        JSON,
        11,
        7,
        """
        {"model":"m","response":"The sky","done":true,"prompt_eval_count":11,"eval_count":7}"""),
    OLLAMA_EMBED(
        "/api/embed",
        JSON,
        8,
        0,
        """
        {"model":"all-minilm","embeddings":[[0.010071029,-0.0017594862]],"total_duration":14143917,
        "load_duration":1019500,"prompt_eval_count":8}"""),
    /** llama.cpp, tools/server/README.md. */
    LLAMA_CPP(
        "/completion",
        JSON,
        6,
        20,
        """
        {"index":0,"content":" The","tokens":[],"id_slot":0,"stop":true,"model":"m.gguf",
        "tokens_predicted":20,"tokens_evaluated":6,"generation_settings":{"n_predict":20,"stop":[]},
        "stop_type":"limit","tokens_cached":25,"timings":{"prompt_n":6,"predicted_n":20}}"""),
    LLAMA_CPP_UNDER_A_NAME_OF_OPENAI(
        "/completions",
        JSON,
        6,
        20,
        """
        {"index":0,"content":" The","stop":true,"tokens_predicted":20,"tokens_evaluated":6}"""),
    LLAMA_CPP_STREAM(
        "/completion",
        EVENTS,
        4,
        2,
        """
        data: {"index":0,"content":"a","tokens":[1],"stop":false,"id_slot":-1,"tokens_predicted":1,"tokens_evaluated":4}

        data: {"index":0,"content":"b","tokens":[2],"stop":false,"id_slot":-1,"tokens_predicted":2,"tokens_evaluated":4}

        data: {"index":0,"content":"","tokens":[],"id_slot":0,"stop":true,"model":"m","tokens_predicted":2,"tokens_evaluated":4,"stop_type":"eos"}

        """),
    LLAMA_CPP_INFILL(
        "/infill",
        JSON,
        30,
        9,
        """
        {"content":"x","stop":true,"tokens_evaluated":30,"tokens_predicted":9,"stop_type":"word"}"""),
    /** SGLang, managers/tokenizer_manager.py. */
    SGLANG(
        "/generate",
        JSON,
        5,
        16,
        """
        {"text":" Paris","output_ids":[1,2],"meta_info":{"id":"x","finish_reason":{"type":"length",
        "length":16},"prompt_tokens":5,"weight_version":"default","completion_tokens":16,
        "cached_tokens":1,"e2e_latency":0.2}}"""),
    SGLANG_BATCH(
        "/generate",
        JSON,
        12,
        24,
        """
        [{"text":"a","meta_info":{"finish_reason":{"type":"stop"},"prompt_tokens":5,"completion_tokens":16}},
        {"text":"b","meta_info":{"finish_reason":{"type":"stop"},"prompt_tokens":7,"completion_tokens":8}}]"""),
    SGLANG_STREAM(
        "/generate",
        EVENTS,
        5,
        3,
        """
        data: {"text":"a","meta_info":{"id":"x","finish_reason":null,"prompt_tokens":5,"completion_tokens":1}}

        data: {"text":"ab","meta_info":{"id":"x","finish_reason":null,"prompt_tokens":5,"completion_tokens":2}}

        data: {"text":"abc","meta_info":{"id":"x","finish_reason":{"type":"stop","matched":2},"prompt_tokens":5,"completion_tokens":3}}

        data: [DONE]

        """),
    SGLANG_ENCODE(
        "/encode",
        JSON,
        7,
        0,
        """
        {"embedding":[0.1,0.2],"meta_info":{"id":"x","finish_reason":{"type":"length"},"prompt_tokens":7}}"""),
    SGLANG_ENCODE_BATCH(
        "/encode",
        JSON,
        10,
        0,
        """
        [{"embedding":[0.1],"meta_info":{"prompt_tokens":7}},{"embedding":[0.2],"meta_info":{"prompt_tokens":3}}]"""),
    SGLANG_VERTEX(
        "/vertex_generate",
        JSON,
        12,
        24,
        """
        {"predictions":[{"text":"a","meta_info":{"prompt_tokens":5,"completion_tokens":16}},
        {"text":"b","meta_info":{"prompt_tokens":7,"completion_tokens":8}}]}"""),
    /** Text Generation Inference, router/src/lib.rs. */
    TGI(
        "/generate",
        JSON,
        3,
        20,
        """
        {"generated_text":"test","details":{"finish_reason":"length","generated_tokens":20,"seed":null,
        "prefill":[{"id":1,"text":"<s>","logprob":null},{"id":2,"text":"a","logprob":-1.5},
        {"id":3,"text":"b","logprob":-2.5}],"tokens":[{"id":4,"text":"t","logprob":-0.1,"special":false}]}}"""),
    TGI_STREAM(
        "/generate_stream",
        EVENTS,
        3,
        2,
        """
        data: {"index":1,"token":{"id":1,"text":"a","logprob":-0.1,"special":false},"generated_text":null,"details":null}

        data: {"index":2,"token":{"id":2,"text":"b","logprob":-0.1,"special":true},"generated_text":"ab","details":{"finish_reason":"eos_token","generated_tokens":2,"seed":null,"input_length":3}}

        """),
    /** watsonx.ai API reference: the input is stated once, and 0 from then on. */
    WATSONX(
        "/ml/v1/text/generation",
        JSON,
        9,
        50,
        """
        {"model_id":"google/flan-ul2","created_at":"2026-07-21T16:52:32.190Z","results":[{"generated_text":"4,000",
        "generated_token_count":50,"input_token_count":9,"stop_reason":"max_tokens"}]}"""),
    WATSONX_STREAM(
        "/ml/v1/text/generation_stream",
        EVENTS,
        68,
        6,
        """
        id: 1
        event: message
        data: {}

        id: 2
        event: message
        data: {"model_id":"g","results":[{"generated_text":"","generated_token_count":0,"input_token_count":68,"stop_reason":"not_finished"}]}

        id: 3
        event: message
        data: {"model_id":"g","results":[{"generated_text":". ","generated_token_count":2,"input_token_count":0,"stop_reason":"not_finished"}]}

        id: 4
        event: message
        data: {"model_id":"g","results":[{"generated_text":"x","generated_token_count":6,"input_token_count":0,"stop_reason":"eos_token"}]}

        """),
    WATSONX_EMBEDDINGS(
        "/ml/v1/text/embeddings",
        JSON,
        10,
        0,
        """
        {"model_id":"slate","results":[{"embedding":[-0.006929283]}],"created_at":"x","input_token_count":10}"""),
    WATSONX_RERANK(
        "/ml/v1/text/rerank",
        JSON,
        318,
        0,
        """
        {"model_id":"m","created_at":"x","results":[{"index":1,"score":0.7},{"index":0,"score":0.1}],
        "input_token_count":318}"""),
    WATSONX_CHAT_STREAM(
        "/ml/v1/text/chat_stream",
        EVENTS,
        59,
        49,
        """
        id: 1
        event: message
        data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"finish_reason":null,"delta":{"content":"a"}}]}

        id: 2
        event: message
        data: {"id":"c","choices":[],"usage":{"completion_tokens":49,"prompt_tokens":59,"total_tokens":108}}

        """),
    /** DashScope API reference: totals in each event, "null" as a text while it goes on. */
    DASHSCOPE(
        "/api/v1/services/aigc/text-generation/generation",
        JSON,
        22,
        17,
        """
        {"status_code":200,"request_id":"902fee3b","code":"","message":"","output":{"text":null,"finish_reason":null,
        "choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"x"}}]},
        "usage":{"input_tokens":22,"output_tokens":17,"total_tokens":39}}"""),
    DASHSCOPE_STREAM(
        "/api/v1/services/aigc/text-generation/generation",
        EVENTS,
        22,
        3,
        """
        id:1
        event:result
        :HTTP_STATUS/200
        data:{"output":{"choices":[{"message":{"content":"a"},"finish_reason":"null"}]},"usage":{"total_tokens":23,"input_tokens":22,"output_tokens":1},"request_id":"x"}

        id:2
        event:result
        :HTTP_STATUS/200
        data:{"output":{"choices":[{"message":{"content":"ab"},"finish_reason":"null"}]},"usage":{"total_tokens":24,"input_tokens":22,"output_tokens":2},"request_id":"x"}

        id:3
        event:result
        :HTTP_STATUS/200
        data:{"output":{"choices":[{"message":{"content":"abc"},"finish_reason":"stop"}]},"usage":{"total_tokens":25,"input_tokens":22,"output_tokens":3},"request_id":"x"}

        """),
    DASHSCOPE_APPLICATION(
        "/api/v1/apps/a/completion",
        JSON,
        79,
        36,
        """
        {"output":{"finish_reason":"stop","session_id":"x","text":"y"},
        "usage":{"models":[{"output_tokens":16,"model_id":"qwen-plus","input_tokens":74},
        {"output_tokens":20,"model_id":"qwen-max","input_tokens":5}]},"request_id":"z"}"""),
    /** Vertex AI reference: text embeddings state floats; PaLM and its successors metadata. */
    VERTEX_EMBEDDINGS(
        "/v1/projects/p/locations/l/publishers/google/models/e:predict",
        JSON,
        10,
        0,
        """
        {"predictions":[{"embeddings":{"statistics":{"truncated":false,"token_count":6},"values":[0.1]}},
        {"embeddings":{"values":[0.2],"statistics":{"token_count":4.0,"truncated":false}}}],
        "metadata":{"billableCharacterCount":30}}"""),
    VERTEX_METADATA(
        "/v1/projects/p/locations/l/publishers/google/models/t:predict",
        JSON,
        54,
        12,
        """
        {"predictions":[{"content":"x"}],"metadata":{"tokenMetadata":{"inputTokenCount":{"totalTokens":54,
        "totalBillableCharacters":182},"outputTokenCount":{"totalBillableCharacters":44,"totalTokens":12}}}}"""),
    VERTEX_CLAUDE(
        "/v1/projects/p/locations/l/publishers/anthropic/models/c:rawPredict",
        JSON,
        115,
        34,
        """
        {"id":"msg_1","type":"message","model":"c","usage":{"input_tokens":15,"cache_read_input_tokens":100,
        "output_tokens":34}}"""),
    /** vLLM, SageMaker, Databricks: whatever the model's own API is. */
    INVOCATIONS_CHAT(
        "/invocations",
        JSON,
        20,
        5,
        """
        {"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"content":"x"},
        "finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25}}"""),
    INVOCATIONS_EVENTS(
        "/endpoints/e/invocations",
        EVENTS,
        20,
        5,
        """
        data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"x"}}]}

        data: {"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25}}

        data: [DONE]

        """),
    /** A reranker generates nothing, so its total is the prompt, before or after the ranking. */
    INVOCATIONS_RERANK(
        "/invocations",
        JSON,
        56,
        0,
        """
        {"id":"rerank-1","model":"m","usage":{"total_tokens":56},"results":[{"index":0,"document":{"text":"a"},
        "relevance_score":0.9}]}"""),
    INVOCATIONS_RERANK_FIRST(
        "/invocations",
        JSON,
        56,
        0,
        """
        {"results":[{"index":0,"relevance_score":0.9},{"index":1,"relevance_score":0}],"model":"m",
        "usage":{"total_tokens":56}}"""),
    INVOCATIONS_SGLANG(
        "/invocations",
        JSON,
        5,
        16,
        """
        {"text":"x","meta_info":{"finish_reason":{"type":"stop"},"prompt_tokens":5,"completion_tokens":16}}"""),
    /** Cohere, v1. */
    COHERE_V1(
        "/v1/chat",
        JSON,
        8,
        50,
        """
        {"response_id":"r","text":"x","generation_id":"g","finish_reason":"COMPLETE","meta":{"api_version":
        {"version":"1"},"billed_units":{"input_tokens":8,"output_tokens":50},"tokens":{"input_tokens":74,
        "output_tokens":50}}}"""),
    COHERE_V1_STREAM(
        "/v1/chat",
        "application/stream+json",
        8,
        50,
        """
        {"is_finished":false,"event_type":"stream-start","generation_id":"g"}
        {"is_finished":false,"event_type":"text-generation","text":"x"}
        {"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":{"text":"x",\
        "meta":{"billed_units":{"input_tokens":8,"output_tokens":50}}}}
        """),
    COHERE_GENERATE(
        "/v1/generate",
        JSON,
        4,
        30,
        """
        {"id":"x","generations":[{"id":"g","text":"y","finish_reason":"COMPLETE"}],
        "meta":{"billed_units":{"input_tokens":4,"output_tokens":30}}}"""),
    /** Cloudflare Workers AI. */
    CLOUDFLARE(
        "/client/v4/accounts/a/ai/run/@cf/meta/llama",
        JSON,
        11,
        22,
        """
        {"result":{"response":"x","usage":{"prompt_tokens":11,"completion_tokens":22,"total_tokens":33}},
        "success":true,"errors":[],"messages":[]}"""),
    CLOUDFLARE_STREAM(
        "/client/v4/accounts/a/ai/run/@cf/meta/llama",
        EVENTS,
        11,
        22,
        """
        data: {"response":"a","p":"abc"}

        data: {"response":"","usage":{"prompt_tokens":11,"completion_tokens":22,"total_tokens":33}}

        data: [DONE]

        """),
    /** LM Studio's REST API. */
    LM_STUDIO(
        "/api/v1/chat",
        JSON,
        646,
        586,
        """
        {"model_instance_id":"m","output":[{"type":"message","content":"x"}],"stats":{"input_tokens":646,
        "total_output_tokens":586,"reasoning_output_tokens":195,"tokens_per_second":29.7},"response_id":"r"}"""),
    /** Nomic, Voyage. */
    NOMIC(
        "/v1/embedding/text",
        JSON,
        9,
        0,
        """
        {"embeddings":[[0.1]],"usage":{"prompt_tokens":9,"total_tokens":9},"model":"nomic-embed-text-v1.5"}""");

    private final String path;
    private final String type;
    private final long prompt;
    private final long completion;
    private final String body;

    Answer(String path, String type, long prompt, long completion, String body) {
      this.path = path;
      this.type = type;
      this.prompt = prompt;
      this.completion = completion;
      this.body = body;
    }

    byte[] bytes() {
      return body.getBytes(StandardCharsets.UTF_8);
    }
  }

  private final Metering metering = Metering.builder(MaasConfig.defaults()).build();

  private Measurement measured(
      Answer answer, List<byte[]> pieces, @Nullable AbortReason abort, String... headers) {
    DrivenExchange exchange =
        DrivenExchange.of(metering.begin("POST", answer.path, FakeHeaders.of()));
    FakeHeaders all = FakeHeaders.of(headers).add("content-type", answer.type);
    exchange.respond(200, all);
    for (byte[] piece : pieces) {
      exchange.response(piece, 0, piece.length);
    }
    if (abort == null) {
      exchange.end();
    } else {
      exchange.abort(abort);
    }
    return Objects.requireNonNull(exchange.record()).measurement();
  }

  @ParameterizedTest
  @EnumSource
  void answerIsBilledWhatItStates(Answer answer) {
    Measurement whole = measured(answer, List.of(answer.bytes()), null);
    assertThat(whole.status()).as("%s", whole).isEqualTo(Status.COMPLETE);
    TokenUsage usage = Objects.requireNonNull(whole.usage());
    assertThat(List.of(usage.prompt(), usage.completion()))
        .containsExactly(answer.prompt, answer.completion);
  }

  @ParameterizedTest
  @EnumSource
  void answerThatIsCutIntoPiecesIsBilledTheSame(Answer answer) {
    byte[] bytes = answer.bytes();
    Measurement whole = measured(answer, List.of(bytes), null);
    List<byte[]> single = new ArrayList<>();
    for (byte b : bytes) {
      single.add(new byte[] {b});
    }
    assertThat(measured(answer, single, null)).isEqualTo(whole);
    Random random = new Random(7);
    for (int round = 0; round < 50; round++) {
      int first = random.nextInt(bytes.length);
      int second = first + random.nextInt(bytes.length - first);
      List<byte[]> pieces =
          List.of(
              Arrays.copyOfRange(bytes, 0, first),
              Arrays.copyOfRange(bytes, first, second),
              Arrays.copyOfRange(bytes, second, bytes.length));
      assertThat(measured(answer, pieces, null)).as("%d, %d", first, second).isEqualTo(whole);
    }
  }

  @ParameterizedTest
  @EnumSource
  void usageThatIsPlantedInAnAnswerIsNotTaken(Answer answer) {
    String planted =
        "{\"x\":{\"prompt_eval_count\":1,\"eval_count\":1,\"meta_info\":{\"prompt_tokens\":1},"
            + "\"details\":{\"generated_tokens\":1},\"results\":[{\"input_token_count\":1}],"
            + "\"tokens_evaluated\":1,\"stats\":{\"input_tokens\":1},\"usage\":{\"input_tokens\":1},"
            + "\"metrics\":{\"input_token_count\":1}},";
    String body = answer.body.replaceFirst("\\{(?=\"[a-z])", Matcher.quoteReplacement(planted));
    assertThat(body).isNotEqualTo(answer.body);
    Measurement measured = measured(answer, List.of(body.getBytes(StandardCharsets.UTF_8)), null);
    assertThat(measured).isEqualTo(measured(answer, List.of(answer.bytes()), null));
  }

  /** Of a stream that was cut off, running totals are a lower bound, and none is final. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.MATCH_ANY,
      names = {"SGLANG_STREAM", "LLAMA_CPP_STREAM", "DASHSCOPE_STREAM", "WATSONX_STREAM"})
  void runningTotalIsNotFinal(Answer answer) {
    int end = answer.body.indexOf("\n\n", answer.body.length() / 2);
    byte[] half = answer.body.substring(0, end + 2).getBytes(StandardCharsets.UTF_8);
    Measurement measured = measured(answer, List.of(half), AbortReason.CANCELLED);
    assertThat(measured.status()).as("%s", measured).isEqualTo(Status.PARTIAL);
    assertThat(measured.has(Reason.CANCELLED)).isTrue();
    TokenUsage usage = Objects.requireNonNull(measured.usage());
    assertThat(usage.prompt()).isEqualTo(answer.prompt);
    assertThat(usage.completion()).isPositive();
  }

  private enum StatedInHeaders {
    /** TGI states its details only when it is asked to; its headers always. */
    TGI(
        "/generate",
        "{\"generated_text\":\"x\"}",
        7,
        20,
        "x-prompt-tokens",
        "7",
        "x-generated-tokens",
        "20"),
    TGI_WITH_HALF_OF_IT(
        "/generate",
        "{\"generated_text\":\"x\",\"details\":{\"generated_tokens\":20,\"prefill\":[]}}",
        7,
        20,
        "x-prompt-tokens",
        "7",
        "x-generated-tokens",
        "20"),
    TGI_AS_A_MODEL_OF_SAGEMAKER(
        "/invocations",
        "[{\"generated_text\":\"x\"}]",
        7,
        20,
        "x-prompt-tokens",
        "7",
        "x-generated-tokens",
        "20"),
    /** Text Embeddings Inference. */
    TEI("/embed", "[[0.1,0.2],[0.3,0.4]]", 12, 0, "x-compute-tokens", "12"),
    TEI_RERANK("/rerank", "[{\"index\":0,\"score\":0.9}]", 12, 0, "x-compute-tokens", "12");

    private final String path;
    private final String body;
    private final long prompt;
    private final long completion;

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    private final List<String> headers;

    StatedInHeaders(String path, String body, long prompt, long completion, String... headers) {
      this.path = path;
      this.body = body;
      this.prompt = prompt;
      this.completion = completion;
      this.headers = List.of(headers);
    }
  }

  @ParameterizedTest
  @EnumSource
  void usageThatOnlyHeadersStateIsBilled(StatedInHeaders stated) {
    DrivenExchange exchange =
        DrivenExchange.of(metering.begin("POST", stated.path, FakeHeaders.of()));
    FakeHeaders headers = FakeHeaders.of(stated.headers.toArray(new String[0]));
    exchange.respond(200, headers.add("content-type", JSON));
    byte[] body = stated.body.getBytes(StandardCharsets.UTF_8);
    exchange.response(body, 0, body.length);
    exchange.end();
    Measurement measured = Objects.requireNonNull(exchange.record()).measurement();
    assertThat(measured.status()).as("%s", measured).isEqualTo(Status.COMPLETE);
    TokenUsage usage = Objects.requireNonNull(measured.usage());
    assertThat(List.of(usage.prompt(), usage.completion()))
        .containsExactly(stated.prompt, stated.completion);
  }
}
