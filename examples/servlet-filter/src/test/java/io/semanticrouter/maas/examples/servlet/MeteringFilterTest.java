// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.servlet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.RecordingSink;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Servlets that answer themselves, in the ways that the Servlet API has. */
@Timeout(60)
class MeteringFilterTest {
  private static final String STREAMS = "{\"model\":\"m\",\"stream\":true,\"messages\":[]}";
  private static final String TEXT =
      "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hä\"}}]}\n\n";
  private static final String USAGE =
      "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":12,"
          + "\"completion_tokens\":8,\"total_tokens\":20}}\n\n";
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final RecordingSink sink = new RecordingSink();
  private final CountDownLatch seen = new CountDownLatch(1);
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @SuppressWarnings("NullAway.Init") // by given
  private JettyGateway jetty;

  @AfterEach
  void stop() throws IOException {
    jetty.close();
  }

  /** How a servlet answers. */
  private enum Way {
    STREAM,
    WRITER,
    COMPLETED,
    DISPATCHED
  }

  private void given(HttpServlet servlet) throws IOException {
    Map<String, ?> tree = Map.of("maas_integration", Map.of("enabled", true));
    jetty =
        JettyGateway.serving(Metering.builder(MaasConfig.from(tree)).sink(sink).build(), servlet);
  }

  private HttpResponse<InputStream> post() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(jetty.uri() + "/v1/chat/completions"))
            .timeout(PATIENCE)
            .header("content-type", "application/json")
            .header("x-vsr-skip-processing", "true")
            .POST(BodyPublishers.ofString(STREAMS))
            .build();
    return client.send(request, BodyHandlers.ofInputStream());
  }

  private UsageRecord record() {
    return sink.awaitCount(1, PATIENCE).get(0);
  }

  private final class Model extends HttpServlet {
    private static final long serialVersionUID = 1;

    private final transient Way way;

    Model(Way way) {
      this.way = way;
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      boolean isAgain = request.getAttribute("again") != null;
      if (way == Way.DISPATCHED && !isAgain) {
        request.setAttribute("again", true);
        request.startAsync().dispatch();
      } else if (way == Way.COMPLETED) {
        AsyncContext context = request.startAsync();
        context.start(
            () -> {
              try {
                answer(
                    (HttpServletRequest) context.getRequest(),
                    (HttpServletResponse) context.getResponse());
                context.complete();
              } catch (IOException e) {
                context.complete();
              }
            });
      } else {
        answer(request, response);
      }
    }

    private void answer(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      assertThat(request.getHeader("x-vsr-skip-processing")).isNull();
      assertThat(request.getHeaders("X-Vsr-Skip-Processing").hasMoreElements()).isFalse();
      String asked = new String(request.getInputStream().readAllBytes(), UTF_8);
      assertThat(asked).contains("\"include_usage\":true");
      assertThat(request.getContentLength()).isEqualTo(asked.length());
      response.setContentType("text/event-stream");
      if (way == Way.WRITER) {
        response.setCharacterEncoding("UTF-8");
        PrintWriter writer = response.getWriter();
        writer.write(TEXT);
        response.flushBuffer();
        await();
        writer.write(USAGE.stripTrailing()); // held until the end: not a whole event
      } else {
        response.getOutputStream().write(TEXT.getBytes(UTF_8));
        response.getOutputStream().flush();
        await();
        response.getOutputStream().write(USAGE.stripTrailing().getBytes(UTF_8));
      }
    }

    private void await() throws IOException {
      try {
        if (!seen.await(10, TimeUnit.SECONDS)) {
          throw new IOException("the first event was not seen");
        }
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void eachWayToAnswerIsMeteredAndEventsAreFlushed(Way way) throws Exception {
    given(new Model(way));
    try (InputStream in = post().body()) {
      assertThat(new String(in.readNBytes(TEXT.getBytes(UTF_8).length), UTF_8)).isEqualTo(TEXT);
      seen.countDown();
      assertThat(new String(in.readAllBytes(), UTF_8)).isEmpty();
    }
    assertThat(record().outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(record().measurement().usage()).isNotNull();
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void aServletThatFailsIsAnErrorToItsClientAndOneRecord() throws Exception {
    given(
        new HttpServlet() {
          private static final long serialVersionUID = 1;

          @Override
          protected void doPost(HttpServletRequest request, HttpServletResponse response)
              throws IOException {
            throw new IOException("fails");
          }
        });
    assertThat(post().statusCode()).isEqualTo(500);
    assertThat(record().measurement().usage()).isNull();
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void aServletThatNeverCompletesIsSettledAfterItsTimeout() throws Exception {
    given(
        new HttpServlet() {
          private static final long serialVersionUID = 1;

          @Override
          protected void doPost(HttpServletRequest request, HttpServletResponse response) {
            request.startAsync().setTimeout(200);
          }
        });
    assertThat(post().statusCode()).isBetween(500, 599);
    assertThat(record().measurement().has(Reason.CANCELLED)).isTrue();
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void identityIsUtf8() throws Exception {
    given(new Model(Way.STREAM));
    seen.countDown();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), jetty.uri().getPort())) {
      String request =
          "POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\nx-auth-request-user: zoë\r\n"
              + "content-length: "
              + STREAMS.length()
              + "\r\n\r\n"
              + STREAMS;
      socket.getOutputStream().write(request.getBytes(UTF_8));
      assertThat(record().identity().user()).isEqualTo("zoë");
    }
  }
}
