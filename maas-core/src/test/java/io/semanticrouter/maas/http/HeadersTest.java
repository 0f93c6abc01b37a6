// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.Wire;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a gateway hands in as its headers, however it spells and holds them. */
class HeadersTest {
  private static final String USER = "x-auth-request-user";

  private static final Metering METERING =
      Metering.builder(MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true))))
          .build();

  /** Lines as alternating names and values, as each kind of HTTP API holds them. */
  private enum Api {
    MAP {
      @Override
      Headers of(String... lines) {
        Map<String, List<String>> map = new LinkedHashMap<>();
        for (int i = 0; i < lines.length; i += 2) {
          map.computeIfAbsent(lines[i], name -> new ArrayList<>()).add(lines[i + 1]);
        }
        return Headers.of(map);
      }
    },
    LINES {
      @Override
      Headers of(String... lines) {
        List<Map.Entry<String, String>> entries = new ArrayList<>();
        for (int i = 0; i < lines.length; i += 2) {
          entries.add(Map.entry(lines[i], lines[i + 1]));
        }
        return Headers.of(entries);
      }
    },
    SERVLET {
      @Override
      Headers of(String... lines) {
        Map<String, List<String>> map = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < lines.length; i += 2) {
          names.add(lines[i]);
          map.computeIfAbsent(lines[i], name -> new ArrayList<>()).add(lines[i + 1]);
        }
        return Headers.of(
            Collections.enumeration(names),
            name -> Collections.enumeration(Objects.requireNonNull(map.get(name))));
      }
    };

    abstract Headers of(String... lines);
  }

  private static final List<UnaryOperator<String>> CASES =
      List.of(
          name -> name,
          name -> name.toUpperCase(Locale.ROOT),
          HeadersTest::capitalised,
          name -> name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1));

  private static String capitalised(String name) {
    StringBuilder all = new StringBuilder();
    for (String word : name.split("-", -1)) {
      all.append(all.isEmpty() ? "" : "-")
          .append(word.substring(0, 1).toUpperCase(Locale.ROOT))
          .append(word.substring(1));
    }
    return all.toString();
  }

  /** Lines in every API and in every case of their names. */
  private static List<Headers> spelled(String... lines) {
    List<Headers> all = new ArrayList<>();
    for (UnaryOperator<String> spelling : CASES) {
      String[] spelled = lines.clone();
      for (int i = 0; i < lines.length; i += 2) {
        spelled[i] = spelling.apply(lines[i]);
      }
      for (Api api : Api.values()) {
        all.add(api.of(spelled));
      }
      all.add(new AsSent(List.of(spelled)));
    }
    return all;
  }

  /** A gateway that looks names up in any case, and lists them as they were sent. */
  private record AsSent(List<String> lines) implements Headers {
    @Override
    public @Nullable String get(String lowerCaseName) {
      String value = null;
      for (int i = 0; i < lines.size(); i += 2) {
        value = lines.get(i).equalsIgnoreCase(lowerCaseName) ? lines.get(i + 1) : value;
      }
      return value;
    }

    @Override
    public int count(String lowerCaseName) {
      int count = 0;
      for (int i = 0; i < lines.size(); i += 2) {
        count += lines.get(i).equalsIgnoreCase(lowerCaseName) ? 1 : 0;
      }
      return count;
    }

    @Override
    public Iterable<String> names() {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < lines.size(); i += 2) {
        names.add(lines.get(i));
      }
      return names;
    }
  }

  static Stream<Headers> spoofs() {
    return spelled(
        "x-vsr-decision", "d",
        "x-vsr-anything-at-all", "1",
        "x-vsr-skip-processing", "true",
        "accept", "*/*")
        .stream();
  }

  @ParameterizedTest
  @MethodSource("spoofs")
  void spoofedHeadersAreRemovedHoweverTheirNamesAreSpelt(Headers request) {
    DrivenExchange exchange = DrivenExchange.of(METERING.begin("POST", Wire.CHAT, request));
    assertThat(exchange.editsUnseen().toRemove())
        .containsExactlyInAnyOrder(
            "x-vsr-decision", "x-vsr-anything-at-all", "x-vsr-skip-processing");
  }

  static Stream<Headers> hits() {
    return spelled(
        "content-type", "application/json",
        "x-vsr-cache-hit", "true",
        "x-vsr-selected-model", "qwen3",
        "x-vsr-looper-model", "qwen3",
        "x-vsr-session-phase", "user_turn",
        "x-vsr-response-path", "cache")
        .stream();
  }

  @ParameterizedTest
  @MethodSource("hits")
  void factsOfTheRouterAreReadHoweverTheirNamesAreSpelt(Headers response) {
    DrivenExchange exchange = DrivenExchange.of(METERING.begin("POST", Wire.CHAT, Headers.EMPTY));
    HeaderEdits edits = exchange.respond(200, response);
    exchange.end();
    Routing routing = Objects.requireNonNull(exchange.record()).routing();
    assertThat(routing.cacheHit()).isTrue();
    assertThat(routing.selectedModel()).isEqualTo("qwen3");
    assertThat(routing.responsePath()).isEqualTo(ResponsePath.CACHE);
    assertThat(edits.toRemove())
        .containsExactlyInAnyOrder("x-vsr-looper-model", "x-vsr-session-phase");
  }

  @Test
  void aSecondLineOfTheUserIsSeenWhereverItStands() {
    for (List<String> users : List.of(List.of("alice", "bob"), List.of("bob", "alice"))) {
      for (Headers request : spelled(USER, users.get(0), USER, users.get(1))) {
        assertThat(request.count(USER)).isEqualTo(2);
        assertThat(request.get(USER)).isEqualTo(users.get(1));
        assertThat(
                DrivenExchange.of(METERING.begin("POST", Wire.CHAT, request))
                    .identity()
                    .userSource())
            .isEqualTo(Identity.Source.AMBIGUOUS);
      }
    }
  }

  @Test
  void linesThatDifferInTheCaseOfTheirNamesAreOfOneHeader() {
    for (Api api : Api.values()) {
      Headers request = api.of(USER, "alice", "X-Auth-Request-User", "bob");
      assertThat(request.count(USER)).isEqualTo(2);
      assertThat(request.get(USER)).isEqualTo("bob");
    }
  }

  @Test
  void nothingIsThereWhereThereAreNoLines() {
    Map<@Nullable String, List<@Nullable String>> odd = new LinkedHashMap<>();
    odd.put(null, List.of("HTTP/1.1 200 OK")); // HttpURLConnection has its status line there
    odd.put("x-none", List.of());
    odd.put("x-null", Arrays.asList((String) null));
    @SuppressWarnings({"unchecked", "rawtypes", "NullAway"})
    Headers headers = Headers.of((Map) odd);
    assertThat(headers.names()).isEmpty();
    assertThat(headers.get("x-none")).isNull();
    assertThat(headers.count("x-null")).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "alice, alice",
    "José, José",
    "Ünal, Ünal",
    "Владимир, Владимир",
    "山田太郎, 山田太郎",
    "😀, 😀",
    "'', ''",
  })
  void textWithOneCharForEachByteIsReadAsUtf8(String text, String expected) {
    String wire = new String(text.getBytes(UTF_8), ISO_8859_1);
    for (Headers request : spelled(USER, wire)) {
      assertThat(Headers.latin1(request).get(USER)).isEqualTo(expected);
    }
  }

  @Test
  void bytesThatAreNoUtf8AreNobody() {
    for (String wire : List.of("Jos\u00E9", "\u00FF", "a\u0080", "\u00C3", "\u00ED\u00A0\u0080")) {
      Headers request = Headers.latin1(Api.MAP.of(USER, wire));
      assertThat(
              DrivenExchange.of(METERING.begin("POST", Wire.CHAT, request)).identity().userSource())
          .as(wire)
          .isEqualTo(Identity.Source.INVALID_UTF8);
    }
  }

  @Test
  void textThatIsDecodedAlreadyStaysWhereAnyOfItCannotBeABytes() {
    assertThat(Headers.latin1(Api.MAP.of(USER, "山田é")).get(USER)).isEqualTo("山田é");
  }

  @Test
  void latin1AsksForEverythingElseAsBefore() {
    Headers plain = Api.LINES.of("X-Vsr-A", "1", "X-Vsr-A", "2", "Accept", "*");
    Headers read = Headers.latin1(plain);
    assertThat(read.names()).containsExactlyElementsOf(plain.names());
    assertThat(read.names("x-vsr-")).containsExactlyElementsOf(plain.names("x-vsr-")).hasSize(2);
    assertThat(read.count("x-vsr-a")).isEqualTo(2);
    assertThat(read.mayHave("x-vsr-")).isTrue();
    assertThat(read.mayHave("x-other-")).isFalse();
    assertThat(read.get("x-other")).isNull();
    assertThat(read.hasRoomFor(1, 1)).isTrue();
    Headers full =
        new Headers() {
          @Override
          public @Nullable String get(String lowerCaseName) {
            return null;
          }

          @Override
          public boolean hasRoomFor(int lines, int bytes) {
            return false;
          }
        };
    assertThat(Headers.latin1(full).hasRoomFor(0, 0)).isFalse();
  }
}
