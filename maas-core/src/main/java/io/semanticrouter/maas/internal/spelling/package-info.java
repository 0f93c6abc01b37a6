// SPDX-License-Identifier: Apache-2.0
/**
 * What clients and gateways spell, read in one way: paths, the endpoints and models that they name,
 * names of users, and texts that stand for no name at all.
 */
@NullMarked
package io.semanticrouter.maas.internal.spelling;

import org.jspecify.annotations.NullMarked;
