package org.jclusterfs.iscsi;

/**
 * Names and secrets for CHAP (RFC 7143 section 12.1.3).
 *
 * @param user name by which the initiator proves itself
 * @param secret its secret
 * @param mutualUser name by which the target must prove itself, or null for one-way CHAP
 * @param mutualSecret the target's secret, or null
 */
public record ChapCredentials(String user, String secret, String mutualUser, String mutualSecret) {

  /**
   * Checks that both halves of the target's side are there, and that the two secrets differ: one
   * secret for both directions lets an impostor have the initiator answer its own challenge.
   */
  public ChapCredentials {
    if ((mutualUser == null) != (mutualSecret == null)) {
      throw new IllegalArgumentException("mutual CHAP needs a name and a secret");
    }
    if (secret.equals(mutualSecret)) {
      throw new IllegalArgumentException(
          "the secrets of user '" + user + "' and of the target are the same; they must differ");
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
