// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.config.UsageConfig.Disconnect;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.coding.ContentDecoding;
import io.semanticrouter.maas.internal.framing.Framing;
import io.semanticrouter.maas.internal.spelling.RequestPath;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.internal.usage.BodyFormat;
import io.semanticrouter.maas.internal.usage.CanonicalUsage;
import io.semanticrouter.maas.internal.usage.UsageScanner;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.spi.ContentCoding;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Measures the response of one exchange: decides whether to look at the body, and judges it. */
public final class ResponseMeter {
  /** A header that should be a count and is none. */
  private static final long MALFORMED = -2;

  /** Types, or how they begin, of bodies that hold no usage and can be large. */
  private static final String[] MEDIA = {
    "image/",
    "audio/",
    "video/",
    "font/",
    "model/",
    "multipart/",
    "text/html",
    "text/css",
    "application/pdf",
    "application/zip"
  };

  /** More digits are no count of tokens. */
  private static final int MAX_DIGITS = 15;

  private final Operation operation;
  private final UsageConfig config;
  private final @Nullable UsageScanner scanner;

  /** Takes the coding off the body; null when it has none. */
  private final @Nullable ContentDecoding decoding;

  /** Why the body is not looked at; null when it is. */
  private final @Nullable Measurement settledByHeaders;

  /** The tokens of several calls together, as the router states them; nearly always null. */
  private final @Nullable RouterTotals totals;

  /** What the headers state, for bodies that state nothing. */
  private final @Nullable Measurement usageOfHeaders;

  /** Bytes of a body that is not read, for an estimate. */
  private long unreadBytes;

  private final boolean countsUnread;

  private final @Nullable String tierOfHeaders;

  /**
   * Begins with the response headers.
   *
   * @param estimates whether this exchange may be estimated at all
   * @param codings codings of bodies that can be decoded, besides gzip and deflate
   * @param facts what the same headers say about the routing
   */
  public ResponseMeter(
      Operation operation,
      UsageConfig config,
      boolean estimates,
      List<ContentCoding> codings,
      int status,
      Headers headers,
      RoutingFacts facts) {
    this.operation = operation;
    this.config = config;
    Framing framing = framing(headers.get("content-type"));
    String contentEncoding = headers.get("content-encoding");
    ContentDecoding coding =
        contentEncoding != null && isEncoded(contentEncoding)
            ? decoding(contentEncoding, codings)
            : null;
    boolean successful = status >= 200 && status <= 299;
    totals = successful && operation != Operation.NOT_METERED ? facts.totals() : null;
    if (operation == Operation.NOT_METERED) {
      settledByHeaders = without(Status.NONE, Reason.NOT_METERED);
    } else if (!successful) {
      settledByHeaders = without(Status.NONE, Reason.HTTP_ERROR);
    } else if (facts.routing().responsePath() == ResponsePath.FAST_RESPONSE) {
      settledByHeaders = without(Status.NONE, Reason.FAST_RESPONSE);
    } else if (framing == null) {
      settledByHeaders = without(Status.NONE, Reason.CONTENT_TYPE);
    } else if (coding == null && isEncoded(contentEncoding)) {
      settledByHeaders = without(Status.FAILED, Reason.CONTENT_ENCODING);
    } else {
      settledByHeaders = null;
    }
    tierOfHeaders = headers.get("x-amzn-bedrock-service-tier");
    usageOfHeaders =
        switch (operation) {
          case INVOKE -> usageOf(headers, config.maxTokens());
          case GENERATE, DETECT -> usageOf(headers, "x-prompt-tokens", "x-generated-tokens");
          case EMBEDDING, RERANK, POOLING -> usageOf(headers, "x-compute-tokens", null);
          default -> null;
        };
    scanner =
        settledByHeaders == null && framing != null
            ? new UsageScanner(format(operation), framing)
            : null;
    decoding = scanner == null ? null : coding;
    countsUnread =
        settledByHeaders != null
            && estimates
            && isUnreadable(settledByHeaders)
            && isEstimated()
            && hasTokens(headers.get("content-type"));
  }

  private static boolean isUnreadable(Measurement measurement) {
    return measurement.has(Reason.CONTENT_TYPE) || measurement.has(Reason.CONTENT_ENCODING);
  }

  private boolean isEstimated() {
    return config.unmeasurable() != UsageConfig.Unmeasurable.PASS
        || config.onDisconnect() == Disconnect.ESTIMATE;
  }

