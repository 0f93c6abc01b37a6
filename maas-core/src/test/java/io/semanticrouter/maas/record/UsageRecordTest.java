// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A record and the parts of it that are built and not constructed. */
class UsageRecordTest {
  private static final Measurement NONE = Measurement.of(Status.NONE, Set.of(), null);

  private static UsageRecord bare(String id) {
    return UsageRecord.builder(id, Instant.EPOCH, Operation.CHAT, NONE).build();
  }

  private static Stream<UnaryOperator<UsageRecord.Builder>> changesOfRecords() {
    return Stream.of(
        b -> b.startedAt(Instant.EPOCH.plusSeconds(1)),
        b -> b.timeToFirstByte(Duration.ofSeconds(1)),
        b -> b.duration(Duration.ofSeconds(1)),
        b -> b.streamed(true),
        b -> b.requestId("r"),
        b -> b.identity(Identity.of("alice", "premium")),
        b -> b.routing(Routing.builder().selectedModel("m").build()),
        b -> b.httpStatus(200),
        b -> b.abortReason(AbortReason.DRAIN),
        b -> b.forcedUsage(ForcedUsage.EDITED),
        b -> b.router(RouterReport.of(RouterReport.Result.ROUTED)),
        b -> b.serviceTier(new ServiceTier("flex", null)),
        b -> b.measurement(NONE.with(Reason.NO_USAGE)),
        b -> b.cost(new Cost("USD", 1, 0)),
        b -> b.charge(new Cost("USD", 1, 0)),
        b -> b.priceGap(PriceGap.NO_PRICE),
        b -> b.appliedPrice(new AppliedPrice("qwen3", "pricing#1")));
  }

  @ParameterizedTest
  @MethodSource("changesOfRecords")
  void everyPartOfARecordIsKeptComparedAndShown(UnaryOperator<UsageRecord.Builder> change) {
    UsageRecord bare = bare("1");
    UsageRecord changed = change.apply(bare.toBuilder()).build();
    assertThat(changed).isNotEqualTo(bare).doesNotHaveToString(bare.toString());
    assertThat(changed.toBuilder().build()).isEqualTo(changed).hasSameHashCodeAs(changed);
  }

  @Test
  void recordOfWhichNothingMoreIsKnownSaysSo() {
    assertThat(bare("1")).isEqualTo(bare("1")).isNotEqualTo(bare("2"));
    assertThat(bare("1"))
        .hasToString(
            "UsageRecord[id=1, startedAt=1970-01-01T00:00:00Z, timeToFirstByte=null, duration=PT0S, "
                + "streamed=false, requestId=null, operation=CHAT, "
                + "identity=Identity[user=, tier=, userSource=NOT_READ, tierSource=NOT_READ, "
                + "attributes={}, attributeSources={}, untrusted=null], "
                + "routing=Routing[], httpStatus=0, abortReason=null, forcedUsage=OFF, "
                + "router=RouterReport[OFF, []], "
                + "serviceTier=ServiceTier[requested=null, served=null], measurement=NONE[], "
                + "cost=null, charge=null, priceGap=null, appliedPrice=null]");
  }

  private static Stream<UnaryOperator<Routing.Builder>> changesOfRouting() {
    return Stream.of(
        b -> b.requestedModel("m"),
        b -> b.selectedModel("m"),
        b -> b.responseModel("m"),
        b -> b.routingDecision("d"),
        b -> b.category("c"),
        b -> b.reasoning(false),
        b -> b.cacheHit(false),
        b -> b.systemPromptInjected(false),
        b -> b.piiDetected(false),
        b -> b.jailbreakDetected(false),
        b -> b.responsePath(ResponsePath.UPSTREAM));
  }

