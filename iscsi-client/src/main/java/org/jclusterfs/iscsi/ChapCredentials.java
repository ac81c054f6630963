package org.jclusterfs.iscsi;

import java.nio.charset.StandardCharsets;

/**
 * Names and secrets for CHAP (RFC 7143 section 12.1.3). A secret has at least {@value
 * #MIN_SECRET_BYTES} bytes: with a shorter one RFC 7143 section 9.2.1 forbids to go on, since who
 * overhears one login finds it by trying.
 *
 * @param user name by which the initiator proves itself
 * @param secret its secret
 * @param mutualUser name by which the target must prove itself, or null for one-way CHAP
 * @param mutualSecret the target's secret, or null
 */
public record ChapCredentials(String user, String secret, String mutualUser, String mutualSecret) {

  /** Least length of a secret: 96 bits. */
  public static final int MIN_SECRET_BYTES = 12;

  /**
   * Checks the lengths, that both halves of the target's side are there, and that the two secrets
   * differ: one secret for both directions lets an impostor have the initiator answer its own
   * challenge.
   */
  public ChapCredentials {
    if ((mutualUser == null) != (mutualSecret == null)) {
      throw new IllegalArgumentException("mutual CHAP needs a name and a secret");
    }
    checkLength(user, secret);
    if (mutualSecret != null) {
      checkLength(mutualUser, mutualSecret);
    }
    if (secret.equals(mutualSecret)) {
      throw new IllegalArgumentException(
          "the secrets of user '"
              + user
              + "' and of the target ('"
              + mutualUser
              + "') are the same; they must differ, so set another on the target and here");
    }
  }

  private static void checkLength(String whose, String secret) {
    int bytes = secret.getBytes(StandardCharsets.UTF_8).length;
    if (bytes < MIN_SECRET_BYTES) {
      throw new IllegalArgumentException(
          "the secret of user '"
              + whose
              + "' has "
              + bytes
              + " bytes, and RFC 7143 asks for at least "
              + MIN_SECRET_BYTES
              + "; set a longer one on the target and here");
    }
  }

  /** One-way CHAP. */
  public static ChapCredentials oneWay(String user, String secret) {
    return new ChapCredentials(user, secret, null, null);
  }

  /** Whether the target has to prove itself too. */
  public boolean isMutual() {
    return mutualUser != null;
  }

  @Override
  public String toString() {
    return "CHAP user " + user + (isMutual() ? ", mutual " + mutualUser : "");
  }
}
