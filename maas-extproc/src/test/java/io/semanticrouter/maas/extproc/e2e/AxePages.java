// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.junit.jupiter.api.Assertions.fail;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * A page of another server four times: light and dark, as wide as a desktop and as a phone, each in
 * a frame in which axe-core looks for barriers when the page has its numbers. What it finds is in
 * the element {@code found}: a line for each frame, or each barrier in it.
 */
final class AxePages implements AutoCloseable {
  /** Of the frames, in pixels. */
  private static final List<Integer> WIDTHS = List.of(1280, 390);

  private static final List<String> SCHEMES = List.of("light", "dark");

  private static final String DARK = "@media (prefers-color-scheme: dark)";

  private static final String IN_FRAME =
      """
      <script src="/axe.js"></script>
      <script>
      const wait = setInterval(async () => {
        if (!document.querySelector('#cards b')) return;
        clearInterval(wait);
        const found = await axe.run(document);
        const name = location.pathname.slice(1) + innerWidth;
        parent.postMessage([name + ': ' + found.passes.length + ' rules are kept'].concat(
          ...found.violations.concat(found.incomplete.filter(r => r.impact === 'critical')).map(rule =>
            rule.nodes.map(n => name + ': ' + rule.id + ' (' + rule.impact + ') ' + n.target))), '*');
      }, 50);
      </script>
      """;

  private static final String AROUND =
      """
      <!doctype html><html lang="en"><title>axe</title><body>%s<pre id="found"></pre>
      <script>
      const lines = [];
      let frames = 0;
      addEventListener('message', message => {
        lines.push(...message.data);
        if (++frames === %d) document.getElementById('found').textContent = encodeURIComponent(lines.sort().join('\\n'));
      });
      </script></body></html>
      """;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final URI page;
  private final Path axe;

  private AxePages(HttpServer server, URI page, Path axe) {
    this.server = server;
    this.page = page;
    this.axe = axe;
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  /** Skips the test where axe-core cannot be had, unless REQUIRE_CHROMIUM=1. */
  static AxePages of(URI page) throws IOException, InterruptedException {
    Process which =
        new ProcessBuilder(Project.file("tools/axe").toString()).redirectErrorStream(true).start();
    String output =
        new String(which.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (!which.waitFor(5, TimeUnit.MINUTES) || which.exitValue() != 0) {
      if ("1".equals(System.getenv("REQUIRE_CHROMIUM"))) {
        fail("REQUIRE_CHROMIUM=1, but " + output);
      }
      Assumptions.abort(output);
    }
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return new AxePages(HttpServer.create(address, 0), page, Path.of(output));
  }

  /** How many frames there are. */
  static int frames() {
    return WIDTHS.size() * SCHEMES.size();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      byte[] answer = answer(path);
      String type = path.endsWith("/") ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
      exchange
          .getResponseHeaders()
          .set("content-type", path.equals("/axe.js") ? "text/javascript; charset=utf-8" : type);
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private byte[] answer(String path) throws IOException {
    if (path.equals("/axe.js")) {
      return Files.readAllBytes(axe);
    }
    if (path.equals("/")) {
      StringBuilder frames = new StringBuilder();
      for (String scheme : SCHEMES) {
        for (int width : WIDTHS) {
          frames.append(
              "<iframe src=\"/%s/\" width=\"%d\" height=\"900\"></iframe>\n"
                  .formatted(scheme, width));
        }
      }
      return bytes(AROUND.formatted(frames, frames()));
    }
    // /light/ and /dark/, and what they ask for beside them.
    int slash = path.indexOf('/', 1);
    byte[] answer;
    try (InputStream in = page.resolve(path.substring(slash)).toURL().openStream()) {
      answer = in.readAllBytes();
    }
    if (slash < path.length() - 1) {
      return answer;
    }
    String html = new String(answer, StandardCharsets.UTF_8);
    if (!html.contains(DARK)) {
      throw new AssertionError("the page has no " + DARK);
    }
    boolean dark = path.startsWith("/dark/");
    return bytes(
        html.replace(DARK, dark ? "@media all" : "@media not all")
                .replace("color-scheme: light dark", "color-scheme: " + (dark ? "dark" : "light"))
            + IN_FRAME);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
