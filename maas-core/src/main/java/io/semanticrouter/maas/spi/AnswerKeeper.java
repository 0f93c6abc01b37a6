// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.spi;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Measurement;

/**
 * Gets the answer to one request, byte for byte as the client gets it. Used by one thread at a
 * time. What it throws is counted as a defect, and nothing more is given to it. Every keeper is
 * ended or abandoned, once.
 */
public interface AnswerKeeper {
  /**
   * The answer begins.
   *
   * @param status the HTTP status
   * @param headers of the response, as the backend sent them; valid during the call only
   * @return whether the body is wanted; if not, only {@link #abandon} is called
   */
  boolean begin(int status, Headers headers);

  /**
   * The next piece of the body, cut anywhere.
   *
   * @param bytes valid during the call only
   */
  void accept(byte[] bytes, int offset, int length);

  /**
   * The answer has ended as it should. Not called for one that broke off.
   *
   * @param measurement its usage
   * @param model the model that is billed
   */
  void end(Measurement measurement, String model);

  /**
   * There will be no answer, or no more of it: it broke off, is not wanted, or cannot be measured.
   * Called once unless {@link #end} is.
   */
  void abandon();
}
