// SPDX-License-Identifier: Apache-2.0
/** The content codings {@code br} and {@code zstd}, which the JDK has no decoder for. */
@NullMarked
package io.semanticrouter.maas.encodings;

import org.jspecify.annotations.NullMarked;
