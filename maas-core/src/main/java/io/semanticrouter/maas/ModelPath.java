// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The model that a path names, for APIs whose bodies name none: {@code …/model/MODEL/converse} and
 * {@code …/invoke} of Amazon Bedrock, {@code …/models/MODEL:generateContent} of Gemini and Vertex
 * AI. Source: their API references.
 */
final class ModelPath {
  private static final int MAX_LENGTH = 3 * MaasConfig.MAX_VALUE_BYTES;

  private ModelPath() {}

  /** The model, safe for labels; null when the path names none. */
  static @Nullable String model(String path) {
    String p = Operation.plain(path);
    int segment = p.lastIndexOf('/') + 1;
    int colon = p.indexOf(':', segment);
    String name = null;
    if (colon > segment) {
      name = p.substring(segment, colon);
    } else {
      int model = p.lastIndexOf("/model/", segment - 2);
      int from = model + "/model/".length();
      if (model >= 0 && from < segment - 1) {
        name = p.substring(from, segment - 1);
      }
    }
    return name == null || name.length() > MAX_LENGTH ? null : Texts.sanitise(decoded(name));
  }

  /** Percent-decoded (RFC 3986, 2.1); what is no encoding stays as it is. */
  private static String decoded(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = 0;
    for (int i = 0; i < bytes.length; i++) {
      int high = bytes[i] == '%' && i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
      int low = high < 0 ? -1 : Character.digit(bytes[i + 2], 16);
      if (low >= 0) {
        bytes[length++] = (byte) (high << 4 | low);
        i += 2;
      } else {
        bytes[length++] = bytes[i];
      }
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }
}
