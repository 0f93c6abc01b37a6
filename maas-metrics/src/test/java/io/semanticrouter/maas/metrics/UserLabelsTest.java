// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Users in labels: as they are, hashed, or not at all. */
class UserLabelsTest {
  private static final Pattern USER = Pattern.compile("(?<=[{,])user=\"([^\"]*)\"(,?)");

  private final Path directory;
  private final List<UsageRecord> records;

  UserLabelsTest(@TempDir Path directory) {
    this.directory = directory;
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("-Dmaas.seed=" + seed);
    records = ConservationTest.randomRecords(new Random(seed));
  }

  /** Keys of the section {@code metrics}. */
  static Map<String, Object> keys(String users, Path directory) throws IOException {
    Map<String, Object> keys = new HashMap<>();
    keys.put("users", users);
    if (users.equals("hmac")) {
      Path key = Files.write(directory.resolve("key"), new byte[32]);
      keys.put("hmac_key_file", key.toString());
    }
    return keys;
  }

  private Exposition exposition(Mode mode, String users) throws IOException {
    return Exposition.of(mode, keys(users, directory));
  }

  @Test
  void hashIsThatOfTheJournal() throws IOException {
    Exposition hashed = exposition(Mode.MAAS, "hmac");
    hashed.record(Records.of("alice", "free", "m").tokens(1, 2));
    assertThat(hashed.lines("semantic_router_requests_total"))
        .containsExactly(
            "semantic_router_requests_total{model=\"m\",outcome=\"complete\",tier=\"free\","
                + "user=\"hmac:ce3837f76a54a635191b1704ac767226\"} 1.0");
  }

  @ParameterizedTest
  @EnumSource(
      value = Mode.class,
      names = {"MAAS", "HYBRID"})
  void hashesShowWhatPlainNamesShow(Mode mode) throws IOException {
    Exposition plain = exposition(mode, "plain");
    Exposition hashed = exposition(mode, "hmac");
    records.forEach(plain.sink::record);
    records.forEach(hashed.sink::record);

    Map<String, String> hashes = new HashMap<>();
    for (UsageRecord record : records) {
      String user = record.identity().user();
      Exposition one = exposition(mode, "hmac");
      one.record(Records.of(user, "t", "m").tokens(1, 1));
      Matcher shown = USER.matcher(one.lines("semantic_router_requests_total").get(0));
      assertThat(shown.find()).isTrue();
      hashes.computeIfAbsent(LabelText.shown(user), name -> shown.group(1));
    }
    assertThat(sums(hashed, UnaryOperator.identity()))
        .isEqualTo(sums(plain, user -> hashes.getOrDefault(user, user)))
        .isNotEqualTo(sums(plain, UnaryOperator.identity()));
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void withoutUsersEachSeriesIsTheSumOfThoseOfAllUsers(Mode mode) throws IOException {
    Exposition plain = exposition(mode, "plain");
    Exposition none = exposition(mode, "none");
    for (UsageRecord record : records) {
      if (record.measurement().usage() != null) { // else it may find the model of another user
        plain.sink.record(record);
        none.sink.record(record);
      }
    }

    assertThat(none.text()).doesNotContain("user=");
    assertThat(sums(none, UnaryOperator.identity())).isEqualTo(sums(plain, user -> ""));
  }

  @Test
  void attributesAreLabelsWithoutUsersToo() {
    Exposition none = IdentityLabelsTest.exposition("none");
    none.sink.record(IdentityLabelsTest.record("alice", Map.of("cost_center", "47")));
    none.sink.record(IdentityLabelsTest.record("bob", Map.of("cost_center", "47")));
    assertThat(none.lines("semantic_router_requests_total"))
        .containsExactly(
            "semantic_router_requests_total{cost_center=\"47\",model=\"m\",outcome=\"complete\","
                + "subscription=\"\",tier=\"gold\"} 2.0");
  }

  @Test
  void userWhoInventsModelsTakesATenthOfTheSeriesAlsoWhereNobodyIsShown() throws IOException {
    Map<String, Object> keys = keys("none", directory);
    keys.put("max_series", 100);
    Exposition none = Exposition.of(Mode.MAAS, keys);
    for (int i = 0; i < 100; i++) {
      none.record(Records.of("mallory", "free", "invented-" + i).tokens(1, 1));
    }
    none.record(Records.of("alice", "free", "m").tokens(1, 1));
    assertThat(none.lines("semantic_router_requests_total"))
        .hasSize(12)
        .contains(
            "semantic_router_requests_total{model=\"__overflow__\",outcome=\"complete\",tier=\"free\"}"
                + " 90.0",
            "semantic_router_requests_total{model=\"m\",outcome=\"complete\",tier=\"free\"} 1.0");
  }

  @Test
  void keyThatCannotBeReadIsAnErrorOfTheConfiguration() throws IOException {
    Path key = Files.write(directory.resolve("short"), new byte[15]);
    for (Path file : List.of(key, directory.resolve("absent"), directory)) {
      assertThatThrownBy(
              () ->
                  Exposition.of(
                      Mode.MAAS, Map.of("users", "hmac", "hmac_key_file", file.toString())))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("maas_integration.metrics.hmac_key_file");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"hmac", "none"})
  void whatIsSavedNamesNobodyAndGoesOn(String users) throws IOException {
    Exposition before = exposition(Mode.HYBRID, users);
    before.record(
        Records.of("alice", "free", "m").routed("d", "c", true).tokens(1, 2).cost(3, 4),
        Records.of("alice", "free", "m").refused(404, "x"));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    before.sink.save(new DataOutputStream(bytes));
    assertThat(bytes.toString(StandardCharsets.UTF_8)).doesNotContain("alice");

    Exposition after = exposition(Mode.HYBRID, users);
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
    assertThat(after.sink.restore(in)).isZero();
    before.record(Records.of("alice", "free", "m").tokens(1, 2).cost(3, 4));
    after.record(Records.of("alice", "free", "m").tokens(1, 2).cost(3, 4));
    String requests = "semantic_router_requests_total";
    assertThat(after.lines(requests)).isEqualTo(before.lines(requests)).hasSize(2);
    assertThat(after.lines("semantic_router_cost_total"))
        .isEqualTo(before.lines("semantic_router_cost_total"));
    assertThat(after.lines("semantic_router_series"))
        .isEqualTo(before.lines("semantic_router_series"));
  }

  /** What each line counts, with other users; lines that become one are added up. */
  private static Map<String, BigDecimal> sums(Exposition exposition, UnaryOperator<String> users) {
    return exposition
        .text()
        .lines()
        .filter(line -> !line.startsWith("#") && !line.startsWith("semantic_router_series"))
        .collect(
            Collectors.toMap(
                line -> renamed(line.substring(0, line.lastIndexOf(' ')), users),
                line -> new BigDecimal(line.substring(line.lastIndexOf(' ') + 1)),
                (a, b) -> a.add(b).stripTrailingZeros(),
                HashMap::new))
        .entrySet()
        .stream()
        .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().stripTrailingZeros()));
  }

  private static String renamed(String line, UnaryOperator<String> users) {
    return USER.matcher(line)
        .replaceAll(
            match -> {
              String user = users.apply(match.group(1));
              return Matcher.quoteReplacement(
                  user.isEmpty() ? "" : "user=\"" + user + "\"" + match.group(2));
            })
        .replace(",}", "}");
  }
}
