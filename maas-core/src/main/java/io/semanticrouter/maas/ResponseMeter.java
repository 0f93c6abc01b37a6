// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.Measurement.Reason;
import io.semanticrouter.maas.Measurement.Status;
import io.semanticrouter.maas.internal.UsageScanner;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Measures the response of one exchange: decides whether to look at the body, and judges it. */
final class ResponseMeter {
  private final Operation operation;
  private final @Nullable UsageScanner scanner;

  /** Why the body is not looked at; null when it is. */
  private final @Nullable Measurement settledByHeaders;

  ResponseMeter(Operation operation, int status, Headers headers) {
    this.operation = operation;
    String contentType = headers.get("content-type");
    UsageScanner.Framing framing = framing(contentType);
    if (status < 200 || status > 299) {
      settledByHeaders = without(Status.NONE, Reason.HTTP_ERROR);
    } else if (operation == Operation.NOT_METERED) {
      settledByHeaders = without(Status.NONE, Reason.NOT_METERED);
    } else if (framing == null) {
      settledByHeaders = without(Status.NONE, Reason.CONTENT_TYPE);
    } else if (isEncoded(headers.get("content-encoding"))) {
      settledByHeaders = without(Status.FAILED, Reason.CONTENT_ENCODING);
    } else {
      settledByHeaders = null;
    }
    scanner = settledByHeaders == null && framing != null ? new UsageScanner(framing) : null;
  }

  boolean wantsBody() {
    return scanner != null;
  }

  void body(byte[] bytes, int from, int to) {
    if (scanner != null) {
      scanner.feed(bytes, from, to);
    }
  }

  boolean hasFinalUsage() {
    return scanner != null && scanner.isFinal();
  }

  @Nullable TokenUsage usageSoFar() {
    return scanner != null && scanner.usageSeen() ? usage(scanner) : null;
  }

  @Nullable String model() {
    return scanner == null ? null : Texts.sanitise(scanner.model());
  }

  /** The verdict, after the last body byte. */
  Measurement measure(@Nullable AbortReason abort) {
    if (scanner == null) {
      return settledByHeaders != null
          ? settledByHeaders
          : without(Status.FAILED, Reason.INTERNAL_ERROR);
    }
    scanner.end();
    return scanner.usageSeen() ? measured(scanner, abort) : unmeasured(scanner, abort);
  }

  private Measurement measured(UsageScanner scan, @Nullable AbortReason abort) {
    TokenUsage usage = usage(scan);
    Set<Reason> reasons = EnumSet.noneOf(Reason.class);
    note(reasons, scan.malformedUsageSeen(), Reason.MALFORMED_USAGE);
    note(reasons, scan.malformedJsonSeen(), Reason.MALFORMED_JSON);
    note(reasons, scan.duplicateSeen(), Reason.DUPLICATE_KEY);
    note(reasons, scan.errorSeen(), Reason.IN_BAND_ERROR);
    note(reasons, scan.isOfOneOfSeveralChoices(), Reason.MULTIPLE_CHOICES);
    note(reasons, scan.isTruncated(), Reason.TRUNCATED);
    boolean known = usage.prompt() >= 0 && usage.completion() >= 0;
    note(reasons, !known && !scan.malformedUsageSeen(), Reason.MISSING_FIELD);
    note(reasons, !scan.isFinal() && abort == null, Reason.NO_TERMINATOR);
    Status status = reasons.isEmpty() && scan.isFinal() ? Status.COMPLETE : Status.PARTIAL;
    if (abort != null && status == Status.PARTIAL) {
      reasons.add(abort.reason());
    }
    // These two are worth knowing, but do not make the numbers any less certain.
    note(reasons, scan.isUnterminated() && abort == null, Reason.UNTERMINATED_FINAL);
    note(reasons, scan.zeroAfterNonzeroSeen(), Reason.ZERO_AFTER_NONZERO);
    return Measurement.of(status, reasons, usage);
  }

  private static Measurement unmeasured(UsageScanner scan, @Nullable AbortReason abort) {
    if (scan.malformedUsageSeen()) {
      return without(Status.FAILED, Reason.MALFORMED_USAGE);
    }
    if (scan.malformedJsonSeen()) {
      return without(Status.FAILED, Reason.MALFORMED_JSON);
    }
    if (scan.duplicateSeen()) {
      return without(Status.FAILED, Reason.DUPLICATE_KEY);
    }
    if (scan.errorSeen()) {
      return without(Status.NONE, Reason.IN_BAND_ERROR);
    }
    if (abort != null) {
      return without(Status.NONE, abort.reason());
    }
    return without(Status.NONE, scan.isTruncated() ? Reason.TRUNCATED : Reason.NO_USAGE);
  }

  private TokenUsage usage(UsageScanner scan) {
    long completion = scan.completion();
    // Embeddings have no completion, and say so by leaving it out (CreateEmbeddingResponse.usage).
    boolean promptOnly =
        operation == Operation.EMBEDDING || (scan.prompt() >= 0 && scan.total() == scan.prompt());
    if (completion < 0 && promptOnly && !scan.malformedUsageSeen()) {
      completion = 0;
    }
    return new TokenUsage(
        scan.prompt(),
        completion,
        scan.cacheRead(),
        scan.cacheWrite(),
        scan.reasoning(),
        scan.total());
  }

  static Measurement without(Status status, Reason reason) {
    return Measurement.of(status, EnumSet.of(reason), null);
  }

  private static void note(Set<Reason> reasons, boolean applies, Reason reason) {
    if (applies) {
      reasons.add(reason);
    }
  }

  /** How the body is framed, or null when it can hold no usage. */
  private static UsageScanner.@Nullable Framing framing(@Nullable String contentType) {
    if (contentType == null || contentType.isBlank()) {
      return UsageScanner.Framing.DETECT;
    }
    int parameters = contentType.indexOf(';');
    String type =
        (parameters < 0 ? contentType : contentType.substring(0, parameters))
            .strip()
            .toLowerCase(Locale.ROOT);
    if (type.equals("text/event-stream")) {
      return UsageScanner.Framing.SSE;
    }
    return type.equals("application/json") || type.endsWith("+json") || type.endsWith("ndjson")
        ? UsageScanner.Framing.JSON
        : null;
  }

  private static boolean isEncoded(@Nullable String contentEncoding) {
    return contentEncoding != null
        && !contentEncoding.isBlank()
        && !contentEncoding.strip().equalsIgnoreCase("identity");
  }
}
