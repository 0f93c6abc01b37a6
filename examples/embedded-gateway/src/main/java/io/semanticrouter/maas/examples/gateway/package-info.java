// SPDX-License-Identifier: Apache-2.0
/** The smallest Java gateway with the metering inside, written to be copied from. */
@NullMarked
package io.semanticrouter.maas.examples.gateway;

import org.jspecify.annotations.NullMarked;
