// SPDX-License-Identifier: Apache-2.0
/**
 * Usage metering of LLM exchanges at a gateway. Start at {@link io.semanticrouter.maas.Metering}. A
 * router inside the gateway is a {@link io.semanticrouter.maas.RequestRouter}.
 */
@NullMarked
package io.semanticrouter.maas;

import org.jspecify.annotations.NullMarked;
