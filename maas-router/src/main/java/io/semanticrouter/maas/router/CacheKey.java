// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.nio.ByteBuffer;

/**
 * What two requests have in common that may get the same answer: a SHA-256. It says nothing when
 * printed, because who can guess a prompt could find it confirmed. Immutable.
 */
record CacheKey(long first, long second, long third, long fourth) {
  /** The key of a SHA-256. */
  static CacheKey of(byte[] sha256) {
    ByteBuffer bytes = ByteBuffer.wrap(sha256);
    return new CacheKey(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
  }

  @Override
  public String toString() {
    return "CacheKey";
  }
}
