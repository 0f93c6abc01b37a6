// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import io.semanticrouter.maas.config.PriceUnit;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Looks for prices that are right as a book and probably wrong as prices. */
@Command(
    name = "lint",
    mixinStandardHelpOptions = true,
    description = {
      "Lists prices that are probably wrong: free models, remains of binary floats, output cheaper"
          + " than input, cached input dearer than other input.",
      "Exit status: 0, 1 when there are some, 2 when a file is wrong."
    })
final class LintCommand extends BookCommand {
  @Parameters(arity = "1..*", paramLabel = "BOOK", description = "Files, or default.")
  private List<String> books = new ArrayList<>();

  private long found;

  @Override
  boolean run(PrintWriter out) throws UnreadableException {
    for (String book : books) {
      versions(checkedBook(book))
          .forEach(
              (model, versions) ->
                  versions.forEach(version -> terms(out, book + ": " + model, version)));
    }
    return found == 0;
  }

  private void terms(PrintWriter out, String name, Map<?, ?> terms) {
    prices(out, name, terms);
    for (Object size : PriceList.list(terms.get("above"))) {
      Map<?, ?> above = PriceList.map(size);
      prices(
          out,
          name
              + " above "
              + above.get(
                  above.containsKey("input_tokens_over")
                      ? "input_tokens_over"
                      : "input_tokens_from"),
          above);
    }
    PriceList.map(terms.get("service_tiers"))
        .forEach((tier, of) -> terms(out, name + " " + tier, PriceList.map(of)));
  }

  private void prices(PrintWriter out, String name, Map<?, ?> prices) {
    boolean free = true;
    boolean any = false;
    for (PriceUnit unit : PriceUnit.values()) {
      BigDecimal price = price(prices, unit);
      if (price != null) {
        any = true;
        free &= price.signum() == 0;
        if (BookDraft.looksLikeFloat(price)) {
          report(
              out,
              name,
              unit.key()
                  + " looks like a sum or product of binary floats: "
                  + price.toPlainString());
        }
      }
    }
    if (any && free) {
      report(out, name, "is free");
    }
    for (PriceUnit unit : List.of(PriceUnit.CACHE_READ, PriceUnit.CACHE_WRITE)) {
      BigDecimal price = price(prices, unit);
      if (price != null && price.signum() == 0 && !free) {
        report(out, name, unit.key() + " is free, and other input is not");
      }
    }
    cheaper(out, name, prices, PriceUnit.COMPLETION, PriceUnit.PROMPT);
    cheaper(out, name, prices, PriceUnit.PROMPT, PriceUnit.CACHE_READ);
    cheaper(out, name, prices, PriceUnit.CACHE_WRITE_1H, PriceUnit.CACHE_WRITE);
  }

  private void cheaper(
      PrintWriter out, String name, Map<?, ?> prices, PriceUnit unit, PriceUnit other) {
    BigDecimal price = price(prices, unit);
    BigDecimal bound = price(prices, other);
    // Embeddings have no output.
    boolean none = unit == PriceUnit.COMPLETION && price != null && price.signum() == 0;
    if (price != null && bound != null && price.compareTo(bound) < 0 && !none) {
      report(
          out,
          name,
          unit.key()
              + " "
              + price.toPlainString()
              + " is less than "
              + other.key()
              + " "
              + bound.toPlainString());
    }
  }

  private static @Nullable BigDecimal price(Map<?, ?> prices, PriceUnit unit) {
    Object price = prices.get(unit.key());
    return price == null ? null : new BigDecimal(price.toString().strip());
  }

  private void report(PrintWriter out, String name, String problem) {
    found++;
    out.println(name + ": " + problem);
  }
}
