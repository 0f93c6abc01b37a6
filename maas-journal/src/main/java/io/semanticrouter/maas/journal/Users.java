// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/** How names of users are written. Not thread-safe. */
final class Users {
  private static final int HASH_BYTES = 16;

  private final boolean written;
  private final @Nullable Mac mac;

  private Users(boolean written, @Nullable Mac mac) {
    this.written = written;
    this.mac = mac;
  }

  static Users of(JournalConfig config) {
    SecretKey key = config.hmacKey();
    if (key == null) {
      return new Users(config.users() == JournalConfig.Users.PLAIN, null);
    }
    try {
      Mac mac = Mac.getInstance(key.getAlgorithm());
      mac.init(key);
      return new Users(true, mac);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  String written(String user) {
    if (!written || user.isEmpty()) {
      return "";
    }
    if (mac == null) {
      return user;
    }
    byte[] hash = mac.doFinal(user.getBytes(StandardCharsets.UTF_8));
    return "hmac:" + HexFormat.of().formatHex(hash, 0, HASH_BYTES);
  }
}
