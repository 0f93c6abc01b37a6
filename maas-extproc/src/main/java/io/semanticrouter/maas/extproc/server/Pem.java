// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * Certificates and keys as text (RFC 7468). Besides PKCS #8 the older forms of RSA and EC keys are
 * read ({@code BEGIN RSA PRIVATE KEY}, {@code BEGIN EC PRIVATE KEY}), which cert-manager and
 * OpenShift write. What an error says never holds any of the content.
 */
final class Pem {
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";

  /** What is wrong with the content; one line, to be put behind the name of the file. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedException(String message) {
      super(message);
    }
  }

  private record Block(String label, String text) {
    byte[] der() throws MalformedException {
      try {
        return Base64.getMimeDecoder().decode(text);
      } catch (IllegalArgumentException e) {
        throw new MalformedException("is no valid PEM");
      }
    }
  }

  private Pem() {}

  /** All certificates, in the order of the file; at least one. */
  static X509Certificate[] certificates(byte[] pem) throws MalformedException {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Block block : blocks(pem)) {
      if (block.label().equals("CERTIFICATE")) {
        byte[] der = block.der();
        try {
          certificates.add(
              (X509Certificate)
                  CertificateFactory.getInstance("X.509")
                      .generateCertificate(new ByteArrayInputStream(der)));
        } catch (GeneralSecurityException e) {
          throw new MalformedException("holds a certificate that is not valid X.509");
        }
      }
    }
    if (certificates.isEmpty()) {
      throw new MalformedException("holds no certificate in PEM format");
    }
    return certificates.toArray(new X509Certificate[0]);
  }

  /** The private key that belongs to a certificate. */
  static PrivateKey privateKey(byte[] pem, X509Certificate certificate) throws MalformedException {
    PublicKey publicKey = certificate.getPublicKey();
    String algorithm = publicKey.getAlgorithm();
    if (!algorithm.equals("RSA") && !algorithm.equals("EC")) {
      throw new MalformedException("cannot be used: only RSA and EC keys are supported");
    }
    for (Block block : blocks(pem)) {
      if (block.label().endsWith("PRIVATE KEY")) {
        if (block.label().startsWith("ENCRYPTED") || block.text().contains("ENCRYPTED")) {
          throw new MalformedException("is encrypted; only keys without a passphrase are read");
        }
        byte[] der = block.der();
        byte[] pkcs8 =
            block.label().equals("PRIVATE KEY") ? der : pkcs8(der, publicKey.getEncoded());
        try {
          PrivateKey key =
              KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
          if (areAPair(key, publicKey, algorithm)) {
            return key;
          }
        } catch (GeneralSecurityException e) {
          // Of another algorithm, or not valid: either way not the one.
          throw new MalformedException("holds no valid key of the certificate");
        }
        throw new MalformedException("does not belong to the certificate");
      }
    }
    throw new MalformedException("holds no private key in PEM format");
  }

  private static boolean areAPair(PrivateKey privateKey, PublicKey publicKey, String algorithm)
      throws GeneralSecurityException {
    Signature signature =
        Signature.getInstance(algorithm.equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA");
    byte[] message = publicKey.getEncoded();
    signature.initSign(privateKey);
    signature.update(message);
    byte[] signed = signature.sign();
    signature.initVerify(publicKey);
    signature.update(message);
    return signature.verify(signed);
  }

  private static List<Block> blocks(byte[] pem) {
    String text = new String(pem, StandardCharsets.ISO_8859_1);
    List<Block> blocks = new ArrayList<>();
    int begin = text.indexOf(BEGIN);
    while (begin >= 0) {
      int label = begin + BEGIN.length();
      int content = text.indexOf(DASHES, label);
      int end = content < 0 ? -1 : text.indexOf(END, content);
      if (end < 0) {
        break;
      }
      blocks.add(
          new Block(
              text.substring(label, content), text.substring(content + DASHES.length(), end)));
      begin = text.indexOf(BEGIN, end);
    }
    return blocks;
  }

  /**
   * A key in the form of its algorithm (RFC 8017, RFC 5915), put into the common one (RFC 5208).
   * What that states of the algorithm, a certificate's public key states in the same words.
   */
  private static byte[] pkcs8(byte[] key, byte[] publicKey) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    content.writeBytes(new byte[] {0x02, 1, 0});
    int algorithm = contentOffset(publicKey, 0);
    int end = contentOffset(publicKey, algorithm) + contentLength(publicKey, algorithm);
    content.writeBytes(Arrays.copyOfRange(publicKey, algorithm, end));
    content.writeBytes(element(0x04, key));
    return element(0x30, content.toByteArray());
  }

  private static byte[] element(int tag, byte[] content) {
    ByteArrayOutputStream element = new ByteArrayOutputStream();
    element.write(tag);
    // In the shortest form that fits, or it is not read.
    int length = content.length;
    if (length >= 0x80) {
      int bytes = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
      element.write(0x80 | bytes);
      for (int shift = 8 * (bytes - 1); shift > 0; shift -= 8) {
        element.write(length >> shift);
      }
    }
    element.write(length);
    element.writeBytes(content);
    return element.toByteArray();
  }

  private static int contentOffset(byte[] der, int element) {
    int first = der[element + 1] & 0xff;
    return element + 2 + (first < 0x80 ? 0 : first & 0x7f);
  }

  private static int contentLength(byte[] der, int element) {
    int first = der[element + 1] & 0xff;
    if (first < 0x80) {
      return first;
    }
    int length = 0;
    for (int i = element + 2; i < contentOffset(der, element); i++) {
      length = (length << 8) | (der[i] & 0xff);
    }
    return length;
  }
}
