// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.rpc.Status;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.service.auth.v3.AuthorizationGrpc;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.envoyproxy.envoy.service.auth.v3.CheckResponse;
import io.envoyproxy.envoy.service.auth.v3.OkHttpResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.BiFunction;

/**
 * The servers that filters before ours ask. Both name alice, of the tier gold: an authorization
 * server does it for {@value #KEY} and refuses all others, a processor does it for everybody.
 */
final class EarlierFilters implements AutoCloseable {
  static final String KEY = "Bearer key-of-alice";

  /** The name of its cluster. */
  static final String CLUSTER = "earlier";

  static final String EXT_AUTHZ =
      """
      name: envoy.filters.http.ext_authz
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
        transport_api_version: V3
        grpc_service: { envoy_grpc: { cluster_name: earlier }, timeout: 60s }
      """;

  static final String EXT_PROC =
      """
      name: envoy.filters.http.ext_proc.earlier
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
        grpc_service: { envoy_grpc: { cluster_name: earlier } }
        stat_prefix: earlier
        message_timeout: 60s
        processing_mode: { request_header_mode: SEND, response_header_mode: SKIP }
      """;

  private final Server server;

  private EarlierFilters() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new Authorization())
            .addService(new Processor())
            .build()
            .start();
  }

  static EarlierFilters start() throws IOException {
    return new EarlierFilters();
  }

  int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  /** What alice is, for a filter that reads values of headers from the field {@code set}. */
  private static List<HeaderValueOption> identity(
      BiFunction<HeaderValue.Builder, ByteString, HeaderValue.Builder> set) {
    return List.of(
        header(set, "x-auth-request-user", "alice"), header(set, "x-auth-request-tier", "gold"));
  }

  private static HeaderValueOption header(
      BiFunction<HeaderValue.Builder, ByteString, HeaderValue.Builder> set,
      String name,
      String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(set.apply(HeaderValue.newBuilder().setKey(name), ByteString.copyFromUtf8(value)))
        .setAppendAction(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
        .build();
  }

  private static final class Authorization extends AuthorizationGrpc.AuthorizationImplBase {
    @Override
    public void check(CheckRequest request, StreamObserver<CheckResponse> replies) {
      String key =
          request.getAttributes().getRequest().getHttp().getHeadersOrDefault("authorization", "");
      replies.onNext(key.equals(KEY) ? granted() : denied());
      replies.onCompleted();
    }

    private static CheckResponse granted() {
      return CheckResponse.newBuilder()
          .setStatus(Status.newBuilder().setCode(0))
          .setOkResponse(
              OkHttpResponse.newBuilder()
                  .addAllHeaders(identity(HeaderValue.Builder::setValueBytes)))
          .setDynamicMetadata(
              Struct.newBuilder().putFields("id", text("alice")).putFields("plan", text("gold")))
          .build();
    }

    private static Value text(String value) {
      return Value.newBuilder().setStringValue(value).build();
    }

    private static CheckResponse denied() {
      return CheckResponse.newBuilder()
          .setStatus(Status.newBuilder().setCode(io.grpc.Status.Code.UNAUTHENTICATED.value()))
          .build();
    }
  }

  private static final class Processor extends ExternalProcessorGrpc.ExternalProcessorImplBase {
    @Override
    public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> replies) {
      return new StreamObserver<>() {
        @Override
        public void onNext(ProcessingRequest message) {
          replies.onNext(
              ProcessingResponse.newBuilder()
                  .setRequestHeaders(
                      HeadersResponse.newBuilder()
                          .setResponse(
                              CommonResponse.newBuilder()
                                  .setHeaderMutation(
                                      HeaderMutation.newBuilder()
                                          .addAllSetHeaders(
                                              identity(HeaderValue.Builder::setRawValue)))))
                  .build());
        }

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {
          replies.onCompleted();
        }
      };
    }
  }
}
