// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.envoyproxy.envoy.type.v3.StatusCode;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.semanticrouter.maas.testkit.VsrResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A semantic router that behaves towards Envoy as the vLLM Semantic Router does: it reads requests
 * whole, answers some of them itself, and adds its headers to the responses of the others; the
 * debug ones only when the request asks for them. What it decides is up to the request: its header
 * {@value #CASE} names a {@link VsrResponse}.
 */
final class VsrStub extends ExternalProcessorGrpc.ExternalProcessorImplBase
    implements AutoCloseable {
  static final String CASE = "x-stub-case";

  /** How its manifests configure its filter (deploy/local/envoy.yaml there). */
  static final String FILTER =
      """
      allow_mode_override: true
      allowed_override_modes: []
      message_timeout: 30s
      processing_mode:
        request_header_mode: SEND
        request_body_mode: BUFFERED
        request_trailer_mode: SKIP
        response_header_mode: SEND
        response_body_mode: BUFFERED
        response_trailer_mode: SKIP
      """;

  private final List<Map<String, String>> requests = new CopyOnWriteArrayList<>();
  private final Server server;

  private VsrStub() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(this)
            .build()
            .start();
  }

  static VsrStub start() throws IOException {
    return new VsrStub();
  }

  int port() {
    return server.getPort();
  }

  /** The headers of each request, as they reached the router. */
  List<Map<String, String>> requests() {
    return requests;
  }

  @Override
  public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> replies) {
    return new StreamObserver<>() {
      private VsrResponse decided;
      private boolean debug;

      @Override
      public void onNext(ProcessingRequest message) {
        replies.onNext(reply(message));
      }

      private ProcessingResponse reply(ProcessingRequest message) {
        return switch (message.getRequestCase()) {
          case REQUEST_HEADERS -> {
            Map<String, String> request = map(message.getRequestHeaders());
            requests.add(request);
            decided = VsrResponse.valueOf(request.get(CASE));
            debug = request.getOrDefault("x-vsr-debug", "").strip().equalsIgnoreCase("true");
            yield ProcessingResponse.newBuilder()
                .setRequestHeaders(mutated(List.of("accept-encoding", "identity")))
                .build();
          }
          case REQUEST_BODY ->
              decided.isImmediate()
                  ? ProcessingResponse.newBuilder().setImmediateResponse(immediate()).build()
                  : ProcessingResponse.newBuilder()
                      .setRequestBody(BodyResponse.getDefaultInstance())
                      .build();
          case RESPONSE_HEADERS -> {
            ProcessingResponse.Builder reply =
                ProcessingResponse.newBuilder().setResponseHeaders(mutated(decided.headers(debug)));
            String type = map(message.getResponseHeaders()).getOrDefault("content-type", "");
            if (type.startsWith("text/event-stream")) {
              reply.setModeOverride(streamed());
            }
            yield reply.build();
          }
          case RESPONSE_BODY ->
              ProcessingResponse.newBuilder()
                  .setResponseBody(BodyResponse.getDefaultInstance())
                  .build();
          default -> throw new AssertionError(message);
        };
      }

      private ImmediateResponse immediate() {
        return ImmediateResponse.newBuilder()
            .setStatus(HttpStatus.newBuilder().setCode(StatusCode.forNumber(decided.status())))
            .setHeaders(mutation(decided.headers(debug)))
            .setBody(ByteString.copyFromUtf8(decided.body()))
            .build();
      }

      @Override
      public void onError(Throwable t) {
        // Envoy ends even good streams so.
      }

      @Override
      public void onCompleted() {
        replies.onCompleted();
      }
    };
  }

  private static ProcessingMode streamed() {
    return ProcessingMode.newBuilder()
        .setResponseHeaderMode(HeaderSendMode.SEND)
        .setResponseBodyMode(BodySendMode.STREAMED)
        .build();
  }

  private static HeadersResponse mutated(List<String> namesAndValues) {
    return HeadersResponse.newBuilder()
        .setResponse(CommonResponse.newBuilder().setHeaderMutation(mutation(namesAndValues)))
        .build();
  }

  private static HeaderMutation mutation(List<String> namesAndValues) {
    HeaderMutation.Builder mutation = HeaderMutation.newBuilder();
    for (int i = 0; i < namesAndValues.size(); i += 2) {
      mutation.addSetHeaders(
          HeaderValueOption.newBuilder()
              .setHeader(
                  HeaderValue.newBuilder()
                      .setKey(namesAndValues.get(i))
                      .setRawValue(ByteString.copyFromUtf8(namesAndValues.get(i + 1)))));
    }
    return mutation.build();
  }

  private static Map<String, String> map(HttpHeaders headers) {
    Map<String, String> map = new TreeMap<>();
    for (HeaderValue header : headers.getHeaders().getHeadersList()) {
      map.put(header.getKey(), header.getRawValue().toStringUtf8());
    }
    return map;
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
