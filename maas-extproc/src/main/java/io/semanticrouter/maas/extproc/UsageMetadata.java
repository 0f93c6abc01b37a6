// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Identity;
import io.semanticrouter.maas.TokenUsage;
import io.semanticrouter.maas.UsageRecord;
import org.jspecify.annotations.Nullable;

/**
 * What Envoy gets to know of an exchange, for access logs and rate limits: one struct under our own
 * namespace, which {@code metadata_options.receiving_namespaces} has to name. Envoy merges it key
 * by key into what it has, so that a later one adds to an earlier one.
 */
final class UsageMetadata {
  static final String NAMESPACE = "io.semanticrouter.maas";

  private UsageMetadata() {}

  /** The usage as far as it is known, and everything else once the exchange is settled. */
  static Struct of(Exchange exchange) {
    Struct.Builder fields = Struct.newBuilder();
    Identity identity = exchange.identity();
    text(fields, "user", identity.user());
    text(fields, "tier", identity.tier());
    tokens(fields, exchange.usageSoFar());
    UsageRecord record = exchange.record();
    if (record != null) {
      text(fields, "model", record.model());
      text(fields, "outcome", record.outcome().label());
    }
    return Struct.newBuilder()
        .putFields(NAMESPACE, Value.newBuilder().setStructValue(fields).build())
        .build();
  }

  private static void tokens(Struct.Builder fields, @Nullable TokenUsage usage) {
    if (usage == null) {
      return;
    }
    number(fields, "prompt_tokens", usage.prompt());
    number(fields, "completion_tokens", usage.completion());
    if (usage.prompt() >= 0 && usage.completion() >= 0) {
      number(fields, "total_tokens", usage.prompt() + usage.completion());
    }
  }

  private static void number(Struct.Builder fields, String name, long value) {
    if (value != TokenUsage.UNKNOWN) {
      // Counts end below 2^53, so that the double of a Struct holds them exactly.
      fields.putFields(name, Value.newBuilder().setNumberValue((double) value).build());
    }
  }

  private static void text(Struct.Builder fields, String name, String value) {
    if (!value.isEmpty()) {
      fields.putFields(name, Value.newBuilder().setStringValue(value).build());
    }
  }
}
