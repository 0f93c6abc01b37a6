// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import java.nio.charset.StandardCharsets;

/**
 * What a client gets whose request could not be metered, where the policy is to refuse it: an error
 * as its API spells it. Sources: the API references of OpenAI, Anthropic and Google.
 */
final class Refusals {
  private static final int BAD_REQUEST = 400;
  private static final int HEAD_TOO_LARGE = 431;
  private static final String BODY =
      "The usage of this request could not be measured: send plain JSON whose stream and"
          + " stream_options are stated once, as true, false or an object.";
  private static final String HEAD =
      "The usage of this request could not be measured: it has too many headers, or too long ones.";

  private Refusals() {}

  /** Of a request whose body cannot be made to ask for usage. */
  static LocalAnswer ofBody(Operation operation) {
    return answer(operation, BAD_REQUEST, BODY);
  }

  /** Of a request whose head has no room for an edit. */
  static LocalAnswer ofHead(Operation operation) {
    return answer(operation, HEAD_TOO_LARGE, HEAD);
  }

  private static LocalAnswer answer(Operation operation, int status, String message) {
    String body =
        switch (operation) {
          case MESSAGES ->
              "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\""
                  + message
                  + "\"}}";
          case GENERATE_CONTENT, INTERACTIONS ->
              "{\"error\":{\"code\":"
                  + status
                  + ",\"message\":\""
                  + message
                  + "\",\"status\":\"INVALID_ARGUMENT\"}}";
          case CONVERSE, INVOKE, COHERE_CHAT, RERANK -> "{\"message\":\"" + message + "\"}";
          default ->
              "{\"error\":{\"message\":\""
                  + message
                  + "\",\"type\":\"invalid_request_error\",\"param\":null,"
                  + "\"code\":\"unmeasurable_request\"}}";
        };
    return new LocalAnswer(
        status,
        HeaderEdits.EMPTY.withSet("content-type", "application/json"),
        body.getBytes(StandardCharsets.UTF_8));
  }
}
