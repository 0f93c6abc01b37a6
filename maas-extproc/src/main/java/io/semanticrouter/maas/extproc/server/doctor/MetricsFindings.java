// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.doctor;

import java.util.ArrayList;
import java.util.List;

/** What the counters of the server say against its set-up. */
public final class MetricsFindings {
  private static final double SHARE = 0.01;
  private static final double SHARE_OF_TIERS = 0.5;

  private final Samples samples;
  private final Expected server;
  private final double exchanges;
  private final List<Finding> findings = new ArrayList<>();

  private MetricsFindings(Samples samples, Expected server) {
    this.samples = samples;
    this.server = server;
    this.exchanges = samples.sum("requests_total");
  }

  /** What is wrong, by what {@code /metrics} answers. */
  public static List<Finding> of(Samples samples, Expected server) {
    MetricsFindings metrics = new MetricsFindings(samples, server);
    metrics.look();
    return metrics.findings;
  }

  private void look() {
    String header = server.headers().isEmpty() ? "" : " (" + server.headers().get(0) + ")";
    fallback(
        "user",
        "absent",
        SHARE,
        "is not there" + header,
        "Name the header that the auth filter sets in authentication.user_header; see that the"
            + " filter runs before the meter");
    // That nobody states a tier is what the fallback tier is for; that hardly anybody does, is not.
    fallback(
        "tier",
        "absent",
        SHARE_OF_TIERS,
        "is not there",
        "Name the header that the auth filter sets in authentication.tier_header, or let"
            + " authentication.default_tier be the price of all");
    for (String field : List.of("user", "tier")) {
      fallback(
          field,
          "placeholder",
          SHARE,
          "is a placeholder such as <nil>",
          "Let the selector of the AuthConfig name a field that exists");
      fallback(
          field,
          "unexpanded_template",
          SHARE,
          "is a template that nothing has expanded",
          "In the AuthConfig, use plain.selector or plain.expression instead of plain.value");
      fallback(
          field,
          "ambiguous",
          SHARE,
          "is there twice, with different values",
          "Let the auth filter overwrite what clients send");
      fallback(
          field,
          "untrusted",
          SHARE,
          "is not vouched for",
          "See that what proves it (authentication.trust) runs before the meter");
    }
    double answered =
        exchanges
            - samples.sum("requests_total", "outcome=\"error\"")
            - samples.sum("requests_total", "outcome=\"not_metered\"")
            - samples.sum("requests_total", "outcome=\"not_generated\"");
    double unknown =
        samples.sum("requests_total", "outcome=\"none\"")
            + samples.sum("requests_total", "outcome=\"failed\"");
    if (unknown > answered * SHARE) {
      add(
          "usage-unknown",
          percent(unknown / answered) + " of the answered exchanges have no usage",
          "They are not billed",
          "semantic_router_measurement_reasons_total says why");
    }
    many(
        "unpriced",
        "unpriced_requests_total",
        "exchanges have usage and no price",
        "They have tokens, and no cost",
        "semantic_router_unpriced_requests_total says what the section pricing lacks");
    many(
        "overflow",
        "overflow_requests_total",
        "exchanges are in the overflow series",
        "They have no user",
        "Raise metrics.max_series, or find who invents models");
    many(
        "refused-streams",
        "extproc_refused_streams_total",
        "exchanges passed because memory was short",
        "They are unmetered",
        "Raise -Xmx");
    many(
        "journal-lost",
        "journal_lost_lines_total",
        "usage records are in no file of the journal",
        "They are in no bill that is made of it",
        "Give the journal a disk with room");
    many(
        "defects",
        "metering_defects_total",
        "exchanges met a defect of the metering",
        "They may not be billed",
        "Report it, with the line of the log about the first");
  }

  private void fallback(String field, String reason, double share, String what, String todo) {
    double of =
        samples.sum(
            "identity_fallbacks_total", "field=\"" + field + "\"", "reason=\"" + reason + "\"");
    if (of > 0 && of >= exchanges * share) {
      add(
          field + "-" + reason.replace('_', '-'),
          "The " + field + " " + what + " on " + percent(of / exchanges) + " of the exchanges",
          field.equals("user")
              ? "The fallback user pays for them"
              : "They have the price of the fallback tier",
          todo);
    }
  }

  private void many(String id, String metric, String what, String why, String todo) {
    double count = samples.sum(metric);
    if (count > 0) {
      add(id, (long) count + " " + what, why, todo);
    }
  }

  private static String percent(double share) {
    return Math.round(100 * share) + " %";
  }

  private void add(String id, String what, String why, String todo) {
    findings.add(new Finding(id, what, why, todo));
  }
}
