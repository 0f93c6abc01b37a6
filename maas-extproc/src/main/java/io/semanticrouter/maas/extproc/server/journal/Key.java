// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.UsageRecord;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What every exchange has, or may have. */
enum Key implements Dimension {
  USER,
  TIER,
  MODEL,
  REQUESTED_MODEL,
  SELECTED_MODEL,
  RESPONSE_MODEL,
  OPERATION,
  ROUTING_DECISION,
  CATEGORY,
  REASONING,
  CACHE_HIT,
  SERVICE_TIER,
  HTTP_STATUS,
  ABORT_REASON,
  OUTCOME,
  WRITER,
  PROGRAM,
  /** The hour in which the exchange ended, with the offset of the zone. */
  HOUR,
  DAY,
  MONTH;

  @Override
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String of(JournalLine line, UsageRecord record, String model, Times times) {
    return switch (this) {
      case USER -> record.identity().user();
      case TIER -> record.identity().tier();
      case MODEL -> model;
      case REQUESTED_MODEL -> orNone(record.routing().requestedModel());
      case SELECTED_MODEL -> orNone(record.routing().selectedModel());
      case RESPONSE_MODEL -> orNone(record.routing().responseModel());
      case OPERATION -> record.operation().label();
      case ROUTING_DECISION -> orNone(record.routing().routingDecision());
      case CATEGORY -> orNone(record.routing().category());
      case REASONING -> orNone(record.routing().reasoning());
      case CACHE_HIT -> orNone(record.routing().cacheHit());
      case SERVICE_TIER -> orNone(record.serviceTier().served());
      case HTTP_STATUS -> Integer.toString(record.httpStatus());
      case ABORT_REASON -> abortReason(record);
      case OUTCOME -> record.outcome().label();
      case WRITER -> line.writer();
      case PROGRAM -> line.program();
      case HOUR -> times.hour(end(record));
      case DAY -> times.day(end(record));
      case MONTH -> times.day(end(record)).substring(0, "2026-11".length());
    };
  }

  private static String abortReason(UsageRecord record) {
    AbortReason reason = record.abortReason();
    return reason == null ? "" : reason.reason().label();
  }

  private static String orNone(@Nullable Object value) {
    return value == null ? "" : value.toString();
  }

  static Instant end(UsageRecord record) {
    return record.startedAt().plus(record.duration());
  }

  /** Days and hours of a zone; the last ones are remembered, since records come in order. */
  static final class Times {
    private final ZoneId zone;
    private Instant dayFrom = Instant.MAX;
    private Instant dayTo = Instant.MIN;
    private String day = "";
    private Instant hourFrom = Instant.MAX;
    private Instant hourTo = Instant.MIN;
    private String hour = "";

    Times(ZoneId zone) {
      this.zone = zone;
    }

    private String day(Instant time) {
      if (time.isBefore(dayFrom) || !time.isBefore(dayTo)) {
        ZonedDateTime start = time.atZone(zone).toLocalDate().atStartOfDay(zone);
        dayFrom = start.toInstant();
        dayTo = start.toLocalDate().plusDays(1).atStartOfDay(zone).toInstant();
        day = start.toLocalDate().toString();
      }
      return day;
    }

    private String hour(Instant time) {
      Instant unused = hourBegin(time);
      return hour;
    }

    /** When the hour of the zone begins that a time is in. */
    Instant hourBegin(Instant time) {
      if (time.isBefore(hourFrom) || !time.isBefore(hourTo)) {
        ZonedDateTime start = time.atZone(zone).truncatedTo(ChronoUnit.HOURS);
        hourFrom = start.toInstant();
        hourTo = start.plusHours(1).toInstant();
        hour = start.toOffsetDateTime().toString();
      }
      return hourFrom;
    }
  }
}
