package org.jclusterfs.dlm.transport;

import java.nio.ByteBuffer;

/**
 * What the transport tells its owner. Called by event loops: per peer one call at a time and in
 * order. An implementation hands over and returns; it never blocks.
 */
public interface TransportHandler {

  /** A message of a peer; the buffer belongs to the callee. */
  void onMessage(int slot, long incarnation, ByteBuffer message);

  /** An authenticated connection to a peer stands. */
  void onUp(int slot, long incarnation);

  /** It broke; it is being retried as long as the peer is set. */
  void onDown(int slot, long incarnation);
}
