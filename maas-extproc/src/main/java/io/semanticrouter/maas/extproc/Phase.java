// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

/**
 * Which part of an exchange a message shows: the {@code request} oneof of {@code ProcessingRequest}
 * in {@code envoy/service/ext_proc/v3/external_processor.proto}.
 */
enum Phase {
  /** The head of the request. */
  REQUEST_HEADERS(2, 1),
  /** The head of the response. */
  RESPONSE_HEADERS(3, 2),
  /** A piece of the request body, or all of it. */
  REQUEST_BODY(4, 3),
  /** A piece of the response body, or all of it. */
  RESPONSE_BODY(5, 4),
  /** The end of a request that has trailers. */
  REQUEST_TRAILERS(6, 5),
  /** The end of a response that has trailers. */
  RESPONSE_TRAILERS(7, 6),
  /** None, or one that this version does not know. It gets no reply. */
  UNKNOWN(0, 0);

  private static final Phase[] BY_FIELD = {
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    REQUEST_BODY,
    RESPONSE_BODY,
    REQUEST_TRAILERS,
    RESPONSE_TRAILERS
  };

  /** Number of the field in {@code ProcessingRequest}. */
  final int requestField;

  /** Number of the field in {@code ProcessingResponse}; Envoy takes no other as the answer. */
  final int replyField;

  private final String label = name().toLowerCase(java.util.Locale.ROOT);

  Phase(int requestField, int replyField) {
    this.requestField = requestField;
    this.replyField = replyField;
  }

  /** The phase of a field of {@code ProcessingRequest}, 2 to 7. */
  static Phase ofRequestField(int number) {
    return BY_FIELD[number - 2];
  }

  /** The metric label value. */
  String label() {
    return label;
  }
}
