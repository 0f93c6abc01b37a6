// SPDX-License-Identifier: Apache-2.0
/**
 * A mini-Envoy: the client side of the ext_proc protocol as Envoy speaks it, for testing and
 * loading any ext_proc server without a data plane. It knows nothing of what the server does.
 */
@NullMarked
package io.semanticrouter.maas.extproc.minienvoy;

import org.jspecify.annotations.NullMarked;
