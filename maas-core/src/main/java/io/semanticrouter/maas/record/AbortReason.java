// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

/** How an exchange ended that did not reach its regular end. */
public enum AbortReason {
  /** Cancelled: client gone, upstream reset, route timeout, or a data plane that just hung up. */
  CANCELLED(Measurement.Reason.CANCELLED),
  /** The transport to the data plane failed. */
  TRANSPORT_ERROR(Measurement.Reason.TRANSPORT_ERROR),
  /** Nothing happened for too long. */
  IDLE_TIMEOUT(Measurement.Reason.IDLE_TIMEOUT),
  /** The server shuts down. */
  DRAIN(Measurement.Reason.DRAIN),
  /** The embedding gateway let go of the exchange without an end. */
  ABANDONED(Measurement.Reason.ABANDONED);

  private final Measurement.Reason reason;

  AbortReason(Measurement.Reason reason) {
    this.reason = reason;
  }

  public Measurement.Reason reason() {
    return reason;
  }
}
