// SPDX-License-Identifier: Apache-2.0
/** What every package may use. Like all below it, it is not exported. */
@NullMarked
package io.semanticrouter.maas.internal;

import org.jspecify.annotations.NullMarked;
