// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

/**
 * Who an exchange is billed to: what the gateway vouches for in its identity headers, or the
 * configured fallbacks where it vouches for nothing usable.
 *
 * @param user the user, never blank, at most 256 bytes of UTF-8, no control characters
 * @param tier the price class (alias: subscription), same limits
 * @param userSource where {@code user} came from
 * @param tierSource where {@code tier} came from
 */
public record Identity(String user, String tier, Source userSource, Source tierSource) {

  /** The identity in Standalone mode, which reads no identity headers and exports no identity. */
  public static final Identity ANONYMOUS = new Identity("", "", Source.NOT_READ, Source.NOT_READ);

  /** Where a value came from: the header, or the fallback for one of a closed set of reasons. */
  public enum Source {
    /** The gateway's header. */
    HEADER,
    /** Identity is not read in this mode. */
    NOT_READ,
    /** Fallback: no such header. */
    ABSENT,
    /** Fallback: empty or only white space. */
    BLANK,
    /** Fallback: longer than 256 bytes of UTF-8. */
    TOO_LONG,
    /** Fallback: a control character (C0, DEL or C1). */
    CONTROL_CHARACTER,
    /** Fallback: not valid UTF-8. */
    INVALID_UTF8,
    /**
     * Fallback: a template that nobody expanded, such as <code>{auth.identity.username}</code>:
     * what an AuthConfig with {@code plain.value} instead of {@code plain.selector} sends.
     */
    UNEXPANDED_TEMPLATE,
    /**
     * Fallback: several header lines, and the configuration does not say that the last one wins.
     */
    AMBIGUOUS;

    private final String label = Labels.of(this);

    /** Whether the value is the configured fallback. */
    public boolean isFallback() {
      return this != HEADER && this != NOT_READ;
    }

    /** The metric label value. */
    public String label() {
      return label;
    }
  }
}
