// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.semanticrouter.maas.extproc.e2e.RealBackend.Generated;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.TestAbortedException;

/**
 * What a payer can respell does not decide whether he pays: every spelling of the table, at real
 * servers, directly and through Envoy, under each policy for what cannot be measured.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SpellingsIT {
  private static final int CLIENTS = 6;

  private static final List<Spelling> SPELLINGS = Spelling.all();
  private static final String USAGE = "\"usage\":{";

  /** What {@code usage.unmeasurable} says. */
  enum Policy {
    ESTIMATE,
    PASS,
    REFUSE
  }

  private enum Verdict {
    /** The backend generated nothing. */
    NOT_SERVED,
    /** Billed to the token, or by the piece. */
    EXACT,
    /** Billed, by an estimate. */
    ESTIMATED,
    /** Not billed, and counted by user. */
    COUNTED,
    /** Billed, but less than was generated. */
    TOO_LITTLE,
    /** Billed to the token, but other tokens than were generated. */
    WRONG,
    /** Not billed, and nothing says so. */
    FREE
  }

  /** What one spelling came to. */
  private record Played(
      Spelling spelling,
      RawHttp direct,
      RawHttp plain,
      boolean ambiguous,
      RawHttp answer,
      Generated generated,
      Bill bill) {

    Verdict verdict() {
      if (generated.times() == 0) {
        return Verdict.NOT_SERVED;
      }
      if (bill.prompt + bill.completion > 0) {
        boolean exact =
            bill.prompt == generated.prompt() && bill.completion == generated.completion();
        return exact ? Verdict.EXACT : Verdict.WRONG;
      }
      if (bill.units > 0) {
        return Verdict.EXACT;
      }
      if (bill.estimated > 0) {
        boolean enough = bill.estimated >= generated.prompt() + generated.completion();
        return enough ? Verdict.ESTIMATED : Verdict.TOO_LITTLE;
      }
      return bill.unmeasurable > 0 ? Verdict.COUNTED : Verdict.FREE;
    }

    boolean isServed() {
      return generated.times() > 0;
    }

    /**
     * Whether the answer is another one than Envoy gives without us. Where only one of the backends
     * reads the request as one that asks for usage, nobody can know whether the client wants it:
     * then it may be there or not.
     */
    boolean isChanged() {
      boolean same =
          ambiguous
              ? withoutUsage(plain.body()).equals(withoutUsage(answer.body()))
              : plain.body().equals(answer.body());
      return isServed() && !(same && plain.status() == answer.status());
    }

    private static String withoutUsage(String events) {
      return Stream.of(events.split("(?<=\n\n)"))
          .filter(event -> !event.contains(USAGE))
          .collect(Collectors.joining());
    }

    @Override
    public String toString() {
      return "%s: %s, generated %d + %d, %s, status %d (without us %d)"
          .formatted(
              spelling,
              verdict(),
              generated.prompt(),
              generated.completion(),
              bill,
              answer.status(),
              plain.status());
    }
  }

  /** What is counted for one user. */
  private static final class Bill {
    long prompt;
    long completion;
    long units;
    long estimated;
    long unmeasurable;

    void add(Scrape.Series series, long count) {
      switch (series.name()) {
        case "semantic_router_tokens_total" -> {
          if ("prompt".equals(series.labels().get("type"))) {
            prompt += count;
          } else {
            completion += count;
          }
        }
        case "semantic_router_units_total" -> units += count;
        case "semantic_router_estimated_tokens_total" -> estimated += count;
        case "semantic_router_unmeasurable_requests_total" -> unmeasurable += count;
        default -> {
          // is no bill
        }
      }
    }

    @Override
    public String toString() {
      return "billed %d + %d, units %d, estimated %d, unmeasurable %d"
          .formatted(prompt, completion, units, estimated, unmeasurable);
    }
  }

  private final Map<RealBackend.Kind, RealBackend> backends = new EnumMap<>(RealBackend.Kind.class);
  private final Map<Policy, ServerJar> servers = new EnumMap<>(Policy.class);
  private final Map<String, List<Played>> played = new TreeMap<>();
  private TestAbortedException noGo;
  private Envoy envoy;

  @BeforeAll
  void play() throws Exception {
    Path directory = Project.WORK.resolve("spellings");
    backends.put(RealBackend.Kind.PYTHON, RealBackend.start(RealBackend.Kind.PYTHON, directory));
    try {
      backends.put(RealBackend.Kind.GO, RealBackend.start(RealBackend.Kind.GO, directory));
    } catch (TestAbortedException e) {
      noGo = e;
    }
    for (Policy policy : policies()) {
      servers.put(
          policy, ServerJar.start(directory.resolve(policy.name()), Stack.PORTS + config(policy)));
    }
    EnvoyConfig config =
        EnvoyConfig.shipped(
            servers.get(policies().get(0)).grpcPort(),
            backends.get(RealBackend.Kind.PYTHON).port());
    backends.forEach((kind, backend) -> config.cluster(kind.name(), "backend", backend.port()));
    servers.forEach(
        (policy, server) -> config.cluster(policy.name(), "maas-extproc", server.grpcPort()));
    for (Policy policy : policies()) {
      for (RealBackend.Kind kind : backends.keySet()) {
        config
            .listener(name(kind, policy))
            .extProc("grpc_service: { envoy_grpc: { cluster_name: " + policy + " } }")
            .extProc("message_timeout: 60s")
            .route("cluster: " + kind);
      }
    }
    for (RealBackend.Kind kind : backends.keySet()) {
      config.listener(kind.name()).withoutExtProc().route("cluster: " + kind);
    }
    envoy = Envoy.start(directory, config.text());

    Map<RealBackend.Kind, List<RawHttp>> direct = new EnumMap<>(RealBackend.Kind.class);
    for (RealBackend.Kind kind : backends.keySet()) {
      direct.put(kind, send(backends.get(kind).port(), "direct"));
    }
    for (RealBackend.Kind kind : backends.keySet()) {
      List<RawHttp> plain = send(envoy.port(kind.name()), "plain");
      for (Policy policy : policies()) {
        List<RawHttp> answers = send(envoy.port(name(kind, policy)), name(kind, policy));
        played.put(name(kind, policy), bills(kind, policy, direct, plain, answers));
      }
    }
    report(directory);
  }

  private static List<Policy> policies() {
    return List.of(Policy.values());
  }

  private static String config(Policy policy) {
    return "maas_integration:\n  enabled: true\n  usage: { unmeasurable: %s }\n"
        .formatted(policy.name().toLowerCase(Locale.ROOT));
  }

  private static String name(RealBackend.Kind kind, Policy policy) {
    return (kind + "-" + policy).toLowerCase(Locale.ROOT);
  }

  private static String user(String prefix, int at) {
    // Of one length, so that the headers have the same room wherever they go.
    return "x".repeat(20 - prefix.length()) + "-" + prefix + "-" + at;
  }

  /** Sends every spelling, each for a user of its own. */
  private static List<RawHttp> send(int port, String prefix) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Future<RawHttp>> answers = new ArrayList<>();
      for (int i = 0; i < SPELLINGS.size(); i++) {
        byte[] request = SPELLINGS.get(i).request(user(prefix, i));
        answers.add(clients.submit(() -> send(port, request)));
      }
      List<RawHttp> all = new ArrayList<>();
      for (Future<RawHttp> answer : answers) {
        all.add(answer.get());
      }
      return all;
    } finally {
      clients.shutdownNow();
      assertThat(clients.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static RawHttp send(int port, byte[] request) {
    try {
      return RawHttp.send(port, request);
    } catch (IOException | AssertionError e) {
      // Closed without an answer, as servers do with what they do not like.
      return new RawHttp(List.of("HTTP/1.1 000 " + e.getMessage()), "", true);
    }
  }

  private List<Played> bills(
      RealBackend.Kind kind,
      Policy policy,
      Map<RealBackend.Kind, List<RawHttp>> direct,
      List<RawHttp> plain,
      List<RawHttp> answers)
      throws IOException, InterruptedException {
    ServerJar server = servers.get(policy);
    Waiting.until(
        Duration.ofSeconds(20),
        () -> assertThat(server.scrape().sum("semantic_router_extproc_open_streams")).isZero());
    Map<String, Bill> byUser = new TreeMap<>();
    server
        .scrape()
        .series()
        .forEach(
            (series, value) ->
                byUser
                    .computeIfAbsent(series.labels().getOrDefault("user", ""), u -> new Bill())
                    .add(series, value.longValue()));
    JsonNode ledger = backends.get(kind).ledger();
    List<Played> all = new ArrayList<>();
    for (int i = 0; i < SPELLINGS.size(); i++) {
      int at = i;
      String user = user(name(kind, policy), i);
      all.add(
          new Played(
              SPELLINGS.get(i),
              direct.get(kind).get(i),
              plain.get(i),
              isAmbiguous(direct.values().stream().map(some -> some.get(at)).toList()),
              answers.get(i),
              RealBackend.generated(ledger, user),
              byUser.getOrDefault(user, new Bill())));
    }
    return all;
  }

  private static boolean isAmbiguous(List<RawHttp> direct) {
    return direct.stream()
            .filter(answer -> answer.status() == 200)
            .map(answer -> answer.body().contains(USAGE))
            .distinct()
            .count()
        > 1;
  }

  /** A table of what came out, for a developer who changes what is billed. */
  private void report(Path directory) throws IOException {
    StringBuilder text = new StringBuilder();
    played.forEach(
        (name, all) -> {
          text.append("\n# ")
              .append(name)
              .append("\n\nkind | spellings | served directly | served |");
          for (Verdict verdict : Verdict.values()) {
            text.append(' ').append(verdict).append(" |");
          }
          text.append(" changed\n");
          for (Map.Entry<String, Integer> kind : Spelling.counts(SPELLINGS).entrySet()) {
            Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
            int directly = 0;
            int changed = 0;
            for (Played one : all) {
              if (one.spelling().kind().equals(kind.getKey())) {
                counts.merge(one.verdict(), 1, Integer::sum);
                directly += one.direct().status() == 200 ? 1 : 0;
                changed += one.isChanged() ? 1 : 0;
              }
            }
            text.append(kind.getKey()).append(" | ").append(kind.getValue()).append(" | ");
            text.append(directly).append(" | ");
            text.append(kind.getValue() - counts.getOrDefault(Verdict.NOT_SERVED, 0)).append(" |");
            for (Verdict verdict : Verdict.values()) {
              text.append(' ').append(counts.getOrDefault(verdict, 0)).append(" |");
            }
            text.append(' ').append(changed).append('\n');
          }
          text.append('\n');
          for (Played one : all) {
            if (one.isChanged() || one.verdict().compareTo(Verdict.TOO_LITTLE) >= 0) {
              text.append("- ").append(one).append(one.isChanged() ? ", CHANGED\n" : "\n");
            }
          }
        });
    Files.writeString(directory.resolve("report.md"), text);
  }

  @AfterAll
  void stop() {
    if (envoy != null) {
      envoy.close();
    }
    servers.values().forEach(ServerJar::close);
    backends.values().forEach(RealBackend::close);
  }

  private List<Played> played(RealBackend.Kind kind, Policy policy) {
    if (!backends.containsKey(kind)) {
      throw noGo;
    }
    return played.get(name(kind, policy));
  }

  static List<Arguments> tables() {
    List<Arguments> tables = new ArrayList<>();
    for (RealBackend.Kind kind : RealBackend.Kind.values()) {
      for (Policy policy : policies()) {
        tables.add(Arguments.of(kind, policy));
      }
    }
    return tables;
  }

  @ParameterizedTest
  @MethodSource("tables")
  void whatIsServedIsBilledInFullOrCountedWhereItMayPass(RealBackend.Kind kind, Policy policy) {
    Verdict last = policy == Policy.ESTIMATE ? Verdict.ESTIMATED : Verdict.COUNTED;
    assertThat(played(kind, policy)).filteredOn(one -> one.verdict().compareTo(last) > 0).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("tables")
  void whatIsServedIsAnsweredAsWithoutUs(RealBackend.Kind kind, Policy policy) {
    assertThat(played(kind, policy)).filteredOn(one -> one.isChanged()).isEmpty();
  }

  /** What Envoy serves without us. What the policy refuses is counted by user. */
  @ParameterizedTest
  @MethodSource("tables")
  void whatIsServedWithoutUsIsServedOrRefusedAndCounted(RealBackend.Kind kind, Policy policy) {
    assertThat(played(kind, policy))
        .filteredOn(one -> one.plain().status() == 200 && one.answer().status() != 200)
        .filteredOn(one -> policy != Policy.REFUSE || one.bill().unmeasurable == 0)
        .isEmpty();
  }
}
