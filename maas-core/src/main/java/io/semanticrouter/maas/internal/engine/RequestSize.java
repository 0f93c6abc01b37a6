// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.TokenUsage;
import java.util.Locale;

/**
 * How long one request body is, for estimates: as its head says, else as it passes. Used by one
 * thread at a time.
 */
public final class RequestSize {
  private static final long UNKNOWN = -1;

  private final boolean counts;
  private long bytes;

  private RequestSize(boolean counts, long bytes) {
    this.counts = counts;
    this.bytes = bytes;
  }

  /** With the request headers. */
  public static RequestSize of(
      Operation operation, Headers request, MaasConfig config, Defects defects) {
    UsageConfig usage = config.usage();
    boolean estimated =
        usage.unmeasurable() != UsageConfig.Unmeasurable.PASS
            || usage.onDisconnect() == UsageConfig.Disconnect.ESTIMATE;
    if (operation == Operation.NOT_METERED || !estimated || isMedia(operation, request)) {
      return new RequestSize(false, UNKNOWN);
    }
    long length = contentLength(request, defects);
    // Where nothing of a request is touched, none of it is asked for either.
    return new RequestSize(length < 0 && config.mode().isIntegrated(), length);
  }

  /** What the head says; -1 when it says nothing. */
  public static long contentLength(Headers request, Defects defects) {
    try {
      String length = request.get("content-length");
      return length == null ? UNKNOWN : Long.parseLong(length);
    } catch (NumberFormatException e) {
      return UNKNOWN;
    } catch (Throwable e) {
      defects.add(e);
      return UNKNOWN;
    }
  }

  /** Sound and pictures have many bytes and few tokens, in no proportion that is known here. */
  private static boolean isMedia(Operation operation, Headers request) {
    if (operation != Operation.AUDIO && operation != Operation.IMAGE) {
      return false;
    }
    String type = request.get("content-type");
    return type != null && !type.strip().toLowerCase(Locale.ROOT).startsWith("application/json");
  }

  /** Whether the body has to pass here to be counted. */
  public boolean isCounting() {
    return counts;
  }

  /** A piece of the body passes. */
  public void add(int count) {
    if (counts) {
      bytes = Math.max(0, bytes) + count;
    }
  }

  /** The tokens that so many bytes are likely to be; {@link TokenUsage#UNKNOWN} of no body. */
  long tokens(int bytesPerToken) {
    return bytes < 0 ? TokenUsage.UNKNOWN : (bytes + bytesPerToken - 1) / bytesPerToken;
  }
}
