// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The status page as a headless Chromium shows it; skipped where there is none on PATH, unless
 * REQUIRE_CHROMIUM=1.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StatusPageIT {
  private static final Pattern CARD =
      Pattern.compile("<span class=\"soft\">([^<]*)</span><b>([^<]*)</b>");

  private static final Pattern FOUND = Pattern.compile("<pre id=\"found\">([^<]+)</pre>");

  private Stack stack;
  private String dom;
  private String console;

  @BeforeAll
  void open() throws Exception {
    Path browser = chromium();
    stack = Stack.start("status", Requests.MAAS, Requests.backend());
    RawHttp.post(
        stack.envoy.port(),
        Requests.CHAT,
        Requests.PLAIN,
        "x-auth-request-user",
        "<b>alice</b>",
        "x-auth-request-tier",
        "premium");
    RawHttp.post(stack.envoy.port(), Requests.CHAT, Requests.PLAIN, "x-auth-request-user", "<nil>");
    stack.awaitRequests(2);
    dom = show(browser, "http://127.0.0.1:" + stack.server.metricsPort() + "/", "page");
    console = Files.readString(Project.WORK.resolve("status").resolve("page.log"));
  }

  /** The DOM of a page, when its scripts have run for some seconds of their own time. */
  private static String show(Path browser, String url, String name) throws Exception {
    Path directory = Files.createDirectories(Project.WORK.resolve("status"));
    Path out = directory.resolve(name + ".html");
    Path err = directory.resolve(name + ".log");
    Process process =
        new ProcessBuilder(
                browser.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--user-data-dir=" + Files.createTempDirectory(directory, "profile"),
                "--virtual-time-budget=3000",
                "--enable-logging=stderr",
                "--dump-dom",
                url)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as(err.toString()).isTrue();
    return Files.readString(out);
  }

  private static Path chromium() {
    for (String directory : System.getenv("PATH").split(File.pathSeparator, -1)) {
      for (String name : List.of("chromium", "chromium-browser", "google-chrome")) {
        Path binary = Path.of(directory, name);
        if (Files.isExecutable(binary)) {
          return binary;
        }
      }
    }
    if ("1".equals(System.getenv("REQUIRE_CHROMIUM"))) {
      fail("REQUIRE_CHROMIUM=1, but no chromium on PATH");
    }
    return Assumptions.abort("no chromium on PATH");
  }

  @AfterAll
  void close() {
    if (stack != null) {
      stack.close();
    }
  }

  @Test
  void totalsAreThoseOfTheMetrics() {
    TreeMap<String, String> cards = new TreeMap<>();
    Matcher card = CARD.matcher(dom);
    while (card.find()) {
      cards.put(card.group(1), card.group(2));
    }
    Scrape scrape = stack.server.scrape();
    assertThat(cards)
        .containsEntry("Exchanges", "2")
        .containsEntry(
            "Prompt tokens", whole(scrape.sum("semantic_router_tokens_total", "type", "prompt")))
        .containsEntry(
            "Completion tokens",
            whole(scrape.sum("semantic_router_tokens_total", "type", "completion")));
  }

  private static String whole(double count) {
    return Long.toString((long) count);
  }

  @Test
  void whatClientsSayIsShownAsText() {
    assertThat(dom).contains("&lt;b&gt;alice&lt;/b&gt;").doesNotContain("<b>alice");
  }

  @Test
  void warningsAreSentences() {
    assertThat(dom)
        .contains("The user is a placeholder such as &lt;nil&gt; on 50 % of the exchanges");
  }

  @Test
  void browserHasNothingToComplainOf() {
    List<String> complaints = new ArrayList<>(console.lines().toList());
    complaints.removeIf(line -> !line.contains("CONSOLE"));
    assertThat(complaints).isEmpty();
  }

  /** In light and dark, as wide as a desktop and as a phone. */
  @Test
  void axeFindsNoBarriers() throws Exception {
    URI page = URI.create("http://127.0.0.1:" + stack.server.metricsPort() + "/");
    try (AxePages pages = AxePages.of(page)) {
      Matcher found = FOUND.matcher(show(chromium(), pages.url(), "axe"));
      assertThat(found.find()).isTrue();
      List<String> lines =
          URLDecoder.decode(found.group(1), StandardCharsets.UTF_8).lines().toList();
      assertThat(lines)
          .hasSize(AxePages.frames())
          .allMatch(line -> line.matches("(light|dark)/(1280|390): [2-9]\\d rules are kept"));
    }
  }

  @Test
  void pageIsGoneWhereItIsSwitchedOff() throws IOException {
    try (ServerJar server =
        ServerJar.start(
            Project.WORK.resolve("status-off"), Stack.PORTS + "  status_page: false\n")) {
      for (String path : List.of("/", "/status.json")) {
        URI uri = URI.create("http://127.0.0.1:" + server.metricsPort() + path);
        assertThat(((HttpURLConnection) uri.toURL().openConnection()).getResponseCode())
            .isEqualTo(404);
      }
    }
  }
}
