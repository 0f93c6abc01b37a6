// SPDX-License-Identifier: Apache-2.0
/** JSON as bytes, in pieces: numbers, texts, values to pass over. It knows nothing of usage. */
@NullMarked
package io.semanticrouter.maas.internal.json;

import org.jspecify.annotations.NullMarked;
