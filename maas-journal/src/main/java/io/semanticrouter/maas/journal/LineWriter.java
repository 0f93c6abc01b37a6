// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import io.semanticrouter.maas.config.UserNames;
import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.Routing;
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
import java.util.Arrays;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Writes records as lines: CloudEvents 1.0 in JSON, each with the CRC32C of what stands before it.
 * The next line replaces the one before. Not thread-safe.
 */
final class LineWriter {
  /** Longer ones are not written, and not read. */
  static final int MAX_LINE = 1 << 20;

  static final String USAGE_TYPE = "io.semanticrouter.maas.usage.v1";
  static final String OPEN_TYPE = "io.semanticrouter.maas.open.v1";

  /** So that an event of an open exchange is not taken for its record. */
  static final String OPEN_ID = ":open";

  static final String SOURCE = "/maas/";

  /** What every line begins with; {@value #SEQUENCE_DIGITS} digits follow. */
  static final String BEGIN = "{\"specversion\":\"1.0\",\"sequence\":\"";

  static final int SEQUENCE_DIGITS = 16;

  /** What every line ends with: this, eight digits, a quote and a brace. */
  static final String CHECKSUM = ",\"crc32c\":\"";

  private static final TokenPart[] TOKEN_PARTS = TokenPart.values();
  private static final long MICROS_PER_SECOND = 1_000_000;
  private static final long SECONDS_PER_DAY = 86_400;
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.ISO_8859_1);

  private final String writer;
  private final String epoch;
  private final String program;
  private final UserNames users;
  private final CRC32C crc = new CRC32C();

  private byte[] line = new byte[4096];
  private int size;

  /** The day that was written last, and how it is spelt: it changes once a day. */
  private long day = Long.MIN_VALUE;

  private String date = "";

  LineWriter(String writer, long epoch, String program, UserNames users) {
    this.writer = writer;
    this.epoch = Long.toString(epoch);
    this.program = program;
    this.users = users;
  }

  byte[] bytes() {
    return line;
  }

  int size() {
    return size;
  }

  /** The line of an exchange whose response has begun. */
  void open(long sequence, UsageRecord record) {
    String user = users.written(record.identity().user());
    head(sequence, record.id() + OPEN_ID, OPEN_TYPE, record.startedAt(), user);
    raw(",\"data\":");
    data(record, user);
    end();
  }

  /**
   * The line of an exchange whose usage is known.
   *
   * @param revision 1, and more when it replaces an earlier line
   * @param replaced what the earlier line says; null when there is none
   */
  void usage(long sequence, UsageRecord record, int revision, @Nullable UsageRecord replaced) {
    usage(sequence, record, users.written(record.identity().user()), revision, replaced);
  }

  /** The line of a record that was read from a journal. */
  void asRead(long sequence, UsageRecord record) {
    usage(sequence, record, record.identity().user(), 1, null);
  }

  private void usage(
      long sequence,
      UsageRecord record,
      String user,
      int revision,
      @Nullable UsageRecord replaced) {
    Instant ended = record.startedAt().plus(record.duration());
    head(sequence, record.id(), USAGE_TYPE, ended, user);
    if (replaced != null) {
      raw(",\"revision\":");
      number(revision);
    }
    raw(",\"data\":");
    data(record, user);
    if (replaced != null) {
      size--;
      raw(",\"replaces\":{");
      time("ended", replaced.startedAt().plus(replaced.duration()));
      raw(",\"data\":");
      data(replaced, user);
      raw("}}");
    }
    end();
  }

  private void head(long sequence, String id, String type, Instant time, String user) {
    size = 0;
    raw(BEGIN);
    digits(sequence, SEQUENCE_DIGITS);
    raw("\",\"id\":");
    text(id);
    raw(",\"source\":\"");
    raw(SOURCE);
    raw(writer);
    raw("\",\"type\":\"");
    raw(type);
    raw("\",");
    time("time", time);
    if (!user.isEmpty()) {
      raw(",\"subject\":");
      text(user);
    }
    raw(",\"epoch\":\"");
    raw(epoch);
    raw("\"");
  }

  /** Also closes the object. */
  private void end() {
    crc.reset();
    crc.update(line, 0, size);
    long sum = crc.getValue();
    raw(CHECKSUM);
    room(11);
    for (int shift = 28; shift >= 0; shift -= 4) {
      line[size++] = HEX[(int) (sum >>> shift) & 15];
    }
    raw("\"}\n");
    if (size > MAX_LINE) {
      throw new IllegalArgumentException("A record of " + size + " bytes is no record");
    }
  }

  private void data(UsageRecord record, String user) {
    Routing routing = record.routing();
    Measurement measurement = record.measurement();
    raw("{");
    time("started", record.startedAt());
    Duration toFirstByte = record.timeToFirstByte();
    if (toFirstByte != null) {
      separate();
      time("first_byte", record.startedAt().plus(toFirstByte));
    }
    if (record.streamed()) {
      optional("streamed", Boolean.TRUE);
    }
    optional("request_id", record.requestId());
    member("operation", Names.of(record.operation()));
    member("model", record.model());
    if (!user.isEmpty()) {
      member("user", user);
    }
    identity(record.identity());
    optional("requested_model", routing.requestedModel());
    optional("selected_model", routing.selectedModel());
    optional("response_model", routing.responseModel());
    optional("routing_decision", routing.routingDecision());
    optional("category", routing.category());
    optional("reasoning", routing.reasoning());
    optional("cache_hit", routing.cacheHit());
    optional("system_prompt_injected", routing.systemPromptInjected());
    optional("pii_detected", routing.piiDetected());
    optional("jailbreak_detected", routing.jailbreakDetected());
    if (routing.responsePath() != null) {
      member("response_path", Names.of(routing.responsePath()));
    }
    member("http_status", record.httpStatus());
    if (record.abortReason() != null) {
      member("abort_reason", Names.of(record.abortReason()));
    }
    member("forced_usage", Names.of(record.forcedUsage()));
    member("router", Names.of(record.router().result()));
    if (!record.router().piiTypes().isEmpty()) {
      raw(",\"pii_types\":[");
      for (PiiType type : record.router().piiTypes()) {
        element(Names.of(type));
      }
      raw("]");
    }
    optional("requested_service_tier", record.serviceTier().requested());
    optional("served_service_tier", record.serviceTier().served());
    member("status", Names.of(measurement.status()));
    member("outcome", record.outcome().label());
    raw(",\"reasons\":[");
    for (Reason reason : measurement.reasons()) {
      element(Names.of(reason));
    }
    raw("]");
    if (measurement.usage() != null) {
      raw(",\"tokens\":");
      tokens(measurement.usage());
    }
    if (!measurement.otherLines().isEmpty()) {
      raw(",\"other_lines\":[");
      for (UsageLine other : measurement.otherLines()) {
        separate();
        raw("{\"model\":");
        text(other.model());
        raw(",\"tokens\":");
        tokens(other.usage());
        raw("}");
      }
      raw("]");
    }
    units(measurement.units());
    BigDecimal providerCost = measurement.providerCost();
    if (providerCost != null) {
      member("provider_cost", providerCost.toString());
    }
    Cost cost = record.cost();
    if (cost != null) {
      amount("cost", cost);
      member("currency", cost.currency());
    }
    Cost charge = record.charge();
    if (charge != null) {
      amount("charge", charge);
      member("charge_currency", charge.currency());
    }
    if (record.unpriced()) {
      raw(",\"unpriced\":true");
    }
    PriceGap gap = record.priceGap();
    if (gap != null) {
      member("price_gap", Names.of(gap));
    }
    AppliedPrice price = record.appliedPrice();
    if (price != null) {
      member("price", price.name());
      member("price_book", price.book());
    }
    member("program", program);
    raw("}");
  }

  /** But for the user. */
  private void identity(Identity identity) {
    member("user_source", Names.of(identity.userSource()));
    if (!identity.tier().isEmpty()) {
      member("tier", identity.tier());
    }
    member("tier_source", Names.of(identity.tierSource()));
    if (!identity.attributes().isEmpty()) {
      raw(",\"attributes\":{");
      for (Map.Entry<String, String> attribute : identity.attributes().entrySet()) {
        element(attribute.getKey());
        raw(":");
        text(attribute.getValue());
      }
      raw("},\"attribute_sources\":{");
      for (Map.Entry<String, Identity.Source> source : identity.attributeSources().entrySet()) {
        element(source.getKey());
        raw(":");
        text(Names.of(source.getValue()));
      }
      raw("}");
    }
    if (identity.untrusted() != null) {
      member("untrusted", Names.of(identity.untrusted()));
    }
  }

  private void tokens(TokenUsage usage) {
    raw("{");
    count("prompt", usage.prompt());
    count("completion", usage.completion());
    for (TokenPart part : TOKEN_PARTS) {
      count(part.label(), usage.part(part));
    }
    count("provider_total", usage.providerTotal());
    raw("}");
  }

  private void units(UnitUsage units) {
    count("audio_seconds", units.audioSeconds());
    count("images", units.images());
    count("search_units", units.searchUnits());
    if (!units.tools().isEmpty()) {
      raw(",\"tools\":{");
      for (Map.Entry<ProviderTool, Long> tool : units.tools().entrySet()) {
        separate();
        key(Names.of(tool.getKey()));
        number(tool.getValue());
      }
      raw("}");
    }
  }

  private void amount(String name, Cost cost) {
    separate();
    key(name);
    raw("\"");
    number(cost.units());
    if (cost.attos() != 0) {
      raw(".");
      digits(cost.attos(), Cost.SCALE);
      while (line[size - 1] == '0') {
        size--;
      }
    }
    raw("\"");
  }

  private void count(String name, long count) {
    if (count >= 0) {
      member(name, count);
    }
  }

  private void optional(String name, @Nullable String value) {
    if (value != null) {
      member(name, value);
    }
  }

  private void optional(String name, @Nullable Boolean value) {
    if (value != null) {
      separate();
      key(name);
      raw(value ? "true" : "false");
    }
  }

  private void member(String name, String value) {
    separate();
    key(name);
    text(value);
  }

  private void member(String name, long value) {
    separate();
    key(name);
    number(value);
  }

  private void element(String value) {
    separate();
    text(value);
  }

  /** A comma, unless an object or a list has just begun. */
  private void separate() {
    byte last = line[size - 1];
    if (last != '{' && last != '[') {
      raw(",");
    }
  }

  private void key(String name) {
    raw("\"");
    raw(name);
    raw("\":");
  }

  /** In UTC with microseconds. Years that ISO 8601 spells with more than four digits are not. */
  private void time(String name, Instant time) {
    key(name);
    long second = time.getEpochSecond();
    long newDay = Math.floorDiv(second, SECONDS_PER_DAY);
    if (newDay != day) {
      LocalDate of = LocalDate.ofEpochDay(newDay);
      date = of.getYear() >= 0 && of.getYear() <= 9999 ? of.toString() : "1970-01-01";
      day = newDay;
    }
    int ofDay = (int) Math.floorMod(second, SECONDS_PER_DAY);
    raw("\"");
    raw(date);
    raw("T");
    digits(ofDay / 3600, 2);
    raw(":");
    digits(ofDay / 60 % 60, 2);
    raw(":");
    digits(ofDay % 60, 2);
    raw(".");
    digits(time.getNano() * MICROS_PER_SECOND / 1_000_000_000, 6);
    raw("Z\"");
  }

  private void number(long value) {
    if (value < 0) {
      raw(Long.toString(value)); // a status that no HTTP has
      return;
    }
    int count = 1;
    for (long rest = value / 10; rest != 0; rest /= 10) {
      count++;
    }
    digits(value, count);
  }

  private void digits(long value, int count) {
    room(count);
    long rest = value;
    for (int i = size + count - 1; i >= size; i--) {
      line[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    size += count;
  }

  /** ASCII without anything to escape. */
  private void raw(String ascii) {
    int length = ascii.length();
    room(length);
    for (int i = 0; i < length; i++) {
      line[size + i] = (byte) ascii.charAt(i);
    }
    size += length;
  }

  private void text(String value) {
    room(2 + 6 * value.length());
    byte[] to = line;
    int at = size;
    to[at++] = '"';
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c >= ' ' && c < 0x7f) {
        if (c == '"' || c == '\\') {
          to[at++] = '\\';
        }
        to[at++] = (byte) c;
      } else if (c < 0xa0) {
        at = escape(to, at, c);
      } else if (c < 0x800) {
        to[at++] = (byte) (0xc0 | c >> 6);
        to[at++] = (byte) (0x80 | (c & 0x3f));
      } else if (!Character.isSurrogate(c)) {
        to[at++] = (byte) (0xe0 | c >> 12);
        to[at++] = (byte) (0x80 | (c >> 6 & 0x3f));
        to[at++] = (byte) (0x80 | (c & 0x3f));
      } else if (i + 1 < value.length() && Character.isSurrogatePair(c, value.charAt(i + 1))) {
        int point = Character.toCodePoint(c, value.charAt(++i));
        to[at++] = (byte) (0xf0 | point >> 18);
        to[at++] = (byte) (0x80 | (point >> 12 & 0x3f));
        to[at++] = (byte) (0x80 | (point >> 6 & 0x3f));
        to[at++] = (byte) (0x80 | (point & 0x3f));
      } else {
        at = escape(to, at, c);
      }
    }
    to[at++] = '"';
    size = at;
  }

  private static int escape(byte[] to, int from, char c) {
    int at = from;
    to[at++] = '\\';
    to[at++] = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) {
      to[at++] = HEX[c >> shift & 15];
    }
    return at;
  }

  private void room(int more) {
    if (line.length - size < more) {
      line = Arrays.copyOf(line, Math.max(2 * line.length, size + more));
    }
  }
}
