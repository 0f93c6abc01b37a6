// SPDX-License-Identifier: Apache-2.0
/** How bodies are cut into documents: events, AWS frames, arrays; and which of them a body is. */
@NullMarked
package io.semanticrouter.maas.internal.framing;

import org.jspecify.annotations.NullMarked;
