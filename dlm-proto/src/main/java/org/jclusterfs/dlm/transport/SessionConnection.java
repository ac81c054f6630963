package org.jclusterfs.dlm.transport;

import java.nio.ByteBuffer;

/**
 * A proven connection as a {@link PeerSession} uses it. Frames that it takes reach the other end's
 * session or are lost; if one is lost, those behind it may still arrive, and any may arrive twice.
 * Not thread-safe.
 */
public interface SessionConnection {

  /** Takes a DATA frame; the buffer is not changed. */
  void writeData(long sequence, ByteBuffer message);

  /** Takes an ACK frame. */
  void writeAck(long sequence);

  /** Sends what was taken. */
  void flush();

  /** Ends the connection; {@link PeerSession#detach} follows, at once or later. */
  void close();
}
