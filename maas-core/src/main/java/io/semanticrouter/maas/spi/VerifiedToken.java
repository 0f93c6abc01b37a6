// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.spi;

import io.semanticrouter.maas.record.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link TokenVerifier} says: the claims of a token, or why they are not believed.
 * Immutable.
 */
public final class VerifiedToken {
  private final Map<String, ?> claims;
  private final Identity.@Nullable Untrusted fault;

  private VerifiedToken(Map<String, ?> claims, Identity.@Nullable Untrusted fault) {
    this.claims = claims;
    this.fault = fault;
  }

  /**
   * A token that is believed.
   *
   * @param claims texts, numbers, booleans, lists and maps of those; not changed from now on
   */
  public static VerifiedToken of(Map<String, ?> claims) {
    return new VerifiedToken(claims, null);
  }

  /** A token that is not. */
  public static VerifiedToken refused(Identity.Untrusted fault) {
    return new VerifiedToken(Map.of(), fault);
  }

  /** Why it is not believed; null when it is. */
  public Identity.@Nullable Untrusted fault() {
    return fault;
  }

  /**
   * A claim as text; several for a list, none where it is not there or neither text nor number.
   *
   * @param path its name, with dots between the names of nested claims; a name that has dots itself
   *     is found as well
   */
  public List<String> claim(String path) {
    return texts(value(claims, path));
  }

  private static @Nullable Object value(Map<?, ?> claims, String path) {
    Object whole = claims.get(path);
    for (int dot = path.lastIndexOf('.'); whole == null && dot > 0; ) {
      if (claims.get(path.substring(0, dot)) instanceof Map<?, ?> inner) {
        whole = value(inner, path.substring(dot + 1));
      }
      dot = path.lastIndexOf('.', dot - 1);
    }
    return whole;
  }

  private static List<String> texts(@Nullable Object value) {
    if (value instanceof String text) {
      return List.of(text);
    }
    if (value instanceof Long || value instanceof Integer) {
      return List.of(value.toString());
    }
    List<String> texts = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object element : list) {
        if (element instanceof String text) {
          texts.add(text);
        }
      }
    }
    return texts;
  }
}
