// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import java.util.Map;

/**
 * A subject. Of all subjects at most one is there: the one of the highest score. Immutable.
 *
 * @param name the name of the signal
 * @param threshold the least score
 * @param keywords words and phrases, and {@linkplain Shape shapes}, with what each adds to the
 *     score, once
 */
record Domain(String name, int threshold, Map<String, Integer> keywords) {
  /** The largest weight of a word. */
  static final int MAX_WEIGHT = 10;

  /** The score that is asked for where none is configured. */
  static final int DEFAULT_THRESHOLD = 3;
}
