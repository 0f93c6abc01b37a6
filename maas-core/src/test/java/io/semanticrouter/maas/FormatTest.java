// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Wire.utf8;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.semanticrouter.maas.Transcripts.Transcript;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the other tests feed is what it says: bodies that lie make every test with them worthless.
 */
class FormatTest {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  @ParameterizedTest
  @EnumSource
  void documentsAndEventsAreWellFormed(Format format) throws IOException {
    String planted = "{" + Format.PLANTED + "}";
    JSON.readTree(planted);
    assertThat(JSON.readTree(format.document("a", planted)).isObject()).isTrue();
    List<JsonNode> events = events(format.isFrames(), format.answer("a", "b"));
    assertThat(events).hasSize(format.open().length == 0 ? 3 : 4);
    for (String text : AdversarialBodiesTest.texts()) {
      JSON.readTree(format.document(text, "{}"));
      events(format.isFrames(), format.delta(text));
    }
  }

  @Test
  void transcriptsAreWellFormed() throws IOException {
    for (Transcript t : Transcripts.all()) {
      String text = t.text();
      boolean stream = !"application/json".equals(t.wire().responseHeaders().get("content-type"));
      if (stream) {
        assertThat(events(t.isFrames(), t.body())).as(t.name()).isNotEmpty();
      } else {
        assertThat(JSON.readTree(text).isContainerNode()).as(t.name()).isTrue();
      }
      assertThat(text).as(t.name()).doesNotContain("\r");
      assertThat(stream && !t.isFrames() && !text.endsWith("\n\n")).as(t.name()).isFalse();
    }
  }

  @Test
  void frameIsLaidOutAsTheSpecificationSays() {
    byte[] frame = EventFrames.event("metadata", utf8("{}"));
    ByteBuffer in = ByteBuffer.wrap(frame);
    assertThat(in.getInt()).isEqualTo(frame.length);
    int headers = in.getInt();
    assertThat(in.getInt()).isEqualTo(EventFrames.checksum(frame, 8));
    String first = new String(frame, 12, 1 + 11 + 1 + 2 + 8, UTF_8);
    assertThat(first).isEqualTo("\u000b:event-type\u0007\u0000\u0008metadata");
    assertThat(new String(frame, 12 + headers, 2, UTF_8)).isEqualTo("{}");
    assertThat(frame.length).isEqualTo(12 + headers + 2 + 4);
    assertThat(in.position(frame.length - 4).getInt())
        .isEqualTo(EventFrames.checksum(frame, frame.length - 4));
  }

  @Test
  void frameWithoutHeadersAndPayloadHasTheChecksumsOfTheSpecification() {
    // From the AWS test vectors of the event stream encoding: "empty_message".
    assertThat(EventFrames.frame(new byte[0], new byte[0]))
        .asHexString()
        .isEqualTo("000000100000000005C248EB7D98C8FF");
  }

  private static List<JsonNode> events(boolean frames, byte[] body) throws IOException {
    List<JsonNode> events = new ArrayList<>();
    if (!frames) {
      for (String line : new String(body, UTF_8).split("\n", -1)) {
        String data = line.startsWith("data:") ? line.substring(5).strip() : "";
        if (!data.isEmpty() && !data.equals("[DONE]")) {
          events.add(JSON.readTree(data));
        }
      }
      return events;
    }
    ByteBuffer in = ByteBuffer.wrap(body);
    while (in.hasRemaining()) {
      int start = in.position();
      int total = in.getInt();
      int headers = in.getInt();
      byte[] payload = new byte[total - 16 - headers];
      in.position(start + 12 + headers).get(payload);
      JsonNode event = JSON.readTree(payload);
      JsonNode bytes = event.get("bytes");
      events.add(
          bytes == null ? event : JSON.readTree(Base64.getDecoder().decode(bytes.textValue())));
      in.position(start + total);
    }
    return events;
  }
}
