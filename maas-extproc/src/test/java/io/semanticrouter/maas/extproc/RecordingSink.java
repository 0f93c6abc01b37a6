// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.UsageRecord;
import io.semanticrouter.maas.UsageSink;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps what it is given. */
final class RecordingSink implements UsageSink {
  private final List<UsageRecord> records = new CopyOnWriteArrayList<>();

  @Override
  public void record(UsageRecord record) {
    records.add(record);
  }

  List<UsageRecord> records() {
    return records;
  }

  UsageRecord only() {
    assertThat(records).hasSize(1);
    return records.get(0);
  }
}
