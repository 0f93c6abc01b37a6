// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

/** Who reads. A parameter, so that each fork has loaded one {@link UsageReader} only. */
public enum Reader {
  /** Ours. */
  METERING,
  /** Jackson, a pull parser for each event. */
  STREAMING,
  /** Jackson, one parser that is fed. */
  NON_BLOCKING,
  /** Jackson, a tree of each event. */
  TREE,
  /** The floor: adding up the bytes, eight at a time. */
  SUM,
  /** The floor: comparing the bytes with a copy, in vectors. */
  MISMATCH;

  UsageReader open(byte[] stream) {
    return switch (this) {
      case METERING -> new MeteringReader();
      case STREAMING -> new JacksonStreaming();
      case NON_BLOCKING -> new JacksonNonBlocking();
      case TREE -> new JacksonTree();
      case SUM -> new Floor.Sum();
      case MISMATCH -> new Floor.Mismatch(stream.clone());
    };
  }

  boolean findsUsage() {
    return this != SUM && this != MISMATCH;
  }
}
