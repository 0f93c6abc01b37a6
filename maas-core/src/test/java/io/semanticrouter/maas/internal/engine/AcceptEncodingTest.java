// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AcceptEncodingTest {
  private static final MaasConfig MAAS = config(Map.of());

  private static MaasConfig config(Map<String, Object> usage) {
    return MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true, "usage", usage)));
  }

  /** What becomes of the header; null when it stays as it is. */
  private static @Nullable String edited(
      MaasConfig config, List<ContentCoding> codings, String path, String value) {
    Metering metering = Metering.builder(config).codings(codings).build();
    try (DrivenExchange exchange =
        DrivenExchange.of(metering.begin("POST", path, FakeHeaders.of("accept-encoding", value)))) {
      return exchange.edits().toSet().get("accept-encoding");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "gzip | -",
        "gzip, deflate | -",
        "gzip;q=0.5, identity | -",
        "'' | -",
        "gzip, deflate, br, zstd | gzip, deflate",
        "br;q=1.0, gzip;q=0.8, *;q=0.1 | gzip;q=0.8",
        "br | identity",
        "* | identity",
        "GZip, BR | GZip",
        "gzip,,br | gzip",
        "gzip ; q=0.5 , X-GZip;q=0.1, ,Identity | -",
        " br ,, deflate;q=0.3 , gzip | deflate;q=0.3, gzip",
        "gzi, gzipp, ;gzip, gzip deflate | identity",
      })
  void whatCannotBeDecodedIsTakenOut(String value, @Nullable String expected) {
    assertThat(edited(MAAS, List.of(), "/v1/embeddings", value)).isEqualTo(expected);
  }

  @Test
  void codingThatIsInstalledStays() {
    ContentCoding br =
        new ContentCoding() {
          @Override
          public String name() {
            return "br";
          }

          @Override
          public Decoder newDecoder(int maxWindowBytes) {
            throw new UnsupportedOperationException("not decoded here");
          }
        };
    assertThat(edited(MAAS, List.of(br), "/v1/embeddings", "br, zstd")).isEqualTo("br");
  }

  @Test
  void policyOfIdentityOrKeepIsFollowed() {
    MaasConfig identity = config(Map.of("accept_encoding", "identity"));
    assertThat(edited(identity, List.of(), "/v1/embeddings", "gzip")).isEqualTo("identity");
    assertThat(edited(identity, List.of(), "/v1/embeddings", "identity")).isNull();
    MaasConfig keep = config(Map.of("accept_encoding", "keep"));
    assertThat(edited(keep, List.of(), "/v1/embeddings", "br")).isNull();
    assertThat(edited(keep, List.of(), "/v1/chat/completions", "br")).isNull();
  }

  @Test
  void responseThatMayHaveToBeEditedIsWantedInPlain() {
    assertThat(edited(MAAS, List.of(), "/v1/chat/completions", "gzip")).isEqualTo("identity");
  }

  @Test
  void standaloneModeAndRequestsThatAreNotMeteredAreLeftAlone() {
    assertThat(edited(MaasConfig.defaults(), List.of(), "/v1/embeddings", "br")).isNull();
    assertThat(edited(MAAS, List.of(), "/v1/messages/count_tokens", "br")).isNull();
    MaasConfig counting = config(Map.of("unlisted", "count"));
    assertThat(edited(counting, List.of(), "/index.html", "br")).isNull();
  }
}
