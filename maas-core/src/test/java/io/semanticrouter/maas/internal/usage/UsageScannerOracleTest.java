// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.framing.Framing;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The scanner against {@linkplain Oracle a reader that shares nothing with it}. The two agree on a
 * body when
 *
 * <ol>
 *   <li>Jackson reads every document: all counts and flags are equal, nothing is malformed or
 *       truncated. Of keys that are stated twice the last one counts; the scanner, which sees the
 *       first one too, may then flag more, so that only what it rejects is compared.
 *   <li>Jackson reads every document only after the values that the scanner passes over have been
 *       blanked: the same. The scanner does not judge what it skips.
 *   <li>Jackson rejects one even then: the scanner says malformed or truncated, so that the
 *       measurement cannot be complete; unless the last one stops early, after the final usage.
 * </ol>
 *
 * <p>{@code -Dscanner.oracle.documents=1000000 -Dscanner.oracle.seed=7} runs more and others.
 */
@Tag("slow")
class UsageScannerOracleTest {
  private static final int DOCUMENTS = Integer.getInteger("scanner.oracle.documents", 10_000);
  private static final long SEED = Long.getLong("scanner.oracle.seed", 20_260_101L);
  private static final List<BodyFormat> FORMATS = List.of(BodyFormat.values());
  private static final Map<String, Integer> SLOTS = slots();

  @Test
  void jsonBodiesAreReadAsByATreeReader() {
    run(Framing.JSON, false, DOCUMENTS);
  }

  @Test
  void eventStreamsAreReadAsByATreeReader() {
    run(Framing.SSE, true, DOCUMENTS);
  }

  @Test
  void bodiesUnderTheLabelOfTheOtherOrNoneAreReadAsByATreeReader() {
    run(Framing.SSE, false, DOCUMENTS / 4);
    run(Framing.JSON, true, DOCUMENTS / 4);
    run(Framing.DETECT, false, DOCUMENTS / 4);
    run(Framing.DETECT, true, DOCUMENTS / 4);
  }

