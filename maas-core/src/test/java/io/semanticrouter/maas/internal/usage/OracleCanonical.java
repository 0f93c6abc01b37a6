// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.json.Counts;
import io.semanticrouter.maas.record.TokenPart;
import java.util.List;
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
    canonical.put("prompt", u.tokens.prompt());
    canonical.put("completion", u.tokens.completion());
    for (TokenPart part : TokenPart.values()) {
      canonical.put(part.label(), u.tokens.part(part));
    }
    canonical.put("total", u.tokens.providerTotal());
    canonical.flag("totalOnly", u.totalOnly);
    canonical.flag("mismatch", u.totalMismatch);
    canonical.flag("exclusive", u.exclusivePart);
    canonical.flag("cut", u.cutPart);
    canonical.flag("residual", u.residual);
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
    long five = -1;
    long hour = -1;
    if (dialect != Dialect.GEMINI && dialect != Dialect.COHERE) {
      write =
          filled(
              "CACHE_WRITE",
              "CREATED_CACHE",
              "CACHE_CREATION",
              "CACHE_CREATED",
              "CACHED_WRITE",
              "WRITE_INPUT",
              "WRITE_BESIDE");
      five = filled("WRITE_5M", "DETAIL_5M");
      hour = filled("WRITE_1H", "DETAIL_1H");
      long split = sum(five, hour);
      write = write < 0 ? split : write;
      flag("lifetime", split >= 0 && split != write);
      if (split > write) {
        five = -1;
        hour = -1;
      }
    }
    switch (dialect) {
      case OPENAI, INPUT_OUTPUT -> {
        read =
            first(
                "CACHE_READ",
                "CACHED_READ",
                "CACHED",
                "NUM_CACHED",
                "CACHE_HIT",
                "CACHE_READ_INPUT");
        if (input >= 0 && output < 0 && input == total) {
          output = 0;
        }
        if (input >= 0 && output >= 0) {
          long outside = total - input - output;
          long cached = Math.max(0, read) + Math.max(0, write);
          long charged = first("REASONING") < 0 ? first("REASONING_BESIDE") : -1;
          boolean perplexity =
              charged > 0
                  && (first("CITATIONS") >= 0
                      || (first("SEARCH_QUERIES") >= 0 && charged > output));
          exclusive = true;
          if (perplexity) {
            output = sum(output, charged);
          } else if (outside > 0 && outside == reasoning) {
            output += outside;
          } else if (outside > 0 && (outside == cached || outside == write)) {
            input += outside;
          } else if (outside > 0 && reasoning > 0 && outside == cached + reasoning) {
            input += cached;
            output += reasoning;
          } else {
            exclusive = false;
          }
        }
      }
      case ANTHROPIC, CONVERSE -> {
        boolean converse = dialect == Dialect.CONVERSE;
        read = converse ? first("CACHE_READ", "CACHED_READ", "CACHED") : first("CACHE_READ_INPUT");
        acceptable = input >= 0 && output >= 0 ? input + output : -1;
        input = sum(input, read, write);
      }
      case GEMINI -> {
        read = first("CACHE_READ");
        long tools = Math.max(0, first("TOOL_INPUT"));
        if (output < 0 && input >= 0 && (reasoning >= 0 || total >= 0)) {
          output = 0;
        }
        long room = total < 0 ? Long.MAX_VALUE : total - Math.max(0, input) - Math.max(0, output);
        boolean onlyTools = tools > 0 && room == tools;
        if (output >= 0 && reasoning >= 0 && reasoning <= room && !onlyTools) {
          output = sum(output, reasoning);
          room -= reasoning;
        } else if (output < 0 && reasoning >= 0 && reasoning <= room && !onlyTools) {
          // Of an output that is not known nothing can be said.
          room -= 0;
        }
        if (input >= 0 && tools <= room) {
          input = sum(input, tools);
        }
      }
      case COHERE -> {
        boolean billed = first("BILLED_INPUT", "BILLED_OUTPUT") >= 0;
        read = billed ? -1 : first("CACHED");
        input = billed ? first("BILLED_INPUT") : input;
        output = billed ? first("BILLED_OUTPUT") : output;
      }
      default -> throw new AssertionError(dialect);
    }
    if (promptOnly && output < 0) {
      input = input < 0 ? total : input;
      output = input < 0 ? -1 : 0;
    }
    flag("totalOnly", input < 0 && output < 0 && total >= 0);
    long limit = total < 0 ? Long.MAX_VALUE : total;
    long cached = sum(read, write);
    if (input >= 0 && cached > input && sum(input, output, cached) <= limit) {
      input = sum(input, cached);
      exclusive = true;
    }
    if (output >= 0 && reasoning > output && sum(input, output, reasoning) <= limit) {
      output = sum(output, reasoning);
      exclusive = true;
    }
    if (input >= 0 && output >= 0 && total >= 0) {
      long left = total - sum(input, output);
      flag("mismatch", left < 0 && total != acceptable && !exclusive);
      long sent = promptOnly ? left : Math.min(left, outside(input, left, cached));
      if (left > 0) {
        input += sent;
        output += left - sent;
        exclusive |= sent > 0 && !promptOnly;
        put("unattributed", left > sent ? left - sent : -1);
        flag("residual", promptOnly || left > sent);
      }
    }
    boolean tooMuchCached = input >= 0 && cached > input;
    if (tooMuchCached) {
      read = Math.min(read, input);
      write = Math.min(write, input - Math.max(read, 0));
      if (sum(five, hour) > write) {
        five = -1;
        hour = -1;
      }
    }
    boolean tooMuchReasoning = output >= 0 && reasoning > output;
    reasoning = tooMuchReasoning ? output : reasoning;
    flag("cut", tooMuchCached || tooMuchReasoning);
    flag("exclusive", exclusive);
    put("prompt", input);
    put("completion", output);
    put("cache_read", read);
    put("cache_write", write);
    put("cache_write_5m", five);
    put("cache_write_1h", hour);
    put("reasoning", reasoning);
    put("prompt_audio", first("INPUT_AUDIO"));
    put("prompt_image", sum(first("INPUT_IMAGE"), first("INPUT_VIDEO")));
    put("completion_audio", first("OUTPUT_AUDIO"));
    put("completion_image", sum(first("OUTPUT_IMAGE"), first("OUTPUT_VIDEO")));
    put("tool_use", first("TOOL_INPUT"));
    put("accepted_prediction", first("ACCEPTED_PREDICTION"));
    put("rejected_prediction", first("REJECTED_PREDICTION"));
    put("total", total);
  }

  /** Of several names of a count: the first that is not only filled in with 0. */
  private long filled(String... slots) {
    for (String slot : slots) {
      long count = stated.getOrDefault(slot, 0L);
      if (count > 0) {
        return count;
      }
    }
    return first(slots);
  }

  /** Input of a kind that does not fit into the input, or is just what the total has beside it. */
  private long outside(long input, long left, long cached) {
    long audio = Math.max(0, first("INPUT_AUDIO"));
    long seen = sum(0, first("INPUT_IMAGE"), first("INPUT_VIDEO"));
    long media = sum(audio, seen);
    if (media > input || (left > 0 && List.of(media, audio, seen).contains(left))) {
      return media;
    }
    if (left > 0 && left == first("TOOL_INPUT")) {
      return left;
    }
    return cached > input ? cached : 0;
  }
}
