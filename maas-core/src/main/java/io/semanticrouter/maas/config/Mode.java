// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

/** The three operational modes. */
public enum Mode {
  /** {@code enabled: false}, the default: watches only, no user or tier labels, cost computed. */
  STANDALONE,
  /** {@code enabled: true}: user and tier labels and headers, cost left to MaaS. */
  MAAS,
  /** {@code enabled: true} and {@code internal_cost_calculation: true}: both. */
  HYBRID;

  /** Whether identities are read and exported, and header edits are made. */
  public boolean isIntegrated() {
    return this != STANDALONE;
  }

  /** Whether cost is calculated here. */
  public boolean calculatesCost() {
    return this != MAAS;
  }
}
