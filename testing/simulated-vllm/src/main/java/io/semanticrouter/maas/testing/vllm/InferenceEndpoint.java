// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.io.IOException;

/** An endpoint that consumes tokens, obeys the knobs and appears in the statistics. */
interface InferenceEndpoint {

  /**
   * Answers a request and counts the answer.
   *
   * @throws ApiException before any of the response is sent, for a request that is not valid
   * @throws IOException if the answer was cut short; it has then been counted as aborted
   */
  void answer(Exchange exchange, Fields body, Knobs knobs) throws IOException;
}
