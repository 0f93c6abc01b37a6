// SPDX-License-Identifier: Apache-2.0
/** The metering behind Envoy: an external processing (ExtProc) service. */
@NullMarked
package io.semanticrouter.maas.extproc;

import org.jspecify.annotations.NullMarked;
