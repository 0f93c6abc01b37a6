// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.internal.spelling.HashedNames;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * How names of users are written where they outlive an exchange: in the journal, in metrics. With
 * the same key a name is the same in both. Thread-safe.
 */
public final class UserNames {
  /** The shortest key, in bytes. */
  public static final int MIN_KEY_BYTES = 16;

  /** The longest key, in bytes. */
  public static final int MAX_KEY_BYTES = 4096;

  private static final String ALGORITHM = "HmacSHA256";

  /** The form of a written name. */
  public enum Form {
    /** As it is. */
    PLAIN,
    /** {@code hmac:} and the first 32 hexadecimal digits of its HMAC-SHA256. */
    HMAC,
    /** Not at all. */
    NONE
  }

  private final Form form;
  private final @Nullable Mac mac; // guarded by itself

  private UserNames(Form form, @Nullable Mac mac) {
    this.form = form;
    this.mac = mac;
  }

  /** As they are. */
  public static UserNames plain() {
    return new UserNames(Form.PLAIN, null);
  }

  /** Not at all. */
  public static UserNames none() {
    return new UserNames(Form.NONE, null);
  }

  /**
   * As hashes.
   *
   * @throws IllegalArgumentException when the key is too short or too long
   */
  public static UserNames hmac(byte[] key) {
    if (key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) {
      throw new IllegalArgumentException(
          "A key has " + MIN_KEY_BYTES + " to " + MAX_KEY_BYTES + " bytes");
    }
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key, ALGORITHM));
      return new UserNames(Form.HMAC, mac);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  /** The form of all names. */
  public Form form() {
    return form;
  }

  /**
   * A name as it is written; empty where none is. One that is an HMAC already stays, so that what a
   * journal has can be counted: no user is called so, for such a name is billed under its hash.
   */
  public String written(String user) {
    if (form == Form.NONE || user.isEmpty()) {
      return "";
    }
    if (mac == null || HashedNames.is(HashedNames.HMAC, user)) {
      return user;
    }
    byte[] bytes = user.getBytes(StandardCharsets.UTF_8);
    synchronized (mac) {
      return HashedNames.of(HashedNames.HMAC, mac.doFinal(bytes));
    }
  }
}
