// SPDX-License-Identifier: Apache-2.0
/** Pieces of bodies: looking for bytes, putting cut lines together, keeping some back. */
@NullMarked
package io.semanticrouter.maas.internal.bytes;

import org.jspecify.annotations.NullMarked;
