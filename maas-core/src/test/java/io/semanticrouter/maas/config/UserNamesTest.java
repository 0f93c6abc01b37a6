// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UserNamesTest {
  private final UserNames hashes = UserNames.hmac(new byte[32]);

  @Test
  void namesAreWrittenAsTheyAreOrNotAtAll() {
    assertThat(UserNames.plain().written("alice")).isEqualTo("alice");
    assertThat(UserNames.none().written("alice")).isEmpty();
  }

  @Test
  void hashIsTheHmacOfTheName() {
    assertThat(hashes.written("alice")).isEqualTo("hmac:ce3837f76a54a635191b1704ac767226");
    assertThat(hashes.written("")).isEmpty();
    assertThat(
            UserNames.hmac(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2})
                .written("alice"))
        .startsWith("hmac:")
        .isNotEqualTo(hashes.written("alice"));
  }

  @Test
  void whatIsWrittenAlreadyStays() {
    assertThat(hashes.written("hmac:ce3837f76a54a635191b1704ac767226"))
        .isEqualTo("hmac:ce3837f76a54a635191b1704ac767226");
    assertThat(hashes.written("hmac:ce38")).startsWith("hmac:").hasSize(37);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 15, 4097})
  void keyOfAnotherLengthIsRefused(int bytes) {
    assertThatThrownBy(() -> UserNames.hmac(new byte[bytes]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("A key has 16 to 4096 bytes");
  }
}
