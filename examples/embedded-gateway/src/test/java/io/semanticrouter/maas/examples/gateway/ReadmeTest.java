// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The code in README under "Embed it": it compiles, it is the same, and it bills. */
class ReadmeTest {
  private static final String ANSWER =
      "{\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[],"
          + "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,\"total_tokens\":20}}";
  private static final String WIRE = new String("größe".getBytes(UTF_8), ISO_8859_1);
  private static final String REQUEST = "{\"model\":\"m\",\"messages\":[]}";

  @Test
  void codeInReadmeIsTheOneBelow() throws IOException {
    String source =
        Files.readString(
            Path.of("src/test/java", getClass().getName().replace('.', '/') + ".java"));
    String marked = between(source, "// README: begin\n", "    // README: end");
    String code = marked.stripTrailing().stripIndent();
    assertThat(Files.readString(Path.of("../../README.md"))).contains("```java\n" + code + "\n```");
  }

  private static String between(String text, String begin, String end) {
    int from = text.lastIndexOf("    " + begin) + 4 + begin.length();
    return text.substring(from, text.lastIndexOf(end));
  }

  @Test
  void codeInReadmeMetersAndLeavesTheLengthOfTheRequest() throws Exception {
    HttpServer backend =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    Map<String, List<String>> got = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    backend.createContext(
        "/",
        http -> {
          got.putAll(http.getRequestHeaders());
          http.getRequestBody().readAllBytes();
          http.getResponseHeaders().set("Content-Type", "application/json");
          http.getResponseHeaders().set("x-vsr-selected-decision", WIRE);
          http.sendResponseHeaders(200, ANSWER.length());
          http.getResponseBody().write(ANSWER.getBytes(UTF_8));
          http.close();
        });
    backend.start();
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream before = System.out;
    FakeResponse response = new FakeResponse();
    try {
      System.setOut(new PrintStream(printed, true, UTF_8));
      URI uri = URI.create("http://127.0.0.1:" + backend.getAddress().getPort() + Request.PATH);
      run(
          Map.of("maas_integration", Map.of("enabled", true)),
          new Request(),
          new UpstreamRequest(uri),
          response);
    } finally {
      System.setOut(before);
      backend.stop(0);
    }
    assertThat(response.body.toString(UTF_8)).isEqualTo(ANSWER);
    assertThat(response.headers).containsEntry("x-vsr-decision", WIRE);
    assertThat(got).containsEntry("content-length", List.of("" + REQUEST.length()));
    assertThat(got).doesNotContainKey("x-vsr-decision");
    assertThat(printed.toString(UTF_8)).contains("user=José").contains("prompt=12");
  }

  private static void run(
      Map<String, Object> yamlAsMap,
      Request request,
      UpstreamRequest upstreamRequest,
      FakeResponse response)
      throws IOException, InterruptedException {
    // README: begin
    Metering metering =
        Metering.builder(MaasConfig.from(yamlAsMap)).sink(System.out::println).build();

    // Of a Servlet; Headers has factories for other APIs.
    Headers asked = Headers.latin1(Headers.of(request.getHeaderNames(), request::getHeaders));
    try (Exchange exchange = metering.begin(request.getMethod(), request.getRequestURI(), asked)) {
      HeaderEdits edits = exchange.request().pass().latin1(); // its body goes on as it came
      edits.forEachRemove(upstreamRequest::removeHeader);
      edits.forEachSet(upstreamRequest::setHeader);
      HttpResponse<InputStream> answer = upstreamRequest.send();
      Headers answered = Headers.latin1(Headers.of(answer.headers().map()));
      ResponseBody body = exchange.response(answer.statusCode(), answered);
      body.edits().forEachRemove(response::removeHeader);
      body.edits().latin1().forEachSet(response::setHeader);
      byte[] chunk = new byte[8192];
      for (int n = answer.body().read(chunk); n >= 0; n = answer.body().read(chunk)) {
        body.write(chunk, 0, n, response::write); // each piece, cut anywhere
      }
      body.end(response::write); // only when the response ended as it should
    }
    // README: end
  }

  /** What a Servlet has of its request. */
  private static final class Request {
    static final String PATH = "/v1/chat/completions";

    private final Map<String, List<String>> headers =
        Map.of(
            "X-Auth-Request-User", List.of("Jos\u00C3\u00A9"), // as the bytes of UTF-8 come
            "X-Vsr-Decision", List.of("spoofed"),
            "Content-Type", List.of("application/json"));

    String getMethod() {
      return "POST";
    }

    String getRequestURI() {
      return PATH;
    }

    Enumeration<String> getHeaderNames() {
      return Collections.enumeration(headers.keySet());
    }

    Enumeration<String> getHeaders(String name) {
      return Collections.enumeration(headers.getOrDefault(name, List.of()));
    }
  }

  /** What goes on, with the body as it came. */
  private static final class UpstreamRequest {
    private final URI uri;
    private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

    UpstreamRequest(URI uri) {
      this.uri = uri;
      headers.put("X-Vsr-Decision", "spoofed");
      headers.put("Content-Length", "" + REQUEST.length());
    }

    void removeHeader(String name) {
      headers.remove(name);
    }

    void setHeader(String name, String value) {
      headers.put(name, value);
    }

    HttpResponse<InputStream> send() throws IOException, InterruptedException {
      // The JDK's client states the length of a body itself, unless it is to be chunked.
      boolean stated = headers.remove("content-length") != null;
      HttpRequest.Builder request =
          HttpRequest.newBuilder(uri)
              .POST(
                  stated
                      ? BodyPublishers.ofString(REQUEST)
                      : BodyPublishers.ofInputStream(
                          () -> new java.io.ByteArrayInputStream(REQUEST.getBytes(UTF_8))));
      headers.forEach(request::header);
      return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofInputStream());
    }
  }

  /** What the client gets. */
  private static final class FakeResponse {
    private final Map<String, String> headers = new TreeMap<>();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    void removeHeader(String name) {
      assertThat(name).startsWith("x-");
    }

    void setHeader(String name, String value) {
      headers.put(name, value);
    }

    void write(byte[] bytes, int offset, int length) {
      body.write(bytes, offset, length);
    }
  }
}
