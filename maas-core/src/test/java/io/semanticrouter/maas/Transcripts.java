// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Tokens.tokens;
import static io.semanticrouter.maas.Wire.CHAT;
import static io.semanticrouter.maas.Wire.COHERE_CHAT;
import static io.semanticrouter.maas.Wire.COMPLETIONS;
import static io.semanticrouter.maas.Wire.CONVERSE;
import static io.semanticrouter.maas.Wire.CONVERSE_STREAM;
import static io.semanticrouter.maas.Wire.EMBEDDINGS;
import static io.semanticrouter.maas.Wire.GEMINI;
import static io.semanticrouter.maas.Wire.GEMINI_STREAM;
import static io.semanticrouter.maas.Wire.IMAGES;
import static io.semanticrouter.maas.Wire.INTERACTIONS;
import static io.semanticrouter.maas.Wire.INVOKE;
import static io.semanticrouter.maas.Wire.INVOKE_STREAM;
import static io.semanticrouter.maas.Wire.MESSAGES;
import static io.semanticrouter.maas.Wire.RERANK;
import static io.semanticrouter.maas.Wire.RESPONSES;
import static io.semanticrouter.maas.Wire.TRANSCRIPTIONS;

import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The transcripts, and what each of them says, derived by hand from the rules and never from
 * running code. They are written for this project, from the specifications of the formats.
 */
final class Transcripts {
  private static final long UNKNOWN = TokenUsage.UNKNOWN;
  private static final TokenUsage NO_TOKENS = tokens(UNKNOWN, UNKNOWN).usage();

