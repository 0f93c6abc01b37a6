// SPDX-License-Identifier: Apache-2.0
/** What only the tests of this project share; what embedders can use too is in maas-testkit. */
@NullMarked
package io.semanticrouter.maas.testing;

import org.jspecify.annotations.NullMarked;
