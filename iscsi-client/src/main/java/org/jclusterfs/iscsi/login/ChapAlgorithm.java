package org.jclusterfs.iscsi.login;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** CHAP_A values (RFC 7143 section 12.1.3 and IANA's registry), strongest first. */
public enum ChapAlgorithm {
  /** SHA3-256. */
  SHA3_256(8, "SHA3-256"),
  /** SHA-256. */
  SHA256(7, "SHA-256"),
  /** SHA-1. */
  SHA1(6, "SHA-1"),
  /** MD5, the only one that every target has. */
  MD5(5, "MD5");

  private final int code;
  private final String digest;

  ChapAlgorithm(int code, String digest) {
    this.code = code;
    this.digest = digest;
  }

  /** Its name as people write it. */
  @Override
  public String toString() {
    return digest;
  }

  /** Number on the wire. */
  public int code() {
    return code;
  }

  /** CHAP_R: the hash of identifier, secret, challenge (RFC 1994 section 4.1). */
  byte[] response(int identifier, String secret, byte[] challenge) {
    try {
      MessageDigest hash = MessageDigest.getInstance(digest);
      hash.update((byte) identifier);
      hash.update(secret.getBytes(StandardCharsets.UTF_8));
      return hash.digest(challenge);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("the JDK lacks " + digest, e);
    }
  }
}