  @ParameterizedTest
  @MethodSource("changesOfRouting")
  void everyFactOfARouterIsKeptComparedAndShown(UnaryOperator<Routing.Builder> change) {
    Routing changed = change.apply(Routing.builder()).build();
    assertThat(changed).isNotEqualTo(Routing.UNKNOWN).doesNotHaveToString("Routing[]");
    assertThat(changed.toBuilder().build()).isEqualTo(changed).hasSameHashCodeAs(changed);
    assertThat(changed.isKnown())
        .isEqualTo(changed.responseModel() == null && changed.requestedModel() == null);
  }

  @Test
  void factsThatAreKnownAreShown() {
    assertThat(Routing.builder().selectedModel("qwen3").cacheHit(false).build())
        .hasToString("Routing[selectedModel=qwen3, cacheHit=false]");
  }

  @Test
  void identitiesDifferByNamesAndSources() {
    Identity alice = Identity.of("alice", "premium");
    assertThat(alice)
        .isEqualTo(Identity.of("alice", "premium"))
        .hasSameHashCodeAs(Identity.of("alice", "premium"))
        .isNotEqualTo(Identity.of("alice", "free"))
        .isNotEqualTo(Identity.of("bob", "premium"))
        .isNotEqualTo(alice.withSources(Source.TOO_LONG, Source.HEADER))
        .isNotEqualTo(alice.withSources(Source.HEADER, Source.ABSENT))
        .isNotEqualTo(alice.withAttributes(Map.of("team", "red")))
        .isNotEqualTo(alice.withUntrusted(Untrusted.NO_PROOF));
    assertThat(alice.withSources(Source.TOO_LONG, Source.ABSENT))
        .hasToString(
            "Identity[user=alice, tier=premium, userSource=TOO_LONG, tierSource=ABSENT, "
                + "attributes={}, attributeSources={}, untrusted=null]");
  }

  @Test
  void reportsDifferByResultAndPersonalData() {
    RouterReport report = RouterReport.of(RouterReport.Result.BLOCKED);
    EnumSet<PiiType> types = EnumSet.of(PiiType.EMAIL);
    RouterReport withData = report.withPiiTypes(types);
    types.clear();
    assertThat(withData.piiTypes()).containsExactly(PiiType.EMAIL);
    assertThat(withData)
        .isNotEqualTo(report)
        .isNotEqualTo(RouterReport.OFF.withPiiTypes(withData.piiTypes()))
        .hasToString("RouterReport[BLOCKED, [EMAIL]]");
    assertThat(withData.withPiiTypes(Set.of())).isEqualTo(report).hasSameHashCodeAs(report);
  }

  private static Stream<UnaryOperator<UnitUsage.Builder>> changesOfUnits() {
    return Stream.of(
        b -> b.audioSeconds(0),
        b -> b.images(0),
        b -> b.searchUnits(0),
        b -> b.calls(ProviderTool.OTHER, 1));
  }

  @ParameterizedTest
  @MethodSource("changesOfUnits")
  void everyUnitIsKeptComparedAndShown(UnaryOperator<UnitUsage.Builder> change) {
    UnitUsage.Builder builder = UnitUsage.builder();
    assertThat(builder.build()).isSameAs(UnitUsage.NONE);
    UnitUsage changed = change.apply(builder).build();
    assertThat(changed)
        .isNotEqualTo(UnitUsage.NONE)
        .doesNotHaveToString(UnitUsage.NONE.toString())
        .isEqualTo(builder.build())
        .hasSameHashCodeAs(builder.build());
  }

  @Test
  void toolsThatWereNotCalledAreLeftOut() {
    UnitUsage.Builder builder = UnitUsage.builder().calls(ProviderTool.WEB_SEARCH, 0);
    assertThat(builder.build()).isSameAs(UnitUsage.NONE);
    UnitUsage once = builder.calls(ProviderTool.WEB_SEARCH, 1).build();
    builder.calls(ProviderTool.WEB_FETCH, 2);
    assertThat(once.tools()).isEqualTo(Map.of(ProviderTool.WEB_SEARCH, 1L));
    assertThat(once)
        .hasToString("UnitUsage[audioSeconds=-1, images=-1, searchUnits=-1, tools={WEB_SEARCH=1}]");
  }
}
