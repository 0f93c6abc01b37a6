// SPDX-License-Identifier: Apache-2.0
/**
 * Usage records as OpenTelemetry metrics. Start at {@link io.semanticrouter.maas.otel.OtelSink}.
 */
@NullMarked
package io.semanticrouter.maas.otel;

import org.jspecify.annotations.NullMarked;
