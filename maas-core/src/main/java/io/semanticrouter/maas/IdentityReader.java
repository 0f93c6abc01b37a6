// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.lang.System.Logger.Level.WARNING;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Reads the identity from the gateway's headers; never throws, whatever they hold. */
final class IdentityReader {
  private static final System.Logger LOG = System.getLogger(Metering.class.getName());

  private final MaasConfig.Authentication config;
  private final Set<Identity.Source> warnedOfUser = ConcurrentHashMap.newKeySet();
  private final Set<Identity.Source> warnedOfTier = ConcurrentHashMap.newKeySet();

  IdentityReader(MaasConfig.Authentication config) {
    this.config = config;
  }

  Identity read(Headers headers) {
    String user = headers.get(config.userHeader());
    String tier = headers.get(config.tierHeader());
    Identity.Source userSource = check(headers, config.userHeader(), user);
    Identity.Source tierSource = check(headers, config.tierHeader(), tier);
    if (userSource.isFallback()) {
      warnOnce(warnedOfUser, config.userHeader(), userSource);
    }
    if (tierSource.isFallback()) {
      warnOnce(warnedOfTier, config.tierHeader(), tierSource);
    }
    return new Identity(
        userSource.isFallback() || user == null ? config.fallbackUser() : user.strip(),
        tierSource.isFallback() || tier == null ? config.fallbackTier() : tier.strip(),
        userSource,
        tierSource);
  }

  private Identity.Source check(Headers headers, String name, @Nullable String value) {
    if (value == null) {
      return Identity.Source.ABSENT;
    }
    if (!config.lastValueWins() && headers.count(name) > 1) {
      return Identity.Source.AMBIGUOUS;
    }
    return Texts.check(value);
  }

  private static void warnOnce(Set<Identity.Source> warned, String header, Identity.Source source) {
    if (!warned.contains(source) && warned.add(source)) {
      // Never the value: it may be anything that a client sent.
      LOG.log(
          WARNING,
          "Identity header {0} is not usable ({1}), the fallback is billed instead; further cases are"
              + " counted, not logged",
          header,
          source.label());
    }
  }
}
