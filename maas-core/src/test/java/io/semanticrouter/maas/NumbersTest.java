// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Tokens.tokens;
import static io.semanticrouter.maas.Transcripts.complete;
import static io.semanticrouter.maas.Transcripts.failed;
import static io.semanticrouter.maas.Transcripts.partial;
import static io.semanticrouter.maas.Wire.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What providers state in unusual ways, and what is billed for it. */
class NumbersTest {
  private static final long UNKNOWN = TokenUsage.UNKNOWN;

  private static Measurement measure(Wire wire, String body) {
    return record(wire, body).measurement();
  }

  /** However it is cut. */
  private static UsageRecord record(Wire wire, String body) {
    byte[] bytes = utf8(body);
    UsageRecord whole = wire.record(bytes, bytes.length, Wire.WHOLE, null);
    UsageRecord cut = wire.record(bytes, bytes.length, Wire.BYTES, null);
    assertThat(cut.measurement()).isEqualTo(whole.measurement());
    assertThat(cut.serviceTier()).isEqualTo(whole.serviceTier());
    assertThat(cut.model()).isEqualTo(whole.model());
    return whole;
  }

  private static String events(String... documents) {
    StringBuilder body = new StringBuilder();
    for (String document : documents) {
      body.append("data: ").append(document).append("\n\n");
    }
    return body.toString();
  }

  private static String chat(String usage) {
    return "{\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{\"index\":0,"
        + "\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],\"usage\":{"
        + usage
        + "}}";
  }

