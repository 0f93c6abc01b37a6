// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.framing.Framing;
import org.junit.jupiter.api.Test;

/** Counts that the elements of an array make up. */
class ElementCountsTest {
  private static UsageScanner scan(BodyFormat format, String body) {
    UsageScanner scanner = new UsageScanner(format, Framing.JSON);
    byte[] bytes = Bodies.utf8(body);
    scanner.feed(bytes, 0, bytes.length);
    scanner.end();
    return scanner;
  }

  private static UsageScanner gemini(String details) {
    return scan(
        BodyFormat.GEMINI,
        "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":9,"
            + "\"candidatesTokenCount\":4,"
            + details
            + "}}");
  }

  @Test
  void modalitiesAreToldApartAndAddedUp() {
    UsageScanner scanner =
        gemini(
            "\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":1},"
                + "{\"modality\":\"AUDIO\",\"tokenCount\":2},{\"tokenCount\":3,\"modality\":\"IMAGE\"},"
                + "{\"modality\":\"AUDIO\",\"tokenCount\":1},{\"modality\":\"IMAGE\"},{\"tokenCount\":7}],"
                + "\"candidatesTokensDetails\":[{\"modality\":\"IMAGE\",\"tokenCount\":4},"
                + "{\"modality\":\"AUDIO\",\"tokenCount\":0}]");
    assertThat(scanner.stated(Slots.INPUT_AUDIO)).isEqualTo(3);
    assertThat(scanner.stated(Slots.INPUT_IMAGE)).isEqualTo(3);
    assertThat(scanner.stated(Slots.OUTPUT_IMAGE)).isEqualTo(4);
    assertThat(scanner.stated(Slots.OUTPUT_AUDIO)).isZero();
    assertThat(scanner.duplicateSeen()).isFalse();
    assertThat(scanner.malformedUsageSeen()).isFalse();
  }

  @Test
  void modalityOfOneElementIsNotThatOfTheNext() {
    UsageScanner scanner =
        gemini(
            "\"promptTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":2},{\"tokenCount\":5}]");
    assertThat(scanner.stated(Slots.INPUT_AUDIO)).isEqualTo(2);
    UsageScanner other =
        gemini("\"promptTokensDetails\":[{\"tokenCount\":5},{\"modality\":\"AUDIO\"}]");
    assertThat(other.stated(Slots.INPUT_AUDIO)).isEqualTo(UsageScanner.ABSENT);
  }

  @Test
  void arrayThatIsStatedAgainReplacesTheFirstAndIsFlagged() {
    UsageScanner input =
        gemini(
            "\"promptTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":2},{\"modality\":\"IMAGE\",\"tokenCount\":6}],"
                + "\"promptTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":3}]");
    assertThat(input.stated(Slots.INPUT_AUDIO)).isEqualTo(3);
    assertThat(input.stated(Slots.INPUT_IMAGE)).isEqualTo(UsageScanner.ABSENT);
    assertThat(input.duplicateSeen()).isTrue();
    UsageScanner output =
        gemini(
            "\"candidatesTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":2},{\"modality\":\"IMAGE\",\"tokenCount\":6}],"
                + "\"candidatesTokensDetails\":[{\"modality\":\"IMAGE\",\"tokenCount\":3}]");
    assertThat(output.stated(Slots.OUTPUT_AUDIO)).isEqualTo(UsageScanner.ABSENT);
    assertThat(output.stated(Slots.OUTPUT_IMAGE)).isEqualTo(3);
    assertThat(output.duplicateSeen()).isTrue();
  }

  @Test
  void elementThatHoldsNoCountMakesTheUsageMalformed() {
    UsageScanner scanner =
        gemini("\"promptTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":-2}]");
    assertThat(scanner.stated(Slots.INPUT_AUDIO)).isEqualTo(UsageScanner.ABSENT);
    assertThat(scanner.malformedUsageSeen()).isTrue();
  }

  private static UsageScanner converse(String details) {
    return scan(
        BodyFormat.CONVERSE,
        "{\"stopReason\":\"end_turn\",\"usage\":{\"inputTokens\":9,\"outputTokens\":4,"
            + "\"cacheWriteInputTokens\":30,"
            + details
            + "}}");
  }

  @Test
  void lifetimesOfCacheWritesAreToldApartAndAddedUp() {
    UsageScanner scanner =
        converse(
            "\"cacheDetails\":[{\"ttl\":\"5m\",\"inputTokens\":10},{\"inputTokens\":7,\"ttl\":\"1h\"},"
                + "{\"ttl\":\"5m\",\"inputTokens\":1},{\"ttl\":\"1d\",\"inputTokens\":100},{\"ttl\":\"1h\"}]");
    assertThat(scanner.stated(Slots.WRITE_5M)).isEqualTo(11);
    assertThat(scanner.stated(Slots.WRITE_1H)).isEqualTo(7);
    UsageScanner zero = converse("\"cacheDetails\":[{\"ttl\":\"5m\",\"inputTokens\":0}]");
    assertThat(zero.stated(Slots.WRITE_5M)).isZero();
    assertThat(zero.stated(Slots.WRITE_1H)).isEqualTo(UsageScanner.ABSENT);
  }

  @Test
  void lifetimesThatAreStatedAgainReplaceTheFirst() {
    UsageScanner scanner =
        converse(
            "\"cacheDetails\":[{\"ttl\":\"5m\",\"inputTokens\":10},{\"ttl\":\"1h\",\"inputTokens\":9}],"
                + "\"cacheDetails\":[{\"ttl\":\"5m\",\"inputTokens\":3}]");
    assertThat(scanner.stated(Slots.WRITE_5M)).isEqualTo(3);
    assertThat(scanner.stated(Slots.WRITE_1H)).isEqualTo(UsageScanner.ABSENT);
    assertThat(scanner.duplicateSeen()).isTrue();
  }

  @Test
  void turnsThatAreTakenBackDoNotCount() {
    String usage =
        "{\"type\":\"message\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2,\"iterations\":"
            + "[{\"type\":\"compaction\",\"input_tokens\":100,\"output_tokens\":50},"
            + "{\"type\":\"message\",\"input_tokens\":1,\"output_tokens\":2}]%s}}";
    assertThat(scan(BodyFormat.ANTHROPIC, usage.formatted("")).stated(Slots.INPUT)).isEqualTo(101);
    UsageScanner nothing = scan(BodyFormat.ANTHROPIC, usage.formatted(",\"iterations\":null"));
    assertThat(nothing.stated(Slots.INPUT)).isEqualTo(1);
    UsageScanner again = scan(BodyFormat.ANTHROPIC, usage.formatted(",\"iterations\":[]"));
    assertThat(again.stated(Slots.INPUT)).isEqualTo(1);
  }

  @Test
  void imagesThatAreStatedAgainAreNotAddedToTheFirst() {
    UsageScanner scanner = scan(BodyFormat.IMAGE, "{\"data\":[{},{},{}],\"data\":[{},{}]}");
    assertThat(scanner.images()).isEqualTo(2);
    assertThat(scanner.isWhole()).isTrue();
    UsageScanner cut = scan(BodyFormat.IMAGE, "{\"data\":[{},{}]");
    assertThat(cut.images()).isZero();
    assertThat(cut.isWhole()).isFalse();
  }
}
