package org.jclusterfs.iscsi;

import java.time.Duration;
import java.util.Random;

/**
 * What an initiator brings to a session; a value with defaults, changed by {@code with…} copies.
 *
 * @param initiatorName the initiator's iSCSI name
 * @param isid names the session beside the name; random by default
 * @param chap credentials, or null
 * @param digests which CRC32C digests are offered
 * @param maxRecvDataSegmentLength largest data segment that this side takes, in bytes, 512–2^24-1
 * @param maxBurstLength offered MaxBurstLength in bytes
 * @param firstBurstLength offered FirstBurstLength in bytes, at most maxBurstLength
 * @param queueDepth commands in flight at most, beside the target's own window; 1–1024
 * @param loginTimeout bound of a login: name lookup, connecting, all rounds, all portals
 * @param commandTimeout bound of one command from its submission, reconnects included
 * @param replacementTimeout how long commands wait for a lost connection before they fail; zero:
 *     they fail with it, as soon as nothing more of them leaves this host
 * @param pingInterval silence after which the peer is asked for a sign of life; the same again
 *     without one drops the connection
 */
public record InitiatorOptions(
    String initiatorName,
    Isid isid,
    ChapCredentials chap,
    Digests digests,
    int maxRecvDataSegmentLength,
    int maxBurstLength,
    int firstBurstLength,
    int queueDepth,
    Duration loginTimeout,
    Duration commandTimeout,
    Duration replacementTimeout,
    Duration pingInterval) {

  /** What is offered for HeaderDigest and DataDigest. */
  public enum Digests {
    /** {@code None}. */
    NONE("None"),
    /** {@code None,CRC32C}: the target may ask for them. */
    ALLOWED("None,CRC32C"),
    /** {@code CRC32C,None}: used where the target knows them. */
    PREFERRED("CRC32C,None"),
    /** {@code CRC32C}: a target without them is refused. */
    REQUIRED("CRC32C");

    private final String offer;

    Digests(String offer) {
      this.offer = offer;
    }

    /** The list as it is offered. */
    public String offer() {
      return offer;
    }
  }

  /** Defaults for an initiator's name, with an ISID of their own. */
  public static InitiatorOptions of(String initiatorName) {
    return new InitiatorOptions(
        initiatorName,
        Isid.random(new Random(new java.security.SecureRandom().nextLong())),
        null,
        Digests.ALLOWED,
        262144,
        1048576,
        262144,
        128,
        Duration.ofSeconds(8),
        Duration.ofSeconds(60),
        Duration.ofSeconds(15),
        Duration.ofSeconds(5));
  }

  /** A copy with CHAP credentials; null for none. */
  public InitiatorOptions withChap(ChapCredentials credentials) {
    return new InitiatorOptions(
        initiatorName,
        isid,
        credentials,
        digests,
        maxRecvDataSegmentLength,
        maxBurstLength,
        firstBurstLength,
        queueDepth,
        loginTimeout,
        commandTimeout,
        replacementTimeout,
        pingInterval);
  }

  /** A copy with another ISID. */
  public InitiatorOptions withIsid(Isid other) {
    return new InitiatorOptions(
        initiatorName,
        other,
        chap,
        digests,
        maxRecvDataSegmentLength,
        maxBurstLength,
        firstBurstLength,
        queueDepth,
        loginTimeout,
        commandTimeout,
        replacementTimeout,
        pingInterval);
  }

  /** A copy with another offer of digests. */
  public InitiatorOptions withDigests(Digests offered) {
    return new InitiatorOptions(
        initiatorName,
        isid,
        chap,
        offered,
        maxRecvDataSegmentLength,
        maxBurstLength,
        firstBurstLength,
        queueDepth,
        loginTimeout,
        commandTimeout,
        replacementTimeout,
        pingInterval);
  }

  /** A copy with other bounds of time. */
  public InitiatorOptions withTimeouts(
      Duration login, Duration command, Duration replacement, Duration ping) {
    return new InitiatorOptions(
        initiatorName,
        isid,
        chap,
        digests,
        maxRecvDataSegmentLength,
        maxBurstLength,
        firstBurstLength,
        queueDepth,
        login,
        command,
        replacement,
        ping);
  }

  /** A copy with other lengths, in bytes, and another depth. */
  public InitiatorOptions withLengths(int maxRecv, int maxBurst, int firstBurst, int depth) {
    return new InitiatorOptions(
        initiatorName,
        isid,
        chap,
        digests,
        maxRecv,
        maxBurst,
        firstBurst,
        depth,
        loginTimeout,
        commandTimeout,
        replacementTimeout,
        pingInterval);
  }
}
