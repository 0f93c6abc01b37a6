// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.spelling;

import org.jspecify.annotations.Nullable;

/**
 * The model that a path names, for APIs whose bodies name none: {@code …/model/MODEL/converse} and
 * {@code …/invoke} of Amazon Bedrock, {@code …/models/MODEL:generateContent} of Gemini and Vertex
 * AI, {@code …/endpoints/MODEL/invocations} of SageMaker and Databricks, {@code …/ai/run/MODEL} of
 * Cloudflare. Source: their API references. A model may have slashes and colons, as ARNs do.
 */
public final class ModelPath {
  private static final String INVOCATIONS = "/invocations";

  private ModelPath() {}

  /**
   * The model, safe for labels; null when the path names none.
   *
   * @param path as {@link RequestPath} spells it
   */
  public static @Nullable String model(String path) {
    int segment = path.lastIndexOf('/') + 1;
    int verb = path.lastIndexOf(':');
    if (verb > segment) {
      int models = RequestPath.endOf(path, "/models/");
      return name(path, models >= 0 ? models : segment, verb);
    }
    int model = RequestPath.endOf(path, "/model/");
    if (model >= 0) {
      return name(path, model, segment - 1);
    }
    int run = RequestPath.endOf(path, "/ai/run/");
    if (run >= 0) {
      return name(path, run, path.length());
    }
    int endpoint = RequestPath.endOf(path, "endpoints/");
    boolean invoked = path.regionMatches(true, segment - 1, INVOCATIONS, 0, INVOCATIONS.length());
    return invoked && endpoint >= 0 ? name(path, endpoint, segment - 1) : null;
  }

  private static @Nullable String name(String path, int from, int to) {
    return from < to ? Texts.sanitise(path.substring(from, to)) : null;
  }
}
