// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import io.semanticrouter.maas.config.Price;
import io.semanticrouter.maas.config.PriceUnit;
import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Says which price would apply. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = {
      "Says which price models have, or why they have none.",
      "Exit status: 0, 1 when a model has no price, 2 when a file is wrong."
    })
final class CheckCommand extends BookCommand {
  @Parameters(arity = "1..*", paramLabel = "MODEL", description = "Names of models.")
  private List<String> models = new ArrayList<>();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The configuration whose prices are meant.")
  private @Nullable Path config;

  @Option(
      names = "--book",
      paramLabel = "BOOK",
      description = "In place of --config: a book; of several, later ones count first.")
  private List<String> books = new ArrayList<>();

  @Option(
      names = "--at",
      paramLabel = "TIME",
      description = "A day (UTC) or time, such as 2026-11-30T12:00:00Z (default: now).")
  private @Nullable String at;

  @Option(names = "--service-tier", paramLabel = "TIER", description = "Such as flex.")
  private @Nullable String serviceTier;

  @Option(
      names = "--input-tokens",
      paramLabel = "N",
      description = "All input, cached or not (default: 0).")
  private long inputTokens;

  @Option(names = "--tier", paramLabel = "TIER", description = "The tier of the customer.")
  private String tier = "";

  @Option(names = "--user", paramLabel = "USER", description = "The customer.")
  private String user = "";

  @Override
  boolean run(PrintWriter out) throws UnreadableException {
    if ((config == null) == books.isEmpty()) {
      throw new ParameterException(commandLine(), "one of --config and --book is required");
    }
    Map<String, @Nullable Object> pricing = config != null ? pricing(config) : pricing(books);
    RateCard card = card(pricing);
    long time = at == null ? Instant.now().getEpochSecond() : time(at);
    boolean priced = true;
    for (String model : models) {
      priced &= print(out, model, "", card, time, pricing);
      RateCard charge = card.charge();
      if (charge != null) {
        print(out, model, " (charge)", charge, time, Map.of());
      }
    }
    return priced;
  }

  private static long time(String text) {
    return text.indexOf('T') < 0
        ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toEpochSecond()
        : Instant.parse(text).getEpochSecond();
  }

  private boolean print(
      PrintWriter out,
      String model,
      String which,
      RateCard card,
      long time,
      Map<String, @Nullable Object> pricing) {
    String terms = new ServiceTier(null, serviceTier).isSpecial() ? serviceTier : null;
    Price price = card.price(model, Identity.of(user, tier), terms, false, inputTokens, time);
    AppliedPrice applied = price.applied();
    if (applied == null) {
      PriceGap gap = price.gap(TokenUsage.of(1, 1), UnitUsage.NONE);
      out.println(model + which + ": no price (" + Objects.requireNonNull(gap).label() + ")");
      return false;
    }
    out.println(model + which + ": " + applied.name() + ", of " + applied.book());
    for (PriceUnit unit : PriceUnit.values()) {
      BigDecimal one = price.of(unit);
      if (one != null) {
        BigDecimal shown = unit.isToken() ? one.movePointRight(6) : one;
        String amount = shown.signum() == 0 ? "0" : shown.stripTrailingZeros().toPlainString();
        out.println("  " + unit.key() + ": " + amount + " " + price.currency());
      }
    }
    String source = source(pricing, model, applied.book(), time);
    if (!source.isEmpty()) {
      out.println("  source: " + source);
    }
    return true;
  }

  /** What the entries say that name a model in the book that its price is from. */
  private static String source(
      Map<String, @Nullable Object> pricing, String model, String version, long at) {
    Set<String> sources = new LinkedHashSet<>();
    for (Object section : PriceList.list(pricing.get("books"))) {
      Map<?, ?> book = PriceList.map(section);
      if (version.startsWith(book.get("version") + "#")) {
        versions(book)
            .forEach(
                (name, versions) -> {
                  for (Map<?, ?> one : versions) {
                    boolean names =
                        name.equals(model)
                            || (one.get("aliases") instanceof List<?> aliases
                                && aliases.contains(model));
                    if (names && isValid(one, at) && one.get("source") instanceof String source) {
                      sources.add(source);
                    }
                  }
                });
        if (sources.isEmpty() && book.get("source") instanceof String source) {
          sources.add(source);
        }
      }
    }
    return String.join(", ", sources);
  }

  private static boolean isValid(Map<?, ?> version, long at) {
    return (!(version.get("valid_from") instanceof String from) || time(from) <= at)
        && (!(version.get("valid_to") instanceof String to) || at < time(to));
  }
}
