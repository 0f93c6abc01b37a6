// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.Map;

/** A request that is answered with an error body, in the shape of its API. */
final class ApiException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;

  ApiException(int status, String code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  static ApiException badRequest(String message) {
    return new ApiException(400, "invalid_value", message);
  }

  static ApiException badRequest(String message, Throwable cause) {
    ApiException exception = badRequest(message);
    exception.initCause(cause);
    return exception;
  }

  /** The error that {@code x-sim-status} asks for. */
  static ApiException simulated(int status) {
    String code =
        switch (status) {
          case 429 -> "rate_limit_exceeded";
          case 503 -> "overloaded";
          default -> "simulated_error";
        };
    return new ApiException(status, code, "Simulated error " + status + ".");
  }

  int status() {
    return status;
  }

  /** The error body of the Messages API. */
  Map<String, Object> messagesBody() {
    String type =
        switch (status) {
          case 401 -> "authentication_error";
          case 403 -> "permission_error";
          case 404 -> "not_found_error";
          case 413 -> "request_too_large";
          case 429 -> "rate_limit_error";
          case 529 -> "overloaded_error";
          default -> status < 500 ? "invalid_request_error" : "api_error";
        };
    return Json.object("type", "error", "error", Json.object("type", type, "message", message()));
  }

  /** The error body of the OpenAI APIs. */
  Map<String, Object> body() {
    String type =
        switch (status) {
          case 401 -> "authentication_error";
          case 403 -> "permission_error";
          case 429 -> "rate_limit_error";
          default -> status < 500 ? "invalid_request_error" : "server_error";
        };
    return Json.object(
        "error", Json.object("message", message(), "type", type, "param", Json.NULL, "code", code));
  }

  private String message() {
    return getMessage() == null ? "" : getMessage();
  }
}
