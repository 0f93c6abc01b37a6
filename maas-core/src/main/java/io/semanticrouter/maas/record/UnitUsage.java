// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an exchange used that is billed by the piece and not by the token. Each count is 0 or more,
 * or {@link TokenUsage#UNKNOWN}. Immutable.
 */
public final class UnitUsage {
  /** Nothing of all that. */
  public static final UnitUsage NONE = new UnitUsage(new Builder());

  private final long audioSeconds;
  private final long images;
  private final long searchUnits;
  private final Map<ProviderTool, Long> tools;

  private UnitUsage(Builder b) {
    audioSeconds = b.audioSeconds;
    images = b.images;
    searchUnits = b.searchUnits;
    tools = b.tools.isEmpty() ? Map.of() : Collections.unmodifiableMap(new EnumMap<>(b.tools));
  }

  /** A builder of counts, of which none is known yet. */
  public static Builder builder() {
    return new Builder();
  }

  /** Seconds of audio that were transcribed. */
  public long audioSeconds() {
    return audioSeconds;
  }

  /** Images that were generated. */
  public long images() {
    return images;
  }

  /** Units of a rerank, as Cohere counts them. */
  public long searchUnits() {
    return searchUnits;
  }

  /** Calls of the provider's own tools, of each kind that there were; unmodifiable. */
  public Map<ProviderTool, Long> tools() {
    return tools;
  }

  /** Calls of tools that providers charge for by the call. */
  public long toolCalls() {
    return calls(true);
  }

  /** Calls of tools that providers do not charge for. */
  public long freeToolCalls() {
    return calls(false);
  }

  private long calls(boolean charged) {
    long sum = TokenUsage.UNKNOWN;
    for (Map.Entry<ProviderTool, Long> tool : tools.entrySet()) {
      if (tool.getKey().isCharged() == charged) {
        sum = Math.max(0, sum) + tool.getValue();
      }
    }
    return sum;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof UnitUsage that
        && audioSeconds == that.audioSeconds
        && images == that.images
        && searchUnits == that.searchUnits
        && tools.equals(that.tools);
  }

  @Override
  public int hashCode() {
    return Objects.hash(audioSeconds, images, searchUnits, tools);
  }

  @Override
  public String toString() {
    return "UnitUsage[audioSeconds="
        + audioSeconds
        + ", images="
        + images
        + ", searchUnits="
        + searchUnits
        + ", tools="
        + tools
        + "]";
  }

  /** Gathers counts; each is {@link TokenUsage#UNKNOWN} unless set. Not thread-safe. */
  public static final class Builder {
    private long audioSeconds = TokenUsage.UNKNOWN;
    private long images = TokenUsage.UNKNOWN;
    private long searchUnits = TokenUsage.UNKNOWN;
    private Map<ProviderTool, Long> tools = Map.of();

    private Builder() {}

    /** Seconds of audio that were transcribed. */
    public Builder audioSeconds(long count) {
      audioSeconds = count;
      return this;
    }

    /** Images that were generated. */
    public Builder images(long count) {
      images = count;
      return this;
    }

    /** Units of a rerank, as Cohere counts them. */
    public Builder searchUnits(long count) {
      searchUnits = count;
      return this;
    }

    /** Calls of one of the provider's own tools; a tool that was not called is left out. */
    public Builder calls(ProviderTool tool, long count) {
      if (count > 0) {
        if (tools.isEmpty()) {
          tools = new EnumMap<>(ProviderTool.class);
        }
        tools.put(tool, count);
      }
      return this;
    }

    /** The counts so far. */
    public UnitUsage build() {
      boolean none = Math.max(audioSeconds, Math.max(images, searchUnits)) < 0 && tools.isEmpty();
      return none ? NONE : new UnitUsage(this);
    }
  }
}
