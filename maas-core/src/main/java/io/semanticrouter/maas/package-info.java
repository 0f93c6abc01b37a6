// SPDX-License-Identifier: Apache-2.0
/**
 * Usage metering of LLM exchanges at a gateway. Start at {@link io.semanticrouter.maas.Metering}.
 */
@NullMarked
package io.semanticrouter.maas;

import org.jspecify.annotations.NullMarked;
