// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.Operation;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** The histograms of one model, by operation. Thread-safe. */
final class ModelTimes {
  /**
   * The histograms of a model and an operation.
   *
   * @param duration of all exchanges
   * @param firstToken of streams
   * @param perToken of streams
   * @param prompt tokens, where they were measured; null when they are not exported
   * @param completion the same
   */
  record Times(
      ModelHistogram.Line duration,
      ModelHistogram.Line firstToken,
      ModelHistogram.Line perToken,
      ModelHistogram.@Nullable Line prompt,
      ModelHistogram.@Nullable Line completion) {}

  /** As it is shown. */
  final String model;

  private final AtomicReferenceArray<@Nullable Times> byOperation =
      new AtomicReferenceArray<>(Operation.values().length);

  ModelTimes(String model) {
    this.model = model;
  }

  @Nullable Times of(Operation operation) {
    return byOperation.get(ClosedLabels.index(operation));
  }

  void put(Operation operation, Times times) {
    byOperation.set(ClosedLabels.index(operation), times);
  }
}
