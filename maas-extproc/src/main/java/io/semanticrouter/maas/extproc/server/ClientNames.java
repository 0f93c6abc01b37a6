// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.grpc.util.AdvancedTlsX509TrustManager.SslSocketAndEnginePeerVerifier;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which certificates of the client authority are enough: those with one of the configured names
 * among their subject alternative names (RFC 5280, 4.2.1.6). DNS names are compared regardless of
 * case, URIs, such as those of SPIFFE, as they are; there are no wildcards. Thread-safe.
 */
final class ClientNames implements SslSocketAndEnginePeerVerifier {
  private static final Logger LOG = LoggerFactory.getLogger(ClientNames.class);

  private static final int DNS = 2;
  private static final int URI = 6;
  private static final int MAX_LOGGED = 200;

  private final String path;
  private final List<String> allowed;
  private final LongAdder refused = new LongAdder();
  private final AtomicBoolean logged = new AtomicBoolean();

  /**
   * Names.
   *
   * @param path the section of the configuration that has them
   * @param allowed empty when every certificate is enough
   */
  ClientNames(String path, List<String> allowed) {
    this.path = path;
    this.allowed = allowed;
  }

  /** How many certificates had none of the names. */
  long refused() {
    return refused.sum();
  }

  @Override
  public void verifyPeerCertificate(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    verify(chain[0]);
  }

  @Override
  public void verifyPeerCertificate(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    verify(chain[0]);
  }

  private void verify(X509Certificate certificate) throws CertificateException {
    if (allowed.isEmpty()) {
      return;
    }
    List<String> shown = new ArrayList<>();
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    for (List<?> name : names == null ? List.<List<?>>of() : names) {
      boolean dns = name.get(0).equals(DNS);
      if ((dns || name.get(0).equals(URI)) && name.get(1) instanceof String text) {
        if (isAllowed(text, dns)) {
          return;
        }
        shown.add(text);
      }
    }
    refused.increment();
    if (logged.compareAndSet(false, true)) {
      String all = shown.toString();
      LOG.warn(
          "A client whose certificate has the names {} was refused: none of them is in"
              + " {}.client_sans. Further ones are counted, not logged",
          all.length() > MAX_LOGGED ? all.substring(0, MAX_LOGGED) + "…" : all,
          path);
    }
    throw new CertificateException("none of the names is allowed");
  }

  private boolean isAllowed(@Nullable String name, boolean dns) {
    for (String one : allowed) {
      if (dns ? one.equalsIgnoreCase(name) : one.equals(name)) {
        return true;
      }
    }
    return false;
  }
}
