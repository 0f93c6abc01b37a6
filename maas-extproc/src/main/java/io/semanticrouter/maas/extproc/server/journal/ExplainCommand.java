// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says how one bill came about. */
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    description = {
      "Says how the bill of one exchange came about.",
      "Exit status: 0, 1 when it cannot run, 4 when there is no such exchange, or something of the"
          + " journal cannot be read."
    })
public final class ExplainCommand extends JournalCommand {
  /** One of the two. */
  @ArgGroup(exclusive = true, multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Which which;

  /** What names an exchange. */
  static final class Which {
    @Parameters(paramLabel = "ID", description = "The id of the exchange.")
    private @Nullable String id;

    @Option(
        names = "--request-id",
        paramLabel = "ID",
        description =
            "What its x-request-id said; clients choose it, so that several can have the same.")
    private @Nullable String requestId;

    boolean isMeant(UsageRecord record) {
      return id != null ? id.equals(record.id()) : Objects.equals(requestId, record.requestId());
    }

    @Override
    public String toString() {
      return id != null ? "id " + id : "request id " + requestId;
    }
  }

  private boolean found;

  @Override
  public void line(JournalLine line) {
    if (which.isMeant(line.record())) {
      found = true;
      print(line, line.record());
    }
  }

  private void print(JournalLine line, UsageRecord record) {
    boolean open = line.kind() == JournalLine.Kind.OPEN;
    say(
        "line",
        line.sequence()
            + " of "
            + line.writer()
            + (open ? ": the response has begun" : "")
            + (line.revision() > 1 ? ": revision " + line.revision() : ""));
    say("id", record.id());
    say("request id", record.requestId());
    say("program", line.program());
    say("started", record.startedAt());
    Duration toFirstByte = record.timeToFirstByte();
    if (toFirstByte != null) {
      say("first byte", "after " + toFirstByte.toMillis() + " ms");
    }
    if (!open) {
      say("ended", Key.end(record) + " (after " + record.duration().toMillis() + " ms)");
    }
    say("operation", record.operation().label());
    identity(record.identity());
    Routing routing = record.routing();
    say("model", record.model() + " (what is billed)");
    say("requested", routing.requestedModel());
    say("selected", routing.selectedModel());
    say("answered", routing.responseModel());
    say("decision", routing.routingDecision());
    say("category", routing.category());
    say("reasoning", routing.reasoning());
    say("cache hit", routing.cacheHit());
    say("system prompt", Boolean.TRUE.equals(routing.systemPromptInjected()) ? "added" : null);
    say("personal data", routing.piiDetected());
    say("jailbreak", routing.jailbreakDetected());
    say("asked for tier", record.serviceTier().requested());
    say("served as tier", record.serviceTier().served());
    say("HTTP status", record.httpStatus());
    say("ended by", record.abortReason() == null ? null : record.abortReason().reason().label());
    if (!open) {
      bill(record);
    }
    out().println();
  }

  private void identity(Identity identity) {
    say("user", identity.user() + " (" + identity.userSource().label() + ")");
    say("tier", identity.tier() + " (" + identity.tierSource().label() + ")");
    identity
        .attributeSources()
        .forEach(
            (name, source) ->
                say("  " + name, identity.attributes().get(name) + " (" + source.label() + ")"));
    Identity.Untrusted reason = identity.untrusted();
    say("vouched for by", reason == null ? null : "nothing: " + reason.label());
  }

  private void bill(UsageRecord record) {
    Measurement measurement = record.measurement();
    String reasons =
        measurement.reasons().stream()
            .map(Measurement.Reason::label)
            .collect(Collectors.joining(", "));
    say("status", measurement.status().label() + (reasons.isEmpty() ? "" : ": " + reasons));
    TokenUsage usage = measurement.usage();
    if (usage != null) {
      tokens(usage);
    }
    for (UsageLine other : measurement.otherLines()) {
      say("also asked", other.model());
      tokens(other.usage());
    }
    units(measurement.units());
    say("provider's cost", measurement.providerCost());
    amount("cost", record.cost());
    if (record.unpriced() && record.cost() == null) {
      say("cost", "unknown: there is no price for it");
    }
    amount("charge", record.charge());
    AppliedPrice price = record.appliedPrice();
    if (price != null) {
      say("price", price.name() + ", of " + price.book());
    }
    PriceGap gap = record.priceGap();
    if (gap != null) {
      say("price lacks", gap.label());
    }
  }

  /** What has a price by the piece. */
  private void units(UnitUsage units) {
    count("audio seconds", units.audioSeconds());
    count("images", units.images());
    count("search units", units.searchUnits());
    units
        .tools()
        .forEach((tool, calls) -> count("calls of " + tool.name().toLowerCase(Locale.ROOT), calls));
  }

  private void amount(String what, @Nullable Cost amount) {
    if (amount != null) {
      say(what, amount.amount().stripTrailingZeros().toPlainString() + " " + amount.currency());
    }
  }

  private void tokens(TokenUsage usage) {
    count("prompt", usage.prompt());
    count("completion", usage.completion());
    for (TokenPart part : TokenPart.values()) {
      String whole =
          part.container() == null
              ? part.side().name().toLowerCase(Locale.ROOT)
              : part.container().label();
      count("  " + part.label() + ", of " + whole, usage.part(part));
    }
    count("provider's total", usage.providerTotal());
  }

  private void count(String what, long count) {
    if (count >= 0) {
      say(what, count);
    }
  }

  private void say(String what, @Nullable Object value) {
    if (value != null) {
      String space = " ".repeat(Math.max(1, 32 - what.length()));
      out().println(what + space + Table.printable(value.toString()));
    }
  }

  @Override
  boolean end(PrintWriter out) {
    if (!found) {
      err().println("explain: no exchange has the " + Table.printable(which.toString()));
    }
    return found;
  }
}
