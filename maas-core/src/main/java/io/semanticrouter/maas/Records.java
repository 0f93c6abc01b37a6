// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.lang.System.Logger.Level.ERROR;

import io.semanticrouter.maas.internal.engine.Defects;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Gives the records of a process their ids, and each of them to all sinks. Thread-safe. */
final class Records {
  private static final System.Logger LOG = System.getLogger(Metering.class.getName());

  private final String instanceId;
  private final List<UsageSink> sinks;
  private final List<UsageSink.WhileOpen> followers = new ArrayList<>();
  private final AtomicLong sequence = new AtomicLong();
  private final LongAdder sinkFailures = new LongAdder();
  private final AtomicBoolean sinkFailureLogged = new AtomicBoolean();

  /** Those whose ids begin with the one of this process. */
  Records(String instanceId, List<UsageSink> sinks) {
    this.instanceId = instanceId;
    this.sinks = List.copyOf(sinks);
    for (UsageSink sink : sinks) {
      if (sink instanceof UsageSink.WhileOpen follower) {
        followers.add(follower);
      }
    }
  }

  /** How often a sink threw. */
  long sinkFailures() {
    return sinkFailures.sum();
  }

  String newId() {
    return instanceId + '-' + Long.toHexString(sequence.incrementAndGet());
  }

  void deliver(UsageRecord record) {
    for (int i = 0; i < sinks.size(); i++) {
      deliver(sinks.get(i), record);
    }
  }

  private void deliver(UsageSink sink, UsageRecord record) {
    try {
      sink.record(record);
    } catch (Throwable e) {
      failed(e);
    }
  }

  /** Whether anybody wants to hear of exchanges before they have ended. */
  boolean isFollowed() {
    return !followers.isEmpty();
  }

  void opened(UsageRecord record) {
    for (UsageSink.WhileOpen follower : followers) {
      try {
        follower.opened(record);
      } catch (Throwable e) {
        failed(e);
      }
    }
  }

  void stated(UsageRecord record) {
    for (UsageSink.WhileOpen follower : followers) {
      try {
        follower.stated(record);
      } catch (Throwable e) {
        failed(e);
      }
    }
  }

  /** A class that is missing in one sink must not cost the others their record. */
  private void failed(Throwable e) {
    sinkFailures.increment();
    Defects.passOn(e);
    if (sinkFailureLogged.compareAndSet(false, true)) {
      LOG.log(ERROR, "A usage sink failed; further failures are counted, not logged", e);
    }
  }
}
