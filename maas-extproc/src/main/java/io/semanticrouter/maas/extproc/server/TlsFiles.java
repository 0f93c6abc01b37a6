// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What TLS needs, read from files and read again when they change: new connections then get the new
 * certificate, open ones go on. What cannot be used is counted, and the old goes on being used.
 */
final class TlsFiles implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TlsFiles.class);

  /** More than any bundle of certificates has; a mistaken path must not fill the memory. */
  private static final int MAX_BYTES = 4 << 20;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final TlsConfig config;
  private final AdvancedTlsX509KeyManager keyManager = new AdvancedTlsX509KeyManager();
  private final @Nullable AdvancedTlsX509TrustManager trustManager;
  private final SslContext sslContext;
  private final ScheduledExecutorService reloads = Daemons.scheduler("tls-reload");
  private final LongAdder reloadFailures = new LongAdder();
  private final ClientNames clientNames;

  /** Of what is in use, by the key of its file. */
  private volatile Map<String, Instant> notAfter = Map.of();

  // Of the reload thread, once that runs.
  private Content taken = new Content(NOTHING, NOTHING, NOTHING);
  private String problem = "";

  /** Each has an array; equal when the contents are. */
  private record Content(ByteBuffer certificate, ByteBuffer privateKey, ByteBuffer clientCa) {}

  private TlsFiles(TlsConfig config) throws IOException {
    this.config = config;
    clientNames = new ClientNames(config.path(), config.clientSans());
    try {
      trustManager =
          config.clientCa() == null
              ? null
              : AdvancedTlsX509TrustManager.newBuilder()
                  .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
                  .setSslSocketAndEnginePeerVerifier(clientNames)
                  .build();
      SslContextBuilder builder =
          GrpcSslContexts.configure(SslContextBuilder.forServer(keyManager));
      if (trustManager != null) {
        builder.trustManager(trustManager).clientAuth(ClientAuth.REQUIRE);
      }
      // Built while the trust manager is still empty: a context keeps the names of the authorities
      // that it finds, and clients would go on being asked for a certificate of the old ones. And
      // nobody resumes a session that was trusted longer ago than the files are read.
      sslContext = builder.sessionTimeout(config.reload().toSeconds()).build();
    } catch (GeneralSecurityException e) {
      throw new IOException(config.path() + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads the files, and from then on again whenever they have changed.
   *
   * @throws IOException when one of them cannot be used; the message is one line that names it
   */
  static TlsFiles load(TlsConfig config) throws IOException {
    TlsFiles files = new TlsFiles(config);
    files.take(files.read());
    long seconds = config.reload().toSeconds();
    ScheduledFuture<?> unused =
        files.reloads.scheduleWithFixedDelay(files::reload, seconds, seconds, TimeUnit.SECONDS);
    return files;
  }

  SslContext sslContext() {
    return sslContext;
  }

  /** The same for the HTTP server of the JDK. */
  HttpsConfigurator https() throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          new KeyManager[] {keyManager},
          trustManager == null ? null : new TrustManager[] {trustManager},
          null);
      context.getServerSessionContext().setSessionTimeout((int) config.reload().toSeconds());
      return new HttpsConfigurator(context) {
        @Override
        public void configure(HttpsParameters parameters) {
          SSLParameters asked = context.getDefaultSSLParameters();
          asked.setNeedClientAuth(trustManager != null);
          parameters.setSSLParameters(asked);
        }
      };
    } catch (GeneralSecurityException e) {
      throw new IOException(config.path() + ": " + e.getMessage(), e);
    }
  }

  /** How often changed files could not be used; goes on growing while they cannot. */
  long reloadFailures() {
    return reloadFailures.sum();
  }

  /** How many clients were refused for the names of their certificates. */
  long refusedClients() {
    return clientNames.refused();
  }

  /**
   * When the first certificate of each file expires, as it was when it was taken: the server goes
   * on with an expired one until there is another.
   *
   * @return by {@code certificate} and {@code client_ca}
   */
  Map<String, Instant> notAfter() {
    return notAfter;
  }

  @Override
  public void close() {
    reloads.shutdownNow();
  }

  private void reload() {
    try {
      Content content = read();
      if (!content.equals(taken)) {
        take(content);
        LOG.info("TLS files have changed; new connections get what is in them now");
      }
      problem = "";
    } catch (IOException | RuntimeException e) {
      reloadFailures.increment();
      String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      if (!message.equals(problem)) {
        problem = message;
        LOG.warn("TLS files have changed, but cannot be used; the old ones stay: {}", message);
      }
    }
  }

  private Content read() throws IOException {
    Path clientCa = config.clientCa();
    return new Content(
        read("certificate", config.certificate()),
        read("private_key", config.privateKey()),
        clientCa == null ? NOTHING : read("client_ca", clientCa));
  }

  private ByteBuffer read(String key, Path path) throws IOException {
    byte[] content;
    try (InputStream in = Files.newInputStream(path)) {
      content = in.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      throw unusable(key, path, "does not exist");
    } catch (AccessDeniedException e) {
      throw unusable(key, path, "may not be read");
    } catch (IOException e) {
      throw unusable(key, path, "cannot be read: " + e.getMessage());
    }
    if (content.length > MAX_BYTES) {
      throw unusable(key, path, "is larger than " + MAX_BYTES + " bytes");
    }
    return ByteBuffer.wrap(content);
  }

  /** Checks everything first, so that no half of a change is ever used. */
  private void take(Content content) throws IOException {
    X509Certificate[] chain =
        certificates("certificate", config.certificate(), content.certificate().array());
    if (chain[0].getNotAfter().toInstant().isBefore(Instant.now())) {
      throw unusable(
          "certificate",
          config.certificate(),
          "has expired: " + chain[0].getNotAfter().toInstant());
    }
    PrivateKey privateKey;
    try {
      privateKey = Pem.privateKey(content.privateKey().array(), chain[0]);
    } catch (Pem.MalformedException e) {
      throw unusable("private_key", config.privateKey(), e.getMessage());
    }
    Map<String, Instant> ends = new LinkedHashMap<>();
    ends.put("certificate", firstEnd(chain));
    Path clientCa = config.clientCa();
    if (trustManager != null && clientCa != null) {
      X509Certificate[] trusted = certificates("client_ca", clientCa, content.clientCa().array());
      try {
        trustManager.updateTrustCredentials(trusted);
      } catch (GeneralSecurityException e) {
        throw unusable("client_ca", clientCa, "cannot be trusted: " + e.getMessage());
      }
      ends.put("client_ca", firstEnd(trusted));
    }
    keyManager.updateIdentityCredentials(chain, privateKey);
    notAfter = ends;
    taken = content;
  }

  private static Instant firstEnd(X509Certificate[] certificates) {
    return Arrays.stream(certificates)
        .map(certificate -> certificate.getNotAfter().toInstant())
        .min(Instant::compareTo)
        .orElseThrow();
  }

  private X509Certificate[] certificates(String key, Path path, byte[] pem) throws IOException {
    try {
      return Pem.certificates(pem);
    } catch (Pem.MalformedException e) {
      throw unusable(key, path, e.getMessage());
    }
  }

  private IOException unusable(String key, Path path, @Nullable String problem) {
    return new IOException(config.path() + "." + key + ": " + path + " " + problem);
  }
}
