// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

/** Takes the bytes of a body that go on. Called on the thread that drives the exchange. */
@FunctionalInterface
public interface BodySink {
  /**
   * Takes the next bytes.
   *
   * @param bytes only valid during the call
   */
  void accept(byte[] bytes, int offset, int length);
}
