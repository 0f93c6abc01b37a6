// SPDX-License-Identifier: Apache-2.0
/**
 * The usage scanner: what an API states about tokens, found while a body passes in any chunking.
 * {@link io.semanticrouter.maas.internal.usage.BodyFormat} says where the formats have their
 * counts, {@link io.semanticrouter.maas.internal.usage.JsonScanner} finds them, {@link
 * io.semanticrouter.maas.internal.usage.StatedUsage} merges the documents of a body, and {@link
 * io.semanticrouter.maas.internal.usage.CanonicalUsage} gives the counts one meaning.
 */
@NullMarked
package io.semanticrouter.maas.internal.usage;

import org.jspecify.annotations.NullMarked;
