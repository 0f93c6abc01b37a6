// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An ext_proc stream on a gRPC channel of any kind. */
public final class GrpcWire extends ClientCall.Listener<ProcessingResponse> implements Wire {
  private static final MethodDescriptor<ProcessingRequest, ProcessingResponse> PROCESS =
      ExternalProcessorGrpc.getProcessMethod().toBuilder()
          .setRequestMarshaller(new Bytes())
          .build();

  private final LinkedBlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
  private final ClientCall<ProcessingRequest, ProcessingResponse> call;

  /** Opens a stream. */
  public GrpcWire(Channel channel) {
    call = channel.newCall(PROCESS, CallOptions.DEFAULT);
    call.start(this, new Metadata());
    call.request(Integer.MAX_VALUE);
  }

  @Override
  public void send(ProcessingRequest message) {
    call.sendMessage(message);
  }

  @Override
  public void halfClose() {
    call.halfClose();
  }

  @Override
  public void reset() {
    call.cancel("reset by Envoy", null);
  }

  @Override
  public @Nullable Arrival next(Duration patience) {
    if (patience.isZero()) {
      return arrivals.poll();
    }
    try {
      return arrivals.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for the server", e);
    }
  }

  @Override
  public void onMessage(ProcessingResponse reply) {
    arrivals.add(new Arrival(reply, null));
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    arrivals.add(new Arrival(null, status));
  }

  /**
   * Writes plain bytes, as a real Envoy does. The stream of gRPC's own marshaller hands over the
   * message itself when both sides are in one process, and the server's parser would not run.
   */
  private static final class Bytes implements MethodDescriptor.Marshaller<ProcessingRequest> {
    @Override
    public InputStream stream(ProcessingRequest value) {
      return new ByteArrayInputStream(value.toByteArray());
    }

    @Override
    public ProcessingRequest parse(InputStream stream) {
      throw new UnsupportedOperationException("Envoy only sends these");
    }
  }
}
