// SPDX-License-Identifier: Apache-2.0
/** A small OpenAI-compatible server with deterministic token counts, for demos and tests. */
@NullMarked
package io.semanticrouter.maas.testing.vllm;

import org.jspecify.annotations.NullMarked;
