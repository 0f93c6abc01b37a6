// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** An authority of its own and what it signs, made with the keytool of the JDK, as PEM files. */
public final class Certificates {
  private static final String PASSWORD = "changeit";

  private final Path directory;
  private final Path store;
  private int issued;

  /** A certificate, its key, and the PEM files of both. */
  public record Identity(Certificate x509, Key key, Path certificate, Path privateKey) {}

  /** A new authority, whose files are in the directory. */
  public Certificates(Path directory) throws IOException, InterruptedException {
    this.directory = Files.createDirectories(directory);
    store = directory.resolve("store.p12");
    keytool("-alias", "ca", "-dname", "CN=Test CA", "-keyalg", "EC", "-ext", "bc:c");
  }

  /** Whom everything here is signed by. */
  public Path authority() throws IOException, GeneralSecurityException {
    return write("ca.pem", pem("CERTIFICATE", open().getCertificate("ca").getEncoded()));
  }

  /**
   * What clients need who trust the authority.
   *
   * @param own what they show of themselves; null for nothing
   */
  public SSLContext clients(@Nullable Identity own) throws IOException, GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("ca", open().getCertificate("ca"));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    if (own != null) {
      store.setKeyEntry("own", own.key(), PASSWORD.toCharArray(), new Certificate[] {own.x509()});
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  /** A certificate for 127.0.0.1, of the algorithm {@code RSA}, {@code EC} or another. */
  public Identity issue(String name, String algorithm, String... options)
      throws IOException, InterruptedException, GeneralSecurityException {
    String alias = name + issued++;
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("-alias", alias, "-signer", "ca", "-dname", "CN=" + name));
    arguments.addAll(List.of("-keyalg", algorithm, "-ext", "san=ip:127.0.0.1,dns:maas-extproc"));
    arguments.addAll(List.of(options));
    keytool(arguments.toArray(new String[0]));
    KeyStore opened = open();
    Certificate certificate = opened.getCertificate(alias);
    Key key = opened.getKey(alias, PASSWORD.toCharArray());
    return new Identity(
        certificate,
        key,
        write(alias + ".pem", pem("CERTIFICATE", certificate.getEncoded())),
        write(alias + "-key.pem", pem("PRIVATE KEY", key.getEncoded())));
  }

  /** Encoded bytes as text. */
  public static String pem(String label, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(label, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der), label);
  }

  private KeyStore open() throws IOException, GeneralSecurityException {
    KeyStore opened = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      opened.load(in, PASSWORD.toCharArray());
    }
    return opened;
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-keystore", store.toString(), "-storetype", "PKCS12"));
    command.addAll(List.of("-storepass", PASSWORD));
    command.addAll(List.of("-J-Xshare:auto", "-J-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), US_ASCII);
    if (process.waitFor() != 0) {
      throw new IOException("keytool: " + output);
    }
  }
}
