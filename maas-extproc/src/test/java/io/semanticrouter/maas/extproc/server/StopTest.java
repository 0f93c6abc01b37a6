// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.SSE_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import io.semanticrouter.maas.router.RouterConfig;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** From the first sign of a stop to its end. */
@Timeout(120)
@Tag("slow")
class StopTest {
  /** Stops in the background. An interruption ends all its waiting. */
  private static Thread stop(RunningServer server) {
    Thread stopping = new Thread(server.server::close, "stopping");
    stopping.start();
    return stopping;
  }

  private static void awaitNotReady(RunningServer server) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (server.get("/ready").statusCode() == 200 && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
    assertThat(server.get("/ready").statusCode()).isEqualTo(503);
  }

  @Test
  void runningServerIsLiveAndReady() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of())) {
      assertThat(server.get("/live").statusCode()).isEqualTo(200);
      assertThat(server.get("/ready").statusCode()).isEqualTo(200);
      assertThat(server.get("/ready/not").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void serverThatIsNotReadyStillTakesExchangesWhileItDelaysItsStop() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("shutdown_delay_seconds", 3600))) {
      ManagedChannel channel = server.channel();
      Thread stopping = stop(server);
      awaitNotReady(server);
      assertThat(server.get("/live").statusCode()).isEqualTo(200);
      for (String name : new String[] {"", "envoy.service.ext_proc.v3.ExternalProcessor"}) {
        assertThat(
                HealthGrpc.newBlockingStub(channel)
                    .check(HealthCheckRequest.newBuilder().setService(name).build())
                    .getStatus())
            .as(name)
            .isEqualTo(ServingStatus.NOT_SERVING);
      }
      FakeEnvoy.Stream stream = FakeEnvoy.on(channel).open();
      stream.send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
      assertThat(stream.awaitReplies(3)).isTrue();
      assertThat(stopping.isAlive()).isTrue();
      stopping.interrupt();
      stopping.join();
    }
  }

  @Test
  void whatIsSettledByTheDrainCanBeScrapedBeforeTheEnd() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("metrics_linger_seconds", 3600))) {
      FakeEnvoy.Stream stream = FakeEnvoy.on(server.channel()).open();
      stream.send(chat(), response(200, "text/event-stream"), body(SSE_ANSWER.get(0), false));
      assertThat(stream.awaitReplies(3)).isTrue();
      Thread stopping = stop(server);
      assertThat(
              server.awaitSum("semantic_router_measurement_reasons_total", "reason=\"drain\"", 1))
          .isEqualTo(1);
      assertThat(stream.awaitEnd()).isTrue();
      assertThat(stopping.isAlive()).isTrue();
      stopping.interrupt();
      stopping.join();
    }
  }

  @Test
  void serverThatWasClosedBeforeDoesNotStart() throws Exception {
    MaasServer server =
        new MaasServer(
            MaasConfig.defaults(), RouterConfig.defaults(), RunningServer.config(Map.of()), null);
    server.close();
    assertThat(server.start()).isFalse();
    assertThat(server.grpcPort()).isEqualTo(-1);
    assertThat(server.metricsPort()).isEqualTo(-1);
  }
}
