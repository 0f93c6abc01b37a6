// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.UsageRecord;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** One process, and one configuration after the other. */
class NextConfigurationTest {
  private static final byte[] ANSWER =
      "{\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":0}}"
          .getBytes(UTF_8);

  private final List<UsageRecord> records = new ArrayList<>();
  private final Metering first =
      Metering.builder(priced("1")).instanceId("p").sink(records::add).build();

  private static MaasConfig priced(String price) {
    return MaasConfig.from(
        Map.of(
            "pricing",
            Map.of(
                "models", Map.of("m", Map.of("prompt_per_1m", price, "completion_per_1m", "0")))));
  }

  private static Exchange begin(Metering metering) {
    Exchange exchange = metering.begin("POST", "/v1/chat/completions", Headers.EMPTY);
    exchange.request().pass();
    return exchange;
  }

  private static void end(Exchange exchange) {
    ResponseBody body =
        exchange.response(200, Headers.of(Map.of("content-type", List.of("application/json"))));
    body.watch(ByteBuffer.wrap(ANSWER));
    body.end();
  }

  private BigDecimal cost(int i) {
    Cost cost = Objects.requireNonNull(records.get(i).cost());
    return cost.amount().movePointRight(6).stripTrailingZeros();
  }

  @Test
  void exchangesArePricedAsTheConfigurationOfTheirBeginningSays() {
    Exchange before = begin(first);
    Metering second = first.withConfig(priced("3"));
    end(begin(second));
    end(before);
    end(begin(first));

    assertThat(cost(0)).isEqualByComparingTo("21");
    assertThat(cost(1)).isEqualByComparingTo("7");
    assertThat(cost(2)).isEqualByComparingTo("7");
  }

  @Test
  void idsGoOnAndSinksStay() {
    end(begin(first));
    end(begin(first.withConfig(priced("3")).withConfig(priced("4"))));
    end(begin(first));

    assertThat(records).extracting(UsageRecord::id).containsExactly("p-1", "p-2", "p-3");
  }

  @Test
  void idIsThatOfTheRecordWhenItIsAskedForBefore() {
    Exchange exchange = begin(first);
    String id = exchange.id();
    end(exchange);

    assertThat(records).extracting(UsageRecord::id).containsExactly(id);
    assertThat(exchange.id()).isEqualTo(id);
  }

  @Test
  void failuresOfSinksAreCountedTogether() {
    Metering failing =
        Metering.builder(priced("1"))
            .sink(
                record -> {
                  throw new IllegalStateException("full");
                })
            .build();
    Metering next = failing.withConfig(priced("2"));
    end(begin(failing));
    end(begin(next));

    assertThat(next.sinkFailures()).isEqualTo(2);
    assertThat(failing.sinkFailures()).isEqualTo(2);
  }

  @Test
  void tokensThatNothingVerifiesAreAnErrorOfTheNextConfigurationToo() {
    MaasConfig tokens =
        MaasConfig.from(
            Map.of(
                "maas_integration",
                Map.of(
                    "enabled",
                    true,
                    "authentication",
                    Map.of(
                        "trust",
                        List.of(Map.of("by", "jwt", "jwks", "k", "issuer", "i", "user", "sub"))))));

    assertThatIllegalStateException().isThrownBy(() -> first.withConfig(tokens));
  }
}
