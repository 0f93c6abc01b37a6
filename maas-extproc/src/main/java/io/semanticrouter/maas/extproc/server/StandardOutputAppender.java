// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;

/** Hands log lines to {@link StandardOutput}. {@code logback.xml} names it. */
public final class StandardOutputAppender extends OutputStreamAppender<ILoggingEvent> {
  /** Called by Logback. */
  public StandardOutputAppender() {}

  @Override
  public void start() {
    StandardOutput.PROCESS.start();
    setOutputStream(StandardOutput.PROCESS);
    super.start();
  }
}
