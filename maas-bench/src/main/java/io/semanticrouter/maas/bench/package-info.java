// SPDX-License-Identifier: Apache-2.0
/**
 * What the metering costs, measured with JMH. The README has the figures and how to repeat them.
 */
@NullMarked
package io.semanticrouter.maas.bench;

import org.jspecify.annotations.NullMarked;
