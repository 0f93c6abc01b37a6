// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * The floor: an ExtProc server that answers each message with a constant of the right kind, and
 * does nothing else. Asks for the same bodies as the metering does, so that the exchanges are the
 * same.
 *
 * <p>{@code --codec bytes} leaves messages as they are, {@code --codec generated} makes objects of
 * them. {@code --listen} is a port (0 lets the system choose) or {@code unix:PATH}. {@code
 * --read-bytes} is how much it reads before it answers, else as much as gRPC does.
 */
final class NoopServer {
  private NoopServer() {}

  /** Serves until the process is ended. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Options options = new Options(args);
    String listen = options.text("listen", "0");
    boolean forced = options.flag("force-usage");
    String codec = options.text("codec", "bytes");
    int readBytes = options.number("read-bytes", 0);
    options.rejectUnknown();
    Transport transport = Transport.of(listen);
    Server server =
        (readBytes == 0 ? transport.server() : transport.server(readBytes))
            .addService(service(codec, forced))
            .build()
            .start();
    int port =
        server.getListenSockets().get(0) instanceof InetSocketAddress inet ? inet.getPort() : 0;
    System.out.println("Ready: ExtProc and health on 127.0.0.1:" + port + ", no metrics");
    server.awaitTermination();
  }

  /** The service. With {@code forced} it asks for the body of the request. */
  static BindableService service(String codec, boolean forced) {
    ProcessingResponse[] replies = replies(forced);
    return switch (codec) {
      case "bytes" -> () -> bytes(replies);
      case "generated" -> generated(replies);
      default -> throw new IllegalArgumentException("--codec is bytes or generated");
    };
  }

  /** By kind, the reply. */
  private static ProcessingResponse[] replies(boolean forced) {
    ProcessingResponse[] replies = new ProcessingResponse[Wire.KINDS];
    ProcessingResponse.Builder requestHeaders =
        ProcessingResponse.newBuilder().setRequestHeaders(HeadersResponse.getDefaultInstance());
    if (forced) {
      requestHeaders.setModeOverride(mode(BodySendMode.STREAMED, BodySendMode.NONE));
    }
    replies[Wire.REQUEST_HEADERS] = requestHeaders.build();
    replies[Wire.REQUEST_BODY] =
        ProcessingResponse.newBuilder().setRequestBody(BodyResponse.getDefaultInstance()).build();
    replies[Wire.RESPONSE_HEADERS] =
        ProcessingResponse.newBuilder()
            .setResponseHeaders(HeadersResponse.getDefaultInstance())
            .setModeOverride(mode(BodySendMode.NONE, BodySendMode.STREAMED))
            .build();
    replies[Wire.RESPONSE_BODY] =
        ProcessingResponse.newBuilder().setResponseBody(BodyResponse.getDefaultInstance()).build();
    replies[Wire.RESPONSE_TRAILERS] =
        ProcessingResponse.newBuilder()
            .setResponseTrailers(TrailersResponse.getDefaultInstance())
            .build();
    return replies;
  }

  private static ProcessingMode mode(BodySendMode request, BodySendMode response) {
    return ProcessingMode.newBuilder()
        .setRequestHeaderMode(HeaderSendMode.SEND)
        .setRequestBodyMode(request)
        .setResponseHeaderMode(HeaderSendMode.SEND)
        .setResponseBodyMode(response)
        .build();
  }

  /** Straight on the call, without observers and with all messages asked for at once. */
  private static ServerServiceDefinition bytes(ProcessingResponse[] replies) {
    byte[][] serialized = new byte[replies.length][];
    for (int kind = 0; kind < replies.length; kind++) {
      serialized[kind] = replies[kind] == null ? new byte[0] : replies[kind].toByteArray();
    }
    return ServerServiceDefinition.builder(Wire.SERVICE)
        .addMethod(Wire.PROCESS, (call, headers) -> answering(call, serialized))
        .build();
  }

  private static ServerCall.Listener<byte[]> answering(
      ServerCall<byte[], byte[]> call, byte[][] replies) {
    call.request(Integer.MAX_VALUE);
    call.sendHeaders(new Metadata());
    return new ServerCall.Listener<>() {
      @Override
      public void onMessage(byte[] request) {
        if (!call.isCancelled()) {
          call.sendMessage(replies[Wire.kindOfRequest(request)]);
        }
      }

      @Override
      public void onHalfClose() {
        call.close(Status.OK, new Metadata());
      }
    };
  }

  private static BindableService generated(ProcessingResponse[] replies) {
    return new ExternalProcessorGrpc.ExternalProcessorImplBase() {
      @Override
      public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> call) {
        // With a handler, a reply to a stream that is gone is dropped instead of throwing.
        ((ServerCallStreamObserver<ProcessingResponse>) call).setOnCancelHandler(() -> {});
        return new StreamObserver<>() {
          @Override
          public void onNext(ProcessingRequest request) {
            call.onNext(replies[request.getRequestCase().getNumber() - 1]);
          }

          @Override
          public void onError(Throwable t) {}

          @Override
          public void onCompleted() {
            call.onCompleted();
          }
        };
      }
    };
  }
}