  // --- totals know the operation -------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/rerank | {'results':[],'usage':{'total_tokens':56}} | 56",
        "/v2/rerank | {'results':[],'usage':{'total_tokens':56}} | 56",
        "/rerank | {'results':[],'usage':{'prompt_tokens':0,'total_tokens':56}} | 56",
        "/rerank | {'results':[],'usage':{'prompt_tokens':50,'total_tokens':56}} | 56",
        "/rerank |"
            + " {'results':[],'usage':{'prompt_tokens':0,'completion_tokens':0,'total_tokens':56}}"
            + " | 56",
        "/score | {'object':'list','usage':{'total_tokens':7}} | 7",
        "/pooling | {'object':'list','usage':{'prompt_tokens':0,'total_tokens':7}} | 7",
        "/classify | {'object':'list','usage':{'total_tokens':7}} | 7",
        "/v1/embeddings | {'object':'list','usage':{'prompt_tokens':0,'total_tokens':10}} | 10",
        "/v1/embeddings | {'object':'list','usage':{'total_tokens':10}} | 10",
        "/v1/embeddings | {'object':'list','usage':{'prompt_tokens':null,'total_tokens':10}} | 10",
        "/v1/embeddings | {'usage':{'prompt_tokens':10}} | 10",
        "/v1beta/models/m:embedContent | {'usageMetadata':{'totalTokenCount':10}} | 10",
      })
  void operationThatGeneratesNothingHasAllOfTheTotalAsPrompt(String path, String body, int prompt) {
    Measurement m = measure(Wire.json(path), body.replace('\'', '"'));
    assertThat(m.status()).as("%s", m).isEqualTo(Status.COMPLETE);
    TokenUsage usage = Objects.requireNonNull(m.usage());
    assertThat(usage.prompt()).isEqualTo(prompt);
    assertThat(usage.completion()).isZero();
    assertThat(usage.part(TokenPart.UNATTRIBUTED)).isEqualTo(UNKNOWN);
  }

  @Test
  void listIsNoCompletionEitherWhereOnlyTheBodyTells() {
    Wire detect =
        Wire.json("/llm").usageConfig("routes", Map.of("/llm", Map.of("operation", "detect")));
    assertThat(measure(detect, "{\"object\":\"list\",\"usage\":{\"total_tokens\":56}}").usage())
        .isEqualTo(tokens(56, 0).total(56).usage());
  }

  @ParameterizedTest
  @CsvSource({
    // Mistral transcription: the audio stands beside the prompt.
    "3, 375, -1, 1, 379, 378, 1",
    "400, 375, -1, 1, 776, 775, 1",
    "3, -1, 375, 1, 379, 378, 1",
    "3, 200, 175, 1, 379, 378, 1",
    "3, 375, -1, 1, 385, 378, 7",
    // Within the prompt.
    "400, 375, -1, 1, 401, 400, 1",
    // Of nothing that is known to be input.
    "400, 375, -1, 1, 411, 400, 11",
    "400, -1, -1, 1, 411, 400, 11",
  })
  void residualOfAudioOrImagesThatWereSentIsPrompt(
      int prompt, int audio, int image, int output, int total, int billed, int completion) {
    String details =
        (audio < 0 ? "" : "\"audio_tokens\":" + audio + ",")
            + (image < 0 ? "" : "\"image_tokens\":" + image + ",")
            + "\"cached_tokens\":0";
    String usage =
        "\"prompt_tokens\":%d,\"total_tokens\":%d,\"completion_tokens\":%d,\"prompt_tokens_details\":{%s}"
            .formatted(prompt, total, output, details);
    for (String path : List.of(Wire.TRANSCRIPTIONS, Wire.CHAT)) {
      TokenUsage u = Objects.requireNonNull(measure(Wire.json(path), chat(usage)).usage());
      assertThat(List.of(u.prompt(), u.completion()))
          .isEqualTo(List.of(0L + billed, 0L + completion));
    }
  }

  @Test
  void transcriptionOfMistralStatesSecondsToo() {
    Measurement m =
        measure(
            Wire.json(Wire.TRANSCRIPTIONS),
            "{\"model\":\"m\",\"text\":\"Hi\",\"usage\":{\"prompt_audio_seconds\":30,\"prompt_tokens\":3,"
                + "\"total_tokens\":379,\"completion_tokens\":1,"
                + "\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":375}}}");
    assertThat(m.units().audioSeconds()).isEqualTo(30);
    assertThat(m.usage())
        .isEqualTo(tokens(378, 1).cacheRead(0).promptAudio(375).total(379).usage());
    assertThat(m.has(Reason.EXCLUSIVE_PART)).isTrue();
  }

  // --- no heuristic leads above the total ------------------------------------------------------

  @Test
  void reasoningBeyondACompletionThatTheTotalConfirmsIsCut() {
    String usage =
        "\"prompt_tokens\":5,\"completion_tokens\":10,\"total_tokens\":15,%s\"reasoning_tokens\":11%s";
    for (String body :
        List.of(usage.formatted("\"completion_tokens_details\":{", "}"), usage.formatted("", ""))) {
      assertThat(measure(Wire.json(Wire.CHAT), chat(body)))
          .isEqualTo(complete(tokens(5, 10).reasoning(10).total(15), Reason.CUT_PART));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "108, 3256, 3364, 73248, citation_tokens num_search_queries, 76504",
    "108, 3256, 3364, 73248, num_search_queries, 76504",
    "33, 11395, 11428, 900, citation_tokens, 12295",
    // Within the completion: SGLang, Azure's DeepSeek and Perplexity's other models.
    "33, 11395, 11428, 900, num_search_queries, 11395",
    "33, 11395, 11428, 900, other, 11395",
    "33, 100, 133, 900, other, 100",
  })
  void reasoningOfDeepResearchIsChargedBesideATotalWithoutIt(
      int prompt, int completion, int total, int reasoning, String marks, int billed) {
    StringBuilder usage = new StringBuilder();
    for (String mark : marks.split(" ", -1)) {
      usage.append('"').append(mark).append("\":7,");
    }
    usage.append(
        "\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d,\"reasoning_tokens\":%d"
            .formatted(prompt, completion, total, reasoning));
    TokenUsage u =
        Objects.requireNonNull(measure(Wire.json(Wire.CHAT), chat(usage.toString())).usage());
    assertThat(u.completion()).isEqualTo(billed);
    assertThat(u.part(TokenPart.REASONING)).isEqualTo(Math.min(reasoning, billed));
  }

  /** The conventions that are documented to charge beside the total are left out here. */
  @Test
  @Tag("slow")
  void billIsNeverAboveTheStatedTotalOrTheStatedSum() {
    long seed = Long.getLong("numbers.seed", 1);
    Random random = new Random(seed);
    String[] chat = {
      "\"prompt_tokens\":%d",
      "\"completion_tokens\":%d",
      "\"total_tokens\":%d",
      "\"reasoning_tokens\":%d",
      "\"cache_read_input_tokens\":%d",
      "\"cached_tokens\":%d",
      "\"cache_creation_input_tokens\":%d",
      "\"num_cached_tokens\":%d",
      "\"connector_tokens\":%d",
      "\"completion_tokens_details\":{\"reasoning_tokens\":%d}",
      "\"prompt_tokens_details\":{\"audio_tokens\":%d,\"image_tokens\":3}",
    };
    String[] gemini = {
      "\"promptTokenCount\":%d",
      "\"candidatesTokenCount\":%d",
      "\"totalTokenCount\":%d",
      "\"thoughtsTokenCount\":%d",
      "\"toolUsePromptTokenCount\":%d",
      "\"cachedContentTokenCount\":%d",
    };
    for (int i = 0; i < 40_000; i++) {
      boolean google = i % 4 == 0;
      String[] names = google ? gemini : chat;
      long[] counts = new long[names.length];
      StringBuilder usage = new StringBuilder();
      for (int n = 0; n < names.length; n++) {
        counts[n] = random.nextInt(n == 2 ? 40 : 14);
        if (n < 3 || random.nextInt(3) == 0) {
          usage.append(n == 0 ? "" : ",").append(names[n].formatted(counts[n]));
        }
      }
      Wire wire = Wire.json(google ? Wire.GEMINI : i % 4 == 1 ? Wire.EMBEDDINGS : Wire.CHAT);
      String body = google ? "{\"usageMetadata\":{" + usage + "}}" : "{\"usage\":{" + usage + "}}";
      TokenUsage u = Objects.requireNonNull(wire.measure(body).usage());
      assertThat(u.prompt() + u.completion())
          .as("seed %d: %s: %s", seed, body, u)
          .isLessThanOrEqualTo(Math.max(counts[2], counts[0] + counts[1]))
          .isGreaterThanOrEqualTo(counts[0] + counts[1]);
      assertThat(u.prompt())
          .as(body)
          .isGreaterThanOrEqualTo(
              Math.max(0, u.part(TokenPart.CACHE_READ))
                  + Math.max(0, u.part(TokenPart.CACHE_WRITE)));
      assertThat(u.completion()).as(body).isGreaterThanOrEqualTo(u.part(TokenPart.REASONING));
    }
  }

  // --- nothing is taken back in silence --------------------------------------------------------

  private static String start(String usage) {
    return "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"usage\":{" + usage + "}}}";
  }

  private static String delta(String usage) {
    return "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{"
        + usage
        + "}}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "'input_tokens':15,'output_tokens':1 | 'input_tokens':0,'output_tokens':10 | 15 | 10 |"
            + " ZERO_AFTER_NONZERO",
        "'input_tokens':15,'output_tokens':1 |"
            + " 'input_tokens':0,'cache_read_input_tokens':0,'output_tokens':10 | 15 | 10 |"
            + " ZERO_AFTER_NONZERO",
        "'input_tokens':15,'cache_read_input_tokens':100 |"
            + " 'input_tokens':0,'cache_read_input_tokens':100,'output_tokens':10 | 115 | 10 |"
            + " ZERO_AFTER_NONZERO",
        "'input_tokens':15,'cache_read_input_tokens':100 |"
            + " 'cache_read_input_tokens':0,'output_tokens':10 | 115 | 10 | ZERO_AFTER_NONZERO",
        "'input_tokens':15,'cache_creation_input_tokens':100 |"
            + " 'input_tokens':0,'cache_creation_input_tokens':0,'output_tokens':10 | 115 | 10 |"
            + " ZERO_AFTER_NONZERO",
        // vLLM states the whole prompt first, and says later what of it was cached.
        "'input_tokens':1000 | 'input_tokens':100,'cache_read_input_tokens':900,'output_tokens':8 |"
            + " 1000 | 8 |",
        "'input_tokens':1000 | 'input_tokens':0,'cache_read_input_tokens':1000,'output_tokens':8 |"
            + " 1000 | 8 |",
        "'input_tokens':100,'cache_read_input_tokens':900 |"
            + " 'input_tokens':1000,'cache_read_input_tokens':0,'output_tokens':8 | 1000 | 8 |",
        "'input_tokens':15 | 'input_tokens':12,'output_tokens':8 | 12 | 8 | LOWERED_COUNT",
        "'input_tokens':15,'output_tokens':9 | 'output_tokens':8 | 15 | 8 |",
        "'input_tokens':15,'output_tokens':9 | 'output_tokens':0 | 15 | 0 |",
        "'input_tokens':2,'cache_creation_input_tokens':3068 |"
            + " 'input_tokens':6,'cache_creation_input_tokens':3337,'cache_read_input_tokens':6289,'output_tokens':8"
            + " | 9632 | 8 |",
      })
  void laterInputOfAMessageTakesBackNothingButWhatTheCacheTakesOver(
      String first, String last, int prompt, int completion, String reason) {
    Measurement m =
        measure(Wire.events(Wire.MESSAGES), events(start(first), delta(last)).replace('\'', '"'));
    assertThat(m.status()).isEqualTo(Status.COMPLETE);
    TokenUsage u = Objects.requireNonNull(m.usage());
    assertThat(List.of(u.prompt(), u.completion()))
        .as("%s", m)
        .isEqualTo(List.of(0L + prompt, 0L + completion));
    assertThat(m.reasons())
        .isEqualTo(reason == null ? java.util.Set.of() : java.util.Set.of(Reason.valueOf(reason)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'prompt_tokens':20,'completion_tokens':0,'total_tokens':20}}"
            + " | {'choices':[],'usage':{'prompt_tokens':0,'completion_tokens':5,'total_tokens':5}}",
        "/v1/chat/completions | {'choices':[],'usage':{'prompt_tokens':20,'completion_tokens':5}} |"
            + " {'choices':[],'usage':{'prompt_tokens':20,'completion_tokens':0}}",
        "/v1/completions | {'choices':[],'usage':{'prompt_tokens':20}} |"
            + " {'choices':[],'usage':{'prompt_tokens':0,'completion_tokens':5}}",
        "/v1/responses |"
            + " {'type':'response.completed','response':{'usage':{'input_tokens':20,'output_tokens':5}}}"
            + " | {'type':'response.completed','response':{'usage':{'input_tokens':20,'output_tokens':0}}}",
        "/v1beta/models/m:streamGenerateContent?alt=sse |"
            + " {'candidates':[{'finishReason':'STOP'}],'usageMetadata':{'promptTokenCount':20,'candidatesTokenCount':5}}"
            + " | {'usageMetadata':{'promptTokenCount':0,'candidatesTokenCount':5}}",
        "/v1beta/interactions |"
            + " {'event_type':'interaction.completed','interaction':{'usage':{'total_input_tokens':20,'total_output_tokens':5}}}"
            + " | {'event_type':'interaction.completed','interaction':{'usage':{'total_input_tokens':20,'total_output_tokens':0}}}",
        "/v2/chat |"
            + " {'type':'message-end','delta':{'usage':{'billed_units':{'input_tokens':20,'output_tokens':5}}}}"
            + " | {'type':'message-end','delta':{'usage':{'billed_units':{'input_tokens':0,'output_tokens':5}}}}",
      })
  void zeroOfALaterStatementIsNotTakenInAnyDialect(String path, String first, String last) {
    Measurement m =
        measure(Wire.events(path), events(first, last).replace('\'', '"') + "data: [DONE]\n\n");
    TokenUsage u = Objects.requireNonNull(m.usage());
    assertThat(List.of(u.prompt(), u.completion())).as("%s", m).isEqualTo(List.of(20L, 5L));
    assertThat(m.reasons()).containsExactly(Reason.ZERO_AFTER_NONZERO);
    assertThat(m.status()).isEqualTo(Status.COMPLETE);
  }

  // --- several responses in one body -----------------------------------------------------------

  private static String chunk(String id, String rest) {
    return "{\"id\":\"" + id + "\",\"object\":\"chat.completion.chunk\"," + rest + "}";
  }

  private static String text(String id) {
    return chunk(id, "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]");
  }

  private static String finish(String id) {
    return chunk(id, "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]");
  }

  private static String usage(String id, int prompt, int completion) {
    return chunk(
        id,
        "\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d}"
            .formatted(prompt, completion, prompt + completion));
  }

  private static String response(String id, int input, int output) {
    return "{\"type\":\"response.completed\",\"response\":{\"id\":\"%s\",\"usage\":{\"input_tokens\":%d,\"output_tokens\":%d,\"total_tokens\":%d}}}"
        .formatted(id, input, output, input + output);
  }

  private static String message(String id, String rest) {
    return "{\"type\":\"message_start\",\"message\":{\"id\":\"" + id + "\"," + rest + "}}";
  }

  @Test
  void responsesWithIdsOfTheirOwnAddUp() {
    Measurement both = complete(tokens(250, 50).total(300), Reason.SEVERAL_RESPONSES);
    assertThat(
            measure(
                Wire.events(Wire.RESPONSES),
                events(response("resp_1", 100, 20), response("resp_2", 150, 30))))
        .isEqualTo(both);
    String chats =
        events(text("a"), finish("a"), usage("a", 100, 20))
            + events(text("b"), finish("b"), usage("b", 150, 30))
            + "data: [DONE]\n\n";
    assertThat(measure(Wire.events(Wire.CHAT), chats)).isEqualTo(both);
    String gemini =
        "{\"responseId\":\"%s\",\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":%d,\"candidatesTokenCount\":%d,\"totalTokenCount\":%d}}";
    assertThat(
            measure(
                Wire.events(Wire.GEMINI_STREAM),
                events(gemini.formatted("a", 100, 20, 120), gemini.formatted("b", 150, 30, 180))))
        .isEqualTo(both);
    String interaction =
        "{\"event_type\":\"interaction.completed\",\"interaction\":{\"id\":\"%s\",\"usage\":{\"total_input_tokens\":%d,\"total_output_tokens\":%d,\"total_tokens\":%d}}}";
    assertThat(
            measure(
                Wire.events(Wire.INTERACTIONS),
                events(
                    interaction.formatted("a", 100, 20, 120),
                    interaction.formatted("b", 150, 30, 180))))
        .isEqualTo(both);
    String messages =
        events(
            message("msg_1", "\"usage\":{\"input_tokens\":100,\"output_tokens\":1}"),
            delta("\"output_tokens\":20"),
            message("msg_2", "\"usage\":{\"input_tokens\":150,\"output_tokens\":1}"),
            delta("\"output_tokens\":30"));
    assertThat(measure(Wire.events(Wire.MESSAGES), messages))
        .isEqualTo(complete(tokens(250, 50), Reason.SEVERAL_RESPONSES));
    String document =
        "{\"id\":\"%s\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d}}\n";
    assertThat(
            measure(
                Wire.json(Wire.CHAT),
                document.formatted("a", 100, 20, 120) + document.formatted("b", 150, 30, 180)))
        .isEqualTo(both);
  }

  @Test
  void totalOfSeveralResponsesIsKnownOnlyWhenEachStatesIt() {
    String first = response("a", 100, 20);
    String second = response("b", 150, 30).replace(",\"total_tokens\":180", "");
    assertThat(measure(Wire.events(Wire.RESPONSES), events(first, second)))
        .isEqualTo(complete(tokens(250, 50), Reason.SEVERAL_RESPONSES));
  }

  @Test
  void responseThatIsRepeatedOrHasNoIdOfItsOwnCountsOnce() {
    Measurement once = complete(tokens(150, 30).total(180));
    assertThat(
            measure(
                Wire.events(Wire.RESPONSES),
                events(response("a", 150, 30), response("a", 150, 30))))
        .isEqualTo(once);
    assertThat(
            measure(
                Wire.events(Wire.RESPONSES), events(response("", 150, 30), response("", 150, 30))))
        .isEqualTo(once);
    // An id of its own for each event, the usage in one behind the last: still one response.
    String random =
        events(text("1"), text("2"), finish("3"), usage("4", 150, 30), usage("5", 150, 30));
    assertThat(measure(Wire.events(Wire.CHAT), random + "data: [DONE]\n\n")).isEqualTo(once);
    // One id, two answers: a retry that a proxy has put behind the first one.
    String retry =
        events(text("a"), finish("a"), usage("a", 150, 30))
            + events(text("a"), finish("a"), usage("a", 150, 30));
    assertThat(measure(Wire.events(Wire.CHAT), retry)).isEqualTo(once);
    // A start that was spliced in before the first message was over.
    String spliced =
        events(
            message("msg_1", "\"usage\":{\"input_tokens\":17,\"output_tokens\":1}"),
            message("msg_2", "\"usage\":{\"input_tokens\":17,\"output_tokens\":1}"),
            delta("\"output_tokens\":65"));
    assertThat(measure(Wire.events(Wire.MESSAGES), spliced)).isEqualTo(complete(tokens(17, 65)));
  }

  @Test
  void secondResponseWithoutAFinalUsageLeavesALowerBound() {
    String body = events(text("a"), finish("a"), usage("a", 100, 20), text("b"));
    assertThat(measure(Wire.events(Wire.CHAT), body))
        .isEqualTo(
            partial(tokens(100, 20).total(120), Reason.NO_TERMINATOR, Reason.SEVERAL_RESPONSES));
  }

  // --- Anthropic's fallback --------------------------------------------------------------------

  private static String turn(String type, String model, int input, int output) {
    return "{\"type\":\"%s\",\"model\":\"%s\",\"input_tokens\":%d,\"output_tokens\":%d,\"cache_read_input_tokens\":0,\"cache_creation_input_tokens\":0}"
        .formatted(type, model, input, output);
  }

  @Test
  void modelThatAnsweredInPlaceOfAnotherOneIsBilled() {
    String turns =
        ",\"iterations\":["
            + turn("compaction", "declined", 1000, 50)
            + ","
            + turn("message", "declined", 700, 95)
            + ","
            + turn("fallback_message", "served", 731, 208)
            + "]";
    String top = "\"input_tokens\":731,\"output_tokens\":208" + turns;
    UsageRecord document =
        record(
            Wire.json(Wire.MESSAGES),
            "{\"type\":\"message\",\"model\":\"declined\",\"usage\":{" + top + "}}");
    assertThat(document.measurement())
        .isEqualTo(complete(tokens(1731, 258).cacheRead(0).cacheWrite(0)));
    assertThat(document.model()).isEqualTo("served");
    for (String last : List.of(top, "\"output_tokens\":208" + turns)) {
      UsageRecord stream =
          record(
              Wire.events(Wire.MESSAGES),
              events(
                  message(
                      "msg_1",
                      "\"model\":\"declined\",\"usage\":{\"input_tokens\":700,\"output_tokens\":1}"),
                  delta(last)));
      TokenUsage u = Objects.requireNonNull(stream.measurement().usage());
      assertThat(List.of(u.prompt(), u.completion())).isEqualTo(List.of(1731L, 258L));
      assertThat(stream.model()).isEqualTo("served");
    }
  }

  // --- cache writes ----------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {
        // OpenAI, OpenRouter; vLLM; DashScope; LiteLLM; Bifrost: in the details.
        "'prompt_tokens_details':{'cache_write_tokens':600}",
        "'prompt_tokens_details':{'created_cache_tokens':600}",
        "'prompt_tokens_details':{'cache_creation_input_tokens':600}",
        "'prompt_tokens_details':{'cache_creation_tokens':600}",
        "'prompt_tokens_details':{'cached_write_tokens':600}",
        "'prompt_tokens_details':{'cache_creation':{'ephemeral_5m_input_tokens':600}}",
        "'prompt_tokens_details':{'cache_creation_token_details':{'ephemeral_1h_input_tokens':600}}",
        "'prompt_tokens_details':{'cached_write_token_details':{'cached_write_tokens_5m':600}}",
        // LiteLLM, Databricks, one-api and its kin: beside them.
        "'cache_creation_input_tokens':600",
        "'cache_write_tokens':600",
        "'cache_creation_tokens':600",
        "'cache_write_input_tokens':600",
        "'prompt_cache_write_tokens':600",
        "'cache_creation':{'ephemeral_5m_input_tokens':200,'ephemeral_1h_input_tokens':400}",
        "'claude_cache_creation_5_m_tokens':600",
        "'claude_cache_creation_1_h_tokens':600",
        // Twice, and filled in.
        "'prompt_tokens_details':{'cached_tokens':0,'cache_creation_tokens':600},'cache_creation_input_tokens':600",
        "'prompt_tokens_details':{'cache_write_tokens':0},'cache_creation_input_tokens':600",
        "'cache_creation_input_tokens':600,'prompt_tokens_details':{'cache_write_tokens':600,'cache_creation_tokens':600,'cache_creation_token_details':{'ephemeral_5m_input_tokens':600,'ephemeral_1h_input_tokens':0}}",
      })
  void cacheWritesAreReadInEverySpelling(String spelling) {
    String written = spelling.replace('\'', '"');
    String totals = "\"prompt_tokens\":700,\"completion_tokens\":8,\"total_tokens\":708,";
    Measurement m = measure(Wire.json(Wire.CHAT), chat(totals + written));
    TokenUsage u = Objects.requireNonNull(m.usage());
    assertThat(u.part(TokenPart.CACHE_WRITE)).as("%s", m).isEqualTo(600);
    assertThat(List.of(u.prompt(), u.completion())).isEqualTo(List.of(700L, 8L));
    assertThat(m.status()).isEqualTo(Status.COMPLETE);
    // Beside the prompt, as the total says.
    String beside = "\"prompt_tokens\":700,\"completion_tokens\":8,\"total_tokens\":1308,";
    TokenUsage outside =
        Objects.requireNonNull(measure(Wire.json(Wire.CHAT), chat(beside + written)).usage());
    assertThat(List.of(outside.prompt(), outside.completion(), outside.part(TokenPart.CACHE_WRITE)))
        .isEqualTo(List.of(1300L, 8L, 600L));
    // The Responses API has the same under its own names.
    String responses =
        "{\"object\":\"response\",\"usage\":{"
            + (totals + written)
                .replace("prompt_tokens_details", "input_tokens_details")
                .replace("\"prompt_tokens\"", "\"input_tokens\"")
                .replace("\"completion_tokens\"", "\"output_tokens\"")
            + "}}";
    TokenUsage r = Objects.requireNonNull(measure(Wire.json(Wire.RESPONSES), responses).usage());
    assertThat(List.of(r.prompt(), r.completion(), r.part(TokenPart.CACHE_WRITE)))
        .isEqualTo(List.of(700L, 8L, 600L));
  }

  // --- parts by modality -----------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1beta/interactions |"
            + " {'object':'interaction','usage':{'total_input_tokens':100,'total_output_tokens':9,'input_tokens_by_modality':[{'modality':'text','tokens':10},{'modality':'image','tokens':60},{'modality':'audio','tokens':30}]}}"
            + " | 30 | 60",
        "/v1beta/interactions |"
            + " {'object':'interaction','usage':{'total_input_tokens':100,'total_output_tokens':9,'input_tokens_by_modality':[{'modality':'document','tokens':20},{'modality':'video','tokens':40},{'modality':'audio','tokens':30}]}}"
            + " | 30 | 60",
        "/v1beta/models/m:generateContent |"
            + " {'usageMetadata':{'promptTokenCount':100,'candidatesTokenCount':9,'promptTokensDetails':[{'modality':'DOCUMENT','tokenCount':60},{'modality':'AUDIO','tokenCount':30}]}}"
            + " | 30 | 60",
        "/v1beta/models/m:generateContent |"
            + " {'usageMetadata':{'promptTokenCount':100,'candidatesTokenCount':9,'promptTokensDetails':[{'modality':'VIDEO','tokenCount':50},{'modality':'IMAGE','tokenCount':10},{'modality':'AUDIO','tokenCount':30}]}}"
            + " | 30 | 60",
        "/v1beta/models/m:generateContent |"
            + " {'usage_metadata':{'prompt_token_count':100,'candidates_token_count':9,'prompt_tokens_details':[{'modality':'VIDEO','token_count':60},{'modality':'AUDIO','token_count':30}]}}"
            + " | 30 | 60",
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'prompt_tokens':100,'completion_tokens':9,'prompt_tokens_details':{'text_tokens':10,'audio_tokens':30,'video_tokens':50,'image_tokens':10}}}"
            + " | 30 | 60",
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'prompt_tokens':100,'completion_tokens':9,'prompt_tokens_details':{'multimodal_tokens':{'audio':30,'video':60}}}}"
            + " | 30 | 60",
        "/v1/responses |"
            + " {'object':'response','usage':{'input_tokens':100,'output_tokens':9,'input_tokens_details':{'audio_tokens':30,'video_tokens':60}}}"
            + " | 30 | 60",
      })
  void partsOfTheInputAreToldApartByWhatTheyAre(String path, String body, int audio, int image) {
    Measurement m = measure(Wire.json(path), body.replace('\'', '"'));
    TokenUsage u = Objects.requireNonNull(m.usage());
    assertThat(
            List.of(
                u.prompt(),
                u.completion(),
                u.part(TokenPart.PROMPT_AUDIO),
                u.part(TokenPart.PROMPT_IMAGE)))
        .as("%s", m)
        .isEqualTo(List.of(100L, 9L, 0L + audio, 0L + image));
  }

  // --- the provider's own tools ----------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'server_tool_use':{'web_search_requests':2,'web_fetch_requests':3,'code_execution_requests':1}}}"
            + " | WEB_SEARCH=2 CODE_EXECUTION=1 WEB_FETCH=3 | 3 | 3",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'server_tool_use':{'tool_search_requests':2}}}"
            + " | OTHER=2 | -1 | 2",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'server_tool_use':{'web_search_requests':0}}}"
            + " | | -1 | -1",
        "/v1/responses |"
            + " {'object':'response','output':[{'type':'web_search_call','action':{'type':'search'}},{'type':'web_search_call','action':{'type':'open_page'}},{'type':'file_search_call'},{'type':'code_interpreter_call'},{'type':'mcp_call'},{'type':'function_call'},{'type':'message'}],'usage':{'input_tokens':1,'output_tokens':1}}"
            + " | WEB_SEARCH=1 FILE_SEARCH=1 CODE_EXECUTION=1 WEB_FETCH=1 OTHER=1 | 3 | 2",
        "/v1/responses |"
            + " {'object':'response','output':[{'type':'web_search_call'},{'type':'x_search_call'}],'usage':{'input_tokens':1,'output_tokens':1,'num_server_side_tools_used':5,'server_side_tool_usage_details':{'web_search_calls':2,'x_search_calls':3,'code_interpreter_calls':0,'file_search_calls':0,'mcp_calls':0,'document_search_calls':0}}}"
            + " | WEB_SEARCH=5 | 5 | -1",
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1,'num_search_queries':4}}"
            + " | WEB_SEARCH=4 | 4 | -1",
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1,'num_sources_used':4}}"
            + " | SOURCE=4 | 4 | -1",
        "/v1/chat/completions |"
            + " {'choices':[],'server_side_tool_usage':{'SERVER_SIDE_TOOL_WEB_SEARCH':2,'SERVER_SIDE_TOOL_X_SEARCH':1},'usage':{'prompt_tokens':1,'completion_tokens':1}}"
            + " | WEB_SEARCH=3 | 3 | -1",
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1,'server_tool_use':{'web_search_requests':2}}}"
            + " | WEB_SEARCH=2 | 2 | -1",
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1,'server_tool_use_details':{'web_search_requests':2}}}"
            + " | WEB_SEARCH=2 | 2 | -1",
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1,'connectors':{'web_search':1,'code_interpreter':2}}}"
            + " | WEB_SEARCH=1 CODE_EXECUTION=2 | 3 | -1",
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1,'plugins':{'search':{'count':1}}}}"
            + " | WEB_SEARCH=1 | 1 | -1",
        "/v1/chat/completions |"
            + " {'choices':[{'message':{'executed_tools':[{'type':'search'},{'type':'python'},{'type':'visit'}]}}],'usage':{'prompt_tokens':1,'completion_tokens':1}}"
            + " | WEB_SEARCH=1 CODE_EXECUTION=1 WEB_FETCH=1 | 2 | 1",
        "/v1beta/models/m:generateContent |"
            + " {'candidates':[{'groundingMetadata':{'webSearchQueries':['a','b']}}],'usageMetadata':{'promptTokenCount':1,'candidatesTokenCount':1}}"
            + " | WEB_SEARCH=2 | 2 | -1",
        "/v1beta/interactions |"
            + " {'object':'interaction','steps':[{'type':'google_search_call'},{'type':'url_context_call'},{'type':'text'}],'usage':{'total_input_tokens':1,'total_output_tokens':1}}"
            + " | WEB_SEARCH=1 WEB_FETCH=1 | 1 | 1",
      })
  void toolsOfTheProviderAreCountedAndToldApart(
      String path, String body, String tools, int charged, int free) {
    UnitUsage units = measure(Wire.json(path), body.replace('\'', '"')).units();
    StringBuilder seen = new StringBuilder();
    units.tools().forEach((tool, calls) -> seen.append(tool).append('=').append(calls).append(' '));
    assertThat(seen.toString().strip()).isEqualTo(tools == null ? "" : tools);
    assertThat(units.toolCalls()).isEqualTo(charged);
    assertThat(units.freeToolCalls()).isEqualTo(free);
  }

  @Test
  void toolsOfAStreamAreThoseOfItsLastEvent() {
    String item = "{\"type\":\"web_search_call\"}";
    String progress =
        "{\"type\":\"response.in_progress\",\"response\":{\"id\":\"a\",\"output\":[" + item + "]}}";
    String done =
        response("a", 1, 1)
            .replace("\"usage\"", "\"output\":[" + item + "," + item + "],\"usage\"");
    String another = done.replace("\"a\"", "\"b\"");
    Wire wire = Wire.events(Wire.RESPONSES);
    assertThat(measure(wire, events(progress, done)).units().toolCalls()).isEqualTo(2);
    assertThat(measure(wire, events(progress, done, another)).units().toolCalls()).isEqualTo(4);
    assertThat(measure(wire, events(progress, response("a", 1, 1))).units())
        .isEqualTo(UnitUsage.NONE);
  }

  @Test
  void toolsWithoutUsageAreNoUsage() {
    Measurement m =
        measure(
            Wire.json(Wire.RESPONSES),
            "{\"object\":\"response\",\"output\":[{\"type\":\"web_search_call\"}]}");
    assertThat(m).isEqualTo(Transcripts.none(Reason.NO_USAGE));
  }

  // --- certainty -------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/chat/completions |"
            + " {'choices':[{'index':0,'message':{'content':'Hello'}}],'usage':{'prompt_tokens':0,'completion_tokens':0,'total_tokens':0}}"
            + " | true",
        "/v1/completions |"
            + " {'choices':[{'index':0,'text':'Hello'}],'usage':{'prompt_tokens':0,'completion_tokens':0}}"
            + " | true",
        "/v1/responses |"
            + " {'object':'response','output':[{'type':'message'}],'usage':{'input_tokens':0,'output_tokens':0,'total_tokens':0}}"
            + " | true",
        "/v1/messages |"
            + " {'type':'message','content':[{'type':'text'}],'usage':{'input_tokens':0,'output_tokens':0}}"
            + " | true",
        "/v1beta/models/m:generateContent |"
            + " {'candidates':[{}],'usageMetadata':{'promptTokenCount':0,'candidatesTokenCount':0}}"
            + " | true",
        "/model/m/converse | {'stopReason':'end_turn','usage':{'inputTokens':0,'outputTokens':0}} |"
            + " true",
        "/v2/chat |"
            + " {'message':{'content':[{'type':'text'}]},'usage':{'billed_units':{'input_tokens':0,'output_tokens':0}}}"
            + " | true",
        "/v1/embeddings | {'object':'list','usage':{'prompt_tokens':0,'total_tokens':0}} | true",
        "/v1/responses |"
            + " {'object':'response','output':[],'usage':{'input_tokens':0,'output_tokens':0,'total_tokens':0}}"
            + " | false",
        "/v1/responses |"
            + " {'object':'response','output':[{'type':'function_call'}],'usage':{'input_tokens':0,'output_tokens':0}}"
            + " | false",
        "/v1/messages |"
            + " {'type':'message','content':[],'usage':{'input_tokens':0,'output_tokens':0}} |"
            + " false",
        "/v1/chat/completions | {'choices':[],'usage':{'prompt_tokens':0,'completion_tokens':0}} |"
            + " false",
      })
  void zeroBesideAnAnswerIsNotComplete(String path, String body, boolean answered) {
    Measurement m = measure(Wire.json(path), body.replace('\'', '"'));
    assertThat(m.has(Reason.ZERO_USAGE)).as("%s", m).isEqualTo(answered);
    assertThat(m.status()).isEqualTo(answered ? Status.PARTIAL : Status.COMPLETE);
  }

  @Test
  void zeroBesideAnAnswerInAStreamIsNotCompleteEither() {
    String body = events(text("a"), finish("a"), usage("a", 0, 0)) + "data: [DONE]\n\n";
    assertThat(measure(Wire.events(Wire.CHAT), body))
        .isEqualTo(partial(tokens(0, 0).total(0), Reason.ZERO_USAGE));
  }

  @Test
  void whatIsCutOffAfterTheFinalUsageChangesNothing() {
    String body = events(text("a"), finish("a"), usage("a", 10, 2));
    String later = "data: " + chunk("a", "\"choices\":[],\"usage\":{\"prompt_tokens\":9},\"x\":1");
    Measurement right = complete(tokens(10, 2).total(12));
    for (int length = 6; length < later.length() - 1; length++) {
      Measurement m = Wire.events(Wire.CHAT).measure(body + later.substring(0, length));
      assertThat(m.usage()).as("%d: %s", length, m).isEqualTo(right.usage());
      assertThat(m.status()).as("%d: %s", length, m).isEqualTo(Status.COMPLETE);
    }
  }

  @Test
  void usageInHeadersOfBedrockHasTheLimitOfAllUsage() {
    for (String header :
        List.of("input-token-count", "output-token-count", "cache-read-input-token-count")) {
      Wire wire =
          Wire.json(Wire.INVOKE)
              .with("x-amzn-bedrock-input-token-count", "1")
              .with("x-amzn-bedrock-output-token-count", "1")
              .with("x-amzn-bedrock-" + header, "100000000001");
      assertThat(measure(wire, "{\"generation\":\"a\"}")).isEqualTo(failed(Reason.QUARANTINED));
    }
  }

  // --- service tier ----------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/chat/completions |"
            + " {'service_tier':'flex','choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1}}"
            + " | flex",
        "/v1/chat/completions |"
            + " {'choices':[],'usage':{'service_tier':'priority','prompt_tokens':1,'completion_tokens':1}}"
            + " | priority",
        "/v1/responses |"
            + " {'object':'response','service_tier':'flex','usage':{'input_tokens':1,'output_tokens':1}}"
            + " | flex",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'service_tier':'batch'}}"
            + " | batch",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'service_tier':'standard','speed':'fast'}}"
            + " | fast",
        "/v1/messages |"
            + " {'type':'message','usage':{'speed':'fast','input_tokens':1,'output_tokens':1,'service_tier':'standard'}}"
            + " | fast",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'service_tier':'priority','speed':'standard'}}"
            + " | priority",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'service_tier':'standard','inference_geo':'us'}}"
            + " | us",
        "/v1/messages |"
            + " {'type':'message','usage':{'inference_geo':'us','speed':'fast','input_tokens':1,'output_tokens':1,'service_tier':'standard'}}"
            + " | fast-us",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'service_tier':'priority','inference_geo':'us'}}"
            + " | priority-us",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'inference_geo':'eu'}}"
            + " | eu",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'service_tier':'standard','inference_geo':'global'}}"
            + " | standard",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'service_tier':'standard','inference_geo':'not_available'}}"
            + " | standard",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'service_tier':'standard','inference_geo':''}}"
            + " | standard",
        "/v1/messages |"
            + " {'type':'message','usage':{'input_tokens':1,'output_tokens':1,'service_tier':'standard','inference_geo':7}}"
            + " | standard",
        "/v1beta/models/m:generateContent |"
            + " {'usageMetadata':{'promptTokenCount':1,'candidatesTokenCount':1,'trafficType':'PROVISIONED_THROUGHPUT'}}"
            + " | PROVISIONED_THROUGHPUT",
        "/v1beta/models/m:generateContent |"
            + " {'usageMetadata':{'promptTokenCount':1,'candidatesTokenCount':1,'serviceTier':'flex','trafficType':'ON_DEMAND'}}"
            + " | flex",
        "/v1beta/models/m:generateContent |"
            + " {'usageMetadata':{'trafficType':'ON_DEMAND','promptTokenCount':1,'candidatesTokenCount':1,'serviceTier':'flex'}}"
            + " | flex",
        "/v1beta/models/m:generateContent |"
            + " {'usage_metadata':{'prompt_token_count':1,'candidates_token_count':1,'traffic_type':'ON_DEMAND_FLEX'}}"
            + " | ON_DEMAND_FLEX",
        "/v1beta/interactions |"
            + " {'object':'interaction','service_tier':'flex','usage':{'total_input_tokens':1,'total_output_tokens':1}}"
            + " | flex",
        "/model/m/converse |"
            + " {'serviceTier':{'type':'priority'},'usage':{'inputTokens':1,'outputTokens':1}} |"
            + " priority",
        "/v1/chat/completions |"
            + " {'service_tier':null,'choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1}}"
            + " |",
        "/v1/chat/completions |"
            + " {'service_tier':7,'choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1}}"
            + " |",
        "/v1/chat/completions | {'service_tier':'a\\n"
            + "b','choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1}} | a_b",
      })
  void serviceTierOfTheAnswerIsInTheRecord(String path, String body, String tier) {
    assertThat(record(Wire.json(path), body.replace('\'', '"')).serviceTier().served())
        .isEqualTo(tier);
  }

  /** As Anthropic streams: the end repeats the counts, and not where they are from. */
  @Test
  void placeOfAStreamIsStatedByItsBeginning() {
    String begin =
        "{\"type\":\"message_start\",\"message\":{\"id\":\"a\",\"usage\":{\"input_tokens\":5,"
            + "\"output_tokens\":1,\"service_tier\":\"standard\",\"inference_geo\":\"us\"}}}";
    String end = "{\"type\":\"message_delta\",\"usage\":{\"output_tokens\":7}}";
    UsageRecord record = record(Wire.events("/v1/messages"), events(begin, end));
    assertThat(record.serviceTier().served()).isEqualTo("us");
    assertThat(record.serviceTier().isSpecial()).isTrue();
  }

  @Test
  void serviceTierOfAStreamIsTheLastOne() {
    String first =
        "{\"type\":\"response.created\",\"response\":{\"id\":\"a\",\"service_tier\":\"auto\"}}";
    String last = response("a", 1, 1).replace("\"usage\"", "\"service_tier\":\"flex\",\"usage\"");
    UsageRecord record = record(Wire.events(Wire.RESPONSES), events(first, last));
    assertThat(record.serviceTier().served()).isEqualTo("flex");
    assertThat(record.serviceTier().isSpecial()).isTrue();
    assertThat(record.toString()).contains("served=flex");
    String chunks = events(chunk("a", "\"service_tier\":\"priority\",\"choices\":[]"));
    assertThat(
            record(Wire.events(Wire.CHAT), chunks + events(text("a"), usage("a", 1, 1)))
                .serviceTier())
        .isEqualTo(new ServiceTier(null, "priority"));
  }

  @Test
  void serviceTierIsReadFromTheHeadersOfBedrockAndFromTheRequest() {
    Wire invoke = Wire.json(Wire.INVOKE).with("x-amzn-bedrock-service-tier", "flex");
    assertThat(record(invoke, "{\"generation\":\"a\"}").serviceTier().served()).isEqualTo("flex");
    MaasConfig forced =
        MaasConfig.from(
            Map.of(
                "maas_integration", Map.of("enabled", true, "usage", Map.of("force_usage", true))));
    DrivenExchange exchange =
        DrivenExchange.of(
            Metering.builder(forced)
                .build()
                .begin("POST", Wire.CHAT, Map.<String, String>of()::get));
    byte[] request = utf8("{\"model\":\"m\",\"service_tier\":\"flex\",\"stream\":false}");
    exchange.request(request, 0, request.length, (b, from, length) -> {});
    exchange.endRequest((b, from, length) -> {});
    exchange.respond(200, Map.of("content-type", "application/json")::get);
    byte[] answer = utf8(chat("\"prompt_tokens\":1,\"completion_tokens\":1"));
    exchange.response(answer, 0, answer.length);
    exchange.end();
    UsageRecord record = Objects.requireNonNull(exchange.record());
    assertThat(record.serviceTier()).isEqualTo(new ServiceTier("flex", null));
    assertThat(record.serviceTier().isSpecial()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "flex, generic, true",
    "priority, generic, true",
    "batch, generic, true",
    "PROVISIONED_THROUGHPUT, generic, true",
    "default, generic, false",
    "standard, generic, false",
    "auto, generic, false",
    "ON_DEMAND, generic, false",
    // vLLM repeats what the client asked for, and has one price.
    "flex, vllm, false",
  })
  void answerOnOtherTermsThanTheStandardHasNoStandardPrice(
      String tier, String backend, boolean unpriced) {
    Map<String, Object> prices = Map.of("prompt_per_1m", 1, "completion_per_1m", 10);
    MaasConfig config =
        MaasConfig.from(
            Map.of(
                "maas_integration",
                Map.of("enabled", false, "usage", Map.of("backend", backend)),
                "pricing",
                Map.of("models", Map.of("m", prices))));
    DrivenExchange exchange =
        DrivenExchange.of(
            Metering.builder(config).build().begin("POST", Wire.RESPONSES, Headers.EMPTY));
    exchange.respond(200, Map.of("content-type", "application/json")::get);
    byte[] answer =
        utf8(
            "{\"object\":\"response\",\"model\":\"m\",\"service_tier\":\""
                + tier
                + "\",\"usage\":{\"input_tokens\":1000,\"output_tokens\":100}}");
    exchange.response(answer, 0, answer.length);
    assertThat(exchange.soFar().cost() == null).isEqualTo(unpriced);
    exchange.end();
    UsageRecord record = Objects.requireNonNull(exchange.record());
    assertThat(record.unpriced()).isEqualTo(unpriced);
    assertThat(record.cost() == null).isEqualTo(unpriced);
  }
}
