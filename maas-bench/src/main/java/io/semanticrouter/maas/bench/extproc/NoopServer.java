// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The floor: an ExtProc server that answers each message with a constant of the right kind, and
 * does nothing else. Asks for the same bodies as the metering does, so that the exchanges are the
 * same.
 */
@Command(name = "NoopServer")
final class NoopServer implements Callable<Integer> {
  @Option(names = "--listen", description = "A port, or unix:PATH.")
  private String listen = "0";

  @Option(names = "--force-usage", description = "Ask for request bodies.")
  private boolean forced;

  @Option(names = "--read-bytes", description = "Read so much before an answer; 0: as gRPC does.")
  private int readBytes;

  /** Serves until the process is ended. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new NoopServer()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Transport transport = Transport.of(listen);
    Server server =
        (readBytes == 0 ? transport.server() : transport.server(readBytes))
            .addService(service(forced))
            .build()
            .start();
    int port =
        server.getListenSockets().get(0) instanceof InetSocketAddress inet ? inet.getPort() : 0;
    System.out.println("Ready: ExtProc and health on 127.0.0.1:" + port + ", no metrics");
    server.awaitTermination();
    return 0;
  }

  /**
   * The service, straight on the call: without observers, and with all messages asked for at once.
   * With {@code forced} it asks for the body of the request.
   */
  static ServerServiceDefinition service(boolean forced) {
    byte[][] replies = replies(forced);
    return ServerServiceDefinition.builder(Wire.SERVICE)
        .addMethod(Wire.PROCESS, (call, headers) -> answering(call, replies))
        .build();
  }

  /** By kind, the reply. */
  private static byte[][] replies(boolean forced) {
    byte[][] replies = new byte[Wire.KINDS][];
    ProcessingResponse.Builder requestHeaders =
        ProcessingResponse.newBuilder().setRequestHeaders(HeadersResponse.getDefaultInstance());
    if (forced) {
      requestHeaders.setModeOverride(mode(BodySendMode.STREAMED, BodySendMode.NONE));
    }
    replies[Wire.REQUEST_HEADERS] = requestHeaders.build().toByteArray();
    replies[Wire.REQUEST_BODY] =
        ProcessingResponse.newBuilder()
            .setRequestBody(BodyResponse.getDefaultInstance())
            .build()
            .toByteArray();
    replies[Wire.RESPONSE_HEADERS] =
        ProcessingResponse.newBuilder()
            .setResponseHeaders(HeadersResponse.getDefaultInstance())
            .setModeOverride(mode(BodySendMode.NONE, BodySendMode.STREAMED))
            .build()
            .toByteArray();
    replies[Wire.RESPONSE_BODY] =
        ProcessingResponse.newBuilder()
            .setResponseBody(BodyResponse.getDefaultInstance())
            .build()
            .toByteArray();
    replies[Wire.RESPONSE_TRAILERS] =
        ProcessingResponse.newBuilder()
            .setResponseTrailers(TrailersResponse.getDefaultInstance())
            .build()
            .toByteArray();
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
}
