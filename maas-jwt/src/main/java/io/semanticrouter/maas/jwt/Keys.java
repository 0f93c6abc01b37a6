// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.jwt;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.TokenConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The public keys of one issuer, read again from time to time by a thread of their own. */
final class Keys implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(JwtVerifiers.class.getName());

  private static final int TIMEOUT_MILLIS = 5_000;
  private static final int MAX_BYTES = 1 << 20;

  /**
   * Tokens with keys that nobody has are made easily; issuers are not asked more often for them.
   */
  private static final int SECONDS_BETWEEN_QUESTIONS = 10;

  private final TokenConfig config;
  private final Runnable onChange;
  private final AtomicLong askedAt =
      new AtomicLong(System.nanoTime() - TimeUnit.SECONDS.toNanos(SECONDS_BETWEEN_QUESTIONS));
  private final ScheduledExecutorService reader;
  private volatile @Nullable JWKSet current;
  private boolean hasFailed;

  Keys(TokenConfig config, Runnable onChange) {
    this.config = config;
    this.onChange = onChange;
    reader =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "maas-jwt-keys");
              thread.setDaemon(true);
              return thread;
            });
  }

  @SuppressWarnings("FutureReturnValueIgnored") // a refresh reports its own failures
  void start() {
    try {
      current = read();
    } catch (IOException | ParseException e) {
      if (!isUrl()) {
        throw new ConfigException(
            List.of(
                new ConfigError(
                    "maas_integration.authentication.trust",
                    config.jwks(),
                    "must be a file with a JSON Web Key Set: " + e.getMessage(),
                    null)));
      }
      failed(e);
    }
    long seconds = config.refresh().toSeconds();
    long first = current == null ? SECONDS_BETWEEN_QUESTIONS : seconds;
    reader.scheduleWithFixedDelay(this::refresh, first, seconds, TimeUnit.SECONDS);
  }

  /** The keys; null when none have been read yet. */
  @Nullable JWKSet current() {
    return current;
  }

  /** A token names a key that is not there. Returns at once. */
  void refreshSoon() {
    long now = System.nanoTime();
    long before = askedAt.get();
    if (now - before >= TimeUnit.SECONDS.toNanos(SECONDS_BETWEEN_QUESTIONS)
        && askedAt.compareAndSet(before, now)) {
      reader.execute(this::refresh);
    }
  }

  private synchronized void refresh() {
    try {
      JWKSet read = read();
      JWKSet before = current;
      if (before == null || !before.toJSONObject().equals(read.toJSONObject())) {
        current = read;
        onChange.run();
        LOG.log(INFO, "Keys of {0}: {1}", config.issuer(), read.size());
      }
      hasFailed = false;
    } catch (IOException | ParseException | RuntimeException e) {
      failed(e);
    }
  }

  private void failed(Exception e) {
    if (!hasFailed) {
      hasFailed = true;
      LOG.log(
          WARNING,
          "The keys of {0} could not be read ({1}); {2}",
          config.issuer(),
          e.getMessage(),
          current == null ? "its tokens are refused until they can" : "those from before are used");
    }
  }

  private boolean isUrl() {
    return config.jwks().contains("://");
  }

  private JWKSet read() throws IOException, ParseException {
    String text;
    if (isUrl()) {
      text =
          new DefaultResourceRetriever(TIMEOUT_MILLIS, TIMEOUT_MILLIS, MAX_BYTES)
              .retrieveResource(new URL(config.jwks()))
              .getContent();
    } else {
      text = file(Path.of(config.jwks()));
    }
    // Only what is public: a secret key among them would let its readers sign.
    JWKSet keys = JWKSet.parse(text).toPublicJWKSet();
    if (keys.isEmpty()) {
      throw new ParseException("no public keys in it", 0);
    }
    return keys;
  }

  private static String file(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] content = in.readNBytes(MAX_BYTES + 1);
      if (content.length > MAX_BYTES) {
        throw new IOException("larger than " + MAX_BYTES + " bytes");
      }
      return new String(content, StandardCharsets.UTF_8);
    }
  }

  @Override
  public void close() {
    reader.shutdownNow();
  }
}
