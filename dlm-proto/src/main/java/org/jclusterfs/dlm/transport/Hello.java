package org.jclusterfs.dlm.transport;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What each side says first. Both HELLOs lie whole under both proofs, so that neither nonces,
 * slots, incarnations, versions nor features can be changed or replayed.
 *
 * <pre>
 *   0      4            6            8          16       32     34
 *   | magic | minVersion | maxVersion | features | volume | slot | peerSlot |
 *   36            44                52
 *   | incarnation | peerIncarnation | nonce (32) |
 * </pre>
 *
 * @param peerSlot whom the sender wants to talk to
 * @param peerIncarnation the incarnation of it that the sender knows
 */
record Hello(
    int minVersion,
    int maxVersion,
    long features,
    UUID volume,
    int slot,
    int peerSlot,
    long incarnation,
    long peerIncarnation,
    byte[] nonce) {

  static Hello of(NodeIdentity self, int peerSlot, long peerIncarnation, byte[] nonce) {
    return new Hello(
        WireProtocol.MIN_VERSION,
        WireProtocol.MAX_VERSION,
        WireProtocol.FEATURES,
        self.volume(),
        self.slot(),
        peerSlot,
        self.incarnation(),
        peerIncarnation,
        nonce);
  }

  byte[] encode() {
    return ByteBuffer.allocate(WireProtocol.HELLO_SIZE)
        .putInt(WireProtocol.MAGIC)
        .putShort((short) minVersion)
        .putShort((short) maxVersion)
        .putLong(features)
        .putLong(volume.getMostSignificantBits())
        .putLong(volume.getLeastSignificantBits())
        .putShort((short) slot)
        .putShort((short) peerSlot)
        .putLong(incarnation)
        .putLong(peerIncarnation)
        .put(nonce)
        .array();
  }

  static Hello decode(byte[] bytes) throws HandshakeException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (bytes.length != WireProtocol.HELLO_SIZE || in.getInt() != WireProtocol.MAGIC) {
      throw new HandshakeException("it does not speak the jclusterfs protocol");
    }
    int min = in.getShort() & 0xFFFF;
    int max = in.getShort() & 0xFFFF;
    long features = in.getLong();
    UUID volume = new UUID(in.getLong(), in.getLong());
    int slot = in.getShort() & 0xFFFF;
    int peerSlot = in.getShort() & 0xFFFF;
    long incarnation = in.getLong();
    long peerIncarnation = in.getLong();
    byte[] nonce = new byte[WireProtocol.NONCE_SIZE];
    in.get(nonce);
    return new Hello(
        min, max, features, volume, slot, peerSlot, incarnation, peerIncarnation, nonce);
  }

  /** Checks that the sender means us, our volume and a version that we speak. */
  void checkFor(NodeIdentity self) throws HandshakeException {
    if (minVersion > WireProtocol.MAX_VERSION || maxVersion < WireProtocol.MIN_VERSION) {
      throw new HandshakeException(
          "it speaks protocol versions "
              + minVersion
              + "-"
              + maxVersion
              + ", this node "
              + WireProtocol.MIN_VERSION
              + "-"
              + WireProtocol.MAX_VERSION);
    }
    if (!volume.equals(self.volume())) {
      throw new HandshakeException("it uses another volume, " + volume);
    }
    if (peerSlot != self.slot() || peerIncarnation != self.incarnation()) {
      throw new HandshakeException("it looks for another node, slot " + peerSlot);
    }
  }

  /** The proof of one side: both HELLOs under the volume's secret. */
  static byte[] proof(byte[] secret, byte direction, byte[] connecting, byte[] accepting) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      mac.update(direction);
      mac.update(connecting);
      mac.update(accepting);
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java has no HMAC-SHA256", e);
    }
  }
}
