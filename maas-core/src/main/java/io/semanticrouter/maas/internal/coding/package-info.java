// SPDX-License-Identifier: Apache-2.0
/** Content codings: gzip and deflate, and those that are plugged in, within a bound of output. */
@NullMarked
package io.semanticrouter.maas.internal.coding;

import org.jspecify.annotations.NullMarked;
