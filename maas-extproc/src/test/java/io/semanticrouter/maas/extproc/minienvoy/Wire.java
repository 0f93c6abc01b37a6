// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Status;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One ext_proc stream, seen from Envoy. Used by one thread; the server's side may be another. */
public interface Wire {
  /** Something that came from the server: a reply, or the end of the stream. */
  record Arrival(@Nullable ProcessingResponse reply, @Nullable Status end) {}

  /** Sends a message. */
  void send(ProcessingRequest message);

  /** Says that no more messages come (END_STREAM). */
  void halfClose();

  /** Resets the stream (RST_STREAM). */
  void reset();

  /**
   * What came next from the server.
   *
   * @param patience how long to wait for it; zero: it is there, or it is not
   * @return null when nothing came
   */
  @Nullable Arrival next(Duration patience);
}
