// SPDX-License-Identifier: Apache-2.0
/**
 * What a sink receives: one {@link io.semanticrouter.maas.record.UsageRecord} for each exchange,
 * and its parts. The ground: it knows none of the other packages. All types are immutable.
 */
@NullMarked
package io.semanticrouter.maas.record;

import org.jspecify.annotations.NullMarked;
