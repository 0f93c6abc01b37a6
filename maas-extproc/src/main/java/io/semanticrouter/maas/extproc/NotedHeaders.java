// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.semanticrouter.maas.config.IdentitySource;
import io.semanticrouter.maas.config.IdentitySource.By;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What Envoy says about a request beside its headers: what earlier filters have noted ({@code
 * metadata_context}, of the namespaces in {@code metadata_options.forwarding_namespaces}), and
 * attributes that it evaluates ({@code request_attributes}). Unlike headers, a client cannot set
 * them.
 */
final class NotedHeaders {
  /** Under this key Envoy sends the attributes of a stream. */
  private static final String ATTRIBUTES = "envoy.filters.http.ext_proc";

  private NotedHeaders() {}

  /** The headers of a request, with what is noted beside them where that is read. */
  static Headers of(Message message, MaasConfig config) {
    if (config.mode().isIntegrated()) {
      for (IdentitySource source : config.authentication().trust()) {
        if (source.by() == By.METADATA || source.by() == By.ATTRIBUTES) {
          return of(message.headers, message.whole());
        }
      }
    }
    return message.headers;
  }

  /** Headers, with what a whole message notes beside them. */
  static Headers of(Headers headers, @Nullable ProcessingRequest whole) {
    return whole == null
        ? headers
        : headers.withNotes((namespace, key) -> noted(whole, namespace, key));
  }

  /**
   * The request headers of an exchange whose first message is the response: none, but for its path
   * and its method, where Envoy has been asked for these attributes; null when there is no path.
   */
  static @Nullable Headers ofRequest(Message response) {
    ProcessingRequest whole = response.whole();
    if (whole == null) {
      return null;
    }
    Headers target =
        name ->
            switch (name) {
              case ":path" -> attribute(whole, "request.path");
              case ":method" -> attribute(whole, "request.method");
              default -> null;
            };
    return target.get(":path") == null ? null : of(target, whole);
  }

  private static @Nullable String attribute(ProcessingRequest whole, String name) {
    List<String> values = noted(whole, "", name);
    return values.isEmpty() ? null : values.get(0);
  }

  private static List<String> noted(ProcessingRequest whole, String namespace, String key) {
    if (namespace.isEmpty()) {
      Struct attributes = whole.getAttributesMap().get(ATTRIBUTES);
      return attributes == null ? List.of() : texts(attributes.getFieldsMap().get(key));
    }
    Metadata metadata = whole.getMetadataContext();
    Struct struct = metadata.getFilterMetadataMap().get(namespace);
    if (struct == null) {
      struct = typed(metadata.getTypedFilterMetadataMap().get(namespace));
    }
    return struct == null ? List.of() : texts(value(struct, key));
  }

  /** Typed metadata that has the type of untyped metadata. */
  private static @Nullable Struct typed(@Nullable Any any) {
    try {
      return any != null && any.is(Struct.class) ? any.unpack(Struct.class) : null;
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  /** A name may have dots of its own, so the longest one that is there is taken. */
  private static @Nullable Value value(Struct struct, String path) {
    Map<String, Value> fields = struct.getFieldsMap();
    Value found = fields.get(path);
    for (int dot = path.lastIndexOf('.'); found == null && dot > 0; ) {
      Value inner = fields.get(path.substring(0, dot));
      if (inner != null && inner.hasStructValue()) {
        found = value(inner.getStructValue(), path.substring(dot + 1));
      }
      dot = path.lastIndexOf('.', dot - 1);
    }
    return found;
  }

  private static List<String> texts(@Nullable Value value) {
    if (value == null) {
      return List.of();
    }
    if (!value.hasListValue()) {
      String text = text(value);
      return text == null ? List.of() : List.of(text);
    }
    List<String> texts = new ArrayList<>();
    for (Value element : value.getListValue().getValuesList()) {
      String text = text(element);
      if (text != null) {
        texts.add(text);
      }
    }
    return texts;
  }

  /** Texts, and numbers that are whole; anything else names nobody. */
  private static @Nullable String text(Value value) {
    if (value.hasStringValue()) {
      return value.getStringValue();
    }
    double number = value.getNumberValue();
    boolean isWhole = value.hasNumberValue() && number == Math.rint(number);
    return isWhole && Math.abs(number) < 1L << 53 ? Long.toString((long) number) : null;
  }
}
