package org.jclusterfs.dlm.transport;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * Connections between this node and its peers, one per pair: the lower slot connects, both prove
 * that they know the volume's secret. A message handed to {@link #send} reaches the same
 * incarnation of the peer once and in order, over reconnects too, or never if that incarnation or
 * this one dies.
 *
 * <p>Thread-safe; no method but {@link #close} waits for the network.
 */
public final class ClusterTransport implements AutoCloseable {

  /** Makes a transport that is not started. */
  public ClusterTransport(NodeIdentity self, TransportHandler handler) {}

  /**
   * Listens.
   *
   * @param port TCP port; 0 for any
   * @throws IOException if the address cannot be bound
   */
  public void start(InetAddress bindAddress, int port) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The port it listens on. */
  public int port() {
    throw new UnsupportedOperationException();
  }

  /**
   * Replaces the set of peers, by slot. A peer no longer named, or named with another incarnation,
   * is disconnected and what was queued for it dropped. Peers not named are refused.
   */
  public void setPeers(Map<Integer, Peer> peers) {
    throw new UnsupportedOperationException();
  }

  /**
   * Queues a message; never blocks. Dropped where the slot is not a peer. The buffer must not be
   * changed afterwards.
   */
  public void send(int slot, ByteBuffer message) {
    throw new UnsupportedOperationException();
  }

  /** Closes all connections and threads. Idempotent. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
