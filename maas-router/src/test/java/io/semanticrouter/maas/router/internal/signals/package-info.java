// SPDX-License-Identifier: Apache-2.0
/** Tests of the embedded router. */
@NullMarked
package io.semanticrouter.maas.router.internal.signals;

import org.jspecify.annotations.NullMarked;
