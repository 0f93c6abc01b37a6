// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.Authentication;
import io.semanticrouter.maas.config.IdentitySource;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.config.RoutingConfig;
import io.semanticrouter.maas.config.RoutingProfile;
import io.semanticrouter.maas.config.UsageConfig;
import io.semanticrouter.maas.extproc.server.StatusPage.Fact;
import io.semanticrouter.maas.router.RouterConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** How the server is set up, in sentences: for the log and for the status page. */
final class Setup {
  private Setup() {}

  /** All of it, the mode first. */
  static List<Fact> facts(MaasConfig metering, RouterConfig router, ServerConfig server) {
    List<Fact> facts = new ArrayList<>();
    facts.add(new Fact("Mode", describe(metering.mode()), false));
    Authentication authentication = metering.authentication();
    if (metering.mode().isIntegrated()) {
      facts.add(new Fact("Who pays", describe(authentication), !isProven(authentication)));
      facts.add(new Fact("Users in metrics", describe(metering.metrics()), false));
    }
    facts.add(new Fact("Usage that is not stated", describe(metering.usage()), false));
    facts.add(new Fact("Routing facts", describe(metering.routing()), false));
    facts.add(new Fact("Embedded router", router.enabled() ? "on" : "off", false));
    if (metering.mode().calculatesCost()) {
      boolean none = metering.rateCard().isEmpty();
      facts.add(
          new Fact(
              "Prices",
              none
                  ? "no model has a price: all exchanges are unpriced"
                  : "models with a price: " + metering.rateCard().models().size(),
              none && metering.mode() == Mode.HYBRID));
    }
    facts.add(
        new Fact(
            "Journal",
            server.journal() == null
                ? "off: what was counted after the last scrape is lost with the process"
                : server.journal().toString(),
            false));
    if (server.otlp() != null) {
      facts.add(new Fact("OpenTelemetry", "pushed to " + server.otlp(), false));
    }
    for (String warning : server.warnings()) {
      facts.add(new Fact("Open port", warning, true));
    }
    return facts;
  }

  /** Whether all that says who pays is proven. */
  static boolean isProven(Authentication authentication) {
    return authentication.trust().stream().noneMatch(IdentitySource::isUnproven);
  }

  /** Whose word decides who pays. */
  static String describe(Authentication authentication) {
    List<String> places = new ArrayList<>();
    for (IdentitySource source : authentication.trust()) {
      places.add(
          switch (source.by()) {
            case HEADERS ->
                source.isUnproven()
                    ? "the header " + source.user()
                    : "the header " + source.user() + " with " + source.proofHeader();
            case METADATA -> "metadata of " + source.namespace();
            case ATTRIBUTES -> "the attribute " + source.user();
            case JWT -> "tokens of " + Objects.requireNonNull(source.token()).issuer();
          });
    }
    String trusted = "read from " + String.join(", then ", places);
    return isProven(authentication)
        ? trusted
        : trusted
            + ", and believed: let only the gateway reach this server, and let its auth filter set"
            + " that header in each request (authentication.trust asks for a proof)";
  }

  /** How metrics name who pays. */
  static String describe(MaasConfig.Metrics metrics) {
    return switch (metrics.users()) {
      case PLAIN -> "as they are (metrics.users: plain)";
      case HMAC -> "by the hash of their name (metrics.users: hmac)";
      case NONE -> "not at all: each series is the sum of all users (metrics.users: none)";
    };
  }

  /** Whose word decides that an answer was cached, or what a looper used. */
  static String describe(RoutingConfig routing) {
    String profile = routing.profile().name();
    return routing.profile().equals(RoutingProfile.NONE)
        ? "those of responses are not believed (profile none)"
        : "whatever answers is believed (profile "
            + profile
            + "); where no semantic router is behind us, set maas_integration.routing.profile:"
            + " none";
  }

  static String describe(UsageConfig usage) {
    String whole =
        switch (usage.unmeasurable()) {
          case ESTIMATE -> "an answer without usage is estimated";
          case PASS -> "an answer without usage is not billed";
          case REFUSE -> "a request whose usage cannot be asked for is refused";
        };
    String broken =
        switch (usage.onDisconnect()) {
          case ESTIMATE -> "a stream that breaks off is estimated";
          case LAST_SNAPSHOT -> "a stream that breaks off is billed what its backend had stated";
          case DROP -> "a stream that breaks off is not billed";
        };
    String backend =
        usage.backend() == UsageConfig.Backend.VLLM
            ? "backends are vLLM and state usage in every chunk"
            : "backends state usage at the end only (usage.backend: generic)";
    return whole + "; " + broken + "; " + backend;
  }

  static String describe(Mode mode) {
    return switch (mode) {
      case STANDALONE ->
          "mode standalone (maas_integration.enabled: false): no user or tier labels, headers"
              + " untouched, cost calculated";
      case MAAS -> "mode maas: labels for who pays, cost left to MaaS";
      case HYBRID -> "mode hybrid: labels for who pays, cost calculated for validation";
    };
  }
}
