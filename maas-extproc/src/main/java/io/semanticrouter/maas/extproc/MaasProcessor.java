// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static java.lang.System.Logger.Level.WARNING;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.extproc.ExtProcStats.Failure;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The ExtProc service: one {@link ProcessorStream} per HTTP exchange. Thread-safe.
 *
 * <p>The server has to run it with {@code directExecutor()}. That is a matter of correctness: Envoy
 * resets even good streams, often right behind the last message, and with an executor in between
 * the messages still queued in front of it are dropped. The usage is in the last one.
 */
public final class MaasProcessor implements BindableService {
  private static final System.Logger LOG = System.getLogger(MaasProcessor.class.getName());

  private final ExtProcConfig config;
  private final CarriedMicros carried = new CarriedMicros();
  private final ExtProcStats stats = new ExtProcStats();
  private final Set<ProcessorStream> open = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean unreadableLogged = new AtomicBoolean();
  private volatile Metering metering;
  private volatile boolean draining;

  /** A service that meters with the given engine. */
  public MaasProcessor(Metering metering) {
    this(metering, ExtProcConfig.DEFAULT);
  }

  /** A service that meters with the given engine, and behaves as configured. */
  public MaasProcessor(Metering metering, ExtProcConfig config) {
    this.metering = metering;
    this.config = config;
  }

  @Override
  public ServerServiceDefinition bindService() {
    MethodDescriptor<Message, Reply> process =
        ExternalProcessorGrpc.getProcessMethod().toBuilder(Codec.MESSAGES, Codec.REPLIES).build();
    ServiceDescriptor service =
        ServiceDescriptor.newBuilder(ExternalProcessorGrpc.SERVICE_NAME)
            .setSchemaDescriptor(ExternalProcessorGrpc.getServiceDescriptor().getSchemaDescriptor())
            .addMethod(process)
            .build();
    return ServerServiceDefinition.builder(service)
        .addMethod(process, (call, headers) -> begin(call))
        .build();
  }

  private ServerCall.Listener<Message> begin(ServerCall<Message, Reply> call) {
    StreamStats own = new StreamStats(stats);
    ProcessorStream stream =
        new ProcessorStream(this, call, new StreamPhases(metering, config, carried, own), own);
    open.add(stream);
    stats.streamStarted();
    call.request(1);
    return stream;
  }

  /** gRPC tells of the end of a stream exactly once, whatever ends it. */
  void ended(ProcessorStream stream) {
    open.remove(stream);
  }

  /** Counts bytes that are no message, and says so once: any peer can send them. */
  void unreadable() {
    stats.failed(Failure.UNREADABLE);
    if (unreadableLogged.compareAndSet(false, true)) {
      LOG.log(
          WARNING,
          "What a peer has sent is no ProcessingRequest; its stream was ended. Further ones are"
              + " counted, not logged");
    }
  }

  /** Streams that begin from now on are metered with another engine, as of a new configuration. */
  public void use(Metering next) {
    metering = next;
  }

  /** From now on, exchanges that end early are settled as drained. */
  public void drain() {
    draining = true;
  }

  boolean isDraining() {
    return draining;
  }

  /**
   * Settles the exchanges of streams on which nothing has come since the call before, and completes
   * those streams. To be called as often as an exchange may be silent.
   */
  public void settleIdle() {
    open.forEach(ProcessorStream::settleIdle);
  }

  /** How many streams are open; exact only while none begins. */
  public long openStreams() {
    return open.size();
  }

  /** How many messages could not be handled; each got the reply that changes nothing. */
  public long failures() {
    return stats.failures(Failure.MESSAGE) + stats.failures(Failure.SETTLEMENT);
  }

  /** What the service has done. */
  public ExtProcStats stats() {
    return stats;
  }
}
