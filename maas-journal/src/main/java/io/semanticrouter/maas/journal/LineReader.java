// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads what {@link LineWriter} writes. Not thread-safe. */
final class LineReader {
  private static final byte[] BEGIN = LineWriter.BEGIN.getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] CHECKSUM = LineWriter.CHECKSUM.getBytes(StandardCharsets.ISO_8859_1);

  /** The digits of the checksum, a quote and a brace. */
  private static final int TAIL = 10;

  /** What stands before the id and before the source, which is followed by the type. */
  private static final byte[][] BEFORE_TYPE = {
    "\",\"id\":\"".getBytes(StandardCharsets.ISO_8859_1),
    "\",\"source\":\"".getBytes(StandardCharsets.ISO_8859_1)
  };

  private static final byte[] OPEN =
      ("\",\"type\":\"" + LineWriter.OPEN_TYPE + '"').getBytes(StandardCharsets.ISO_8859_1);

  private static final TokenPart[] TOKEN_PARTS = TokenPart.values();

  private final CRC32C crc = new CRC32C();

  /**
   * The sequence number of a whole line; what the line says beside it may be unknown here.
   *
   * @param end behind its last byte, without the newline
   * @throws UnreadableException when it is not one that a journal wrote
   */
  long sequence(byte[] bytes, int from, int end) throws UnreadableException {
    int sumAt = end - TAIL - CHECKSUM.length;
    if (sumAt < from + BEGIN.length + LineWriter.SEQUENCE_DIGITS
        || !startsWith(bytes, from, BEGIN)
        || !startsWith(bytes, sumAt, CHECKSUM)
        || bytes[end - 1] != '}'
        || bytes[end - 2] != '"') {
      throw new UnreadableException("torn, or not of a journal");
    }
    crc.reset();
    crc.update(bytes, from, sumAt - from);
    long stated = 0;
    for (int i = end - TAIL; i < end - 2; i++) {
      stated = stated << 4 | (Character.digit(bytes[i], 16) & 15);
    }
    if (stated != crc.getValue()) {
      throw new UnreadableException("the checksum is not that of the line");
    }
    return digits(bytes, from + BEGIN.length, LineWriter.SEQUENCE_DIGITS);
  }

  /** Whether a line of which {@link #sequence} is known is one of {@link JournalLine.Kind#OPEN}. */
  static boolean isOpen(byte[] bytes, int from, int end) {
    int at = from + BEGIN.length + LineWriter.SEQUENCE_DIGITS;
    for (byte[] name : BEFORE_TYPE) {
      if (at + name.length > end || !startsWith(bytes, at, name)) {
        return false; // an id with something to escape, which is none of a gateway
      }
      at += name.length;
      while (at < end && bytes[at] != '"') {
        at++;
      }
    }
    return at + OPEN.length <= end && startsWith(bytes, at, OPEN);
  }

  /** A line of which {@link #sequence} is known. */
  static JournalLine read(byte[] bytes, int from, int end) throws UnreadableException {
    Map<String, @Nullable Object> event = Json.object(bytes, from, end);
    try {
      String type = text(event, "type");
      boolean open = type.equals(LineWriter.OPEN_TYPE);
      if (!open && !type.equals(LineWriter.USAGE_TYPE)) {
        throw new UnreadableException("from a newer version: an event that is not known here");
      }
      String id = text(event, "id");
      String source = text(event, "source");
      if (!source.startsWith(LineWriter.SOURCE) || (open && !id.endsWith(LineWriter.OPEN_ID))) {
        throw new UnreadableException("not of a journal");
      }
      String exchange = open ? id.substring(0, id.length() - LineWriter.OPEN_ID.length()) : id;
      Map<String, @Nullable Object> data = object(event, "data");
      Map<String, @Nullable Object> replaces = optionalObject(data, "replaces");
      long revision = count(event, "revision");
      return new JournalLine(
          open ? JournalLine.Kind.OPEN : JournalLine.Kind.USAGE,
          source.substring(LineWriter.SOURCE.length()),
          Long.parseLong(text(event, "epoch")),
          Long.parseLong(text(event, "sequence")),
          revision < 0 ? 1 : (int) revision,
          text(data, "program"),
          record(exchange, text(event, "time"), data),
          replaces == null
              ? null
              : record(exchange, text(replaces, "ended"), object(replaces, "data")));
    } catch (RuntimeException e) {
      throw new UnreadableException("not of a journal: " + e.getClass().getSimpleName());
    }
  }

  private static UsageRecord record(String id, String end, Map<String, @Nullable Object> data)
      throws UnreadableException {
    Instant started = instant(text(data, "started"));
    String firstByte = optionalText(data, "first_byte");
    String cost = optionalText(data, "cost");
    String charge = optionalText(data, "charge");
    String price = optionalText(data, "price");
    return UsageRecord.builder(
            id, started, constant(Operation.class, data, "operation"), measurement(data))
        .timeToFirstByte(firstByte == null ? null : Duration.between(started, instant(firstByte)))
        .duration(Duration.between(started, instant(end)))
        .streamed(Boolean.TRUE.equals(optionalFlag(data, "streamed")))
        .requestId(optionalText(data, "request_id"))
        .identity(identity(data))
        .routing(routing(data))
        .httpStatus((int) number(data, "http_status"))
        .abortReason(
            data.get("abort_reason") == null
                ? null
                : constant(AbortReason.class, data, "abort_reason"))
        .forcedUsage(constant(ForcedUsage.class, data, "forced_usage"))
        .router(
            RouterReport.of(constant(RouterReport.Result.class, data, "router"))
                .withPiiTypes(constants(PiiType.class, data, "pii_types")))
        .serviceTier(
            new ServiceTier(
                optionalText(data, "requested_service_tier"),
                optionalText(data, "served_service_tier")))
        .cost(cost == null ? null : cost(cost, text(data, "currency")))
        .charge(charge == null ? null : cost(charge, text(data, "charge_currency")))
        .priceGap(
            data.get("price_gap") == null ? null : constant(PriceGap.class, data, "price_gap"))
        .appliedPrice(price == null ? null : new AppliedPrice(price, text(data, "price_book")))
        .build();
  }

  private static Identity identity(Map<String, @Nullable Object> data) throws UnreadableException {
    Identity identity =
        Identity.of(textOrNone(data, "user"), textOrNone(data, "tier"))
            .withSources(
                constant(Identity.Source.class, data, "user_source"),
                constant(Identity.Source.class, data, "tier_source"));
    if (data.get("untrusted") != null) {
      identity = identity.withUntrusted(constant(Identity.Untrusted.class, data, "untrusted"));
    }
    Map<String, @Nullable Object> named = optionalObject(data, "attributes");
    if (named == null) {
      return identity;
    }
    Map<String, @Nullable Object> from = object(data, "attribute_sources");
    Map<String, String> attributes = new TreeMap<>();
    Map<String, Identity.Source> sources = new HashMap<>();
    for (String name : named.keySet()) {
      attributes.put(name, text(named, name));
      sources.put(name, constant(Identity.Source.class, from, name));
    }
    return identity.withAttributes(attributes, sources);
  }

  private static Routing routing(Map<String, @Nullable Object> data) throws UnreadableException {
    return Routing.builder()
        .requestedModel(optionalText(data, "requested_model"))
        .selectedModel(optionalText(data, "selected_model"))
        .responseModel(optionalText(data, "response_model"))
        .routingDecision(optionalText(data, "routing_decision"))
        .category(optionalText(data, "category"))
        .reasoning(optionalFlag(data, "reasoning"))
        .cacheHit(optionalFlag(data, "cache_hit"))
        .systemPromptInjected(optionalFlag(data, "system_prompt_injected"))
        .piiDetected(optionalFlag(data, "pii_detected"))
        .jailbreakDetected(optionalFlag(data, "jailbreak_detected"))
        .responsePath(
            data.get("response_path") == null
                ? null
                : constant(ResponsePath.class, data, "response_path"))
        .build();
  }

  private static Measurement measurement(Map<String, @Nullable Object> data)
      throws UnreadableException {
    Map<String, @Nullable Object> tokens = optionalObject(data, "tokens");
    List<UsageLine> others = new ArrayList<>();
    for (Object other : list(data, "other_lines")) {
      Map<String, @Nullable Object> line = asObject(other);
      others.add(new UsageLine(text(line, "model"), tokens(object(line, "tokens"))));
    }
    UnitUsage.Builder units =
        UnitUsage.builder()
            .audioSeconds(count(data, "audio_seconds"))
            .images(count(data, "images"))
            .searchUnits(count(data, "search_units"));
    Map<String, @Nullable Object> calls = optionalObject(data, "tools");
    if (calls != null) {
      for (String tool : calls.keySet()) {
        units.calls(Names.constant(ProviderTool.class, tool), number(calls, tool));
      }
    }
    String providerCost = optionalText(data, "provider_cost");
    return Measurement.of(
            constant(Status.class, data, "status"),
            constants(Reason.class, data, "reasons"),
            tokens == null ? null : tokens(tokens))
        .withOtherLines(others)
        .withUnits(units.build())
        .withProviderStatement(providerCost == null ? null : new BigDecimal(providerCost), null);
  }

  private static TokenUsage tokens(Map<String, @Nullable Object> of) throws UnreadableException {
    TokenUsage.Builder usage =
        TokenUsage.builder(count(of, "prompt"), count(of, "completion"))
            .providerTotal(count(of, "provider_total"));
    for (TokenPart part : TOKEN_PARTS) {
      usage.part(part, count(of, part.label()));
    }
    return usage.build();
  }

  private static Cost cost(String amount, String currency) {
    int point = amount.indexOf('.');
    if (point < 0) {
      return new Cost(currency, Long.parseLong(amount), 0);
    }
    String attos =
        amount.substring(point + 1) + "0".repeat(Cost.SCALE - (amount.length() - point - 1));
    return new Cost(currency, Long.parseLong(amount.substring(0, point)), Long.parseLong(attos));
  }

  /** As {@link LineWriter} writes it. */
  private static Instant instant(String text) throws UnreadableException {
    if (text.length() != 27) {
      throw new UnreadableException("a time that is not one of a journal");
    }
    byte[] b = text.getBytes(StandardCharsets.ISO_8859_1);
    long day =
        LocalDate.of((int) digits(b, 0, 4), (int) digits(b, 5, 2), (int) digits(b, 8, 2))
            .toEpochDay();
    long second = digits(b, 11, 2) * 3600 + digits(b, 14, 2) * 60 + digits(b, 17, 2);
    return Instant.ofEpochSecond(day * 86_400 + second, digits(b, 20, 6) * 1000);
  }

  private static long digits(byte[] bytes, int from, int count) throws UnreadableException {
    long value = 0;
    for (int i = from; i < from + count; i++) {
      int digit = bytes[i] - '0';
      if (digit < 0 || digit > 9) {
        throw new UnreadableException("no number where one has to be");
      }
      value = value * 10 + digit;
    }
    return value;
  }

  private static boolean startsWith(byte[] bytes, int at, byte[] with) {
    for (int i = 0; i < with.length; i++) {
      if (bytes[at + i] != with[i]) {
        return false;
      }
    }
    return true;
  }

  // --- members -------------------------------------------------------------------------------

  private static <E extends Enum<E>> E constant(
      Class<E> type, Map<String, @Nullable Object> of, String name) throws UnreadableException {
    return Names.constant(type, text(of, name));
  }

  private static <E extends Enum<E>> Set<E> constants(
      Class<E> type, Map<String, @Nullable Object> of, String name) throws UnreadableException {
    Set<E> constants = EnumSet.noneOf(type);
    for (Object constant : list(of, name)) {
      constants.add(Names.constant(type, (String) constant));
    }
    return constants;
  }

  private static String text(Map<String, @Nullable Object> of, String name)
      throws UnreadableException {
    String text = optionalText(of, name);
    if (text == null) {
      throw missing(name);
    }
    return text;
  }

  private static String textOrNone(Map<String, @Nullable Object> of, String name) {
    String text = optionalText(of, name);
    return text == null ? "" : text;
  }

  private static @Nullable String optionalText(Map<String, @Nullable Object> of, String name) {
    return (String) of.get(name);
  }

  private static @Nullable Boolean optionalFlag(Map<String, @Nullable Object> of, String name) {
    return (Boolean) of.get(name);
  }

  private static long number(Map<String, @Nullable Object> of, String name)
      throws UnreadableException {
    Object value = of.get(name);
    if (value == null) {
      throw missing(name);
    }
    return (Long) value;
  }

  /** A count, or unknown when there is none. */
  private static long count(Map<String, @Nullable Object> of, String name)
      throws UnreadableException {
    return of.get(name) == null ? TokenUsage.UNKNOWN : number(of, name);
  }

  private static List<?> list(Map<String, @Nullable Object> of, String name) {
    Object list = of.get(name);
    return list == null ? List.of() : (List<?>) list;
  }

  private static Map<String, @Nullable Object> object(Map<String, @Nullable Object> of, String name)
      throws UnreadableException {
    Map<String, @Nullable Object> object = optionalObject(of, name);
    if (object == null) {
      throw missing(name);
    }
    return object;
  }

  private static @Nullable Map<String, @Nullable Object> optionalObject(
      Map<String, @Nullable Object> of, String name) {
    Object object = of.get(name);
    return object == null ? null : asObject(object);
  }

  @SuppressWarnings("unchecked") // the only maps of Json
  private static Map<String, @Nullable Object> asObject(@Nullable Object object) {
    if (object == null) {
      throw new ClassCastException();
    }
    return (Map<String, @Nullable Object>) object;
  }

  private static UnreadableException missing(String name) {
    return new UnreadableException("without " + name);
  }
}
