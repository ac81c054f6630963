package org.jclusterfs.dlm.transport;

/** Numbers of the framing and the handshake, as docs/wire-protocol.md has them. */
final class WireProtocol {

  /** Opens every HELLO: "JCLW". */
  static final int MAGIC = 0x4A434C57;

  /** Oldest protocol version spoken. */
  static final int MIN_VERSION = 1;

  /** Newest protocol version spoken. */
  static final int MAX_VERSION = 1;

  /** Feature bits offered; bit 0 (a MAC on every frame) is reserved. */
  static final long FEATURES = 0;

  static final int FRAME_HELLO = 1;
  static final int FRAME_PROOF = 2;
  static final int FRAME_DATA = 3;
  static final int FRAME_ACK = 4;

  /** Bytes of a frame's length field. */
  static final int LENGTH_SIZE = 4;

  /** Longest frame before the peer has proved itself. */
  static final int MAX_FRAME_UNPROVEN = 64 * 1024;

  /** Longest frame after it. */
  static final int MAX_FRAME = 1024 * 1024;

  static final int NONCE_SIZE = 32;
  static final int MAC_SIZE = 32;

  /** Bytes of a HELLO without the frame type. */
  static final int HELLO_SIZE = 4 + 2 + 2 + 8 + 16 + 2 + 2 + 8 + 8 + NONCE_SIZE;

  /** First byte under the MAC of the connecting side's proof. */
  static final byte DIRECTION_CONNECTING = 1;

  /** First byte under the MAC of the accepting side's proof. */
  static final byte DIRECTION_ACCEPTING = 2;

  /** Connections at a time that have not proved themselves. */
  static final int MAX_UNPROVEN = 64;

  /** Time to prove oneself. */
  static final int HANDSHAKE_SECONDS = 5;

  /** After so much silence of our own an ACK is sent. */
  static final int PING_MILLIS = 1000;

  /** After so much silence of the peer the connection is given up. */
  static final int SILENCE_MILLIS = 3000;

  private WireProtocol() {}
}