  /**
   * A transcript and what it says.
   *
   * @param model the model to bill
   * @param truth what the whole of it comes to
   * @param marker ends where the usage that will not be raised any more is closed, in an event
   *     stream somewhere in the frame with it; null when there is none, so that no cut may count as
   *     complete
   */
  record Transcript(
      String name, Wire wire, String model, Measurement truth, @Nullable String marker) {
    boolean isFrames() {
      return name.endsWith(".frames");
    }

    /** The file. */
    String text() {
      try (InputStream in =
          Transcripts.class.getResourceAsStream("/transcripts/" + name + ".txt")) {
        return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** The response body. */
    byte[] body() {
      return isFrames() ? EventFrames.encode(text()) : Wire.utf8(text());
    }

    /** The body with its lines, if it has such, ended otherwise. */
    byte[] body(String lineEnd) {
      return isFrames() ? body() : Wire.utf8(text().replace("\n", lineEnd));
    }

    /** From how many bytes on a body that breaks off may be complete. */
    int firstFinal(String lineEnd) {
      if (marker == null) {
        return Integer.MAX_VALUE;
      }
      String text = isFrames() ? text() : text().replace("\n", lineEnd);
      String end = isFrames() ? marker : marker.replace("\n", lineEnd);
      int at = text.indexOf(end);
      if (at < 0) {
        throw new AssertionError(name + " does not contain its marker " + marker);
      }
      return isFrames()
          ? EventFrames.encode(text.substring(0, text.indexOf('\n', at) + 1)).length
          : Wire.utf8(text.substring(0, at + end.length())).length;
    }

    /** The same with one more response header. */
    Transcript with(String header, String value) {
      return new Transcript(name, wire.with(header, value), model, truth, marker);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private Transcripts() {}

  static List<Transcript> all() {
    List<Transcript> all = new ArrayList<>();
    all.addAll(chat());
    all.addAll(chatDialects());
    all.addAll(completionsAndEmbeddings());
    all.addAll(responses());
    all.addAll(vllm());
    all.addAll(anthropic());
    all.addAll(gemini());
    all.addAll(bedrock());
    all.addAll(cohere());
    all.addAll(media());
    return all;
  }

  static List<Transcript> chat() {
    return List.of(
        // Everything in the details is a part: 165 = 120 + 45 already.
        json(
            "openai-chat-json",
            CHAT,
            "gpt-x",
            complete(
                tokens(120, 45)
                    .cacheRead(64)
                    .cacheWrite(32)
                    .reasoning(30)
                    .promptAudio(0)
                    .completionAudio(0)
                    .rejectedPrediction(0)
                    .total(165)),
            "ns\": 0}\n  }"),
        events(
            "openai-chat-stream",
            CHAT,
            "qwen3",
            complete(tokens(21, 9).cacheRead(16).total(30)),
            "16}}"),
        events(
            "openai-chat-stream-usage-null",
            CHAT,
            "qwen3",
            complete(tokens(21, 9).total(30)),
            "\"total_tokens\":30}"),
        events(
            "openai-chat-stream-usage-first",
            CHAT,
            "gpt-x",
            complete(tokens(33, 12).total(45)),
            "\"total_tokens\":45}"),
        events("no-done", CHAT, "qwen3", complete(tokens(21, 9).total(30)), "\"total_tokens\":30}"),
        events(
            "fields-after-usage",
            CHAT,
            "qwen3",
            complete(tokens(70, 30).total(100))
                .withProviderStatement(new BigDecimal("0.00123"), null),
            "\"cost_details\":{\"usage\":{\"prompt_tokens\":1}}}"),
        // The running usage of an error: 50 and 2; an error is never complete.
        events(
            "error-mid-stream",
            CHAT,
            "qwen3",
            partial(tokens(50, 2).total(52), Reason.IN_BAND_ERROR),
            null),
        events("error-before-usage", CHAT, "qwen3", none(Reason.IN_BAND_ERROR), null),
        events("no-usage-stream", CHAT, "qwen3", none(Reason.NO_USAGE), null),
        // 4020 = 4012 written + 8; the 4012 are billed at another price, not on top.
        json(
            "openai-cache-write-json",
            CHAT,
            "gpt-w",
            complete(
                tokens(4020, 5)
                    .cacheRead(0)
                    .cacheWrite(4012)
                    .reasoning(0)
                    .promptAudio(0)
                    .completionAudio(0)
                    .acceptedPrediction(0)
                    .rejectedPrediction(0)
                    .total(4025)),
            "\"rejected_prediction_tokens\":0}}"),
        // 58 = 20 text + 30 audio + 8 image; 60 = 12 text + 40 audio + 5 accepted + 3 rejected.
        json(
            "openai-audio-json",
            CHAT,
            "gpt-a",
            complete(
                tokens(58, 60)
                    .cacheRead(0)
                    .reasoning(0)
                    .promptAudio(30)
                    .promptImage(8)
                    .completionAudio(40)
                    .acceptedPrediction(5)
                    .rejectedPrediction(3)
                    .total(118)),
            "\"rejected_prediction_tokens\":3}}"));
  }

  static List<Transcript> chatDialects() {
    // xAI: 354 = 12 + 2 + 340, so the 340 are not within the 2, and the completion is 342.
    // 1 x 0.30 + 11 x 0.075 + 342 x 0.50 = 172.125 per million = 1,721,250 ticks of 1e-10.
    Measurement xai =
        complete(
                tokens(12, 342)
                    .cacheRead(11)
                    .reasoning(340)
                    .promptAudio(0)
                    .promptImage(0)
                    .completionAudio(0)
                    .acceptedPrediction(0)
                    .rejectedPrediction(0)
                    .total(354),
                Reason.EXCLUSIVE_PART)
            .withProviderStatement(new BigDecimal("0.000172125"), null);
    Measurement openRouter =
        complete(
                tokens(194, 112)
                    .cacheRead(0)
                    .cacheWrite(0)
                    .reasoning(64)
                    .promptAudio(0)
                    .promptImage(0)
                    .completionImage(0)
                    .total(306))
            .withProviderStatement(new BigDecimal("0.00123045"), null);
    return List.of(
        // Azure: a first chunk with empty choices and an empty model, which is none.
        events(
            "azure-stream",
            CHAT,
            "gpt-x",
            complete(tokens(17, 3).total(20)),
            "\"total_tokens\":20}"),
        json(
            "deepseek-json",
            CHAT,
            "deepseek-x",
            complete(tokens(300, 80).cacheRead(256).reasoning(60).total(380)),
            "\"reasoning_tokens\":60}}"),
        json(
            "azure-deepseek-json",
            CHAT,
            "deepseek-z",
            complete(tokens(31, 9).reasoning(0).total(40)),
            "\"reasoning_tokens\":0}"),
        // Only num_cached_tokens counts: prompt_token_details (singular) is no known path.
        json(
            "mistral-json",
            CHAT,
            "mistral-s",
            complete(tokens(140, 26).cacheRead(128).total(166))
                .withUnits(UnitUsage.builder().audioSeconds(7).build()),
            "\"request_count\":1}"),
        events(
            "finish-chunk-usage",
            CHAT,
            "mistral-s",
            complete(tokens(14, 26).cacheRead(8).total(40)),
            "\"queue_time\":0.0123}"),
        json(
            "moonshot-json",
            CHAT,
            "kimi-x",
            complete(tokens(100, 20).cacheRead(64).total(120)),
            "\"cached_tokens\":64}"),
        // The usage stands in the choice; it is final since that choice has finished.
        events(
            "moonshot-choice-usage-stream",
            CHAT,
            "kimi-x",
            complete(tokens(100, 20).cacheRead(64).total(120)),
            "\"cached_tokens\":64}"),
        json(
            "groq-json",
            CHAT,
            "llama-x",
            complete(tokens(45, 12).total(57)),
            "\"total_time\":0.017}"),
        // Stated twice in one chunk, and that is one usage, not two.
        events(
            "groq-stream",
            CHAT,
            "llama-x",
            complete(tokens(45, 12).total(57)),
            "\"total_time\":0.017}"),
        events(
            "groq-stream-x-groq-only",
            CHAT,
            "llama-x",
            complete(tokens(45, 12).total(57)),
            "\"total_time\":0.017}"),
        json("xai-json", CHAT, "grok-m", xai, "\"cost_in_usd_ticks\":1721250}"),
        events("xai-stream", CHAT, "grok-m", xai, "\"cost_in_usd_ticks\":1721250}"),
        // The running completions are 1, 2, 3, 4, 5, 333, 336; their sum, 684, would be wrong.
        events(
            "cumulative-usage",
            CHAT,
            "sonar-x",
            complete(tokens(11, 336).total(347)),
            "\"completion_tokens\":336,\"total_tokens\":347}"),
        // A cost that is an object is a field like any other unknown one.
        json(
            "perplexity-json",
            CHAT,
            "sonar-x",
            complete(tokens(11, 336).total(347)),
            "\"total_cost\":0.005347}}"),
        json(
            "openrouter-json",
            CHAT,
            "vendor/model-x",
            openRouter,
            "\"completion_tokens_details\":{\"reasoning_tokens\":64,\"image_tokens\":0}}"),
        events(
            "openrouter-stream",
            CHAT,
            "vendor/model-x",
            openRouter,
            "\"completion_tokens_details\":{\"reasoning_tokens\":64,\"image_tokens\":0}}"),
        // Paid with a key of the customer's own: the cost is 0, which is not "none stated".
        json(
            "openrouter-byok-json",
            CHAT,
            "vendor/model-x",
            complete(tokens(10, 4).total(14)).withProviderStatement(BigDecimal.ZERO, null),
            "\"upstream_inference_cost\":0.0001}}"));
  }

  static List<Transcript> completionsAndEmbeddings() {
    return List.of(
        json(
            "completions-json",
            COMPLETIONS,
            "base-x",
            complete(tokens(49, 58).total(107)),
            "\"total_tokens\":107}"),
        // Three prompts, one usage for the request.
        json(
            "completions-batch-json",
            COMPLETIONS,
            "base-x",
            complete(tokens(21, 48).total(69)),
            "\"total_tokens\":69}"),
        events(
            "completions-stream",
            COMPLETIONS,
            "base-x",
            complete(tokens(5, 17).total(22)),
            "\"total_tokens\":22}"),
        // Embeddings complete nothing, and say so by leaving it out.
        json(
            "embeddings-json",
            EMBEDDINGS,
            "embed-x",
            complete(tokens(8, 0).total(8)),
            "\"total_tokens\":8}"),
        json(
            "gemini-embedding-json",
            "/v1beta/models/gemini-embed:embedContent",
            "gemini-embed",
            complete(tokens(5, 0)),
            "\"tokenCount\": 5\n      }\n    ]\n  }"),
        // The image was put in, not generated.
        json(
            "cohere-embed-json",
            "/v2/embed",
            "unknown",
            complete(tokens(12, 0)),
            "\"input_tokens\":12.0,\"images\":1}"),
        // The header has said it all before the first byte of the body.
        json(
                "titan-embed-json",
                "/model/titan-embed/invoke",
                "titan-embed",
                complete(tokens(7, 0)),
                "")
            .with("x-amzn-bedrock-input-token-count", "7"));
  }

  static List<Transcript> responses() {
    Measurement plain =
        complete(tokens(328, 52).cacheRead(256).cacheWrite(40).reasoning(16).total(380));
    // What the payer planted says 1 and 1, everywhere.
    Measurement echo = complete(tokens(910, 77).cacheRead(0).reasoning(0).total(987));
    return List.of(
        // Inclusive: 380 = 328 + 52, and 256 + 40 of the 328 are cached and written.
        json("responses-json", RESPONSES, "gpt-r", plain, "\"total_tokens\": 380\n  }"),
        events("responses-stream", RESPONSES, "gpt-r", plain, "\"total_tokens\":380}"),
        // Ran into max_output_tokens, and is billed.
        events(
            "responses-incomplete-stream",
            RESPONSES,
            "gpt-r",
            complete(tokens(75, 4096).cacheRead(0).reasoning(4096).total(4171)),
            "\"total_tokens\":4171}"),
        events("responses-failed-stream", RESPONSES, "gpt-r", none(Reason.IN_BAND_ERROR), null),
        events(
            "responses-failed-usage-stream",
            RESPONSES,
            "gpt-r",
            partial(tokens(75, 11).total(86), Reason.IN_BAND_ERROR),
            null),
        json("responses-echo-json", RESPONSES, "gpt-r", echo, "\"total_tokens\":987}"),
        events("responses-echo-stream", RESPONSES, "gpt-r", echo, "\"total_tokens\":987}"),
        // Zero is what it says.
        json(
            "responses-zero-json",
            RESPONSES,
            "gpt-r",
            partial(tokens(0, 0).cacheRead(0).reasoning(0).total(0), Reason.ZERO_USAGE),
            "\"total_tokens\":0}"),
        json(
            "responses-vllm-json",
            RESPONSES,
            "qwen3",
            complete(tokens(500, 90).cacheRead(320).reasoning(30).total(590)),
            "\"total_tokens\":590}"));
  }

  static List<Transcript> vllm() {
    return List.of(
        events(
            "vllm-continuous-n1",
            CHAT,
            "qwen3",
            complete(tokens(50, 3).cacheRead(48).total(53)),
            "\"completion_tokens\":3,\"total_tokens\":53}"),
        // Choice 0 took 2 tokens and choice 1 took 3; the last chunk states the sum.
        events(
            "vllm-continuous-n2",
            CHAT,
            "qwen3",
            complete(tokens(50, 5).total(55)),
            "\"completion_tokens\":5,\"total_tokens\":55}"),
        // 3 + 2 + 5 + 2 tokens of four choices, interleaved; the last chunk states the sum.
        events(
            "vllm-continuous-n4",
            CHAT,
            "qwen3",
            complete(tokens(30, 12).cacheRead(16).total(42)),
            "\"prompt_tokens_details\":{\"cached_tokens\":16}}"),
        // The same without that chunk: the prompt once, the last completion of each choice. The
        // provider stated no total of the request.
        events(
            "vllm-continuous-n4-no-final",
            CHAT,
            "qwen3",
            partial(tokens(30, 12), Reason.MULTIPLE_CHOICES),
            null),
        events(
            "vllm-final-chunk",
            CHAT,
            "qwen3",
            complete(tokens(1000, 234).total(1234)),
            "\"prompt_tokens_details\":null}"),
        events(
            "vllm-huge-first-chunk",
            CHAT,
            "qwen3",
            complete(tokens(300, 2).total(302)),
            "\"total_tokens\":302}"),
        events(
            "vllm-fields-after-usage",
            CHAT,
            "qwen3",
            complete(tokens(64, 7).cacheRead(48).total(71)),
            "\"prompt_tokens_details\":{\"cached_tokens\":48}}"),
        json(
            "vllm-details-json",
            CHAT,
            "qwen3-vl",
            complete(
                tokens(1500, 40)
                    .cacheRead(512)
                    .cacheWrite(256)
                    .reasoning(12)
                    .promptAudio(100)
                    .promptImage(900)
                    .total(1540)),
            "\"reasoning_tokens\":12}}"),
        json(
            "vllm-rerank-json",
            RERANK,
            "bge-x",
            complete(tokens(56, 0).total(56)),
            "\"total_tokens\":56}"),
        json(
            "vllm-score-json",
            "/score",
            "bge-x",
            complete(tokens(22, 0).total(22)),
            "\"prompt_tokens_details\":null}"),
        json(
            "vllm-classify-json",
            "/classify",
            "clf-x",
            complete(tokens(10, 0).total(10)),
            "\"total_tokens\":10}"),
        // Billed by the second; no tokens were stated.
        json(
            "vllm-transcription-duration-json",
            TRANSCRIPTIONS,
            "unknown",
            pieces(UnitUsage.builder().audioSeconds(13).build()),
            "\"seconds\":13}"),
        // The duration of verbose_json is no usage.
        json(
            "vllm-transcription-verbose-json",
            TRANSCRIPTIONS,
            "unknown",
            none(Reason.NO_USAGE),
            null),
        events(
            "vllm-transcription-stream",
            TRANSCRIPTIONS,
            "whisper-x",
            complete(tokens(620, 6).total(626)),
            "\"total_tokens\":626}"),
        // The start says 1000, the delta 100 and 900 cached: 1000 again. A maximum would say 1900.
        events(
            "vllm-messages-stream",
            MESSAGES,
            "qwen3",
            complete(tokens(1000, 55).cacheRead(900)),
            "\"output_tokens\":55}"),
        json(
            "vllm-messages-tool-json",
            MESSAGES,
            "qwen3",
            complete(tokens(240, 33)),
            "\"output_tokens\":33}"),
        events(
            "llmd-messages-stream",
            MESSAGES,
            "sim-x",
            complete(tokens(21, 4)),
            "\"usage\":{\"output_tokens\":4}"));
  }

  static List<Transcript> anthropic() {
    TokenUsage advisor = tokens(2728, 3880).cacheRead(0).cacheWrite(0).usage();
    return List.of(
        // 2008 = 8 + 600 written + 1400 read; 600 = 200 for 5 minutes + 400 for an hour. Two
        // searches and one fetch are three calls.
        json(
            "anthropic-json",
            MESSAGES,
            "claude-x",
            complete(tokens(2008, 150).cacheRead(1400).cacheWrite(600, 200, 400).reasoning(90))
                .withUnits(calls(2, 1)),
            "\"inference_geo\": \"us\"\n  }"),
        events(
            "anthropic-stream",
            MESSAGES,
            "claude-x",
            complete(tokens(25, 15).cacheRead(0).cacheWrite(0)),
            "\"usage\":{\"output_tokens\":15}"),
        // The delta repeats the inputs, with what they have grown to.
        events(
            "anthropic-repeated-inputs-stream",
            MESSAGES,
            "claude-x",
            complete(tokens(15665, 411).cacheRead(0).cacheWrite(0)).withUnits(calls(1, 0)),
            "\"web_fetch_requests\":0}}"),
        // The outputs are 2, 10, 20, 31, each the total so far.
        events(
            "anthropic-many-deltas-stream",
            MESSAGES,
            "claude-x",
            complete(tokens(40, 31)),
            "\"usage\":{\"output_tokens\":31}"),
        events(
            "anthropic-two-starts-stream",
            MESSAGES,
            "claude-x",
            complete(tokens(17, 65)),
            "\"usage\":{\"output_tokens\":65}"),
        // 9632 = 6 + 3337 written + 6289 read; the lifetimes are those of the first 3068 only.
        events(
            "anthropic-stale-split-stream",
            MESSAGES,
            "claude-x",
            complete(
                tokens(9632, 512).cacheRead(6289).cacheWrite(3337, 3068, 0), Reason.UNKNOWN_TTL),
            "\"output_tokens\":512}"),
        // The top level leaves the compaction out: 60997 = 60385 + 612, 3341 = 522 + 2819.
        json(
            "anthropic-compaction-json",
            MESSAGES,
            "claude-x",
            complete(tokens(60997, 3341).cacheRead(0).cacheWrite(0)),
            "}]}"),
        events(
            "anthropic-compaction-stream",
            MESSAGES,
            "claude-x",
            complete(tokens(60997, 3341).cacheRead(0).cacheWrite(0)),
            "}]}"),
        // 4727 = 2000 + 2727 and 3391 = 1391 + 2000 of the model itself, and what it asked another.
        json(
            "anthropic-advisor-json",
            MESSAGES,
            "claude-x",
            complete(tokens(4727, 3391).cacheRead(0).cacheWrite(0))
                .withOtherLines(List.of(new UsageLine("claude-adv", advisor))),
            "}]}"),
        // The model that declined is not billed; the top level is the one that answered.
        json(
            "anthropic-fallback-json",
            MESSAGES,
            "claude-x",
            complete(tokens(731, 208).cacheRead(0).cacheWrite(0)),
            "}]}"),
        events(
            "anthropic-error-stream",
            MESSAGES,
            "claude-x",
            partial(tokens(25, 1), Reason.IN_BAND_ERROR, Reason.NO_TERMINATOR),
            null),
        json(
            "anthropic-refusal-json",
            MESSAGES,
            "claude-x",
            complete(tokens(19, 6).cacheRead(0).cacheWrite(0)),
            "\"output_tokens\":6}"));
  }

  static List<Transcript> gemini() {
    // 1195 = 22 + 1173 of tools, 788 = 198 + 590 thoughts, 1983 = 1195 + 788.
    Measurement interaction =
        complete(tokens(1195, 788).cacheRead(0).reasoning(590).toolUse(1173).total(1983));
    return List.of(
        json(
            "gemini-json",
            GEMINI,
            "gemini-x",
            complete(tokens(36, 5).total(41)),
            "\"tokenCount\": 5\n      }\n    ]\n  }"),
        // 105 = 5 + 100 thoughts, which are not within the candidates.
        events(
            "gemini-sse",
            GEMINI_STREAM + "?alt=sse",
            "gemini-x",
            complete(tokens(36, 105).reasoning(100).total(141)),
            "\"totalTokenCount\":141,\"thoughtsTokenCount\":100}"),
        // A metadata that only names the traffic type says nothing, before and behind the real one.
        events(
            "gemini-traffic-type-sse",
            GEMINI_STREAM + "?alt=sse",
            "gemini-x",
            complete(tokens(12, 3).total(15)),
            "\"totalTokenCount\":15,\"trafficType\":\"ON_DEMAND\"}"),
        // One array, element by element; 71 = 11 + 60 thoughts.
        json(
            "gemini-array-stream",
            GEMINI_STREAM,
            "gemini-x",
            complete(tokens(200, 71).cacheRead(150).reasoning(60).total(271)),
            "\"totalTokenCount\": 271,\n    \"cachedContentTokenCount\": 150,\n    \"thoughtsTokenCount\": 60\n  }"),
        // 260 = 40 + 220 of tools, 105 = 25 + 80 thoughts, 365 = 260 + 105.
        json(
            "gemini-tool-use-json",
            GEMINI,
            "gemini-x",
            complete(tokens(260, 105).reasoning(80).toolUse(220).total(365)),
            "\"tokenCount\":220}]}"),
        // No candidates were stated, and 60 = 10 + 50 leaves nothing for them.
        json(
            "gemini-cut-while-thinking-json",
            GEMINI,
            "gemini-x",
            complete(tokens(10, 50).reasoning(50).total(60)),
            "\"thoughtsTokenCount\":50}"),
        json(
            "gemini-blocked-json",
            GEMINI,
            "gemini-x",
            complete(tokens(9, 0).total(9)),
            "\"totalTokenCount\":9}"),
        // 13710 cached of a prompt of 5 cannot be part of it: 13715, and 13735 = 13715 + 20.
        json(
            "gemini-cached-beyond-prompt-json",
            GEMINI,
            "gemini-x",
            complete(tokens(13715, 20).cacheRead(13710).total(13735), Reason.EXCLUSIVE_PART),
            "\"cachedContentTokenCount\":13710}"),
        // 73 = 70 + 3 of tools, 42 = 12 + 30 thoughts, 115 = 73 + 42.
        json(
            "gemini-snake-case-json",
            GEMINI,
            "gemini-x",
            complete(tokens(73, 42).cacheRead(64).reasoning(30).toolUse(3).total(115)),
            "\"total_token_count\":115}"),
        // 560 = 2 + 258 + 300; 1300 = 10 + 1290; the audio in the cache is no further audio.
        json(
            "gemini-modalities-json",
            GEMINI,
            "gemini-x",
            complete(
                tokens(560, 1300)
                    .promptAudio(300)
                    .promptImage(258)
                    .completionImage(1290)
                    .total(1860)),
            "\"serviceTier\":\"standard\"}"),
        json(
            "gemini-response-token-count-json",
            GEMINI,
            "gemini-x",
            complete(tokens(15, 6).total(21)),
            "\"totalTokenCount\":21}"),
        json(
            "gemini-function-args-json",
            GEMINI,
            "gemini-x",
            complete(tokens(88, 14).total(102)),
            "\"totalTokenCount\":102}"),
        events(
            "gemini-interactions-stream",
            INTERACTIONS,
            "gemini-x",
            interaction,
            "\"total_tokens\":1983}"),
        // The same with the later names of its events.
        events(
            "gemini-interactions-steps-stream",
            INTERACTIONS,
            "gemini-x",
            interaction,
            "\"total_tokens\":1983}"),
        json(
            "gemini-interactions-json",
            INTERACTIONS,
            "gemini-x",
            interaction,
            "\"total_tokens\":1983}"));
  }

  static List<Transcript> bedrock() {
    return List.of(
        // 435 = 15 + 300 read + 120 written; 479 = 435 + 44. The names with Count say it again.
        json(
            "bedrock-converse-json",
            CONVERSE,
            "claude-b",
            complete(tokens(435, 44).cacheRead(300).cacheWrite(120, 100, 20).total(479)),
            "\"totalTokens\":479}"),
        // A total of input and output only, 37 = 30 + 7, is as good; the prompt is 30 + 50 read.
        json(
            "bedrock-converse-plain-json",
            CONVERSE,
            "claude-b",
            complete(tokens(80, 7).cacheRead(50).cacheWrite(0).total(37)),
            "\"cacheWriteInputTokens\":0}"),
        frames(
            "bedrock-converse-stream.frames",
            CONVERSE_STREAM,
            "claude-b",
            complete(tokens(315, 44).cacheRead(300).cacheWrite(0).total(359)),
            "\"totalTokens\":359}"),
        frames(
            "bedrock-converse-exception.frames",
            CONVERSE_STREAM,
            "claude-b",
            none(Reason.IN_BAND_ERROR),
            null),
        // Native Anthropic: 2011 = 11 + 2000 read.
        json(
            "bedrock-invoke-json",
            INVOKE,
            "claude-b",
            complete(tokens(2011, 29).cacheRead(2000).cacheWrite(0, 0, 0)),
            "\"output_tokens\":29}"),
        // The metrics of Bedrock say the same again.
        frames(
            "bedrock-invoke-stream.frames",
            INVOKE_STREAM,
            "claude-b",
            complete(tokens(2011, 29).cacheRead(2000).cacheWrite(0)),
            "\"usage\":{\"output_tokens\":29}"),
        // A model that states nothing itself.
        frames(
            "bedrock-invoke-metrics.frames",
            INVOKE_STREAM,
            "claude-b",
            complete(tokens(18, 6)),
            "\"outputTokenCount\":6"),
        frames(
            "bedrock-invoke-exception.frames",
            INVOKE_STREAM,
            "claude-b",
            partial(
                tokens(11, 1).cacheRead(0).cacheWrite(0),
                Reason.IN_BAND_ERROR,
                Reason.NO_TERMINATOR),
            null));
  }

  static List<Transcript> cohere() {
    return List.of(
        // Billed are 8 and 50; the 1394 and the 1360 cached of them are what the model saw.
        json(
            "cohere-chat-json",
            COHERE_CHAT,
            "unknown",
            complete(tokens(8, 50)),
            "\"cached_tokens\":1360}"),
        json(
            "cohere-chat-floats-json",
            COHERE_CHAT,
            "unknown",
            complete(tokens(12, 7)),
            "\"cached_tokens\":null}"),
        json(
            "cohere-chat-tokens-json",
            COHERE_CHAT,
            "unknown",
            complete(tokens(1394, 54).cacheRead(1360)),
            "\"cached_tokens\":1360}"),
        events(
            "cohere-chat-stream",
            COHERE_CHAT,
            "unknown",
            complete(tokens(9, 17)),
            "\"cached_tokens\":48}"),
        json(
            "cohere-rerank-json",
            "/v2/rerank",
            "unknown",
            pieces(UnitUsage.builder().searchUnits(1).build()),
            "\"billed_units\":{\"search_units\":1}}"),
        json(
            "cohere-rerank-tokens-json",
            "/v2/rerank",
            "unknown",
            complete(tokens(340, 0)).withUnits(UnitUsage.builder().searchUnits(2).build()),
            "\"output_tokens\":0}}"));
  }

  static List<Transcript> media() {
    return List.of(
        // 64 = 20 text + 44 image.
        json(
            "image-json",
            IMAGES,
            "unknown",
            complete(tokens(64, 1056).promptImage(44).total(1120)).withUnits(images(1)),
            "\"image_tokens\":44}}"),
        // The partial image is a preview, not a second image.
        events(
            "image-stream",
            IMAGES,
            "unknown",
            complete(tokens(50, 50).promptImage(40).total(100)).withUnits(images(1)),
            "\"image_tokens\":40}}"),
        // No usage at all: billed by the image.
        json("image-without-usage-json", IMAGES, "unknown", pieces(images(2)), "2.png\"}]}"),
        json(
            "audio-tokens-json",
            TRANSCRIPTIONS,
            "unknown",
            complete(tokens(314, 45).promptAudio(300).total(359)),
            "\"total_tokens\":359}"),
        events(
            "audio-transcript-stream",
            TRANSCRIPTIONS,
            "unknown",
            complete(tokens(314, 45).promptAudio(300).total(359)),
            "\"total_tokens\":359}"),
        events(
            "audio-speech-stream",
            "/v1/audio/speech",
            "unknown",
            complete(tokens(14, 101).total(115)),
            "\"total_tokens\":115}"));
  }

  private static Transcript json(
      String name, String path, String model, Measurement truth, @Nullable String marker) {
    return new Transcript(name, Wire.json(path), model, truth, marker);
  }

  private static Transcript events(
      String name, String path, String model, Measurement truth, @Nullable String marker) {
    return new Transcript(name, Wire.events(path), model, truth, marker);
  }

  private static Transcript frames(
      String name, String path, String model, Measurement truth, @Nullable String marker) {
    return new Transcript(name, Wire.frames(path), model, truth, marker);
  }

  static Measurement complete(Tokens tokens, Reason... flags) {
    return Measurement.of(Status.COMPLETE, set(flags), tokens.usage());
  }

  static Measurement partial(Tokens tokens, Reason... reasons) {
    return Measurement.of(Status.PARTIAL, set(reasons), tokens.usage());
  }

  static Measurement none(Reason... reasons) {
    return Measurement.of(Status.NONE, set(reasons), null);
  }

  static Measurement failed(Reason... reasons) {
    return Measurement.of(Status.FAILED, set(reasons), null);
  }

  /** Complete, and billed by the piece only. */
  static Measurement pieces(UnitUsage units) {
    return Measurement.of(Status.COMPLETE, Set.of(), NO_TOKENS).withUnits(units);
  }

  static UnitUsage images(long count) {
    return UnitUsage.builder().images(count).build();
  }

  static UnitUsage calls(long searches, long fetches) {
    return UnitUsage.builder()
        .calls(ProviderTool.WEB_SEARCH, searches)
        .calls(ProviderTool.WEB_FETCH, fetches)
        .build();
  }

  private static Set<Reason> set(Reason... reasons) {
    EnumSet<Reason> set = EnumSet.noneOf(Reason.class);
    set.addAll(List.of(reasons));
    return set;
  }
}
