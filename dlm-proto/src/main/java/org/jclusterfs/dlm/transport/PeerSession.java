package org.jclusterfs.dlm.transport;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jclusterfs.dlm.WireException;

/**
 * The conversation between this incarnation and one of a peer, over any number of connections:
 * messages are numbered, kept until acknowledged, and sent again after a reconnect; what arrives
 * twice is dropped, and a gap or a message that is never acknowledged ends the connection. So each
 * message arrives once and in order, whatever connections lose.
 *
 * <p>A state machine without thread, clock or socket. Not thread-safe: the owner serialises all
 * calls.
 */
public final class PeerSession {
  /** Pings in a row over which a message may remain unacknowledged. */
  private static final int PATIENCE = 3;

  private record Unacknowledged(long sequence, ByteBuffer message) {}

  final int slot;
  final Peer peer;
  private final TransportHandler handler;
  private final Deque<Unacknowledged> unacknowledged = new ArrayDeque<>();
  private long lastSent;
  private long lastReceived;
  private boolean ackDue;
  private SessionConnection connection;
  private boolean resumed;
  private boolean closed;
  // The oldest unacknowledged message at the last ping, and how many pings it has outlasted.
  private long awaited;
  private int pingsAwaited;

  /** Makes a session without a connection. */
  public PeerSession(int slot, Peer peer, TransportHandler handler) {
    this.slot = slot;
    this.peer = peer;
    this.handler = handler;
  }

  /** Whether it has a connection, though that may not be resumed yet. */
  public boolean isConnected() {
    return connection != null;
  }

  /** The connection in use, or null. */
  SessionConnection connection() {
    return connection;
  }

  /** A connection has proved itself; an older one gives way. */
  public void attach(SessionConnection proven) {
    SessionConnection old = connection;
    if (old != null) {
      detach(old);
      old.close();
    }
    connection = proven;
    resumed = false;
    awaited = 0;
    writeAck();
  }

  /** A connection broke; a no-op for one that was replaced. */
  public void detach(SessionConnection broken) {
    if (connection != broken) {
      return;
    }
    connection = null;
    if (resumed) {
      resumed = false;
      if (!closed) {
        handler.onDown(slot, peer.incarnation());
      }
    }
  }

  /** Takes a message for the peer; it leaves with {@link #flush}, or after the next connect. */
  public void send(ByteBuffer message) {
    Unacknowledged entry = new Unacknowledged(++lastSent, message);
    unacknowledged.add(entry);
    if (resumed) {
      connection.writeData(entry.sequence(), message);
    }
  }

  /** Sends what was taken. */
  public void flush() {
    if (connection != null) {
      connection.flush();
    }
  }

  /**
   * An ACK frame arrived. The first one on a connection says where to resume.
   *
   * @throws WireException if it cannot be right: the connection is to be closed
   */
  public void receiveAck(SessionConnection from, long sequence) {
    if (from != connection) {
      return; // it was replaced
    }
    if (sequence > lastSent || sequence < 0) {
      throw new WireException("it acknowledges what was never sent");
    }
    while (!unacknowledged.isEmpty() && unacknowledged.peek().sequence() <= sequence) {
      unacknowledged.remove();
    }
    if (!resumed) {
      if (!unacknowledged.isEmpty() && unacknowledged.peek().sequence() != sequence + 1) {
        throw new WireException("it forgot what it had acknowledged");
      }
      resumed = true;
      for (Unacknowledged entry : unacknowledged) {
        connection.writeData(entry.sequence(), entry.message());
      }
      connection.flush();
      handler.onUp(slot, peer.incarnation());
    }
  }

  /**
   * A DATA frame arrived; handed on unless it came before.
   *
   * @throws WireException if what the peer has sent before it is missing: the connection is to be
   *     closed
   */
  public void receiveData(SessionConnection from, long sequence, ByteBuffer message) {
    if (from != connection || sequence <= lastReceived) {
      return;
    }
    if (!resumed) {
      throw new WireException("message " + sequence + " comes before any acknowledgement");
    }
    if (sequence != lastReceived + 1) {
      throw new WireException(
          "message " + sequence + " follows " + lastReceived + ": some are missing");
    }
    lastReceived = sequence;
    ackDue = true;
    handler.onMessage(slot, peer.incarnation(), message);
  }

  /** After a batch of frames: one acknowledgement for all of them. */
  public void acknowledge() {
    if (ackDue && connection != null) {
      writeAck();
    }
  }

  private void writeAck() {
    ackDue = false;
    connection.writeAck(lastReceived);
    connection.flush();
  }

  /**
   * Time passes, whatever was sent meanwhile: shows that we are there. A message that several pings
   * find unacknowledged was lost without a trace, and goes by another connection.
   */
  public void ping() {
    if (connection == null) {
      return;
    }
    long oldest = unacknowledged.isEmpty() ? 0 : unacknowledged.peek().sequence();
    pingsAwaited = oldest != 0 && oldest == awaited ? pingsAwaited + 1 : 0;
    awaited = oldest;
    if (pingsAwaited < PATIENCE) {
      writeAck();
    } else {
      connection.close();
    }
  }

  /** The peer is none any more: nothing is sent or kept from now on. */
  public void close() {
    SessionConnection old = connection;
    if (old != null) {
      detach(old);
      old.close();
    }
    closed = true;
    unacknowledged.clear();
  }

  boolean isClosed() {
    return closed;
  }
}
