// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

/**
 * One way to find the usage in an event stream that comes in chunks. All ways get the same bytes
 * and no help: where lines and events begin and end is theirs to find.
 */
interface UsageReader {
  /** No usage has been stated. */
  long NONE = -1;

  /** Reads the next chunk; the array is only read, and not kept. */
  void feed(byte[] b, int from, int to);

  /** The prompt tokens stated last, or {@link #NONE}. */
  long prompt();

  /** The completion tokens stated last, or {@link #NONE}. */
  long completion();
}