  /** Whether the bytes of an answer are those of tokens: not where they are sound or pictures. */
  private boolean hasTokens(@Nullable String contentType) {
    String type = contentType == null ? "" : contentType.strip().toLowerCase(Locale.ROOT);
    boolean media =
        type.startsWith("audio/") || type.startsWith("image/") || type.startsWith("video/");
    return operation != Operation.IMAGE && !isPromptOnly() && !media;
  }

  private static @Nullable ContentDecoding decoding(
      String contentEncoding, List<ContentCoding> codings) {
    return ContentDecoding.of(
        contentEncoding,
        ContentDecoding.DEFAULT_MAX_RATIO,
        ContentDecoding.DEFAULT_MAX_WINDOW_BYTES,
        codings);
  }

  /** What to feed with the body; null when it has a coding or is not looked at. */
  public @Nullable UsageScanner plainBody() {
    return decoding == null ? scanner : null;
  }

  /** What to feed with a body that has a coding or is only counted; null when there is neither. */
  public @Nullable ByteSink codedBody() {
    if (countsUnread) {
      return (b, from, to) -> unreadBytes += to - from;
    }
    if (decoding == null || scanner == null) {
      return null;
    }
    ContentDecoding coded = decoding;
    ByteSink plain = scanner::feed;
    return (b, from, to) -> coded.feed(b, from, to, plain);
  }

  /** Lets go of what a body may hold that did not reach its end. */
  public void close() {
    if (decoding != null) {
      decoding.close();
    }
  }

  /** See {@link UsageScanner#choicesPerPrompt}. */
  public void choicesPerPrompt(long n) {
    if (scanner != null && operation == Operation.COMPLETION) {
      scanner.choicesPerPrompt(n);
    }
  }

  public boolean hasFinalUsage() {
    return scanner != null && scanner.isFinal() && !isAwaited();
  }

  /** A number that stands for the id of the response; 0 when it names none. */
  public long responseId() {
    return scanner == null ? 0 : scanner.responseId();
  }

  /** Whether the body is a stream of events. */
  public boolean isStream() {
    return scanner != null && scanner.isStream();
  }

  /** Whether the response says that it is not done. */
  public boolean isRunning() {
    return scanner != null && scanner.isRunning();
  }

  /** Whether the usage will be stated by a later answer, to another request. */
  public boolean isAwaited() {
    return isRunning() && !isUsed(scanner == null ? null : scanner.usage(isPromptOnly()));
  }

  /** Whether the response says that it is made in the background. */
  public boolean isBackground() {
    return scanner != null && scanner.isBackground();
  }

  private static boolean isUsed(@Nullable CanonicalUsage usage) {
    return usage != null && (usage.tokens.prompt() > 0 || usage.tokens.completion() > 0);
  }

  /** Whether the response has stated usage, even if it cannot be taken. */
  public boolean isUsageStated() {
    return (scanner != null && scanner.usageSeen()) || usageOfHeaders != null;
  }

  public @Nullable TokenUsage usageSoFar() {
    CanonicalUsage usage = scanner == null ? null : scanner.usage(isPromptOnly());
    TokenUsage stated = usage == null ? null : usage.tokens;
    return totals == null ? stated : totals.orStated(stated, config.maxTokens());
  }

  /** Of further models that were billed, as far as they are known. */
  public List<UsageLine> otherLinesSoFar() {
    return scanner == null ? List.of() : otherLines(scanner);
  }

  /** What is billed by the piece, as far as it is known. */
  public UnitUsage unitsSoFar() {
    return scanner == null ? UnitUsage.NONE : units(scanner);
  }

  public @Nullable String model() {
    return scanner == null ? null : Texts.sanitise(scanner.model());
  }

  /** The service tier that the answer names in its body, else in its headers; or null. */
  public @Nullable String serviceTier() {
    String stated = scanner == null ? null : scanner.serviceTier();
    return stated != null ? stated : tierOfHeaders;
  }

  /** The verdict if no more came; null as long as the usage is not final, or is not to be taken. */
  public @Nullable Measurement stated() {
    UsageScanner scan = scanner;
    if (scan == null
        || totals != null
        || !hasFinalUsage()
        || scan.largestCount() > config.maxTokens()) {
      return null;
    }
    CanonicalUsage usage = scan.usage(isPromptOnly());
    return usage == null || (usage.tokens.isEmpty() && usageOfHeaders != null)
        ? null
        : measured(scan, usage, null);
  }

