// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import com.google.protobuf.Struct;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import java.util.List;
import java.util.Set;

/**
 * The configuration of the ext_proc filter, as far as a server can tell it from the messages.
 * Immutable.
 *
 * @param mode which parts of an exchange are shown
 * @param observability whether messages are only sent, and replies ignored
 * @param allowsOverride {@code allow_mode_override}
 * @param allowedOverrides {@code allowed_override_modes}; empty: any mode
 * @param sendsBodyEarly {@code send_body_without_waiting_for_header_response}: STREAMED bodies do
 *     not wait for the reply to the headers
 * @param sendsProtocolConfig whether the first message states the body modes, as Envoy does from
 *     1.34 on
 * @param closesEarly whether the stream ends as soon as nothing more can be sent, as from Envoy
 *     1.37 on
 * @param bufferLimit how many bytes BUFFERED_PARTIAL gathers at most
 * @param namespaces {@code receiving_namespaces} for dynamic metadata; empty: any
 * @param requestAttributes {@code request_attributes}, as evaluated for this exchange; on the first
 *     message of the stream
 */
public record Filter(
    ProcessingMode mode,
    boolean observability,
    boolean allowsOverride,
    List<ProcessingMode> allowedOverrides,
    boolean sendsBodyEarly,
    boolean sendsProtocolConfig,
    boolean closesEarly,
    int bufferLimit,
    Set<String> namespaces,
    Struct requestAttributes) {

  /**
   * A filter that Envoy would accept.
   *
   * @throws IllegalArgumentException when Envoy would refuse the configuration
   */
  public Filter {
    allowedOverrides = List.copyOf(allowedOverrides);
    namespaces = Set.copyOf(namespaces);
    for (Direction direction : Direction.values()) {
      BodySendMode body = direction.bodyMode(mode);
      if (body == BodySendMode.FULL_DUPLEX_STREAMED && !direction.sendsTrailers(mode)) {
        throw new IllegalArgumentException("FULL_DUPLEX_STREAMED needs the trailers: " + direction);
      }
      if (observability && body != BodySendMode.NONE && body != BodySendMode.STREAMED) {
        throw new IllegalArgumentException("a body that is only observed is STREAMED: " + body);
      }
    }
  }

  /** A filter with this mode that allows no override, of an Envoy since 1.34. */
  public static Filter of(ProcessingMode mode) {
    return new Builder(mode).build();
  }

  /** The same, showing these body modes and all headers; see {@link Modes}. */
  public static Filter of(BodySendMode request, BodySendMode response) {
    return of(Modes.of(request, response));
  }

  /** Starts from {@link #of(ProcessingMode)}. */
  public static Builder builder(ProcessingMode mode) {
    return new Builder(mode);
  }

  boolean honoursOverrides() {
    return allowsOverride
        && !observability
        && !sendsBodyEarly
        && mode.getRequestBodyMode() != BodySendMode.FULL_DUPLEX_STREAMED
        && mode.getResponseBodyMode() != BodySendMode.FULL_DUPLEX_STREAMED;
  }

  /** Configures a {@link Filter}. Not thread-safe. */
  public static final class Builder {
    private final ProcessingMode mode;
    private boolean observability;
    private boolean allowsOverride;
    private List<ProcessingMode> allowedOverrides = List.of();
    private boolean sendsBodyEarly;
    private boolean sendsProtocolConfig = true;
    private boolean closesEarly;
    private int bufferLimit = 1 << 20;
    private Set<String> namespaces = Set.of();
    private Struct requestAttributes = Struct.getDefaultInstance();

    private Builder(ProcessingMode mode) {
      this.mode = mode;
    }

    /** Only shows, and ignores replies. */
    public Builder observing(boolean observes) {
      observability = observes;
      return this;
    }

    /** Allows overrides: to these modes, or to any when there are none. */
    public Builder allowing(List<ProcessingMode> modes) {
      allowsOverride = true;
      allowedOverrides = modes;
      return this;
    }

    /** Sends STREAMED bodies without waiting for the reply to the headers. */
    public Builder sendingBodyEarly(boolean early) {
      sendsBodyEarly = early;
      return this;
    }

    /** States the body modes or, as an Envoy before 1.34 and other data planes, does not. */
    public Builder protocolConfig(boolean sends) {
      sendsProtocolConfig = sends;
      return this;
    }

    /** Hangs up as early as it can, as Envoy does since 1.37. */
    public Builder closingEarly(boolean early) {
      closesEarly = early;
      return this;
    }

    /** How many bytes BUFFERED_PARTIAL gathers; 1 MiB unless told. */
    public Builder bufferLimit(int bytes) {
      bufferLimit = bytes;
      return this;
    }

    /** Takes dynamic metadata of these namespaces only. */
    public Builder receiving(Set<String> metadataNamespaces) {
      namespaces = metadataNamespaces;
      return this;
    }

    /** Sends these attributes of the request. */
    public Builder requestAttributes(Struct attributes) {
      requestAttributes = attributes;
      return this;
    }

    /**
     * The filter.
     *
     * @throws IllegalArgumentException when Envoy would refuse the configuration
     */
    public Filter build() {
      return new Filter(
          mode,
          observability,
          allowsOverride,
          allowedOverrides,
          sendsBodyEarly,
          sendsProtocolConfig,
          closesEarly,
          bufferLimit,
          namespaces,
          requestAttributes);
    }
  }
}
