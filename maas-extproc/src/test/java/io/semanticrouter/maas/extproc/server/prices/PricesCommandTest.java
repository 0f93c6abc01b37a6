// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PricesCommandTest {
  private static final String BOOK =
      """
      version: "2026-01"
      source: https://example.com/prices
      models:
        a:
          - { prompt_per_1m: "1", completion_per_1m: "2", valid_to: 2026-06-01, source: page 1 }
          - prompt_per_1m: "3"
            completion_per_1m: "4"
            cached_input_per_1m: "0.3"
            valid_from: 2026-06-01
            aliases: [ a-latest ]
            above: [ { input_tokens_over: 200000, prompt_per_1m: "6", completion_per_1m: "8" } ]
            service_tiers: { flex: { factor: "0.5" } }
        b: { prompt_per_1m: "1", completion_per_1m: "2" }
      """;

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  /** Runs a command; what it prints is {@link #out} and {@link #err}. */
  private int run(Object... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    String[] texts = new String[arguments.length];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = arguments[i].toString();
    }
    return new CommandLine(new PricesCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(texts);
  }

  @Test
  void checkNamesThePriceItsBookAndItsSource() throws Exception {
    Path book = write("book.yaml", BOOK);
    assertThat(run("check", "--book", book, "--at", "2026-05-31", "a", "a-latest")).isEqualTo(1);
    assertThat(out.toString().replaceAll("#[0-9a-f]{12}", "#HASH"))
        .isEqualTo(
            """
            a: a, of 2026-01#HASH
              prompt_per_1m: 1 USD
              completion_per_1m: 2 USD
              source: page 1
            a-latest: no price (not_valid)
            """);
    int status =
        run(
            "check",
            "--book",
            book,
            "--at",
            "2026-06-01T00:00:00Z",
            "--service-tier",
            "flex",
            "--input-tokens",
            200_001,
            "a-latest");
    assertThat(out.toString().replaceAll("#[0-9a-f]{12}", "#HASH"))
        .isEqualTo(
            """
            a-latest: a flex above 200000, of 2026-01#HASH
              prompt_per_1m: 3 USD
              completion_per_1m: 4 USD
              source: https://example.com/prices
            """);
    assertThat(status).isZero();
  }

  @Test
  void checkReadsTheBooksAndChargesOfAConfiguration() throws Exception {
    write("book.yaml", BOOK);
    Path config =
        write(
            "config.yaml",
            "server: { no_such_key: 1 }\n"
                + "pricing: { books: [ book.yaml ], charge: { factor: \"1.5\" }, tiers: { gold: {"
                + " factor: \"0\" } } }");
    assertThat(run("check", "--config", config, "--tier", "gold", "b")).isZero();
    assertThat(out.toString().replaceAll("#[0-9a-f]{12}", "#HASH"))
        .isEqualTo(
            """
            b: b × 0, of 2026-01#HASH
              prompt_per_1m: 0 USD
              completion_per_1m: 0 USD
              source: https://example.com/prices
            b (charge): b × 1.5, of 2026-01#HASH
              prompt_per_1m: 1.5 USD
              completion_per_1m: 3 USD
            """);
    assertThat(run("check", "b")).isEqualTo(2);
  }

  @Test
  void wrongBookIsReportedWithAllErrors() throws Exception {
    Path book = write("book.yaml", BOOK.replace("\"1\"", "\"-1\""));
    assertThat(run("lint", book)).isEqualTo(2);
    assertThat(err.toString())
        .contains("2 error(s)")
        .contains("line 5: pricing.books[0].models.a[0].prompt_per_1m = \"-1\": must be")
        .contains("line 13: pricing.books[0].models.b.prompt_per_1m = \"-1\": must be");
    assertThat(run("lint", directory.resolve("none.yaml"))).isEqualTo(2);
  }

  @Test
  void lintFindsWhatIsProbablyWrong() throws Exception {
    assertThat(run("lint", write("good.yaml", BOOK))).isZero();
    assertThat(out.toString()).isEmpty();
    Path book =
        write(
            "b.json",
            """
            {"version": "1", "models": {
              "free": {"prompt_per_1m": "0", "completion_per_1m": "0"},
              "float": {"prompt_per_1m": "1", "completion_per_1m": "4.8000000000001"},
              "output": {"prompt_per_1m": "2", "completion_per_1m": "1", "cached_input_per_1m": "0"},
              "embedding": {"prompt_per_1m": "2", "completion_per_1m": "0"},
              "cached": {"prompt_per_1m": "1", "completion_per_1m": "2",
                "service_tiers": {"flex": {"prompt_per_1m": "1", "completion_per_1m": "2",
                  "cached_input_per_1m": "1.5"}},
                "above": [{"input_tokens_from": 10, "prompt_per_1m": "3", "completion_per_1m": "2"}]},
              "hour": {"prompt_per_1m": "1", "completion_per_1m": "2", "cache_write_per_1m": "2",
                "cache_write_1h_per_1m": "1"}}}
            """
                .replace("4.8000000000001", "4.800000000001"));
    assertThat(run("lint", book)).isEqualTo(1);
    assertThat(out.toString().replace(book.toString(), "BOOK"))
        .isEqualTo(
            """
            BOOK: free: is free
            BOOK: float: completion_per_1m looks like a sum or product of binary floats: 4.800000000001
            BOOK: output: cached_input_per_1m is free, and other input is not
            BOOK: output: completion_per_1m 1 is less than prompt_per_1m 2
            BOOK: cached above 10: completion_per_1m 2 is less than prompt_per_1m 3
            BOOK: cached flex: prompt_per_1m 1 is less than cached_input_per_1m 1.5
            BOOK: hour: cache_write_1h_per_1m 1 is less than cache_write_per_1m 2
            """);
  }

  @Test
  void diffListsModelsAndPricesByName() throws Exception {
    Path one = write("one.yaml", BOOK);
    Path same = write("same.yaml", BOOK.replace("\"1\"", "\"1.00\"").replace("page 1", "page 2"));
    assertThat(run("diff", one, same)).isZero();
    assertThat(out.toString()).isEmpty();
    Path other =
        write(
            "other.yaml",
            BOOK.replace("\"6\"", "\"7\"")
                .replace("    b:", "    c:")
                .replace("  b:", "  c:")
                .replace("\"0.3\"", "\"0.25\""));
    assertThat(run("diff", one, other)).isEqualTo(1);
    assertThat(out.toString())
        .isEqualTo(
            """
            ~ a from 2026-06-01 above 200000 prompt_per_1m: 6 -> 7
            ~ a from 2026-06-01 cached_input_per_1m: 0.3 -> 0.25
            ~ a-latest from 2026-06-01 above 200000 prompt_per_1m: 6 -> 7
            ~ a-latest from 2026-06-01 cached_input_per_1m: 0.3 -> 0.25
            - b
            + c
            """);
  }

  @Test
  void pricesOfCertainHoursAreNamedByThem() throws Exception {
    String text =
        """
        version: "1"
        models:
          a:
            - { prompt_per_1m: "1", completion_per_1m: "2" }
            - prompt_per_1m: "2"
              completion_per_1m: "4"
              window: { hours: [ "09:00-12:00", "14:00-18:00" ], weekdays_only: true, holidays: [ 2026-10-01 ], zone: "+08:00" }
        """;
    Path book = write("book.yaml", text);
    assertThat(run("check", "--book", book, "--at", "2026-11-30T01:00:00Z", "a")).isZero();
    assertThat(out.toString().replaceAll("#[0-9a-f]{12}", "#HASH"))
        .isEqualTo(
            """
            a: a weekdays 09:00-12:00,14:00-18:00 +08:00, of 1#HASH
              prompt_per_1m: 2 USD
              completion_per_1m: 4 USD
            """);
    assertThat(run("check", "--book", book, "--at", "2026-10-01T01:00:00Z", "a")).isZero();
    assertThat(out.toString()).startsWith("a: a, of 1#");
    Path other = write("other.yaml", text.replace("\"4\"", "\"5\"").replace("10-01", "10-02"));
    assertThat(run("diff", book, other)).isEqualTo(1);
    assertThat(out.toString())
        .isEqualTo(
            """
            ~ a at [09:00-12:00, 14:00-18:00] completion_per_1m: 4 -> 5
            ~ a at [09:00-12:00, 14:00-18:00] window holidays 2026-10-01: yes -> none
            ~ a at [09:00-12:00, 14:00-18:00] window holidays 2026-10-02: none -> yes
            """);
  }

  @Test
  void modelPricesBecomeABook() throws Exception {
    Path list =
        write(
            "list.json",
            """
            {"schema": 1, "updated_at": "2026-10-26T18:46:35Z",
             "aliases": {"models": {"a-short": "lab/a"}},
             "schedules": {
               "holidays": {"cn": {"utc_offset_hours": 8, "covers_through": "2026-12-31", "dates": ["2026-10-01"]}},
               "schedule": [
                 {"provider": "lab", "valid_from": "2026-03-01T00:00:00Z", "valid_until": "2026-04-01T00:00:00Z",
                   "off_peak_hours_utc": [["16:00", "00:00"]], "off_peak_multiplier": {"b": 0.5}},
                 {"provider": "peak", "valid_from": "2026-08-16T16:00:00Z", "holidays": "cn", "weekdays_only": true,
                   "peak_hours_utc": [["01:00", "04:00"], ["14:00", "16:00"]], "peak_multiplier": 2.0},
                 {"provider": "odd", "valid_from": "2026-08-16T16:00:00Z", "moon": "full",
                   "peak_hours_utc": [["01:00", "04:00"]], "peak_multiplier": 2.0}]},
             "prices": {"lab": {
               "a": {"standard": [
                   {"start": null, "rates": {"input": 5.0, "output": 30, "cache_read": 0.5,
                     "cache_write": 6.25, "cache_write_1h_multiple": 2.0, "source": "commit 1",
                     "tiers": [{"above": 272000, "input": 10.0, "output": 45.0}]}},
                   {"start": "2026-02-01T00:00:00Z", "rates": {"input": 5, "output": 30,
                     "cache_read": 0.5, "cache_write": 6.25, "cache_write_1h_multiple": 2.0,
                     "source": "commit 2", "tiers": [{"above": 272000, "input": 10, "output": 45}]}},
                   {"start": "2026-08-21T00:00:00Z", "rates": {"input": 4.0, "output": 20}},
                   {"start": "2026-09-01T00:00:00Z", "rates": null}],
                 "batch": [{"start": null, "rates": null},
                   {"start": "2026-08-21T00:00:00Z", "rates": {"input": 2, "output": 10}}],
                 "fast": [{"start": null, "rates": {"input": 5.000000000000001, "output": 60}}]},
               "b": {"standard": [{"start": null, "rates": {"input": 1, "output": 2}}]},
               "c": {"standard": [{"start": null, "rates": {"input": 1, "output": 2}}],
                 "thinking": [{"start": null, "rates": {"input": 1, "output": 4}}]},
               "free": {"standard": [{"start": null, "rates": {"input": 0, "output": 0}}]},
               "same": {"standard": [{"start": null, "rates": {"input": 1, "output": 2}}]}},
              "peak": {"d": {"standard": [{"start": "2026-09-01T00:00:00Z", "rates": {"input": 0.15, "output": 0.6}}]}},
              "odd": {"e": {"standard": [{"start": null, "rates": {"input": 1, "output": 2}}]}},
              "other": {"same": {"standard": [{"start": null, "rates": {"input": 3, "output": 4}}]}}}}
            """);
    assertThat(run("import", "--from", "model-prices", list)).isZero();
    assertThat(out.toString())
        .isEqualTo(
            """
            {"version": "model-prices 2026-10-26",
             "source": "https://github.com/wakamex/model-prices",
             "license": "MIT",
             "currency": "USD",
             "models": {
              "a": [{"prompt_per_1m":"5","completion_per_1m":"30","cached_input_per_1m":"0.5","cache_write_per_1m":"6.25","cache_write_1h_per_1m":"10","above":[{"input_tokens_over":272000,"prompt_per_1m":"10","completion_per_1m":"45","cache_write_1h_per_1m":"20"}],"source":"commit 1","aliases":["lab/a","a-short"],"valid_to":"2026-08-21T00:00:00Z"},{"valid_from":"2026-08-21T00:00:00Z","prompt_per_1m":"4","completion_per_1m":"20","service_tiers":{"batch":{"prompt_per_1m":"2","completion_per_1m":"10"}},"aliases":["lab/a","a-short"],"valid_to":"2026-09-01T00:00:00Z"}],
              "b": [{"prompt_per_1m":"1","completion_per_1m":"2","aliases":["lab/b"],"valid_to":"2026-03-01T00:00:00Z"},{"valid_from":"2026-03-01T00:00:00Z","prompt_per_1m":"0.5","completion_per_1m":"1","window":{"hours":["16:00-24:00"]},"aliases":["lab/b"],"valid_to":"2026-04-01T00:00:00Z"},{"valid_from":"2026-03-01T00:00:00Z","prompt_per_1m":"1","completion_per_1m":"2","aliases":["lab/b"],"valid_to":"2026-04-01T00:00:00Z"},{"valid_from":"2026-04-01T00:00:00Z","prompt_per_1m":"1","completion_per_1m":"2","aliases":["lab/b"]}],
              "lab/same": [{"prompt_per_1m":"1","completion_per_1m":"2"}],
              "d": [{"valid_from":"2026-09-01T00:00:00Z","prompt_per_1m":"0.3","completion_per_1m":"1.2","window":{"hours":["09:00-12:00","22:00-24:00"],"weekdays_only":true,"holidays":["2026-10-01"],"zone":"+08:00"},"aliases":["peak/d"],"valid_to":"2026-12-31T16:00:00Z"},{"valid_from":"2026-09-01T00:00:00Z","prompt_per_1m":"0.15","completion_per_1m":"0.6","aliases":["peak/d"],"valid_to":"2026-12-31T16:00:00Z"}],
              "e": [{"prompt_per_1m":"1","completion_per_1m":"2","aliases":["odd/e"],"valid_to":"2026-08-16T16:00:00Z"}],
              "other/same": [{"prompt_per_1m":"3","completion_per_1m":"4"}]}}
            """);
    assertThat(err.toString())
        .contains(
            "left out: lab/a fast: prompt_per_1m cannot be kept exactly: 5.000000000000001 looks"
                + " like a sum or product of binary floats\n")
        .contains(
            "left out: peak/d: its price depends on holidays that are not known from"
                + " 2026-12-31T16:00:00Z\n")
        .contains(
            "left out: odd/e: its price depends on the time in a way that is not known here\n")
        .contains("left out: lab/c: it has another price when it was asked to think\n")
        .contains(
            "left out: lab/free: it is free there; if it is for you, say so in pricing.models\n")
        .contains("look at: lab/same: others have this name too: only so, in full\n")
        .endsWith("2 to look at; 6 models\n");
    Path book = write("imported.json", out.toString());
    assertThat(run("lint", book)).isZero();
    assertThat(run("import", "--from", "model-prices", "--provider", "other", list)).isZero();
    assertThat(out.toString())
        .contains(
            "\"same\":"
                + " [{\"prompt_per_1m\":\"3\",\"completion_per_1m\":\"4\",\"aliases\":[\"other/same\"]}]");
  }

  @Test
  void pricesOfLiteLlmBecomeABook() throws Exception {
    Path list =
        write(
            "list.json",
            """
            {"sample_spec": {"input_cost_per_token": 0.0},
             "gpt": {"mode": "chat", "litellm_provider": "openai", "source": "https://example.com",
               "input_cost_per_token": 5e-06, "output_cost_per_token": 3e-05,
               "cache_read_input_token_cost": 5e-07, "cache_creation_input_token_cost": 6.25e-06,
               "cache_creation_input_token_cost_above_1hr": 1e-05,
               "input_cost_per_audio_token": 4e-05, "output_cost_per_reasoning_token": 3.1e-05,
               "input_cost_per_token_above_272k_tokens": 1e-05,
               "output_cost_per_token_above_272k_tokens": 4.5e-05,
               "input_cost_per_token_flex": 2.5e-06, "output_cost_per_token_flex": 1.5e-05,
               "input_cost_per_token_batches": 2.5e-06, "output_cost_per_token_batches": 1.7999999999999999e-05,
               "regional_processing_uplift_multiplier_eu": 1.1,
               "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_high": 0.01}},
             "embed": {"mode": "embedding", "input_cost_per_token": 2e-08},
             "whisper": {"mode": "audio_transcription", "input_cost_per_second": 0.0001, "output_cost_per_second": 0.0001},
             "image": {"mode": "image_generation", "output_cost_per_image": 0.04},
             "sizes": {"mode": "image_generation", "output_cost_per_image": 0.04, "output_cost_per_image_4K": 0.08},
             "rerank": {"mode": "rerank", "input_cost_per_query": 0.002, "input_cost_per_token": 0.0},
             "video": {"mode": "video_generation", "output_cost_per_second": 0.1},
             "peak": {"mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "off_peak_pricing": {}},
             "free": {"mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
             "no-output": {"mode": "chat", "input_cost_per_token": 1e-06}}
            """);
    assertThat(run("import", "--from", "litellm", list)).isZero();
    assertThat(out.toString().replaceAll("litellm [0-9a-f]{12}", "litellm HASH"))
        .isEqualTo(
            """
            {"version": "litellm HASH",
             "source": "https://github.com/BerriAI/litellm",
             "license": "MIT",
             "currency": "USD",
             "models": {
              "gpt": [{"prompt_per_1m":"5","completion_per_1m":"30","cached_input_per_1m":"0.5","cache_write_per_1m":"6.25","cache_write_1h_per_1m":"10","reasoning_per_1m":"31","audio_input_per_1m":"40","per_web_search":"0.01","above":[{"input_tokens_over":272000,"prompt_per_1m":"10","completion_per_1m":"45"}],"service_tiers":{"flex":{"prompt_per_1m":"2.5","completion_per_1m":"15"}},"source":"https://example.com"}],
              "embed": [{"prompt_per_1m":"0.02","completion_per_1m":"0"}],
              "whisper": [{"per_audio_second":"0.0001"}],
              "image": [{"per_image":"0.04"}],
              "rerank": [{"prompt_per_1m":"0","completion_per_1m":"0","per_search_unit":"0.002"}]}}
            """);
    assertThat(err.toString().replaceAll(" +\\n", "\n"))
        .isEqualTo(
            """
            left out: gpt batch: completion_per_1m cannot be kept exactly: 17.999999999999999 looks like a sum or product of binary floats
            left out: sizes: it has no price that a rate card can have
            left out: video: it has no price that a rate card can have
            left out: peak: its price depends on off_peak_pricing
            left out: free: it is free there; if it is for you, say so in pricing.models
            left out: no-output: there is no completion_per_1m
            look at: gpt: regional_processing_uplift_multiplier_eu is left out
            look at: gpt flex: has no price above 272000, as the standard terms have
            look at: whisper: output_cost_per_second is left out
            look at: sizes: output_cost_per_image is left out
            look at: sizes: output_cost_per_image_4K is left out
            look at: video: output_cost_per_second is left out
            12 sets of prices read, 6 left out, 6 to look at; 5 models
            """);
  }

  @Test
  void genaiPricesBecomeABook() throws Exception {
    Path list =
        write(
            "list.json",
            """
            [{"id": "lab", "models": [
              {"id": "a", "match": {"or": [{"starts_with": "a-"}, {"equals": "a-1"}, {"equals": "a"}]},
               "prices": [
                 {"prices": {"input_mtok": {"base": 3, "tiers": [{"start": 200000, "price": 6}]},
                   "output_mtok": {"base": 15, "tiers": [{"start": 200000, "price": 22.5}]},
                   "cache_read_mtok": 0.3, "web_searches_kcount": 10}},
                 {"constraint": {"start_date": "2026-03-13"}, "prices": {"input_mtok": 3, "output_mtok": 15}}],
               "price_variants": [
                 {"when": {"processing": "batch"}, "prices": {"input_mtok": 1.5, "output_mtok": 7.5}},
                 {"when": {"route": "eu"}, "prices": {"input_mtok": 3.3}}]},
              {"id": "embed", "match": {"equals": "embed"}, "prices": {"input_mtok": 0.02}},
              {"id": "peak", "match": {"equals": "peak"}, "prices": [
                 {"prices": {"input_mtok": 1, "output_mtok": 1}},
                 {"constraint": {"start_time": "09:00:00+08:00", "end_time": "12:00:00+08:00"}, "prices": {"input_mtok": 2, "output_mtok": 2}},
                 {"constraint": {"start_time": "06:00:00+00:00", "end_time": "10:00:00+00:00"}, "prices": {"input_mtok": 2, "output_mtok": 2}}]},
              {"id": "odd", "match": {"equals": "odd"}, "prices": [{"prices": {"input_mtok": 1, "output_mtok": 1}},
                 {"constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00Z", "start_date": "2026-01-01"}, "prices": {"input_mtok": 1, "output_mtok": 1}}]},
              {"id": "video", "match": {"equals": "video"}, "prices": {"input_mtok": 1, "output_mtok": 1, "output_video_mtok": 50}},
              {"id": "ocr", "match": {"equals": "ocr"}, "prices": {"input_document_kpages": 1}}]}]
            """);
    assertThat(run("import", "--from", "genai-prices", list)).isZero();
    assertThat(out.toString().replaceAll("genai-prices [0-9a-f]{12}", "genai-prices HASH"))
        .isEqualTo(
            """
            {"version": "genai-prices HASH",
             "source": "https://github.com/pydantic/genai-prices",
             "license": "MIT",
             "currency": "USD",
             "models": {
              "a": [{"prompt_per_1m":"3","completion_per_1m":"15","cached_input_per_1m":"0.3","per_web_search":"0.01","above":[{"input_tokens_over":200000,"prompt_per_1m":"6","completion_per_1m":"22.5","cached_input_per_1m":"0.3"}],"service_tiers":{"batch":{"prompt_per_1m":"1.5","completion_per_1m":"7.5","cached_input_per_1m":"0.3","per_web_search":"0.01"}},"aliases":["lab/a","a-1"],"valid_to":"2026-03-13"},{"valid_from":"2026-03-13","prompt_per_1m":"3","completion_per_1m":"15","service_tiers":{"batch":{"prompt_per_1m":"1.5","completion_per_1m":"7.5"}},"aliases":["lab/a","a-1"]}],
              "embed": [{"prompt_per_1m":"0.02","completion_per_1m":"0","aliases":["lab/embed"]}],
              "peak": [{"prompt_per_1m":"2","completion_per_1m":"2","window":{"hours":["01:00-04:00","06:00-10:00"]},"aliases":["lab/peak"]},{"prompt_per_1m":"1","completion_per_1m":"1","aliases":["lab/peak"]}]}}
            """);
    assertThat(err.toString())
        .contains(
            "left out: lab/odd: its price depends on the time in a way that is not known here\n")
        .contains("left out: lab/video: output_video_mtok cannot be told from other tokens\n")
        .contains("left out: lab/ocr: there is no prompt_per_1m\n")
        .contains("look at: lab/a: other prices are left out: {route=eu}\n");
  }

  @Test
  void pricesOfModelsDevBecomeABook() throws Exception {
    Path list =
        write(
            "list.json",
            """
            {"lab": {"id": "lab", "models": {
               "a": {"id": "a", "cost": {"input": 5, "output": 25, "cache_read": 0.5, "cache_write": 6.25,
                 "input_audio": 40, "reasoning": 25.0,
                 "tiers": [{"input": 10, "output": 37.5, "cache_read": 1, "tier": {"type": "context", "size": 200000}}],
                 "context_over_200k": {"input": 10, "output": 37.5, "cache_read": 1}}},
               "deep": {"cost": {"input": 1, "output": 2, "reasoning": 2, "tiers": [
                 {"input": 2, "output": 4, "reasoning": 6, "tier": {"type": "context", "size": 200000}}]}},
               "deep-over": {"cost": {"input": 1, "output": 2, "context_over_200k": {"input": 2, "output": 4, "reasoning": 6}}},
               "songs": {"cost": {"input": 1, "output": 2, "tiers": [
                 {"input": 2, "output": 4, "reasoning": 4, "per_song": 3, "tier": {"type": "context", "size": 200000}}]}},
               "over": {"cost": {"input": 1, "output": 2, "per_song": 3, "context_over_200k": {"input": 2, "output": 4}}},
               "think": {"cost": {"input": 0.4, "output": 1.2, "reasoning": 4}},
               "days": {"cost": {"input": 1, "output": 2, "tiers": [{"input": 2, "output": 4, "tier": {"type": "day", "size": 3}}]}},
               "float": {"cost": {"input": 0.09999999999999999, "output": 2}},
               "free": {"cost": {"input": 0, "output": 0}},
               "none": {"name": "no cost"}}},
             "reseller": {"models": {"a": {"cost": {"input": 6, "output": 26}}}}}
            """);
    assertThat(run("import", "--from", "models.dev", list)).isZero();
    assertThat(out.toString().replaceAll("models.dev [0-9a-f]{12}", "models.dev HASH"))
        .isEqualTo(
            """
            {"version": "models.dev HASH",
             "source": "https://github.com/sst/models.dev",
             "license": "MIT",
             "currency": "USD",
             "models": {
              "lab/a": [{"prompt_per_1m":"5","completion_per_1m":"25","cached_input_per_1m":"0.5","cache_write_per_1m":"6.25","audio_input_per_1m":"40","above":[{"input_tokens_over":200000,"prompt_per_1m":"10","completion_per_1m":"37.5","cached_input_per_1m":"1"}]}],
              "songs": [{"prompt_per_1m":"1","completion_per_1m":"2","above":[{"input_tokens_over":200000,"prompt_per_1m":"2","completion_per_1m":"4"}],"aliases":["lab/songs"]}],
              "over": [{"prompt_per_1m":"1","completion_per_1m":"2","above":[{"input_tokens_over":200000,"prompt_per_1m":"2","completion_per_1m":"4"}],"aliases":["lab/over"]}],
              "reseller/a": [{"prompt_per_1m":"6","completion_per_1m":"26"}]}}
            """);
    assertThat(err.toString())
        .isEqualTo(
            """
            left out: lab/deep: it has another price for reasoning, or when it was asked to think
            left out: lab/deep-over: it has another price for reasoning, or when it was asked to think
            left out: lab/think: it has another price for reasoning, or when it was asked to think
            left out: lab/days: its price depends on {type=day, size=3}
            left out: lab/float: prompt_per_1m cannot be kept exactly: 0.09999999999999999 looks like a sum or product of binary floats
            left out: lab/free: it is free there; if it is for you, say so in pricing.models
            look at: lab/songs: per_song above 200000 is left out
            look at: lab/over: per_song is left out
            look at: lab/a: others have this name too: only so, in full
            look at: reseller/a: others have this name too: only so, in full
            10 sets of prices read, 6 left out, 4 to look at; 4 models
            """);
  }

  @Test
  void listWithTimesThatAreNoneIsRefused() throws Exception {
    String genai =
        """
        [{"id": "lab", "models": [{"id": "a", "prices": [{"prices": {"input_mtok": 1, "output_mtok": 1}},
          {"constraint": {"start_time": "16:30", "end_time": "00:30:00Z"}, "prices": {"input_mtok": 2, "output_mtok": 2}}]}]}]
        """;
    assertThat(run("import", "--from", "genai-prices", write("list.json", genai))).isEqualTo(2);
    assertThat(err.toString())
        .isEqualTo(
            "prices import: this is no list of genai-prices: Text '16:30' could not be parsed at"
                + " index 5\n");
    String modelPrices =
        """
        {"updated_at": "2026-10-26T18:46:35Z", "schedules": {
           "holidays": {"cn": {"utc_offset_hours": 8, "covers_through": "2026-12-31", "dates": []}},
           "schedule": [{"provider": "lab", "valid_from": "2026-03-01T00:00:00Z", "holidays": "cn",
             "peak_hours_utc": [["01:00", "04:00"]], "peak_multiplier": 2}]},
         "prices": {"lab": {"a": {"standard": [{"start": null, "rates": {"input": 1, "output": 2}}]}}}}
        """;
    assertThat(run("import", "--from", "model-prices", write("list.json", modelPrices))).isZero();
    for (String[] wrong :
        new String[][] {
          {"\"01:00\"", "\"1 am\""},
          {"[\"01:00\", \"04:00\"]", "[\"01:00\"]"},
          {"2026-12-31", "end of 2026"},
          {": 8,", ": 80,"},
          {"2026-10-26T18:46:35Z", "2026"}
        }) {
      Path list = write("list.json", modelPrices.replace(wrong[0], wrong[1]));
      assertThat(run("import", "--from", "model-prices", list)).as(wrong[1]).isEqualTo(2);
      assertThat(err.toString()).startsWith("prices import: this is no list of model-prices: ");
      assertThat(out.toString()).isEmpty();
    }
  }

  @Test
  void onlyTheModelIsLeftOutWhoseHoursABookCannotHave() throws Exception {
    Path list =
        write(
            "list.json",
            """
            [{"id": "lab", "models": [
              {"id": "twice", "prices": [{"prices": {"input_mtok": 1, "output_mtok": 1}},
                {"constraint": {"start_time": "01:00:00Z", "end_time": "04:00:00Z"}, "prices": {"input_mtok": 2, "output_mtok": 2}},
                {"constraint": {"start_time": "03:00:00Z", "end_time": "05:00:00Z"}, "prices": {"input_mtok": 3, "output_mtok": 3}}]},
              {"id": "a", "prices": {"input_mtok": 1, "output_mtok": 2}}]}]
            """);
    assertThat(run("import", "--from", "genai-prices", list)).isZero();
    assertThat(out.toString()).contains("\"a\": [").doesNotContain("twice");
    assertThat(err.toString())
        .isEqualTo(
            """
            left out: lab/twice: a book cannot have it: has a price for "twice" at a time that has one already (windows of one model must have the same zone)
            5 sets of prices read, 1 left out, 0 to look at; 1 models
            """);
  }

  @Test
  void whatIsNoListIsRefused() throws Exception {
    for (String text : new String[] {"[]", "{}", "", "{\"prices\": 3}", "[{\"id\": 3}]", "{"}) {
      Path list = write("list.json", text);
      for (PriceList from : PriceList.values()) {
        assertThat(run("import", "--from", from.label(), list)).as(from + " " + text).isEqualTo(2);
        assertThat(err.toString()).startsWith("prices import: ");
        assertThat(out.toString()).isEmpty();
      }
    }
    assertThat(run("import", "--from", "nobody", "x")).isEqualTo(2);
  }
}
