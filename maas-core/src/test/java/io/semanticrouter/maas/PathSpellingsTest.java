// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.internal.spelling.Endpoints;
import io.semanticrouter.maas.internal.spelling.ModelPath;
import io.semanticrouter.maas.internal.spelling.RequestPath;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What some server takes for the same path is the same exchange here: the same operation, route,
 * model and bill. Each spelling names a server that serves it.
 */
class PathSpellingsTest {
  /** Endpoints of all operations, those with a model in the path included. */
  private static final List<String> ENDPOINTS =
      List.of(
          "/v1/chat/completions",
          "/v1/completions",
          "/v1/embeddings",
          "/v1/responses",
          "/v1/messages",
          "/v1/rerank",
          "/score",
          "/invocations",
          "/inference/v1/generate",
          "/generative_scoring",
          "/generate",
          "/completion",
          "/api/chat",
          "/api/embed",
          "/v1/audio/transcriptions",
          "/v1/images/generations",
          "/v2/chat",
          "/v1/chat",
          "/v1beta/models/gemini-2.5:generateContent",
          "/v1beta/models/gemini-2.5:streamGenerateContent",
          "/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict",
          "/model/anthropic.claude-v1:0/converse",
          "/model/anthropic.claude-v1:0/invoke-with-response-stream",
          "/openai/deployments/gpt/chat/completions",
          "/endpoints/llama/invocations",
          "/client/v4/accounts/a/ai/run/@cf/meta/llama",
          "/api/v1/services/aigc/text-generation/generation",
          "/ml/v1/text/generation_stream");

