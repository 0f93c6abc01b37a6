// SPDX-License-Identifier: Apache-2.0
/** Price books: files with prices, where they are from, and what they say. */
@NullMarked
package io.semanticrouter.maas.extproc.server.prices;

import org.jspecify.annotations.NullMarked;
