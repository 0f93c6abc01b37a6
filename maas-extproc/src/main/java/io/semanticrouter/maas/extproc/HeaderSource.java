// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the value of a header comes from, other than from the request: what an earlier filter has
 * noted ({@code metadata_context}, of the namespaces in {@code
 * metadata_options.forwarding_namespaces}), or an attribute that Envoy evaluates ({@code
 * request_attributes}). Unlike a header, a client cannot set them. Immutable.
 */
public final class HeaderSource {
  /** Under this key Envoy sends the attributes of a stream. */
  private static final String ATTRIBUTES = "envoy.filters.http.ext_proc";

  private final @Nullable String namespace;
  private final String key;

  private HeaderSource(@Nullable String namespace, String key) {
    this.namespace = namespace;
    this.key = key;
  }

  /**
   * Metadata of an earlier filter.
   *
   * @param namespace the name of the filter, or what it was told to use
   * @param key the path in its struct, with dots between the names
   */
  static HeaderSource metadata(String namespace, String key) {
    return new HeaderSource(namespace, key);
  }

  /** An attribute, spelled as in {@code request_attributes}. */
  static HeaderSource attribute(String expression) {
    return new HeaderSource(null, expression);
  }

  /** The value as text; null when there is none in this message. */
  @Nullable String in(ProcessingRequest message) {
    if (namespace == null) {
      Struct attributes = message.getAttributesMap().get(ATTRIBUTES);
      return attributes == null ? null : text(attributes.getFieldsMap().get(key));
    }
    Struct struct = message.getMetadataContext().getFilterMetadataMap().get(namespace);
    return struct == null ? null : text(value(struct, key));
  }

  /** A name may have dots of its own, so the longest one that is there is taken. */
  private static @Nullable Value value(Struct struct, String path) {
    Map<String, Value> fields = struct.getFieldsMap();
    Value whole = fields.get(path);
    for (int dot = path.lastIndexOf('.'); whole == null && dot > 0; ) {
      Value inner = fields.get(path.substring(0, dot));
      if (inner != null && inner.hasStructValue()) {
        whole = value(inner.getStructValue(), path.substring(dot + 1));
      }
      dot = path.lastIndexOf('.', dot - 1);
    }
    return whole;
  }

  /** Texts, and numbers that are whole; anything else names nobody. */
  private static @Nullable String text(@Nullable Value value) {
    if (value == null) {
      return null;
    }
    if (value.hasStringValue()) {
      return value.getStringValue();
    }
    double number = value.getNumberValue();
    boolean whole = value.hasNumberValue() && number == Math.rint(number);
    return whole && Math.abs(number) < 1L << 53 ? Long.toString((long) number) : null;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof HeaderSource that
        && key.equals(that.key)
        && java.util.Objects.equals(namespace, that.namespace);
  }

  @Override
  public int hashCode() {
    return 31 * key.hashCode() + java.util.Objects.hashCode(namespace);
  }

  @Override
  public String toString() {
    return namespace == null ? "attribute " + key : "metadata " + namespace + " " + key;
  }
}
