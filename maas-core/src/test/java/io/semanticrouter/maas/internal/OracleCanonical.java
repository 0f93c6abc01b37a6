// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import java.util.Map;
import java.util.TreeMap;

/**
 * Counts of a dialect in canonical form, by the rules of the API references and by arithmetic: the
 * name of each result with its value, in one text. Results that are not known are left out.
 */
final class OracleCanonical {
  private final Map<String, Long> stated;
  private final Map<String, Object> results = new TreeMap<>();

  private OracleCanonical(Map<String, Long> stated) {
    this.stated = stated;
  }

  static String of(Map<String, Long> stated, Dialect dialect, boolean promptOnly) {
    OracleCanonical canonical = new OracleCanonical(stated);
    canonical.calculate(dialect, promptOnly);
    return canonical.results.toString();
  }

  /** The scanner's form of the same. */
  static String of(CanonicalUsage u) {
    OracleCanonical canonical = new OracleCanonical(Map.of());
    canonical.put("prompt", u.prompt);
    canonical.put("completion", u.completion);
    canonical.put("cacheRead", u.cacheRead);
    canonical.put("cacheWrite", u.cacheWrite);
    canonical.put("cacheWrite5m", u.cacheWrite5m);
    canonical.put("cacheWrite1h", u.cacheWrite1h);
    canonical.put("reasoning", u.reasoning);
    canonical.put("promptAudio", u.promptAudio);
    canonical.put("promptImage", u.promptImage);
    canonical.put("completionAudio", u.completionAudio);
    canonical.put("completionImage", u.completionImage);
    canonical.put("toolUse", u.toolUse);
    canonical.put("accepted", u.acceptedPrediction);
    canonical.put("rejected", u.rejectedPrediction);
    canonical.put("unattributed", u.unattributed);
    canonical.put("total", u.providerTotal);
    canonical.flag("totalOnly", u.totalOnly);
    canonical.flag("mismatch", u.totalMismatch);
    canonical.flag("exclusive", u.exclusivePart);
    canonical.flag("lifetime", u.unknownLifetime);
    return canonical.results.toString();
  }

  private void put(String name, long value) {
    if (value >= 0) {
      results.put(name, value);
    }
  }

  private void flag(String name, boolean set) {
    if (set) {
      results.put(name, true);
    }
  }

  /** The first of the slots that was stated, -1 for none. */
  private long first(String... slots) {
    for (String slot : slots) {
      if (stated.containsKey(slot)) {
        return stated.get(slot);
      }
    }
    return -1;
  }

  private static long sum(long... values) {
    long sum = -1;
    for (long value : values) {
      sum = value < 0 ? sum : Math.min(Counts.MAX, Math.max(0, sum) + value);
    }
    return sum;
  }

  private void calculate(Dialect dialect, boolean promptOnly) {
    long input = first("INPUT");
    long output = first("OUTPUT");
    long total = first("TOTAL");
    long reasoning = first("REASONING", "REASONING_BESIDE");
    long read;
    long write = -1;
    boolean exclusive = false;
    long acceptable = -1;
    switch (dialect) {
      case OPENAI, INPUT_OUTPUT -> {
        read = first("CACHE_READ", "CACHED", "NUM_CACHED", "CACHE_HIT", "CACHE_READ_INPUT");
        write = first("CACHE_WRITE", "CREATED_CACHE", "CACHE_CREATION");
        if (input >= 0 && output < 0 && input == total) {
          output = 0;
        }
        exclusive =
            input >= 0 && output >= 0 && reasoning > 0 && total == input + output + reasoning;
        output += exclusive ? reasoning : 0;
      }
      case ANTHROPIC, CONVERSE -> {
        boolean converse = dialect == Dialect.CONVERSE;
        read = converse ? first("CACHE_READ", "CACHED") : first("CACHE_READ_INPUT");
        write = first("CACHE_WRITE", "CREATED_CACHE");
        long split = sum(first("WRITE_5M"), first("WRITE_1H"));
        write = write < 0 ? split : write;
        flag("lifetime", split >= 0 && split != write);
        if (split <= write) {
          put("cacheWrite5m", first("WRITE_5M"));
          put("cacheWrite1h", first("WRITE_1H"));
        }
        acceptable = input >= 0 && output >= 0 ? input + output : -1;
        input = sum(input, read, write);
      }
      case GEMINI -> {
        read = first("CACHE_READ");
        input = input < 0 ? -1 : sum(input, first("TOOL_INPUT"));
        if (output < 0 && input >= 0 && (reasoning >= 0 || total >= 0)) {
          output = 0;
        }
        output = output < 0 ? -1 : sum(output, reasoning);
      }
      case COHERE -> {
        boolean billed = first("BILLED_INPUT", "BILLED_OUTPUT") >= 0;
        read = billed ? -1 : first("CACHED");
        input = billed ? first("BILLED_INPUT") : input;
        output = billed ? first("BILLED_OUTPUT") : output;
      }
      default -> throw new AssertionError(dialect);
    }
    if (promptOnly && input >= 0 && output < 0) {
      output = 0;
    }
    if (input >= 0 && Math.max(read, write) > input) {
      input = sum(input, read, write);
      exclusive = true;
    }
    if (output >= 0 && reasoning > output) {
      output = sum(output, reasoning);
      exclusive = true;
    }
    flag("totalOnly", input < 0 && output < 0 && total >= 0);
    if (input >= 0 && output >= 0 && total >= 0) {
      long known = sum(input, output);
      flag("mismatch", total < known && total != acceptable && !exclusive);
      if (total > known) {
        put("unattributed", total - known);
        output = total - input;
      }
    }
    flag("exclusive", exclusive);
    put("prompt", input);
    put("completion", output);
    put("cacheRead", read);
    put("cacheWrite", write);
    put("reasoning", reasoning);
    put("promptAudio", first("INPUT_AUDIO"));
    put("promptImage", first("INPUT_IMAGE"));
    put("completionAudio", first("OUTPUT_AUDIO"));
    put("completionImage", first("OUTPUT_IMAGE"));
    put("toolUse", first("TOOL_INPUT"));
    put("accepted", first("ACCEPTED_PREDICTION"));
    put("rejected", first("REJECTED_PREDICTION"));
    put("total", total);
  }
}
