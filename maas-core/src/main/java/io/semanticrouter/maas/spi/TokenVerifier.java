// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.spi;

/**
 * Verifies the signed tokens of one issuer; the module {@code maas-jwt} has one. Thread-safe. It is
 * called on the thread that drives an exchange: it never waits for anything, and does not throw
 * because of a token.
 */
@FunctionalInterface
public interface TokenVerifier {
  /**
   * Verifies a token.
   *
   * @param token what stands in the header, without {@code Bearer}; anything
   */
  VerifiedToken verify(String token);
}
