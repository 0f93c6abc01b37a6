// SPDX-License-Identifier: Apache-2.0
/**
 * What operators write: the {@code maas} section of a configuration, checked whole. Only {@link
 * io.semanticrouter.maas.config.MaasConfig#from} makes one; it reports all errors at once, each
 * with path, value and rule.
 */
@NullMarked
package io.semanticrouter.maas.config;

import org.jspecify.annotations.NullMarked;
