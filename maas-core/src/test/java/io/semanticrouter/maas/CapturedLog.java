// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import java.text.MessageFormat;
import java.util.List;
import java.util.ResourceBundle;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Where the System.Logger of the tests logs to: a list. A service, so public. */
public final class CapturedLog extends System.LoggerFinder {
  /** All messages so far, of all tests. */
  public static final List<String> MESSAGES = new CopyOnWriteArrayList<>();

  /** For the service loader. */
  public CapturedLog() {}

  @Override
  public System.Logger getLogger(String name, Module module) {
    return new System.Logger() {
      @Override
      public String getName() {
        return name;
      }

      @Override
      public boolean isLoggable(Level level) {
        return level.compareTo(Level.INFO) >= 0;
      }

      @Override
      public void log(
          Level level,
          @Nullable ResourceBundle bundle,
          @Nullable String message,
          @Nullable Throwable thrown) {
        MESSAGES.add(message + (thrown == null ? "" : " " + thrown));
      }

      @Override
      public void log(
          Level level,
          @Nullable ResourceBundle bundle,
          @Nullable String format,
          @Nullable Object @Nullable ... parameters) {
        MESSAGES.add(format == null ? "" : MessageFormat.format(format, parameters));
      }
    };
  }
}
