// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

/** Takes the bytes of a body that go on. They are the caller's again when the call returns. */
public interface ByteSink {
  void accept(byte[] b, int from, int to);
}
