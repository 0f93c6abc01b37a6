// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.otel;

import io.opentelemetry.api.common.AttributeKey;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The words of OpenTelemetry's semantic conventions for generative AI, as of November 2026 (all of
 * them are in development): {@code docs/gen-ai/gen-ai-metrics.md} and {@code
 * docs/registry/attributes/gen-ai.md} of open-telemetry/semantic-conventions-genai.
 */
final class Conventions {
  static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");
  static final AttributeKey<String> PROVIDER = AttributeKey.stringKey("gen_ai.provider.name");
  static final AttributeKey<String> REQUEST_MODEL = AttributeKey.stringKey("gen_ai.request.model");
  static final AttributeKey<String> RESPONSE_MODEL =
      AttributeKey.stringKey("gen_ai.response.model");
  static final AttributeKey<String> TOKEN_TYPE = AttributeKey.stringKey("gen_ai.token.type");
  static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");

  /** Of an error, or a provider, that has no name of its own. */
  static final String OTHER = "_OTHER";

  static final List<Long> TOKEN_BUCKETS =
      List.of(
          1L,
          4L,
          16L,
          64L,
          256L,
          1_024L,
          4_096L,
          16_384L,
          65_536L,
          262_144L,
          1_048_576L,
          4_194_304L,
          16_777_216L,
          67_108_864L);

  /** Here and below in seconds. */
  static final List<Double> DURATION_BUCKETS =
      List.of(
          0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92);

  static final List<Double> FIRST_TOKEN_BUCKETS =
      List.of(
          0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5,
          10.0);

  static final List<Double> PER_TOKEN_BUCKETS =
      List.of(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5);

  private Conventions() {}

  /** One of the well-known values where there is one, else our own name. */
  static String operation(Operation operation) {
    return switch (operation) {
      case CHAT, RESPONSES, MESSAGES, CONVERSE, COHERE_CHAT -> "chat";
      case COMPLETION -> "text_completion";
      case EMBEDDING -> "embeddings";
      case GENERATE_CONTENT, INTERACTIONS -> "generate_content";
      case INVOKE, RERANK, POOLING, AUDIO, IMAGE, GENERATE, DETECT, NOT_METERED ->
          operation.label();
    };
  }

  /**
   * Whose API it is, which says which flavour of the conventions applies; the backend may be
   * somebody else's.
   */
  static String provider(Operation operation) {
    return switch (operation) {
      case CHAT, COMPLETION, EMBEDDING, RESPONSES, AUDIO, IMAGE -> "openai";
      case MESSAGES -> "anthropic";
      case GENERATE_CONTENT, INTERACTIONS -> "gcp.gen_ai";
      case CONVERSE, INVOKE -> "aws.bedrock";
      case COHERE_CHAT -> "cohere";
      case RERANK, POOLING, GENERATE, DETECT, NOT_METERED -> OTHER;
    };
  }

  /**
   * The status of an answer that is not 2xx, or why there is none; null when it is no error. The
   * same exchanges are in {@code semantic_router_errors_total}.
   */
  static @Nullable String error(UsageRecord record) {
    if (record.measurement().has(Reason.IN_BAND_ERROR)) {
      return Reason.IN_BAND_ERROR.label();
    }
    int status = record.httpStatus();
    return switch (status / 100) {
      case 2 -> null;
      case 0 -> Reason.NO_RESPONSE.label();
      case 3, 4, 5 -> Integer.toString(status);
      default -> OTHER;
    };
  }
}