  private static Map<String, Integer> slots() {
    Map<String, Integer> slots = new TreeMap<>();
    try {
      for (Field field : Slots.class.getDeclaredFields()) {
        if (Modifier.isStatic(field.getModifiers()) && !field.getName().equals("COUNT")) {
          slots.put(field.getName(), field.getInt(null));
        }
      }
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
    return slots;
  }

  private static void run(Framing framing, boolean stream, int documents) {
    int accepted = 0;
    int compared = 0;
    Map<BodyFormat, Integer> seen = new EnumMap<>(BodyFormat.class);
    for (int i = 0; i < documents; i++) {
      long seed = SEED + i;
      Random random = new Random(seed);
      BodyFormat format = FORMATS.get(i % FORMATS.size());
      byte[] body = new OracleGenerator(random, format).body(stream);
      Oracle oracle = new Oracle(format, framing);
      try {
        oracle.read(new String(body, StandardCharsets.ISO_8859_1));
      } catch (NumberFormatException e) {
        // Jackson has no opinion on exponents beyond an int.
        continue;
      }
      UsageScanner scanner = new UsageScanner(format, framing);
      feed(scanner, random, body);
      boolean flagged = scanner.malformedJsonSeen() || scanner.isTruncated();
      // What is cut off after the final usage takes nothing from it.
      boolean whole = !flagged && oracle.cut && scanner.isFinal();
      if (!oracle.undecided && !whole && flagged != oracle.isRejected()) {
        throw new AssertionError("flagged: " + flagged + describe(format, framing, seed, body));
      }
      if (!oracle.isRejected() && !flagged) {
        accepted++;
        seen.merge(format, scanner.usageSeen() ? 1 : 0, Integer::sum);
        if (!oracle.duplicates && !oracle.ambiguous) {
          compared++;
          String expected = facts(oracle);
          String actual = facts(scanner);
          if (!expected.equals(actual)) {
            assertThat(actual).as(describe(format, framing, seed, body)).isEqualTo(expected);
          }
        }
      }
    }
    // Guards the generator: a run in which nothing is ever read proves nothing.
    assertThat(accepted).as("bodies accepted").isGreaterThan(documents / 4);
    assertThat(compared).as("bodies compared").isGreaterThan(documents / 5);
    assertThat(documents - accepted).as("bodies rejected").isGreaterThan(documents / 10);
    assertThat(seen).as("bodies with usage").hasSameSizeAs(FORMATS).doesNotContainValue(0);
  }

  /** In chunks of up to a few bytes, or of a whole event, or all at once; some are empty. */
  private static void feed(UsageScanner scanner, Random random, byte[] body) {
    int largest = 1 << random.nextInt(13);
    for (int from = 0; from < body.length; ) {
      int to = Math.min(body.length, from + random.nextInt(largest + 1));
      scanner.feed(body, from, to);
      from = to;
    }
    scanner.end();
  }

  private static String describe(BodyFormat format, Framing framing, long seed, byte[] body) {
    String text = new String(body, StandardCharsets.ISO_8859_1);
    return " " + format + " " + framing + " seed " + seed + ": " + text;
  }

  private static String facts(Oracle oracle) {
    OracleUsage usage = oracle.usage;
    Dialect dialect = usage.dialect();
    Map<String, Long> counts = usage.counts();
    boolean known = usage.isSeen() && dialect != null;
    List<String> others = new ArrayList<>();
    usage
        .otherModels()
        .forEach(
            (model, tokens) ->
                others.add(ascii(model) + OracleCanonical.of(tokens, Dialect.ANTHROPIC, false)));
    return new TreeMap<>(counts)
        + facts(
            known && dialect != null ? OracleCanonical.of(counts, dialect, usage.list) : null,
            known && dialect != null ? OracleCanonical.of(counts, dialect, true) : null,
            others)
        + flag("foreign", oracle.foreign)
        + flag("seen", usage.isSeen())
        + flag("lowered", usage.lowered)
        + flag("several", usage.isOfSeveralResponses())
        + flag("answered", usage.answered)
        + flag("final", oracle.isFinal())
        + flag("malformed", usage.malformed)
        + flag("contradictory", usage.contradictory)
        + flag("zero", usage.zeroAfterNonzero)
        + flag("choices", usage.isOfSeveralChoices())
        + flag("error", usage.error)
        + (" images="
            + usage.images
            + " deltas="
            + usage.deltas
            + " model="
            + ascii(usage.model())
            + " tier="
            + ascii(usage.tier)
            + " tools="
            + List.of(
                usage.calls("WEB_SEARCHES", "SEARCH_QUERIES", "X_SEARCHES"),
                usage.calls("SOURCES"),
                usage.calls("FILE_SEARCHES", "DOCUMENT_SEARCHES"),
                usage.calls("CODE_RUNS"),
                usage.calls("WEB_FETCHES"),
                usage.calls("OTHER_TOOLS")));
  }

  private static String facts(UsageScanner scanner) {
    Map<String, Long> counts = new TreeMap<>();
    SLOTS.forEach(
        (name, slot) -> {
          if (scanner.stated(slot) != UsageScanner.ABSENT) {
            counts.put(name, scanner.stated(slot));
          }
        });
    CanonicalUsage usage = scanner.usage(false);
    CanonicalUsage promptOnly = scanner.usage(true);
    List<String> others = new ArrayList<>();
    scanner.forEachOtherModel(
        (model, tokens) -> others.add(ascii(model) + OracleCanonical.of(tokens)));
    return counts
        + facts(
            usage == null ? null : OracleCanonical.of(usage),
            promptOnly == null ? null : OracleCanonical.of(promptOnly),
            others)
        + flag("foreign", scanner.isForeign())
        + flag("seen", scanner.usageSeen())
        + flag("lowered", scanner.isLowered())
        + flag("several", scanner.isOfSeveralResponses())
        + flag("answered", scanner.isAnswered())
        + flag("final", scanner.isFinal())
        + flag("malformed", scanner.malformedUsageSeen())
        + flag("contradictory", scanner.duplicateSeen())
        + flag("zero", scanner.zeroAfterNonzeroSeen())
        + flag("choices", scanner.isOfSeveralChoices())
        + flag("error", scanner.errorSeen())
        + (" images="
            + scanner.images()
            + " deltas="
            + scanner.deltas()
            + " model="
            + ascii(scanner.model())
            + " tier="
            + ascii(scanner.serviceTier())
            + " tools="
            + List.of(
                scanner.webSearches(),
                scanner.sources(),
                scanner.fileSearches(),
                scanner.codeRuns(),
                scanner.webFetches(),
                scanner.otherToolCalls()));
  }

  private static String facts(
      @Nullable String usage, @Nullable String promptOnly, List<String> others) {
    String only = usage != null && usage.equals(promptOnly) ? "same" : promptOnly;
    return "\n" + usage + "\nprompt only " + only + "\nothers " + others + "\n";
  }

  /** The oracle does not decode UTF-8. */
  private static String ascii(@Nullable String text) {
    return text == null || text.chars().allMatch(c -> c < 0x80) ? "" + text : "?";
  }

  private static String flag(String name, boolean set) {
    return set ? " " + name : "";
  }
}
