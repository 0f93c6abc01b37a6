// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A builder of usage records for tests: a complete measurement, unless told otherwise. */
final class Records {
  private Identity identity = Identity.of("alice", "premium");
  private Operation operation = Operation.CHAT;
  private @Nullable Duration timeToFirstByte;
  private Duration duration = Duration.ZERO;
  private boolean streamed;
  private int httpStatus = 200;
  private @Nullable AbortReason abortReason;
  private RouterReport router = RouterReport.OFF;
  private Routing routing = Routing.UNKNOWN;
  private Measurement measurement = Measurement.of(Status.COMPLETE, Set.of(), TokenUsage.of(0, 0));
  private @Nullable Cost cost;
  private @Nullable PriceGap priceGap;
  private @Nullable Cost charge;

  static Records of(String user, String tier, String model) {
    return new Records().identity(user, tier, Source.HEADER).model(model);
  }

  Records identity(String user, String tier, Source source) {
    identity = Identity.of(user, tier).withSources(source, source);
    return this;
  }

  /** Only the backend named the model: no router spoke. */
  Records model(String model) {
    routing = Routing.builder().responseModel(model).build();
    return this;
  }

  Records routed(
      @Nullable String decision, @Nullable String category, @Nullable Boolean reasoning) {
    routing =
        Routing.builder()
            .selectedModel(routing.model())
            .routingDecision(decision)
            .category(category)
            .reasoning(reasoning)
            .build();
    return this;
  }

  Records cacheHit(@Nullable Boolean hit) {
    routing = routing.toBuilder().cacheHit(hit).build();
    return this;
  }

  Records security(@Nullable Boolean pii, @Nullable Boolean jailbreak) {
    routing = routing.toBuilder().piiDetected(pii).jailbreakDetected(jailbreak).build();
    return this;
  }

  Records path(ResponsePath path) {
    routing = routing.toBuilder().responsePath(path).build();
    return this;
  }

  Records tokens(long prompt, long completion) {
    return measured(Status.COMPLETE, prompt, completion);
  }

  Records measured(Status status, long prompt, long completion, Reason... reasons) {
    measurement = Measurement.of(status, Set.of(reasons), TokenUsage.of(prompt, completion));
    return this;
  }

  Records parts(long cacheRead, long cacheWrite, long reasoning) {
    return part(TokenPart.CACHE_READ, cacheRead)
        .part(TokenPart.CACHE_WRITE, cacheWrite)
        .part(TokenPart.REASONING, reasoning);
  }

  Records part(TokenPart part, long count) {
    TokenUsage usage = Objects.requireNonNull(measurement.usage());
    measurement =
        Measurement.of(measurement.status(), measurement.reasons(), usage.with(part, count));
    return this;
  }

  Records unmeasured(Status status, Reason... reasons) {
    measurement = Measurement.of(status, Set.of(reasons), null);
    return this;
  }

  /** One prompt token each of the models further0, further1, … beside the first one. */
  Records furtherModels(int count) {
    measurement =
        measurement.withOtherLines(
            IntStream.range(0, count)
                .mapToObj(i -> new UsageLine("further" + i, TokenUsage.of(1, 0)))
                .toList());
    return this;
  }

  Records router(RouterReport.Result result, PiiType... types) {
    router = RouterReport.of(result).withPiiTypes(Set.of(types));
    return this;
  }

  Records cost(long units, long attos) {
    return cost("USD", units, attos);
  }

  Records cost(String currency, long units, long attos) {
    cost = new Cost(currency, units, attos);
    return this;
  }

  /** What the provider states that it costs, in USD. */
  Records stated(String amount) {
    measurement = measurement.withProviderStatement(new BigDecimal(amount), null);
    return this;
  }

  Records unpriced() {
    return lacking(PriceGap.NO_PRICE);
  }

  Records lacking(PriceGap gap) {
    priceGap = gap;
    return this;
  }

  Records charge(String currency, long units, long attos) {
    charge = new Cost(currency, units, attos);
    return this;
  }

  /** An answer of 200 that was a stream, with times in milliseconds. */
  Records stream(long toFirstByte, long duration) {
    streamed = true;
    return took(toFirstByte, duration);
  }

  Records took(long toFirstByte, long milliseconds) {
    timeToFirstByte = Duration.ofMillis(toFirstByte);
    duration = Duration.ofMillis(milliseconds);
    return this;
  }

  Records operation(Operation of) {
    operation = of;
    return this;
  }

  Records endedBy(AbortReason reason) {
    abortReason = reason;
    return this;
  }

  /** An error for a model that was asked for; status 0 is no response at all. */
  Records refused(int status, @Nullable String requestedModel) {
    httpStatus = status;
    routing = routing.toBuilder().requestedModel(requestedModel).build();
    return status == 0 ? unmeasured(Status.NONE) : unmeasured(Status.NONE, Reason.HTTP_ERROR);
  }

  UsageRecord build() {
    return UsageRecord.builder("id", Instant.EPOCH, operation, measurement)
        .timeToFirstByte(timeToFirstByte)
        .duration(duration)
        .streamed(streamed)
        .abortReason(abortReason)
        .identity(identity)
        .routing(routing)
        .httpStatus(httpStatus)
        .router(router)
        .cost(cost)
        .charge(charge)
        .priceGap(priceGap)
        .build();
  }
}