  /**
   * The verdict, after the last body byte.
   *
   * @param request for estimates, null where none are made of no usage
   */
  public Measurement measure(@Nullable AbortReason abort, @Nullable RequestSize request) {
    long prompt = request == null ? TokenUsage.UNKNOWN : request.tokens(config.bytesPerToken());
    Measurement body = measureBody(abort, prompt);
    Measurement judged = totals == null ? body : totals.judge(body, config.maxTokens(), abort);
    return judged.usage() == null && request != null ? estimated(judged, abort, prompt) : judged;
  }

  /**
   * An estimate instead of no usage, where the policy is to make one: of an answer that was given,
   * and states nothing. What an answer states and nobody can read stays FAILED.
   */
  private Measurement estimated(Measurement without, @Nullable AbortReason abort, long prompt) {
    boolean wanted =
        abort == null
            ? config.unmeasurable() != UsageConfig.Unmeasurable.PASS
            : config.onDisconnect() == Disconnect.ESTIMATE;
    if (!wanted || !isEstimable(without, abort)) {
      return without;
    }
    TokenUsage estimate = TokenUsage.of(prompt, completion());
    if (Math.max(0, estimate.prompt()) + Math.max(0, estimate.completion()) == 0) {
      return without;
    }
    Set<Reason> reasons = EnumSet.copyOf(without.reasons());
    note(reasons, abort != null, abort == null ? Reason.NO_USAGE : abort.reason());
    return Measurement.of(Status.ESTIMATED, reasons, estimate);
  }

  private boolean isEstimable(Measurement without, @Nullable AbortReason abort) {
    for (Reason reason : without.reasons()) {
      boolean known =
          switch (reason) {
            case NO_USAGE,
                CONTENT_TYPE,
                CONTENT_ENCODING,
                MALFORMED_ENCODING,
                INFLATE_LIMIT,
                MALFORMED_JSON,
                TRUNCATED ->
                true;
            // An error instead of an answer costs nothing.
            case IN_BAND_ERROR -> scanner != null && scanner.deltas() > 0;
            default -> abort != null && reason == abort.reason();
          };
      if (!known) {
        return false;
      }
    }
    return true;
  }

  /**
   * What was delivered: events with a piece of the answer, else what its bytes are likely to be.
   */
  private long completion() {
    if (isPromptOnly()) {
      return 0;
    }
    long deltas = scanner == null ? 0 : scanner.deltas();
    if (deltas > 0) {
      return deltas;
    }
    boolean unseen = scanner == null ? !countsUnread : scanner.isMedia();
    if (operation == Operation.IMAGE || unseen) {
      return TokenUsage.UNKNOWN;
    }
    long bytes = scanner == null ? unreadBytes : scanner.bytes();
    return (bytes + config.bytesPerToken() - 1) / config.bytesPerToken();
  }

  private Measurement measureBody(@Nullable AbortReason abort, long prompt) {
    if (scanner == null) {
      return settledByHeaders != null
          ? settledByHeaders
          : without(Status.FAILED, Reason.INTERNAL_ERROR);
    }
    if (decoding != null) {
      decoding.end();
    }
    scanner.end();
    if (decoding != null && decoding.isOverLimit()) {
      return without(Status.FAILED, Reason.INFLATE_LIMIT);
    }
    if (decoding != null && decoding.isMalformed()) {
      return without(Status.FAILED, Reason.MALFORMED_ENCODING);
    }
    if (scanner.isForeign()) {
      return usageOfHeaders != null ? usageOfHeaders : without(Status.NONE, Reason.CONTENT_TYPE);
    }
    if (scanner.isCorrupt()) {
      return without(Status.FAILED, Reason.CORRUPT_FRAME);
    }
    if (scanner.largestCount() > config.maxTokens()) {
      return without(Status.FAILED, Reason.QUARANTINED);
    }
    CanonicalUsage usage = scanner.usage(isPromptOnly());
    boolean goesOn = scanner.isRunning() && scanner.deltas() == 0 && !isUsed(usage);
    if (goesOn && (abort == null || scanner.isBackground())) {
      Measurement none = without(Status.NONE, Reason.BACKGROUND);
      return abort == null ? none : none.with(abort.reason());
    }
    if (abort != null && !scanner.isFinal()) {
      if (config.onDisconnect() == Disconnect.DROP) {
        return Measurement.of(Status.NONE, EnumSet.of(Reason.DROPPED, abort.reason()), null);
      }
      TokenUsage estimate =
          config.onDisconnect() == Disconnect.ESTIMATE && usage != null
              ? estimate(scanner, usage.tokens, prompt)
              : null;
      if (estimate != null) {
        return Measurement.of(Status.ESTIMATED, EnumSet.of(abort.reason()), estimate);
      }
    }
    if (usage != null) {
      boolean half = usage.tokens.prompt() < 0 || usage.tokens.completion() < 0;
      return half && usageOfHeaders != null ? usageOfHeaders : measured(scanner, usage, abort);
    }
    if (scanner.usageSeen()) {
      return without(Status.FAILED, Reason.UNKNOWN_DIALECT);
    }
    if (scanner.images() > 0 && operation == Operation.IMAGE) {
      return imagesOnly(scanner, abort);
    }
    return usageOfHeaders != null ? usageOfHeaders : unmeasured(scanner, abort);
  }

