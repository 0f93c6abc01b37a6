// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

/**
 * Counts in one form for all dialects: {@code prompt} and {@code completion} are totals, everything
 * else is a part of them. Made once, at the end, from what was stated. {@link Tally#ABSENT} is "not
 * known". Immutable.
 */
public final class CanonicalUsage {
  public final long prompt;
  public final long completion;
  public final long cacheRead;
  public final long cacheWrite;
  public final long cacheWrite5m;
  public final long cacheWrite1h;
  public final long reasoning;
  public final long promptAudio;
  public final long promptImage;
  public final long completionAudio;
  public final long completionImage;
  public final long toolUse;
  public final long acceptedPrediction;
  public final long rejectedPrediction;
  public final long unattributed;
  public final long providerTotal;

  /** A total was stated, and none of its parts. */
  public final boolean totalOnly;

  /** The total as stated is lower than its parts. */
  public final boolean totalMismatch;

  /** A part turned out not to be contained in its total, and was added to it. */
  public final boolean exclusivePart;

  /** The lifetimes of cache writes do not add up to them. */
  public final boolean unknownLifetime;

  private CanonicalUsage(Sums s) {
    prompt = s.prompt;
    completion = s.completion;
    cacheRead = s.cacheRead;
    cacheWrite = s.cacheWrite;
    cacheWrite5m = s.write5m;
    cacheWrite1h = s.write1h;
    reasoning = s.reasoning;
    promptAudio = s.stated.get(Slots.INPUT_AUDIO);
    promptImage = s.stated.get(Slots.INPUT_IMAGE);
    completionAudio = s.stated.get(Slots.OUTPUT_AUDIO);
    completionImage = s.stated.get(Slots.OUTPUT_IMAGE);
    toolUse = s.stated.get(Slots.TOOL_INPUT);
    acceptedPrediction = s.stated.get(Slots.ACCEPTED_PREDICTION);
    rejectedPrediction = s.stated.get(Slots.REJECTED_PREDICTION);
    unattributed = s.unattributed;
    providerTotal = s.total;
    totalOnly = s.totalOnly;
    totalMismatch = s.totalMismatch;
    exclusivePart = s.exclusivePart;
    unknownLifetime = s.unknownLifetime;
  }

  /**
   * What these counts mean in that dialect.
   *
   * @param promptOnly whether an output that is not stated is none: embeddings and the like
   */
  static CanonicalUsage of(Tally stated, Dialect dialect, boolean promptOnly) {
    Sums sums = new Sums(stated);
    switch (dialect) {
      case OPENAI, INPUT_OUTPUT -> sums.inclusive();
      case ANTHROPIC -> sums.exclusiveInput(Slots.CACHE_READ_INPUT, Slots.CACHE_READ_INPUT);
      case CONVERSE -> sums.exclusiveInput(Slots.CACHE_READ, Slots.CACHED);
      case GEMINI -> sums.exclusiveOutput();
      case COHERE -> sums.billedUnits();
    }
    if (promptOnly && sums.completion < 0 && sums.prompt >= 0) {
      sums.completion = 0;
    }
    sums.settle();
    return new CanonicalUsage(sums);
  }

  /** The calculation; all sums end at {@link Counts#MAX}, far above any sanity limit. */
  private static final class Sums {
    private final Tally stated;
    private long prompt;
    private long completion;
    private long cacheRead = Tally.ABSENT;
    private long cacheWrite = Tally.ABSENT;
    private long write5m = Tally.ABSENT;
    private long write1h = Tally.ABSENT;
    private long reasoning;
    private long unattributed = Tally.ABSENT;
    private final long total;
    private boolean totalOnly;
    private boolean totalMismatch;
    private boolean exclusivePart;
    private boolean unknownLifetime;

    /** What the total may be, besides the sum of both, without anything being wrong. */
    private long alsoRight = Tally.ABSENT;