  private enum Spelling {
    PLAIN(p -> p),
    /** Starlette, Go, cpp-httplib, Tomcat and nginx decode before they choose a handler. */
    A_LETTER(p -> p.substring(0, p.length() - 1) + encoded(p.charAt(p.length() - 1), false)),
    UPPER_HEX(p -> encodedLetters(p, true)),
    LOWER_HEX(p -> encodedLetters(p, false)),
    FIRST_LETTER(p -> "/" + encoded(p.charAt(1), false) + p.substring(2)),
    ALL(p -> "/" + all(p.substring(1), true)),
    ALL_UPPER_HEX(p -> "/" + all(p.substring(1), false)),
    SLASHES(p -> "/" + p.substring(1).replace("/", "%2F")),
    SLASHES_LOWER(p -> "/" + p.substring(1).replace("/", "%2f")),
    LAST_SLASH(
        p -> p.substring(0, p.lastIndexOf('/')) + "/%2F" + p.substring(p.lastIndexOf('/') + 1)),
    COLON(p -> p.replace(":", "%3A")),
    HYPHENS(p -> p.replace("-", "%2D").replace("_", "%5F").replace(".", "%2E")),
    /** nginx, Tomcat, Rails and Envoy merge slashes. */
    DOUBLE_SLASHES(p -> p.replace("/", "//")),
    LEADING_SLASHES(p -> "///" + p.substring(1)),
    MANY_SLASHES(p -> p.replace("/", "/////")),
    SLASH_BESIDE_ENCODED(p -> p.replace("/", "/%2F")),
    /** Express, Django, Rails and Envoy's routes ignore it. */
    TRAILING_SLASH(p -> p + "/"),
    TRAILING_SLASHES(p -> p + "///"),
    TRAILING_ENCODED_SLASH(p -> p + "%2F"),
    TRAILING_BACKSLASH(p -> p + "\\"),
    /** Starlette's routes end in {@code $}, which Python lets stand before a last line end. */
    TRAILING_LINE_END(p -> p + "%0A"),
    TRAILING_LINE_END_AND_QUERY(p -> p + "%0a?a=b"),
    /** nginx, Tomcat, Jetty, Go's proxies and Envoy resolve dots. */
    DOT(p -> p.replace("/", "/./")),
    TRAILING_DOT(p -> p + "/."),
    ENCODED_DOT(p -> p.replace("/", "/%2e/")),
    DOTS(p -> "/x/.." + p),
    DOTS_INSIDE(p -> p.replace("/", "/x/../")),
    TRAILING_DOTS(p -> p + "/x/.."),
    ENCODED_DOTS(p -> "/x/%2e%2E" + p),
    HALF_ENCODED_DOTS(p -> "/x/.%2e/y/%2E." + p),
    ENCODED_DOTS_AND_SLASHES(p -> "/x%2F..%2F" + p.substring(1)),
    DOTS_ABOVE_THE_ROOT(p -> "/../.." + p),
    /** Spring and servlets take parameters off each segment. */
    PARAMETERS(p -> p + ";a=b"),
    EMPTY_PARAMETERS(p -> p + ";"),
    PARAMETERS_INSIDE(
        p -> p.substring(0, p.lastIndexOf('/')) + ";v=1,2" + p.substring(p.lastIndexOf('/'))),
    PARAMETERS_EVERYWHERE(p -> p.substring(1).replace("/", ";x/").replaceFirst("^", "/") + ";y"),
    PARAMETERS_OF_DOTS(p -> "/x/..;/" + p.substring(1)),
    PARAMETERS_WITH_ENCODED_SLASH(p -> p + ";a=%2Ftokenize"),
    PARAMETERS_AND_QUERY(p -> p + ";a=b?c=d"),
    QUERY(p -> p + "?api-version=2"),
    EMPTY_QUERY(p -> p + "?"),
    QUERY_LIKE_A_PATH(p -> p + "?x=/v1/tokenize"),
    QUERY_BEHIND_SLASH(p -> p + "/?a=b"),
    QUERY_WITH_PERCENT(p -> p + "?a=%2F;b"),
    /** httptools and cpp-httplib cut it off. */
    FRAGMENT(p -> p + "#x"),
    FRAGMENT_LIKE_A_PATH(p -> p + "#/v1/tokenize"),
    FRAGMENT_WITH_QUESTION_MARK(p -> p + "#?/tokenize"),
    /** RFC 9112, 3.2.2; Go, Envoy, Node and httptools accept it. */
    ABSOLUTE(p -> "http://host" + p),
    ABSOLUTE_WITH_PORT(p -> "https://host:8443" + p),
    ABSOLUTE_WITH_USER(p -> "HTTP://a:b@host" + p + "?c"),
    ABSOLUTE_IPV6(p -> "http://[::1]:80/" + p),
    /** IIS and ASP.NET; Envoy with normalize_path. */
    BACKSLASHES(p -> "/" + p.substring(1).replace('/', '\\')),
    ENCODED_BACKSLASHES(p -> "/" + p.substring(1).replace("/", "%5C")),
    MIXED_SLASHES(p -> p.replace("/", "/\\")),
    /** Express and ASP.NET ignore case. */
    UPPER_CASE(p -> p.toUpperCase(Locale.ROOT)),
    MIXED_CASE(PathSpellingsTest::mixedCase),
    ENCODED_UPPER_CASE(p -> "/" + all(p.substring(1).toUpperCase(Locale.ROOT), true)),
    /** Gateways mount APIs below prefixes. */
    PREFIX(p -> "/gateway/team-a" + p),
    PREFIX_LIKE_A_FREE_PATH(p -> "/tokenize" + p),
    PREFIX_WITH_COLON(p -> "/a:countTokens" + p),
    EVERYTHING(p -> "http://h//x/%2e%2e/" + all(p.substring(1), true) + ";p//?q#f");

    @SuppressWarnings("ImmutableEnumChecker") // a lambda without state
    private final UnaryOperator<String> spelt;

    Spelling(UnaryOperator<String> spelt) {
      this.spelt = spelt;
    }

    boolean keepsCase() {
      return !name().contains("CASE");
    }
  }

