package org.jclusterfs.iscsi.login;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.LoginException;
import org.jclusterfs.iscsi.wire.TextParameters.Pair;

/**
 * One CHAP exchange, one-way or mutual (RFC 7143 section 12.1.3), from the initiator's side. A
 * challenge that this process made itself, on whatever connection, is not answered: who sends one
 * back wants the answer for somebody else (RFC 7143 section 9.2.1).
 */
final class ChapExchange {

  /** Largest binary item that RFC 7143 allows here, in bytes. */
  private static final int MAX_CHALLENGE = 1024;

  private static final int CHALLENGE_BYTES = 16;
  private static final OwnChallenges OWN = new OwnChallenges();

  private final ChapCredentials credentials;
  private final List<ChapAlgorithm> offered;
  private final RandomGenerator random;
  private ChapAlgorithm algorithm;
  private int ourIdentifier;
  private byte[] ourChallenge;

  ChapExchange(ChapCredentials credentials, List<ChapAlgorithm> offered, RandomGenerator random) {
    this.credentials = credentials;
    this.offered = offered;
    this.random = random;
  }

  /** Step 1: CHAP_A. */
  List<Pair> offer() {
    StringBuilder list = new StringBuilder();
    for (ChapAlgorithm each : offered) {
      list.append(list.length() == 0 ? "" : ",").append(each.code());
    }
    return List.of(new Pair("CHAP_A", list.toString()));
  }

  /** Step 2: answers CHAP_A, CHAP_I, CHAP_C with CHAP_N, CHAP_R and, if mutual, a challenge. */
  List<Pair> answer(Map<String, String> keys) throws LoginException {
    String chosen = required(keys, "CHAP_A");
    for (ChapAlgorithm each : offered) {
      if (chosen.equals(Integer.toString(each.code()))) {
        algorithm = each;
      }
    }
    if (algorithm == null) {
      throw new LoginException(
          "the target chose CHAP algorithm " + chosen + " and was offered " + offered, 0, 0);
    }
    byte[] challenge = binary("CHAP_C", required(keys, "CHAP_C"));
    if (OWN.contains(challenge)) {
      throw new LoginException(
          "the target sent back a challenge of this initiator's own as its CHAP_C, as an impostor"
              + " does who wants it answered; check who answers at that address",
          0,
          0);
    }
    int identifier = identifier(required(keys, "CHAP_I"));
    List<Pair> reply = new ArrayList<>();
    reply.add(new Pair("CHAP_N", credentials.user()));
    reply.add(
        new Pair("CHAP_R", hex(algorithm.response(identifier, credentials.secret(), challenge))));
    if (credentials.isMutual()) {
      ourIdentifier = random.nextInt(256);
      ourChallenge = new byte[CHALLENGE_BYTES];
      do {
        random.nextBytes(ourChallenge);
      } while (Arrays.equals(ourChallenge, challenge));
      OWN.add(ourChallenge);
      reply.add(new Pair("CHAP_I", Integer.toString(ourIdentifier)));
      reply.add(new Pair("CHAP_C", hex(ourChallenge)));
    }
    return reply;
  }

  /** The algorithm that the target chose, or null before it did. */
  ChapAlgorithm algorithm() {
    return algorithm;
  }

  /** Whether the target still has to prove itself. */
  boolean expectsProof() {
    return credentials.isMutual();
  }

  /** Step 3: checks the target's CHAP_N and CHAP_R. */
  void verify(Map<String, String> keys) throws LoginException {
    String name = keys.get("CHAP_N");
    String proof = keys.get("CHAP_R");
    if (name == null || proof == null) {
      throw new LoginException(
          "the target did not prove itself (mutual CHAP); set its mutual user and secret, or remove"
              + " them from the secrets file",
          0,
          0);
    }
    byte[] wanted = algorithm.response(ourIdentifier, credentials.mutualSecret(), ourChallenge);
    if (!name.equals(credentials.mutualUser())
        || !MessageDigest.isEqual(wanted, binary("CHAP_R", proof))) {
      throw new LoginException(
          "the target's own proof (mutual CHAP, user '"
              + name
              + "') is wrong: it may be an impostor, or the mutual user or secret in the secrets"
              + " file differs from the target's",
          0,
          0);
    }
  }

  private static String required(Map<String, String> keys, String key) throws LoginException {
    String value = keys.get(key);
    if (value == null) {
      throw new LoginException("the target's CHAP answer lacks " + key, 0, 0);
    }
    return value;
  }

  private static int identifier(String text) throws LoginException {
    try {
      BigInteger value =
          text.startsWith("0x") || text.startsWith("0X")
              ? new BigInteger(text.substring(2), 16)
              : new BigInteger(text);
      if (value.signum() >= 0 && value.bitLength() <= 8) {
        return value.intValue();
      }
    } catch (NumberFormatException ignored) {
      // told below
    }
    throw new LoginException("the target's CHAP_I is not a byte", 0, 0);
  }

  /** Decodes a hex-constant or base64-constant (RFC 7143 section 6.1). */
  static byte[] binary(String key, String text) throws LoginException {
    if (text.length() <= 2 * MAX_CHALLENGE + 2 && text.length() > 2) {
      String digits = text.substring(2);
      try {
        if (text.startsWith("0x") || text.startsWith("0X")) {
          return HexFormat.of().parseHex(digits.length() % 2 == 0 ? digits : "0" + digits);
        } else if (text.startsWith("0b") || text.startsWith("0B")) {
          return Base64.getDecoder().decode(digits);
        }
      } catch (IllegalArgumentException ignored) {
        // told below
      }
    }
    throw new LoginException(
        "the target's " + key + " is not a binary value of up to 1024 bytes", 0, 0);
  }

  private static String hex(byte[] bytes) {
    return "0x" + HexFormat.of().formatHex(bytes);
  }
}