    Sums(Tally stated) {
      this.stated = stated;
      prompt = stated.get(Slots.INPUT);
      completion = stated.get(Slots.OUTPUT);
      total = stated.get(Slots.TOTAL);
      long beside = stated.get(Slots.REASONING_BESIDE);
      long details = stated.get(Slots.REASONING);
      reasoning = details >= 0 ? details : beside;
    }

    /** OpenAI and compatible: totals contain their parts, unless arithmetic says otherwise. */
    void inclusive() {
      cacheRead = stated.first(Slots.CACHE_READ, Slots.CACHE_READ_INPUT);
      cacheWrite = stated.first(Slots.CACHE_WRITE, Slots.CACHE_CREATION);
      if (prompt >= 0 && completion < 0 && total == prompt) {
        completion = 0;
      }
      boolean reasoningBeside =
          prompt >= 0
              && completion >= 0
              && reasoning > 0
              && total == prompt + completion + reasoning;
      if (reasoningBeside) {
        completion += reasoning;
        exclusivePart = true;
      }
    }

    /** Anthropic and Converse: the input is what is left beside the cached tokens. */
    void exclusiveInput(int firstRead, int lastRead) {
      cacheRead = stated.first(firstRead, lastRead);
      cacheWrite = stated.first(Slots.CACHE_WRITE, Slots.CREATED_CACHE);
      lifetimes();
      alsoRight = prompt >= 0 && completion >= 0 ? prompt + completion : Tally.ABSENT;
      prompt = sum(prompt, sum(cacheRead, cacheWrite));
    }

    private void lifetimes() {
      long split = sum(stated.get(Slots.WRITE_5M), stated.get(Slots.WRITE_1H));
      if (split < 0) {
        return;
      }
      if (cacheWrite < 0) {
        cacheWrite = split;
      }
      // A split that is not repeated goes out of date when its total rises; one that is larger than
      // its total cannot be right at all.
      unknownLifetime = split != cacheWrite;
      if (split <= cacheWrite) {
        write5m = stated.get(Slots.WRITE_5M);
        write1h = stated.get(Slots.WRITE_1H);
      }
    }

    /** Gemini: thoughts and tool use stand beside the totals. */
    void exclusiveOutput() {
      cacheRead = stated.get(Slots.CACHE_READ);
      long tools = stated.orZero(Slots.TOOL_INPUT);
      if (prompt >= 0) {
        prompt = sum(prompt, tools);
      }
      if (completion < 0 && prompt >= 0 && (reasoning >= 0 || total >= 0)) {
        // Nothing was generated, or the answer broke off while the model was thinking.
        completion = 0;
      }
      if (completion >= 0) {
        completion = sum(completion, reasoning);
      }
    }

    /** Cohere: bills units of its own, and the cached tokens are none of them. */
    void billedUnits() {
      long billedPrompt = stated.get(Slots.BILLED_INPUT);
      long billedCompletion = stated.get(Slots.BILLED_OUTPUT);
      if (billedPrompt >= 0 || billedCompletion >= 0) {
        prompt = billedPrompt;
        completion = billedCompletion;
      } else {
        cacheRead = stated.get(Slots.CACHED);
      }
    }

    /** Makes parts fit their totals, and accounts for a total that is higher than both. */
    void settle() {
      if (prompt < 0 && completion < 0) {
        totalOnly = total >= 0;
        return;
      }
      if (prompt >= 0 && (cacheRead > prompt || cacheWrite > prompt)) {
        prompt = sum(prompt, sum(cacheRead, cacheWrite));
        exclusivePart = true;
      }
      if (completion >= 0 && reasoning > completion) {
        completion = sum(completion, reasoning);
        exclusivePart = true;
      }
      if (prompt < 0 || completion < 0 || total < 0) {
        return;
      }
      long known = sum(prompt, completion);
      if (total < known && total != alsoRight && !exclusivePart) {
        totalMismatch = true;
      } else if (total > known) {
        unattributed = total - known;
        completion = sum(completion, unattributed);
      }
    }

    private static long sum(long a, long b) {
      if (a < 0 || b < 0) {
        return Math.max(a, b);
      }
      return Math.min(Counts.MAX, a + b);
    }
  }
}
