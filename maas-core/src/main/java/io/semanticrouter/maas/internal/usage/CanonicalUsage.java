// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.json.Counts;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;

/** Counts in one form for all dialects. Made once, at the end, from what was stated. Immutable. */
public final class CanonicalUsage {
  /** The counts; those that are not known are {@link TokenUsage#UNKNOWN}. */
  public final TokenUsage tokens;

  /** A total was stated, and none of its parts. */
  public final boolean totalOnly;

  /** The total as stated is lower than its parts. */
  public final boolean totalMismatch;

  /** A part turned out not to be contained in its total, and was added to it. */
  public final boolean exclusivePart;

  /** A part exceeds what contains it, and the total leaves no room for it: it was cut. */
  public final boolean cutPart;

  /** The total is higher than its parts, and nothing says what the difference is. */
  public final boolean residual;

  /** The lifetimes of cache writes do not add up to them. */
  public final boolean unknownLifetime;

  private CanonicalUsage(Sums s) {
    tokens =
        TokenUsage.builder(s.prompt, s.completion)
            .part(TokenPart.CACHE_READ, s.cacheRead)
            .part(TokenPart.CACHE_WRITE, s.cacheWrite)
            .part(TokenPart.CACHE_WRITE_5M, s.write5m)
            .part(TokenPart.CACHE_WRITE_1H, s.write1h)
            .part(TokenPart.REASONING, s.reasoning)
            .part(TokenPart.PROMPT_AUDIO, s.stated.get(Slots.INPUT_AUDIO))
            .part(
                TokenPart.PROMPT_IMAGE,
                Sums.sum(s.stated.get(Slots.INPUT_IMAGE), s.stated.get(Slots.INPUT_VIDEO)))
            .part(TokenPart.COMPLETION_AUDIO, s.stated.get(Slots.OUTPUT_AUDIO))
            .part(
                TokenPart.COMPLETION_IMAGE,
                Sums.sum(s.stated.get(Slots.OUTPUT_IMAGE), s.stated.get(Slots.OUTPUT_VIDEO)))
            .part(TokenPart.TOOL_USE, s.stated.get(Slots.TOOL_INPUT))
            .part(TokenPart.ACCEPTED_PREDICTION, s.stated.get(Slots.ACCEPTED_PREDICTION))
            .part(TokenPart.REJECTED_PREDICTION, s.stated.get(Slots.REJECTED_PREDICTION))
            .part(TokenPart.UNATTRIBUTED, s.unattributed)
            .providerTotal(s.total)
            .build();
    totalOnly = s.totalOnly;
    totalMismatch = s.totalMismatch;
    exclusivePart = s.exclusivePart;
    cutPart = s.cutPart;
    residual = s.residual;
    unknownLifetime = s.unknownLifetime;
  }

  /**
   * What these counts mean in that dialect.
   *
   * @param promptOnly whether an output that is not stated is none: embeddings and the like
   */
  static CanonicalUsage of(Tally stated, Dialect dialect, boolean promptOnly) {
    Sums sums = new Sums(stated, promptOnly);
    switch (dialect) {
      case OPENAI, INPUT_OUTPUT -> sums.inclusive();
      case ANTHROPIC -> sums.exclusiveInput(Slots.CACHE_READ_INPUT, Slots.CACHE_READ_INPUT);
      case CONVERSE -> sums.exclusiveInput(Slots.CACHE_READ, Slots.CACHED);
      case GEMINI -> sums.exclusiveOutput();
      case COHERE -> sums.billedUnits();
    }
    sums.settle();
    return new CanonicalUsage(sums);
  }

  /**
   * The calculation; all sums end at {@link Counts#MAX}, far above any sanity limit.
   *
   * <p>What is added to prompt or completion as stated never leads beyond a total that is stated.
   * Two conventions are documented to: the cache of Anthropic and Converse, and the reasoning of
   * Perplexity's deep research.
   */
  private static final class Sums {
    private final Tally stated;
    private final boolean promptOnly;
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
    private boolean cutPart;
    private boolean residual;
    private boolean unknownLifetime;

    /** What the total may be, besides the sum of both, without anything being wrong. */
    private long alsoRight = Tally.ABSENT;

    Sums(Tally stated, boolean promptOnly) {
      this.stated = stated;
      this.promptOnly = promptOnly;
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
      cacheWrite = stated.firstFilled(Slots.CACHE_WRITE, Slots.WRITE_BESIDE);
      lifetimes();
      if (prompt >= 0 && completion < 0 && total == prompt) {
        completion = 0;
      }
      if (prompt < 0 || completion < 0) {
        return;
      }
      long beside = total - prompt - completion;
      long thoughts = Math.max(0, reasoning);
      long cached = Math.max(0, sum(cacheRead, cacheWrite));
      if (isDeepResearch()) {
        completion = sum(completion, thoughts);
        exclusivePart = true;
      } else if (beside > 0 && beside == thoughts) {
        completion += thoughts;
        exclusivePart = true;
      } else if (beside > 0 && (beside == cached || beside == cacheWrite)) {
        prompt += beside;
        exclusivePart = true;
      } else if (beside > 0 && beside == cached + thoughts) {
        prompt += cached;
        completion += thoughts;
        exclusivePart = true;
      }
    }