  private Measurement measured(
      UsageScanner scan, CanonicalUsage canonical, @Nullable AbortReason abort) {
    TokenUsage usage = canonical.tokens;
    UnitUsage units = units(scan);
    Set<Reason> reasons = EnumSet.noneOf(Reason.class);
    note(reasons, scan.malformedUsageSeen(), Reason.MALFORMED_USAGE);
    note(reasons, scan.malformedJsonSeen(), Reason.MALFORMED_JSON);
    note(reasons, scan.duplicateSeen(), Reason.DUPLICATE_KEY);
    note(reasons, scan.errorSeen(), Reason.IN_BAND_ERROR);
    note(reasons, scan.isOfSeveralChoices(), Reason.MULTIPLE_CHOICES);
    note(reasons, scan.hasTooManyParts(), Reason.TOO_MANY_PARTS);
    note(reasons, scan.isTruncated(), Reason.TRUNCATED);
    note(reasons, canonical.totalOnly, Reason.TOTAL_ONLY);
    note(reasons, isZero(usage, units) && scan.isAnswered(), Reason.ZERO_USAGE);
    boolean byThePiece = usage.isEmpty() && !units.equals(UnitUsage.NONE);
    boolean known = (usage.prompt() >= 0 && usage.completion() >= 0) || byThePiece;
    boolean explained = canonical.totalOnly || scan.malformedUsageSeen();
    note(reasons, !known && !explained, Reason.MISSING_FIELD);
    note(reasons, !scan.isFinal() && abort == null, Reason.NO_TERMINATOR);
    Status status = reasons.isEmpty() && scan.isFinal() ? Status.COMPLETE : Status.PARTIAL;
    if (abort != null && status == Status.PARTIAL) {
      reasons.add(abort.reason());
    }
    // These are worth knowing, but do not make the numbers any less certain.
    note(reasons, canonical.residual, Reason.RESIDUAL);
    note(reasons, canonical.totalMismatch, Reason.TOTAL_MISMATCH);
    note(reasons, canonical.exclusivePart, Reason.EXCLUSIVE_PART);
    note(reasons, canonical.cutPart, Reason.CUT_PART);
    note(reasons, canonical.unknownLifetime, Reason.UNKNOWN_TTL);
    note(reasons, scan.isUnterminated() && abort == null, Reason.UNTERMINATED_FINAL);
    note(reasons, scan.zeroAfterNonzeroSeen(), Reason.ZERO_AFTER_NONZERO);
    note(reasons, scan.isLowered(), Reason.LOWERED_COUNT);
    note(reasons, scan.isOfSeveralResponses(), Reason.SEVERAL_RESPONSES);
    return Measurement.of(status, reasons, usage)
        .withOtherLines(otherLines(scan))
        .withUnits(units)
        .withProviderStatement(scan.providerCost(), scan.rawUsage());
  }

  /** Whether nothing was used at all, by what is stated. */
  private static boolean isZero(TokenUsage usage, UnitUsage units) {
    return usage.prompt() == 0
        && usage.completion() == 0
        && units.audioSeconds() <= 0
        && units.images() <= 0
        && units.searchUnits() <= 0;
  }

