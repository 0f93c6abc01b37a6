// SPDX-License-Identifier: Apache-2.0
/**
 * Identities from signed tokens: {@link io.semanticrouter.maas.jwt.JwtVerifiers} goes into the
 * builder of the metering.
 */
@NullMarked
package io.semanticrouter.maas.jwt;

import org.jspecify.annotations.NullMarked;
