// SPDX-License-Identifier: Apache-2.0
/**
 * Bytes in, bytes out: {@link io.semanticrouter.maas.internal.edit.RequestSplice} asks a backend
 * for usage, {@link io.semanticrouter.maas.internal.edit.UsageStrip} takes it out of the answer
 * again. All other bytes stay as they are.
 */
@NullMarked
package io.semanticrouter.maas.internal.edit;

import org.jspecify.annotations.NullMarked;
