// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** A router that decides what a test tells it to, and remembers what it was asked. */
public final class FakeRouter implements RequestRouter {
  private final int maxBodyBytes;
  private final Function<RoutableRequest, RoutedRequest> decision;
  private final List<String> bodies = new ArrayList<>();

  /** Routes chats only. */
  public FakeRouter(int maxBodyBytes, Function<RoutableRequest, RoutedRequest> decision) {
    this.maxBodyBytes = maxBodyBytes;
    this.decision = decision;
  }

  /** The body of a request as text. */
  public static String text(RoutableRequest request) {
    return new String(
        request.bytes(), request.from(), request.to() - request.from(), StandardCharsets.UTF_8);
  }

  /** The bodies that were decided upon, in order. */
  public synchronized List<String> bodies() {
    return List.copyOf(bodies);
  }

  @Override
  public boolean routes(Operation operation) {
    return operation == Operation.CHAT;
  }

  @Override
  public int maxBodyBytes() {
    return maxBodyBytes;
  }

  @Override
  public synchronized RoutedRequest route(RoutableRequest request) {
    bodies.add(text(request));
    return decision.apply(request);
  }
}
