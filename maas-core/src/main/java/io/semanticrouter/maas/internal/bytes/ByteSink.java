// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.bytes;

/** Takes bytes as they come. */
public interface ByteSink {
  /** Takes {@code b[from]} to {@code b[to - 1]}, which are only valid during the call. */
  void accept(byte[] b, int from, int to);
}
