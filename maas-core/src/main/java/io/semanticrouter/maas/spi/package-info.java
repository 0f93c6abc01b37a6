// SPDX-License-Identifier: Apache-2.0
/** What others implement for the core, which has no dependencies of its own. */
@NullMarked
package io.semanticrouter.maas.spi;

import org.jspecify.annotations.NullMarked;