  private static List<UsageLine> otherLines(UsageScanner scan) {
    List<UsageLine> lines = new ArrayList<>(0);
    scan.forEachOtherModel(
        (model, counts) -> {
          String name = Texts.sanitise(model);
          lines.add(new UsageLine(name == null ? Routing.UNKNOWN_MODEL : name, counts.tokens));
        });
    return lines;
  }

  /** Images of models that state no tokens: billed by the piece. */
  private Measurement imagesOnly(UsageScanner scan, @Nullable AbortReason abort) {
    TokenUsage none = TokenUsage.of(TokenUsage.UNKNOWN, TokenUsage.UNKNOWN);
    Set<Reason> reasons = EnumSet.noneOf(Reason.class);
    note(reasons, scan.isTruncated(), Reason.TRUNCATED);
    if (abort != null && !scan.isWhole()) {
      reasons.add(abort.reason());
    }
    return Measurement.of(reasons.isEmpty() ? Status.COMPLETE : Status.PARTIAL, reasons, none)
        .withUnits(units(scan));
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

  /** Null when there is nothing to estimate from, or no need to: the backend has counted itself. */
  private static @Nullable TokenUsage estimate(UsageScanner scan, TokenUsage stated, long prompt) {
    return scan.deltas() == 0 || scan.hasRunningOutput()
        ? null
        : stated.withTotals(
            stated.prompt() >= 0 ? stated.prompt() : prompt,
            Math.max(scan.deltas(), stated.completion()));
  }

  /** Operations that generate nothing say so by leaving it out. */
  private boolean isPromptOnly() {
    return operation == Operation.EMBEDDING
        || operation == Operation.RERANK
        || operation == Operation.POOLING;
  }

  private UnitUsage units(UsageScanner scan) {
    boolean images = operation == Operation.IMAGE && scan.images() > 0;
    return UnitUsage.builder()
        .audioSeconds(scan.audioSeconds())
        .images(images ? scan.images() : TokenUsage.UNKNOWN)
        .searchUnits(scan.searchUnits())
        .calls(ProviderTool.WEB_SEARCH, scan.webSearches())
        .calls(ProviderTool.SOURCE, scan.sources())
        .calls(ProviderTool.FILE_SEARCH, scan.fileSearches())
        .calls(ProviderTool.CODE_EXECUTION, scan.codeRuns())
        .calls(ProviderTool.WEB_FETCH, scan.webFetches())
        .calls(ProviderTool.OTHER, scan.otherToolCalls())
        .build();
  }

  /**
   * Text Generation Inference states all tokens of an answer that is no stream in headers, and in
   * its body only when it is asked to ({@code router/src/server.rs}); Text Embeddings Inference in
   * headers alone.
   *
   * @param output null where nothing is generated
   */
  private @Nullable Measurement usageOf(Headers headers, String input, @Nullable String output) {
    long prompt = count(headers.get(input));
    long completion = output == null ? 0 : count(headers.get(output));
    if (prompt < 0 || completion < 0) {
      return null;
    }
    return Math.max(prompt, completion) > config.maxTokens()
        ? without(Status.FAILED, Reason.QUARANTINED)
        : Measurement.of(Status.COMPLETE, Set.of(), TokenUsage.of(prompt, completion));
  }

  /** Bedrock's InvokeModel states usage in headers too; the input excludes what was cached. */
  private static @Nullable Measurement usageOf(Headers headers, long maxTokens) {
    long input = count(headers.get("x-amzn-bedrock-input-token-count"));
    long output = count(headers.get("x-amzn-bedrock-output-token-count"));
    long read = count(headers.get("x-amzn-bedrock-cache-read-input-token-count"));
    long write = count(headers.get("x-amzn-bedrock-cache-write-input-token-count"));
    if (input == TokenUsage.UNKNOWN && output == TokenUsage.UNKNOWN) {
      return null;
    }
    if (Math.max(Math.max(input, output), Math.max(read, write)) > maxTokens) {
      return without(Status.FAILED, Reason.QUARANTINED);
    }
    boolean malformed = Math.min(Math.min(input, output), Math.min(read, write)) == MALFORMED;
    if (malformed && input < 0 && output < 0) {
      return without(Status.FAILED, Reason.MALFORMED_USAGE);
    }
    long cached = Math.max(0, read) + Math.max(0, write);
    // Models that embed have no output, and no header for it.
    boolean embedding = output == TokenUsage.UNKNOWN && input >= 0;
    TokenUsage usage =
        TokenUsage.builder(
                input < 0 ? TokenUsage.UNKNOWN : input + cached,
                embedding ? 0 : Math.max(TokenUsage.UNKNOWN, output))
            .part(TokenPart.CACHE_READ, Math.max(TokenUsage.UNKNOWN, read))
            .part(TokenPart.CACHE_WRITE, Math.max(TokenUsage.UNKNOWN, write))
            .build();
    if (malformed) {
      return Measurement.of(Status.PARTIAL, EnumSet.of(Reason.MALFORMED_USAGE), usage);
    }
    return usage.prompt() < 0
        ? Measurement.of(Status.PARTIAL, EnumSet.of(Reason.MISSING_FIELD), usage)
        : Measurement.of(Status.COMPLETE, Set.of(), usage);
  }

  /**
   * A count that a header states: {@link TokenUsage#UNKNOWN} when it does not, less than that when
   * it states anything else.
   */
  static long count(@Nullable String value) {
    if (value == null) {
      return TokenUsage.UNKNOWN;
    }
    if (value.isEmpty() || value.length() > MAX_DIGITS) {
      return MALFORMED;
    }
    long count = 0;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < '0' || c > '9') {
        return MALFORMED;
      }
      count = count * 10 + (c - '0');
    }
    return count;
  }

  public static Measurement without(Status status, Reason reason) {
    return Measurement.of(status, EnumSet.of(reason), null);
  }

  private static void note(Set<Reason> reasons, boolean applies, Reason reason) {
    if (applies) {
      reasons.add(reason);
    }
  }

  private static BodyFormat format(Operation operation) {
    return switch (operation) {
      case CHAT -> BodyFormat.OPENAI;
      case COMPLETION -> BodyFormat.COMPLETION;
      case EMBEDDING -> BodyFormat.EMBEDDING;
      case RESPONSES -> BodyFormat.RESPONSES;
      case MESSAGES -> BodyFormat.ANTHROPIC;
      case GENERATE_CONTENT -> BodyFormat.GEMINI;
      case INTERACTIONS -> BodyFormat.INTERACTIONS;
      case CONVERSE -> BodyFormat.CONVERSE;
      case INVOKE -> BodyFormat.INVOKE;
      case COHERE_CHAT -> BodyFormat.COHERE;
      case RERANK, POOLING -> BodyFormat.RERANK;
      case AUDIO -> BodyFormat.AUDIO;
      case IMAGE -> BodyFormat.IMAGE;
      case GENERATE -> BodyFormat.GENERATE;
      case DETECT, NOT_METERED -> BodyFormat.DETECT;
    };
  }

  /**
   * How the body is framed by its label, which the body itself can refute; null when the label is
   * one of media, and the body not worth a look.
   */
  static @Nullable Framing framing(@Nullable String contentType) {
    String type = contentType == null ? "" : mediaType(contentType);
    if (type.equals("text/event-stream")) {
      return Framing.SSE;
    }
    if (type.equals("application/vnd.amazon.eventstream")) {
      return Framing.FRAMES;
    }
    if (type.equals("application/json")
        || type.endsWith("+json")
        || type.endsWith("ndjson")
        || type.endsWith("jsonl")) {
      return Framing.JSON;
    }
    for (String media : MEDIA) {
      if (type.startsWith(media)) {
        return null;
      }
    }
    return Framing.DETECT;
  }

  /** The type and subtype, in lower case; of several, as a header given twice has, the first. */
  private static String mediaType(String contentType) {
    int end = 0;
    while (end < contentType.length() && ";,".indexOf(contentType.charAt(end)) < 0) {
      end++;
    }
    return contentType.substring(0, end).strip().toLowerCase(Locale.ROOT);
  }

  /** Whether a label says that a body is JSON or a stream of events, or says nothing. */
  public static boolean holdsDocuments(@Nullable String contentType) {
    return contentType == null
        || contentType.isBlank()
        || contains(contentType, "json")
        || contains(contentType, "event-stream")
        || contains(contentType, "eventstream");
  }

  private static boolean contains(String text, String lowerCasePart) {
    return RequestPath.endOf(text, lowerCasePart) >= 0;
  }

  /** Whether a content coding other than identity is stated. */
  public static boolean isEncoded(@Nullable String contentEncoding) {
    return contentEncoding != null
        && !contentEncoding.isBlank()
        && !contentEncoding.strip().equalsIgnoreCase("identity");
  }
}
