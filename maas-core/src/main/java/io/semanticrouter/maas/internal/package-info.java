// SPDX-License-Identifier: Apache-2.0
/** The byte-level usage scanner. Not exported; knows nothing of the public API. */
@NullMarked
package io.semanticrouter.maas.internal;

import org.jspecify.annotations.NullMarked;
