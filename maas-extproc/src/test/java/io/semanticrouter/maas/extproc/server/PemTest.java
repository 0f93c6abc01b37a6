// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.extproc.Certificates;
import io.semanticrouter.maas.extproc.Certificates.Identity;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PemTest {
  @SuppressWarnings("NullAway.Init")
  private static Certificates authority;

  @SuppressWarnings("NullAway.Init")
  private static Identity rsa;

  @SuppressWarnings("NullAway.Init")
  private static Identity ec;

  @BeforeAll
  static void issue(@TempDir Path directory) throws Exception {
    authority = new Certificates(directory);
    rsa = authority.issue("rsa", "RSA");
    ec = authority.issue("ec", "EC");
  }

  private static void assertRead(String pem, Identity identity) throws Exception {
    assertThat(Pem.privateKey(pem.getBytes(US_ASCII), (X509Certificate) identity.x509()))
        .isEqualTo(identity.key());
  }

  private static void assertRefused(String pem, Identity identity, String problem) {
    assertThatThrownBy(
            () -> Pem.privateKey(pem.getBytes(US_ASCII), (X509Certificate) identity.x509()))
        .isInstanceOf(Pem.MalformedException.class)
        .hasMessage(problem);
  }

  /** What stands in a PKCS #8 key from the first of such bytes on. */
  private static byte[] inner(Identity identity, int before, int... mark) {
    byte[] der = identity.key().getEncoded();
    for (int i = 0; i < der.length - mark.length; i++) {
      int length = 0;
      while (length < mark.length && (der[i + length] & 0xff) == mark[length]) {
        length++;
      }
      if (length == mark.length) {
        return Arrays.copyOfRange(der, i + before, der.length);
      }
    }
    throw new AssertionError("no such bytes");
  }

  private static byte[] pkcs1() {
    // Behind rsaEncryption without parameters: a string of so many bytes, with the key in it.
    return inner(rsa, 6, 0x05, 0x00, 0x04, 0x82);
  }

  private static byte[] sec1() {
    // A sequence, version 1, and a string with the secret number.
    return inner(ec, -2, 0x02, 0x01, 0x01, 0x04);
  }

  @Test
  void keysAreReadInTheCommonFormAndInThoseOfTheirAlgorithms() throws Exception {
    assertRead(Files.readString(rsa.privateKey()), rsa);
    assertRead(Files.readString(ec.privateKey()), ec);
    assertRead(Certificates.pem("RSA PRIVATE KEY", pkcs1()), rsa);
    assertRead(Certificates.pem("EC PRIVATE KEY", sec1()), ec);
  }

  @Test
  void textAndOtherBlocksAroundTheKeyAreSkipped() throws Exception {
    byte[] curve = {0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x03, 0x01, 0x07};
    assertRead(
        "Bag Attributes\r\n"
            + Certificates.pem("EC PARAMETERS", curve)
            + Files.readString(ec.certificate())
            + Files.readString(ec.privateKey()).replace("\n", "\r\n"),
        ec);
  }

  @Test
  void chainIsReadInItsOrder() throws Exception {
    String chain =
        Files.readString(ec.certificate())
            + "\n# who signed it\n"
            + Files.readString(authority.authority());
    X509Certificate[] certificates = Pem.certificates(chain.getBytes(US_ASCII));
    assertThat(certificates).hasSize(2);
    assertThat(certificates[0]).isEqualTo(ec.x509());
    assertThat(certificates[1].getSubjectX500Principal().getName()).isEqualTo("CN=Test CA");
  }

  @Test
  void keyOfAnotherCertificateIsRefused() throws Exception {
    Identity other = authority.issue("other", "EC");
    assertRefused(Files.readString(other.privateKey()), ec, "does not belong to the certificate");
    assertRefused(Files.readString(rsa.privateKey()), ec, "holds no valid key of the certificate");
  }

  @Test
  void encryptedKeyIsRefused() {
    String encrypted = "is encrypted; only keys without a passphrase are read";
    assertRefused(Certificates.pem("ENCRYPTED PRIVATE KEY", new byte[80]), rsa, encrypted);
    assertRefused(
        """
        -----BEGIN RSA PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-256-CBC,00

        AAAA
        -----END RSA PRIVATE KEY-----
        """,
        rsa,
        encrypted);
  }

  @Test
  void keyOfAnAlgorithmThatTlsCannotUseHereIsRefused() throws Exception {
    Identity ed25519 = authority.issue("ed25519", "Ed25519");
    assertRefused(
        Files.readString(ed25519.privateKey()),
        ed25519,
        "cannot be used: only RSA and EC keys are supported");
  }

  @Test
  void whatIsWrongIsSaidWithoutTheContent() {
    String secret = Base64.getEncoder().encodeToString("the very secret number".getBytes(US_ASCII));
    for (String label : new String[] {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"}) {
      assertRefused(
          "-----BEGIN " + label + "-----\n" + secret + "\n-----END " + label + "-----\n",
          ec,
          "holds no valid key of the certificate");
      assertRefused(
          "-----BEGIN " + label + "-----\n" + secret, ec, "holds no private key in PEM format");
    }
    assertRefused("", ec, "holds no private key in PEM format");
    assertRefused("-----BEGIN ", ec, "holds no private key in PEM format");
    assertThatThrownBy(() -> Pem.certificates(secret.getBytes(US_ASCII)))
        .hasMessage("holds no certificate in PEM format");
    assertThatThrownBy(
            () ->
                Pem.certificates(
                    ("-----BEGIN CERTIFICATE-----\n" + secret + "\n-----END CERTIFICATE-----\n")
                        .getBytes(US_ASCII)))
        .hasMessage("holds a certificate that is not valid X.509");
  }
}
