// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.record.Operation;
import java.nio.charset.StandardCharsets;

/**
 * Errors that the gateway answers itself, as clients of each API expect them: their SDKs make the
 * right exception of it. Sources: the pages on errors of the API references.
 */
public final class ErrorAnswers {
  private static final int BAD_REQUEST = 400;
  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int HEAD_TOO_LARGE = 431;
  private static final String UNMEASURABLE = "unmeasurable_request";

  private ErrorAnswers() {}

  /** The request cannot be billed to anybody: why depends on what was read of its payer. */
  public static LocalAnswer identity(Operation operation, Identity identity) {
    Untrusted untrusted = identity.untrusted();
    if (untrusted != null) {
      return switch (untrusted) {
        case NO_METADATA, NO_PROOF, WRONG_PROOF ->
            of(
                operation,
                FORBIDDEN,
                "identity_untrusted",
                "The request was refused: nothing proves that it came through the gateway.");
        // The client can send another token.
        case NO_TOKEN,
            MALFORMED_TOKEN,
            UNKNOWN_KEY,
            WRONG_CLAIMS,
            EXPIRED_TOKEN,
            WRONG_SIGNATURE,
            NO_KEYS ->
            of(
                operation,
                UNAUTHORIZED,
                "identity_untrusted",
                "The request was refused: it has no valid token.");
      };
    }
    return of(
        operation,
        FORBIDDEN,
        "identity_unusable",
        "The request was refused: the gateway states no user or tier that can be billed.");
  }

  /** The body cannot be made to ask for usage. */
  public static LocalAnswer unmeasurableBody(Operation operation) {
    return of(
        operation,
        BAD_REQUEST,
        UNMEASURABLE,
        "The usage of this request could not be measured: send plain JSON whose stream and"
            + " stream_options are stated once, as true, false or an object.");
  }

  /** The head has no room for an edit. */
  public static LocalAnswer fullHead(Operation operation) {
    return of(
        operation,
        HEAD_TOO_LARGE,
        UNMEASURABLE,
        "The usage of this request could not be measured: it has too many headers, or too long"
            + " ones.");
  }

  /**
   * An error.
   *
   * @param status 401 or 403, else it is called an invalid request
   * @param code a word for programs, where the API has a place for it
   * @param message a sentence for people; nothing in it needs to be escaped in JSON
   */
  private static LocalAnswer of(Operation operation, int status, String code, String message) {
    HeaderEdits.Builder headers = new HeaderEdits.Builder();
    headers.set("content-type", "application/json");
    String body =
        switch (operation) {
          case MESSAGES ->
              "{\"type\":\"error\",\"error\":{\"type\":\""
                  + switch (status) {
                    case UNAUTHORIZED -> "authentication_error";
                    case FORBIDDEN -> "permission_error";
                    default -> "invalid_request_error";
                  }
                  + "\",\"message\":\""
                  + message
                  + "\"}}";
          case GENERATE_CONTENT, INTERACTIONS ->
              "{\"error\":{\"code\":"
                  + status
                  + ",\"message\":\""
                  + message
                  + "\",\"status\":\""
                  + switch (status) {
                    case UNAUTHORIZED -> "UNAUTHENTICATED";
                    case FORBIDDEN -> "PERMISSION_DENIED";
                    default -> "INVALID_ARGUMENT";
                  }
                  + "\"}}";
          case CONVERSE, INVOKE -> {
            boolean denied = status == UNAUTHORIZED || status == FORBIDDEN;
            headers.set(
                "x-amzn-errortype", denied ? "AccessDeniedException" : "ValidationException");
            yield "{\"message\":\"" + message + "\"}";
          }
          case COHERE_CHAT, RERANK -> "{\"message\":\"" + message + "\"}";
          default ->
              "{\"error\":{\"message\":\""
                  + message
                  + "\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\""
                  + code
                  + "\"}}";
        };
    return new LocalAnswer(status, headers.build(), body.getBytes(StandardCharsets.UTF_8));
  }
}
