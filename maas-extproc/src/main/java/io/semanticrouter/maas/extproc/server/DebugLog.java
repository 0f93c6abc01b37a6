// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.record.UsageRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line per exchange at debug level, for the question "why is this billed like that?". Where the
 * identity came from, not what it was: logs outlive the right to keep a name.
 */
final class DebugLog implements UsageSink {
  private static final Logger LOG = LoggerFactory.getLogger("maas.exchange");

  @Override
  public void record(UsageRecord record) {
    if (LOG.isDebugEnabled()) {
      String requestId = record.requestId() == null ? "" : record.requestId();
      LOG.atDebug()
          .addKeyValue("record_id", record.id())
          .addKeyValue("request_id", requestId)
          .log(
              "MaaS exchange {} request={} {} status={} outcome={} reasons={} model={} user={} tier={} usage={} {} ms",
              record.id(),
              requestId,
              record.operation().label(),
              record.httpStatus(),
              record.outcome().label(),
              record.measurement().reasons(),
              record.model(),
              record.identity().userSource().label(),
              record.identity().tierSource().label(),
              record.measurement().usage(),
              record.duration().toMillis());
    }
  }
}
