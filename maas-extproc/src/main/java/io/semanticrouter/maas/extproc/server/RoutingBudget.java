// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Bounds the time that long prompts take of the thread that also has to answer all others: each
 * thread has a budget, which is regained as time passes. A long request for which there is none
 * left passes as it is, counted as {@link Result#CROWDED}. Its metering, and that of the requests
 * after it, does not wait until Envoy gives up. Thread-safe.
 */
final class RoutingBudget implements RequestRouter {
  /** Shorter requests are always routed: they take about a millisecond at most. */
  static final int LONG_BYTES = 16 * 1024;

  /** What can be used at once; a tenth of the message_timeout of {@code config/envoy.yaml}. */
  static final long BURST_NANOS = 500_000_000;

  private final RequestRouter router;
  private final LongSupplier clock;
  private final ThreadLocal<Account> accounts = ThreadLocal.withInitial(Account::new);

  /** Of one thread. */
  private final class Account {
    private long credit = BURST_NANOS;
    private long seen = clock.getAsLong();

    /** All time between routing is regained, so that routing takes half of it at most. */
    private long credit(long now) {
      credit = Math.min(BURST_NANOS, credit + (now - seen));
      seen = now;
      return credit;
    }

    /** A debt is bounded too: one request can only block so many after it. */
    private void use(long now) {
      credit = Math.max(-BURST_NANOS, credit - (now - seen));
      seen = now;
    }
  }

  /** A router whose time is bounded. */
  RoutingBudget(RequestRouter router) {
    this(router, System::nanoTime);
  }

  /** The same with another clock, in nanoseconds. */
  RoutingBudget(RequestRouter router, LongSupplier clock) {
    this.router = router;
    this.clock = clock;
  }

  @Override
  public boolean routes(Operation operation) {
    return router.routes(operation);
  }

  @Override
  public int maxBodyBytes() {
    return router.maxBodyBytes();
  }

  @Override
  public long maxHeldBytes() {
    return router.maxHeldBytes();
  }

  @Override
  public List<String> headers() {
    return router.headers();
  }

  @Override
  public RoutedRequest route(RoutableRequest request) {
    if (request.to() - request.from() < LONG_BYTES) {
      return router.route(request);
    }
    Account account = accounts.get();
    if (account.credit(clock.getAsLong()) <= 0) {
      return RoutedRequest.unchanged(Routing.UNKNOWN, RouterReport.of(Result.CROWDED));
    }
    try {
      return router.route(request);
    } finally {
      account.use(clock.getAsLong());
    }
  }
}
