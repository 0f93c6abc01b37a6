// SPDX-License-Identifier: Apache-2.0
/** Benchmarks of what the embedded router shows to nobody outside its package. */
@NullMarked
package io.semanticrouter.maas.router;

import org.jspecify.annotations.NullMarked;
