// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static java.lang.System.Logger.Level.WARNING;

import io.semanticrouter.maas.internal.spelling.Texts;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts responses that state a version of the router's header contract that is not known here.
 * Thread-safe.
 */
public final class UnknownSchemas {
  private static final System.Logger LOG = System.getLogger(UnknownSchemas.class.getName());

  /** Versions of its header contract that are known to be read right. */
  private static final Set<String> SCHEMA_VERSIONS = Set.of("1", "2");

  private final LongAdder count = new LongAdder();
  private final AtomicBoolean logged = new AtomicBoolean();

  public long count() {
    return count.sum();
  }

  /** A response was read; the version is null when it states none. */
  void check(@Nullable String version) {
    if (version == null || SCHEMA_VERSIONS.contains(version)) {
      return;
    }
    count.increment();
    if (logged.compareAndSet(false, true)) {
      String clean = Texts.fact(version);
      LOG.log(
          WARNING,
          "The semantic router speaks version {0} of its header contract, which is not known here;"
              + " what can be read is read. Further responses are counted, not logged",
          clean == null ? "?" : clean);
    }
  }
}
