// SPDX-License-Identifier: Apache-2.0
/**
 * Usage records as Prometheus counters. Start at {@link
 * io.semanticrouter.maas.metrics.PrometheusSink}.
 */
@NullMarked
package io.semanticrouter.maas.metrics;

import org.jspecify.annotations.NullMarked;
