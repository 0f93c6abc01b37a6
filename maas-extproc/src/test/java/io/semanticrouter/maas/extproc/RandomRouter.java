// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.testkit.FakeKeeper;
import io.semanticrouter.maas.testkit.FakeRouter;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * A router that decides anything, and breaks now and then: what it did since {@link #forget} is
 * what a sequence may show. For one thread at a time.
 */
final class RandomRouter implements RequestRouter {
  private static final String[] BROKEN = {"", "", "", "begin", "accept", "end", "abandon"};

  private final Random random;
  private final List<FakeKeeper> keepers = new ArrayList<>();
  private final List<ByteString> bodies = new ArrayList<>();
  private boolean answered;
  private int decisions;

  RandomRouter(Random random) {
    this.random = random;
  }

  /** Begins the next sequence. */
  void forget() {
    keepers.clear();
    bodies.clear();
    answered = false;
    decisions = 0;
  }

  /** The keepers that were given out. */
  List<FakeKeeper> keepers() {
    return keepers;
  }

  /** The bodies that go on instead of those that came. */
  List<ByteString> bodies() {
    return bodies;
  }

  /** Whether a request was answered. */
  boolean hasAnswered() {
    return answered;
  }

  /** How many requests were decided upon. */
  int decisions() {
    return decisions;
  }

  private void breakOneIn(int n) {
    if (random.nextInt(n) == 0) {
      if (random.nextBoolean()) {
        throw new IllegalStateException("a defect");
      }
      throw new NoClassDefFoundError("a class is missing");
    }
  }

  @Override
  public boolean routes(Operation operation) {
    breakOneIn(100);
    return operation == Operation.CHAT;
  }

  @Override
  public int maxBodyBytes() {
    breakOneIn(100);
    return random.nextInt(4) == 0 ? 1 + random.nextInt(60) : 1000;
  }

  @Override
  public long maxHeldBytes() {
    return random.nextInt(10) == 0 ? 20 : 4096;
  }

  @Override
  public RoutedRequest route(RoutableRequest request) {
    decisions++;
    breakOneIn(10);
    Routing routing =
        Routing.builder()
            .selectedModel("qwen3")
            .routingDecision("math")
            .category("math")
            .reasoning(false)
            .cacheHit(false)
            .systemPromptInjected(false)
            .build();
    RoutedRequest routed;
    switch (random.nextInt(5)) {
      case 0 -> {
        answered = true;
        return RoutedRequest.answered(
            routing,
            RouterReport.of(Result.CACHED),
            new RoutedRequest.Answer(
                200,
                "application/json",
                "{}".getBytes(UTF_8),
                Measurement.of(Status.COMPLETE, Set.of(), TokenUsage.of(7, 5))));
      }
      case 1 -> routed = RoutedRequest.unchanged(routing, RouterReport.of(Result.DEFAULT));
      default -> {
        ByteString body = edited(FakeRouter.text(request));
        bodies.add(body);
        routed = RoutedRequest.edited(routing, RouterReport.of(Result.ROUTED), body.toByteArray());
      }
    }
    if (random.nextBoolean()) {
      return routed;
    }
    FakeKeeper keeper = FakeKeeper.breakingAt(BROKEN[random.nextInt(BROKEN.length)]);
    keepers.add(keeper);
    return routed.withKeeper(keeper);
  }

  private ByteString edited(String body) {
    return ByteString.copyFromUtf8(
        switch (random.nextInt(4)) {
          case 0 -> "";
          case 1 -> body.replace("stream", "s");
          case 2 -> body + " ".repeat(random.nextInt(1 + random.nextInt(70_000)));
          default -> "{\"model\":\"qwen3\"," + (body.startsWith("{") ? body.substring(1) : "}");
        });
  }
}
