// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.spi.RoutedRequest.Answer;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;

/**
 * The answer to a request that is refused: an error as clients of its API expect it. It tells what
 * was found, and nothing of what was written.
 */
public final class Refusal {
  private static final int FORBIDDEN = 403;

  private Refusal() {}

  public static Answer of(Operation operation, boolean jailbreak) {
    String message =
        "The request was refused by policy: "
            + (jailbreak
                ? "it looks like an attempt to override the rules of the model."
                : "it contains personal data.");
    String body =
        operation == Operation.MESSAGES
            // Anthropic, "Errors": the shape that its SDKs turn into a PermissionDeniedError.
            ? "{\"type\":\"error\",\"error\":{\"type\":\"permission_error\",\"message\":\""
                + message
                + "\"}}"
            // OpenAI, "Error codes": a body with one member "error".
            : "{\"error\":{\"message\":\""
                + message
                + "\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\""
                + (jailbreak ? "jailbreak_detected" : "pii_detected")
                + "\"}}";
    return new Answer(
        FORBIDDEN,
        "application/json",
        body.getBytes(StandardCharsets.UTF_8),
        Measurement.of(Status.NONE, EnumSet.of(Reason.HTTP_ERROR, Reason.BLOCKED), null));
  }
}
