// SPDX-License-Identifier: Apache-2.0
/**
 * Answers that are given again. {@link io.semanticrouter.maas.router.internal.cache.CacheKeys} says
 * which requests may be answered again, and when two are the same; {@link
 * io.semanticrouter.maas.router.internal.cache.ResponseCache} keeps answers, bounded by bytes and
 * time (Caffeine); {@link io.semanticrouter.maas.router.internal.cache.AnswerBuffer} collects one
 * while it goes to its client. In doubt nothing is kept: a wrong hit gives somebody the answer of
 * another.
 */
@NullMarked
package io.semanticrouter.maas.router.internal.cache;

import org.jspecify.annotations.NullMarked;
