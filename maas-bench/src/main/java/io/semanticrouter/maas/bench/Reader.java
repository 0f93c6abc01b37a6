// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

/** Who reads. A parameter, so that each fork has loaded one {@link UsageReader} only. */
public enum Reader {
  /** Ours. */
  METERING,
  /** Jackson, a pull parser for each event. */
  STREAMING,
  /** Jackson, a tree of each event. */
  TREE,
  /** The floor: adding up the bytes, eight at a time. */
  SUM;

  UsageReader open() {
    return switch (this) {
      case METERING -> new MeteringReader();
      case STREAMING -> new JacksonStreaming();
      case TREE -> new JacksonTree();
      case SUM -> new Floor();
    };
  }

  boolean findsUsage() {
    return this != SUM;
  }
}