  private static String encoded(char c, boolean upper) {
    String hex = Integer.toHexString(c);
    return "%" + (upper ? hex.toUpperCase(Locale.ROOT) : hex);
  }

  /** Of which the code has a letter as well. */
  private static String encodedLetters(String path, boolean upper) {
    String spelt = path;
    for (char c = 'j'; c <= 'o'; c++) {
      spelt = spelt.replace(String.valueOf(c), encoded(c, upper));
    }
    return spelt;
  }

  private static String all(String path, boolean lower) {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < path.length(); i++) {
      all.append(encoded(path.charAt(i), !lower));
    }
    return all.toString();
  }

  private static String mixedCase(String path) {
    StringBuilder mixed = new StringBuilder();
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      mixed.append(i % 2 == 0 ? Character.toUpperCase(c) : Character.toLowerCase(c));
    }
    return mixed.toString();
  }

  private final Metering metering =
      Metering.builder(MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true))))
          .build();

  @ParameterizedTest
  @EnumSource
  void spellingDecidesNeitherOperationNorRouteNorModelNorBill(Spelling spelling) {
    for (String endpoint : ENDPOINTS) {
      String path = spelling.spelt.apply(endpoint);
      String normal = RequestPath.of(path);
      Operation operation = Endpoints.of("POST", endpoint);
      assertThat(operation).as(endpoint).isNotNull();
      assertThat(Endpoints.of("POST", normal)).as("%s: %s", path, normal).isEqualTo(operation);
      String model = ModelPath.model(endpoint);
      String spelt = ModelPath.model(normal);
      if (spelling.keepsCase()) {
        assertThat(spelt).as(path).isEqualTo(model);
      } else {
        assertThat(spelt == null ? "" : spelt)
            .as(path)
            .isEqualToIgnoringCase(model == null ? "" : model);
      }
      assertThat(bill(path)).as(path).isEqualTo(bill(endpoint));
    }
  }

  /** An answer that every format reads. */
  private static final byte[] ANSWER =
      ("{\"object\":\"x\",\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":5,\"input_tokens\":20,"
              + "\"output_tokens\":5,\"inputTokens\":20,\"outputTokens\":5,"
              + "\"billed_units\":{\"input_tokens\":20,\"output_tokens\":5}},"
              + "\"usageMetadata\":{\"promptTokenCount\":20,\"candidatesTokenCount\":5}}")
          .getBytes(StandardCharsets.UTF_8);

  private String bill(String path) {
    DrivenExchange exchange =
        DrivenExchange.of(
            metering.begin(
                "POST",
                path,
                FakeHeaders.of("x-auth-request-user", "alice", "x-auth-request-tier", "free")));
    exchange.respond(200, FakeHeaders.of("content-type", "application/json"));
    exchange.response(ANSWER, 0, ANSWER.length);
    exchange.end();
    UsageRecord record = Objects.requireNonNull(exchange.record(), path);
    return record.operation() + " " + record.identity().user() + " " + record.measurement();
  }

  @ParameterizedTest
  @EnumSource
  void routeIsFoundInEverySpelling(Spelling spelling) {
    if (spelling.name().startsWith("PREFIX")) {
      return; // another path
    }
    MaasConfig config =
        MaasConfig.from(
            Map.of(
                "maas_integration",
                Map.of(
                    "usage",
                    Map.of(
                        "routes",
                        Map.of(
                            "/team-a/*", Map.of("operation", "detect", "backend", "vllm"),
                            "/team-b/v1/x", Map.of("operation", "chat"))))));
    for (String path : List.of("/team-a/v1/anything", "/team-b/v1/x")) {
      UsageConfig.Route route = config.usage().route(path);
      assertThat(route).isNotNull();
      assertThat(config.usage().route(RequestPath.of(spelling.spelt.apply(path)))).isEqualTo(route);
    }
  }

  @Test
  void spellingsDifferFromEachOther() {
    Set<String> seen = new HashSet<>();
    List<String> doubled = new ArrayList<>();
    for (Spelling spelling : Spelling.values()) {
      if (!seen.add(spelling.spelt.apply("/v1/projects/a_b/x-y.z/models/m:predict"))) {
        doubled.add(spelling.name());
      }
    }
    assertThat(doubled).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        // AWS, "InvokeModel": modelId may be an ARN, percent-encoded.
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.c/converse, "
            + "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.c",
        "/model/arn:aws:bedrock:us-east-1:1:custom-model%2Fa.b%2Fc/invoke, "
            + "arn:aws:bedrock:us-east-1:1:custom-model/a.b/c",
        "/model/us.meta.llama%2Dv1%3A0/converse-stream, us.meta.llama-v1:0",
        "/v1beta/models/gemini%2D2:generateContent, gemini-2",
        "/v1beta/models/google%2Fgemini:generateContent, google/gemini",
        "/v1beta/models/llama3:8b:generateContent, llama3:8b",
        "/v1beta/tunedModels/mine:generateContent, mine",
        "/v1/projects/p/locations/l/endpoints/42:predict, 42",
        "/v1/projects/p/locations/l/publishers/google/models/g%40001:predict, g@001",
        "/endpoints/my-llama/invocations, my-llama",
        "/endpoints/my-llama/invocations-response-stream, my-llama",
        "/serving-endpoints/dbrx/invocations, dbrx",
        "/invocations, -",
        "/client/v4/accounts/a/ai/run/@cf/meta/llama-3, @cf/meta/llama-3",
        "/v1/chat/completions, -",
      })
  void modelOfAPathMayHaveSlashesAndColons(String path, String model) {
    assertThat(ModelPath.model(RequestPath.of(path))).isEqualTo(model);
  }

  @ParameterizedTest
  @CsvSource({
    // No server of the list decodes twice: uvicorn answers 404 to %2563.
    "/v1/chat/%2563ompletions, /v1/chat/%63ompletions",
    "/v1%252Fchat/completions, /v1%2Fchat/completions",
    "/a/%zz/%, /a/%zz/%",
    "/a/%4, /a/%4",
    "/a%2, /a%2",
    "/a%3Fb, /a?b",
    "/a%23b, /a#b",
    "/a%3Bb, /a;b",
    "/a/..b/c, /a/..b/c",
    "/a/.../c, /a/.../c",
    "/a/b.., /a/b..",
    "/.well-known/x, /.well-known/x",
    "/a/.., /",
    "/.., /",
    "/, /",
    "//, /",
    "/./, /",
    "/%2F, /",
    "/;x, /",
    "http://host, ''",
    "http://host?x, ''",
    "http://host/, /",
    "*, *",
    "a/b/, a/b",
    "a/../b, b",
    "'', ''",
    "?/score, ''",
    "/caf%C3%A9, /café",
    "/café/%2e, /café",
  })
  void pathIsDecodedOnceAndNoFurther(String target, String path) {
    assertThat(RequestPath.of(target)).isEqualTo(path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/chat/completions", "/model/a.b-c:0/converse", "/", "", "/a.b/c..d"})
  void pathThatIsSpeltPlainlyIsTheSameObject(String path) {
    assertThat(RequestPath.of(path)).isSameAs(path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "post", "Post", "PUT", "PATCH", "QUERY", "SEARCH", "COMPLETE"})
  void methodThatMayGenerateIsMeteredHoweverItIsSpelt(String method) {
    assertThat(Endpoints.of(method, "/v1/chat/completions")).isEqualTo(Operation.CHAT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET", "get", "HEAD", "head", "OPTIONS", "DELETE", "delete", "TRACE", "CONNECT", ""
      })
  void methodThatOnlyReadsOrDeletesIsNoOperation(String method) {
    assertThat(Endpoints.of(method, "/v1/chat/completions")).isNull();
  }
}
