// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * The page for people at the root of the metrics port. It is one file that asks for nothing outside
 * of this server: the browser reads {@code /metrics} and adds up what it shows; {@code
 * /status.json} says how the server is set up.
 */
final class StatusPage {
  private static final String PAGE = page();

  /**
   * Labels hold what clients say. They are written as text; should one ever be read as markup, the
   * browser runs nothing but the script of the page and asks nobody but this server.
   */
  static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; connect-src 'self'; img-src data:; script-src '"
          + hash("script")
          + "'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
          + " frame-ancestors 'none'";

  /**
   * One thing about how the server is set up.
   *
   * @param title a word or two
   * @param text a sentence
   * @param warns whether it is better changed
   */
  record Fact(String title, String text, boolean warns) {}

  private final Supplier<List<Fact>> facts;

  /**
   * A page.
   *
   * @param facts asked each time
   */
  StatusPage(Supplier<List<Fact>> facts) {
    this.facts = facts;
  }

  static byte[] html() {
    return PAGE.getBytes(StandardCharsets.UTF_8);
  }

  byte[] json() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("version", Main.Version.text());
      json.writeArrayFieldStart("facts");
      for (Fact fact : facts.get()) {
        json.writeStartObject();
        json.writeStringField("title", fact.title());
        json.writeStringField("text", fact.text());
        json.writeBooleanField("warns", fact.warns());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return out.toByteArray();
  }

  private static String page() {
    try (InputStream in =
        Objects.requireNonNull(StatusPage.class.getResourceAsStream("status.html"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("The jar has no status page", e);
    }
  }

  private static String hash(String element) {
    int from = PAGE.indexOf("<" + element + ">") + element.length() + 2;
    String content = PAGE.substring(from, PAGE.indexOf("</" + element + ">", from));
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
      return "sha256-" + Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
