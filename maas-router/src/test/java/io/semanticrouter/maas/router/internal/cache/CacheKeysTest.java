// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.router.internal.cache.CacheKeys.Bypass;
import io.semanticrouter.maas.router.internal.cache.CacheKeys.Keyed;
import io.semanticrouter.maas.router.internal.edits.RequestDocument;
import io.semanticrouter.maas.router.internal.edits.UnreadableRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheKeysTest {
  private static final Identity ALICE = known("alice", "gold");
  private static final String CHAT =
      "{\"model\":\"m\",\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\"2+2?\"}]}";

  private static Identity known(String user, String tier) {
    return Identity.of(user, tier);
  }

  private static CacheKeys keys(Map<String, ?> config) {
    return new CacheKeys(CacheConfig.from(ConfigSection.root(config, new ArrayList<>())));
  }

  private static Keyed keyed(CacheKeys keys, Identity identity, Operation operation, String body) {
    return keys.of(identity, "/v1/x", "", Headers.EMPTY, read(operation, body));
  }

  private static RequestDocument read(Operation operation, String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    try {
      return RequestDocument.read(operation, bytes, 0, bytes.length);
    } catch (UnreadableRequest e) {
      throw new AssertionError(body, e);
    }
  }

  private static ByteBuffer key(Map<String, ?> config, Identity identity, String body) {
    Keyed keyed = keyed(keys(config), identity, Operation.CHAT, body);
    assertThat(keyed.bypass()).isEqualTo(Bypass.NONE);
    return Objects.requireNonNull(keyed.key());
  }

  private static Bypass bypass(Map<String, ?> config, Operation operation, String body) {
    Keyed keyed = keyed(keys(config), ALICE, operation, body);
    assertThat(keyed.key() == null).isEqualTo(keyed.bypass() != Bypass.NONE);
    return keyed.bypass();
  }

  @ParameterizedTest
  @CsvSource({
    "user,   false, false, false",
    "tier,   true,  false, false",
    "shared, true,  true,  true"
  })
  void answersAreSharedAsFarAsTheScopeSays(
      String scope, boolean users, boolean tiers, boolean tiersOfUser) {
    Map<String, String> config = Map.of("scope", scope);
    ByteBuffer alice = key(config, ALICE, CHAT);
    assertThat(key(config, known("alice", "gold"), CHAT)).isEqualTo(alice);
    assertThat(key(config, known("bob", "gold"), CHAT).equals(alice)).isEqualTo(users);
    assertThat(key(config, known("bob", "free"), CHAT).equals(alice)).isEqualTo(tiers);
    assertThat(key(config, known("alice", "free"), CHAT).equals(alice)).isEqualTo(tiersOfUser);
  }

  @Test
  void namesThatRunIntoEachOtherStayApart() {
    assertThat(key(Map.of(), known("ab", "c"), CHAT))
        .isNotEqualTo(key(Map.of(), known("a", "bc"), CHAT));
  }

  @Test
  void identityThatNobodyVouchesForSharesNothing() {
    Identity fallbackUser =
        Identity.of("unknown", "gold").withSources(Source.ABSENT, Source.HEADER);
    Identity fallbackTier =
        Identity.of("alice", "free").withSources(Source.HEADER, Source.TOO_LONG);
    for (Identity identity : List.of(fallbackUser, Identity.ANONYMOUS)) {
      assertThat(keyed(keys(Map.of()), identity, Operation.CHAT, CHAT).bypass())
          .isEqualTo(Bypass.IDENTITY);
    }
    CacheKeys byTier = keys(Map.of("scope", "tier"));
    assertThat(keyed(byTier, fallbackTier, Operation.CHAT, CHAT).bypass())
        .isEqualTo(Bypass.IDENTITY);
    assertThat(keyed(byTier, fallbackUser, Operation.CHAT, CHAT).bypass()).isEqualTo(Bypass.NONE);
    CacheKeys shared = keys(Map.of("scope", "shared"));
    assertThat(keyed(shared, Identity.ANONYMOUS, Operation.CHAT, CHAT).bypass())
        .isEqualTo(Bypass.NONE);
  }

  @Test
  void whiteSpaceEscapesAndTheOrderOfMembersMakeNoDifference() {
    String other =
        "{ \"messages\" : [{\"role\":\"user\", \"content\":\"\\u0032+2?\"}],\n"
            + "\"temperature\":0, \"model\":\"m\"}";
    assertThat(key(Map.of(), ALICE, other)).isEqualTo(key(Map.of(), ALICE, CHAT));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"model\":\"m\"   | \"model\":\"n\"",
        "2+2?              | 2+3?",
        "\"user\"          | \"system\"",
        "\"2+2?\"          | [\"2+2?\"]",
        "\"2+2?\"          | 2",
        "\"2+2?\"          | \"\\ud800\"",
        "\"temperature\":0 | \"temperature\":0,\"seed\":1",
        "\"temperature\":0 | \"temperature\":0,\"stream\":true",
        "\"temperature\":0 | \"temperature\":0,\"stream\":false",
        "\"temperature\":0 | \"temperature\":0,\"stream_options\":{\"include_usage\":true}",
        "\"temperature\":0 | \"temperature\":0,\"max_tokens\":5",
        "\"temperature\":0 | \"temperature\":0,\"n\":2",
        "\"temperature\":0 | \"temperature\":0,\"user\":\"x\"",
        "\"temperature\":0 | \"temperature\":0,\"metadata\":{\"a\":\"b\"}",
        "\"temperature\":0 | \"temperature\":0,\"tools\":[]",
        "\"temperature\":0 | \"temperature\":0,\"anything\":null",
      })
  void whateverDiffersInTheBodyIsAnotherRequest(String from, String to) {
    assertThat(CHAT).contains(from);
    assertThat(key(Map.of(), ALICE, CHAT.replace(from, to)))
        .isNotEqualTo(key(Map.of(), ALICE, CHAT));
  }

  @Test
  void membersThatTheConfigurationIgnoresMakeNoDifference() {
    Map<String, ?> config = Map.of("ignored_members", List.of("metadata"));
    String one = CHAT.replace("\"temperature\":0", "\"temperature\":0,\"metadata\":{\"a\":\"b\"}");
    String two = CHAT.replace("\"temperature\":0", "\"temperature\":0,\"user\":\"b\"");
    assertThat(key(config, ALICE, one)).isEqualTo(key(config, ALICE, CHAT));
    assertThat(key(config, ALICE, two)).isNotEqualTo(key(config, ALICE, CHAT));
  }

  @Test
  void operationPathRoutingDecisionAndHeadersTellRequestsApart() {
    RequestDocument body = read(Operation.CHAT, CHAT);
    CacheKeys keys = keys(Map.of());
    List<Keyed> all = new ArrayList<>();
    all.add(keys.of(ALICE, "/a", "", Headers.EMPTY, body));
    all.add(keys.of(ALICE, "/a", "", Headers.EMPTY, read(Operation.COMPLETION, CHAT)));
    all.add(keys.of(ALICE, "/a?v=2", "", Headers.EMPTY, body));
    all.add(keys.of(ALICE, "/a", "math", Headers.EMPTY, body));
    for (String header :
        List.of(":authority", "anthropic-beta", "anthropic-version", "openai-beta")) {
      Headers one = name -> name.equals(header) ? "x" : null;
      all.add(keys.of(ALICE, "/a", "", one, body));
    }
    assertThat(all.stream().map(Keyed::key)).doesNotContainNull().doesNotHaveDuplicates();
    Headers other = name -> name.equals("x-request-id") ? "x" : null;
    assertThat(keys.of(ALICE, "/a", "", other, body)).isEqualTo(all.get(0));
  }

  @ParameterizedTest
  @CsvSource({
    "0,         NONE,        NONE,        NONE",
    "0.0,       NONE,        NONE,        NONE",
    "-0,        NONE,        NONE,        NONE",
    "0e9,       NONE,        NONE,        NONE",
    "0.00,      NONE,        NONE,        NONE",
    "null,      TEMPERATURE, NONE,        NONE",
    "1,         TEMPERATURE, TEMPERATURE, NONE",
    "0.7,       TEMPERATURE, TEMPERATURE, NONE",
    "1e-9,      TEMPERATURE, TEMPERATURE, NONE",
    "1e9999999, TEMPERATURE, TEMPERATURE, NONE",
    "10,        TEMPERATURE, TEMPERATURE, NONE",
    "'{}',      TEMPERATURE, TEMPERATURE, NONE",
  })
  void temperatureIsAllowedByConfiguration(
      String temperature, Bypass zero, Bypass byDefault, Bypass any) {
    String body = "{\"model\":\"m\",\"temperature\":" + temperature + "}";
    assertThat(bypass(Map.of(), Operation.CHAT, body)).isEqualTo(zero);
    assertThat(bypass(Map.of("temperature", "default"), Operation.CHAT, body)).isEqualTo(byDefault);
    assertThat(bypass(Map.of("temperature", "any"), Operation.CHAT, body)).isEqualTo(any);
  }

  @Test
  void requestWithoutTemperatureIsSampledByTheProvider() {
    assertThat(bypass(Map.of(), Operation.CHAT, "{}")).isEqualTo(Bypass.TEMPERATURE);
    assertThat(bypass(Map.of("temperature", "default"), Operation.CHAT, "{}"))
        .isEqualTo(Bypass.NONE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "TOOLS    | \"tools\":[{}]",
        "TOOLS    | \"tools\":{}",
        "TOOLS    | \"functions\":[{}]",
        "TOOLS    | \"mcp_servers\":[{}]",
        "TOOLS    | \"web_search_options\":{}",
        "TOOLS    | \"data_sources\":[{}]",
        "STATEFUL | \"store\":true",
        "STATEFUL | \"store\":\"yes\"",
        "STATEFUL | \"previous_response_id\":\"r\"",
        "STATEFUL | \"conversation\":\"c\"",
        "STATEFUL | \"background\":true",
        "STATEFUL | \"audio\":{}",
        "NONE     | \"tools\":[]",
        "NONE     | \"tools\":null",
        "NONE     | \"functions\":[]",
        "NONE     | \"store\":false",
        "NONE     | \"store\":null",
        "NONE     | \"background\":false",
        "NONE     | \"previous_response_id\":null",
      })
  void requestsWithToolsOrStateAreNeverAnsweredAgain(Bypass bypass, String member) {
    Map<String, ?> any = Map.of("temperature", "any");
    assertThat(bypass(any, Operation.CHAT, "{" + member + "}")).isEqualTo(bypass);
  }

  @Test
  void responsesAreStoredByTheProviderUnlessTheySayOtherwise() {
    Map<String, ?> any = Map.of("temperature", "any");
    assertThat(bypass(any, Operation.RESPONSES, "{}")).isEqualTo(Bypass.STATEFUL);
    assertThat(bypass(any, Operation.RESPONSES, "{\"store\":null}")).isEqualTo(Bypass.STATEFUL);
    assertThat(bypass(any, Operation.RESPONSES, "{\"store\":false}")).isEqualTo(Bypass.NONE);
    assertThat(bypass(any, Operation.RESPONSES, "{\"store\":false,\"prompt\":{\"id\":\"p\"}}"))
        .isEqualTo(Bypass.STATEFUL);
    assertThat(bypass(any, Operation.COMPLETION, "{\"prompt\":\"p\"}")).isEqualTo(Bypass.NONE);
  }

  @Test
  void keySaysNothingOfTheRequestWhenPrinted() {
    assertThat(key(Map.of(), ALICE, CHAT).toString()).doesNotContain("2+2", "alice");
  }
}
