// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;

/**
 * Shows {@link OutOfMemory} all that is logged, at whatever level: event loops and gRPC catch what
 * is thrown in them, log it and go on. {@code logback.xml} names it.
 */
public final class OutOfMemoryFilter extends TurboFilter {
  /** Called by Logback. */
  public OutOfMemoryFilter() {}

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] parameters,
      @Nullable Throwable thrown) {
    if (thrown != null) {
      OutOfMemory.notice(thrown);
    } else if (parameters != null
        && parameters.length > 0
        && parameters[parameters.length - 1] instanceof Throwable last) {
      OutOfMemory.notice(last);
    }
    return FilterReply.NEUTRAL;
  }
}