    /**
     * Perplexity's deep research charges its reasoning beside the completion, and states a total
     * without it. It alone counts citations; where there are only search queries, the reasoning has
     * to be more than the completion could contain.
     */
    private boolean isDeepResearch() {
      long beside = stated.get(Slots.REASONING_BESIDE);
      return beside > 0
          && !stated.has(Slots.REASONING)
          && (stated.has(Slots.CITATIONS)
              || (stated.has(Slots.SEARCH_QUERIES) && beside > completion));
    }

    /** Anthropic and Converse: the input is what is left beside the cached tokens. */
    void exclusiveInput(int firstRead, int lastRead) {
      cacheRead = stated.first(firstRead, lastRead);
      cacheWrite = stated.firstFilled(Slots.CACHE_WRITE, Slots.WRITE_BESIDE);
      lifetimes();
      alsoRight = prompt >= 0 && completion >= 0 ? prompt + completion : Tally.ABSENT;
      prompt = sum(prompt, sum(cacheRead, cacheWrite));
    }

    private void lifetimes() {
      long five = stated.firstFilled(Slots.WRITE_5M, Slots.DETAIL_5M);
      long hour = stated.firstFilled(Slots.WRITE_1H, Slots.DETAIL_1H);
      long split = sum(five, hour);
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
        write5m = five;
        write1h = hour;
      }
    }

    /** Gemini: thoughts and tool use stand beside the totals, unless the total leaves them out. */
    void exclusiveOutput() {
      cacheRead = stated.get(Slots.CACHE_READ);
      if (completion < 0 && prompt >= 0 && (reasoning >= 0 || total >= 0)) {
        // Nothing was generated, or the answer broke off while the model was thinking.
        completion = 0;
      }
      long tools = stated.orZero(Slots.TOOL_INPUT);
      long known = sum(Math.max(0, prompt), Math.max(0, completion));
      boolean toolsAlone = tools > 0 && total == sum(known, tools);
      if (completion >= 0 && !toolsAlone && fits(known, reasoning)) {
        completion = sum(completion, reasoning);
        known = sum(known, reasoning);
      }
      if (prompt >= 0 && fits(known, tools)) {
        prompt = sum(prompt, tools);
      }
    }

    /** Whether the total, if there is one, has room for more. */
    private boolean fits(long known, long more) {
      return total < 0 || sum(known, more) <= total;
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
      if (promptOnly && completion < 0) {
        // All that there is was sent.
        prompt = prompt < 0 ? total : prompt;
        completion = prompt < 0 ? Tally.ABSENT : 0;
      }
      if (prompt < 0 && completion < 0) {
        totalOnly = total >= 0;
        return;
      }
      long known = sum(prompt, completion);
      long cached = sum(cacheRead, cacheWrite);
      if (prompt >= 0 && cached > prompt && fits(known, cached)) {
        prompt = sum(prompt, cached);
        known = sum(known, cached);
        exclusivePart = true;
      }
      if (completion >= 0 && reasoning > completion && fits(known, reasoning)) {
        completion = sum(completion, reasoning);
        exclusivePart = true;
      }
      if (prompt >= 0 && completion >= 0 && total >= 0) {
        settleTotal();
      }
      cut();
    }

    private void settleTotal() {
      long known = sum(prompt, completion);
      if (total < known) {
        totalMismatch = total != alsoRight && !exclusivePart;
        return;
      }
      long rest = total - known;
      if (rest == 0) {
        return;
      }
      long input = promptOnly ? rest : Math.min(rest, inputBeside(rest));
      prompt += input;
      exclusivePart |= input > 0 && !promptOnly;
      if (input < rest) {
        unattributed = rest - input;
        completion += unattributed;
      }
      residual = promptOnly || input < rest;
    }

    /** How much input is known that the prompt does not contain: audio, images, tools, cached. */
    private long inputBeside(long rest) {
      long audio = stated.orZero(Slots.INPUT_AUDIO);
      long image = sum(stated.orZero(Slots.INPUT_IMAGE), stated.orZero(Slots.INPUT_VIDEO));
      long media = sum(audio, image);
      if (media > 0 && (media > prompt || rest == media || rest == audio || rest == image)) {
        return media;
      }
      if (rest == stated.get(Slots.TOOL_INPUT)) {
        return rest;
      }
      long cached = sum(cacheRead, cacheWrite);
      return cached > prompt ? cached : 0;
    }

    /** No part is more than what it is a part of. */
    private void cut() {
      if (prompt >= 0 && sum(cacheRead, cacheWrite) > prompt) {
        cacheRead = Math.min(cacheRead, prompt);
        cacheWrite = Math.min(cacheWrite, prompt - Math.max(0, cacheRead));
        cutPart = true;
        if (sum(write5m, write1h) > cacheWrite) {
          write5m = Tally.ABSENT;
          write1h = Tally.ABSENT;
        }
      }
      if (completion >= 0 && reasoning > completion) {
        reasoning = completion;
        cutPart = true;
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
