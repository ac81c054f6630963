package org.jclusterfs.dlm.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.CorruptedFrameException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The conversation between this incarnation and one of a peer, over any number of connections:
 * messages are numbered, kept until acknowledged, and sent again after a reconnect; what arrives
 * twice is dropped. Confined to the event loop.
 */
final class PeerSession {
  private record Unacknowledged(long sequence, ByteBuffer message) {}

  final int slot;
  final Peer peer;
  private final TransportHandler handler;
  private final Deque<Unacknowledged> unacknowledged = new ArrayDeque<>();
  private long lastSent;
  private long lastReceived;
  private boolean ackDue;
  private Channel channel;
  private boolean resumed;
  private boolean closed;

  PeerSession(int slot, Peer peer, TransportHandler handler) {
    this.slot = slot;
    this.peer = peer;
    this.handler = handler;
  }

  boolean isConnected() {
    return channel != null;
  }

  /** The connection in use, or null. */
  Channel channel() {
    return channel;
  }

  /** A connection has proved itself; an older one gives way. */
  void attach(Channel proven) {
    Channel old = channel;
    if (old != null) {
      detach(old);
      old.close();
    }
    channel = proven;
    resumed = false;
    proven.writeAndFlush(Frames.ack(lastReceived));
  }

  /** A connection broke. */
  void detach(Channel broken) {
    if (channel != broken) {
      return;
    }
    channel = null;
    if (resumed) {
      resumed = false;
      if (!closed) {
        handler.onDown(slot, peer.incarnation());
      }
    }
  }

  void send(ByteBuffer message) {
    Unacknowledged entry = new Unacknowledged(++lastSent, message);
    unacknowledged.add(entry);
    if (resumed) {
      channel.write(Frames.data(entry.sequence(), message));
    }
  }

  void flush() {
    if (channel != null) {
      channel.flush();
    }
  }

  void receive(Channel from, ByteBuf frame) {
    if (from != channel) {
      return; // it was replaced
    }
    int type = frame.readUnsignedByte();
    if (frame.readableBytes() < Long.BYTES
        || (type == WireProtocol.FRAME_ACK && frame.readableBytes() != Long.BYTES)) {
      throw new CorruptedFrameException("a frame without a sequence number");
    }
    long sequence = frame.readLong();
    if (type == WireProtocol.FRAME_ACK) {
      acknowledged(sequence);
    } else if (type == WireProtocol.FRAME_DATA) {
      received(sequence, frame);
    } else {
      throw new CorruptedFrameException("a frame of type " + type + " after the handshake");
    }
  }

  // The first acknowledgement on a connection says where to resume.
  private void acknowledged(long sequence) {
    if (sequence > lastSent || sequence < 0) {
      throw new CorruptedFrameException("it acknowledges what was never sent");
    }
    while (!unacknowledged.isEmpty() && unacknowledged.peek().sequence() <= sequence) {
      unacknowledged.remove();
    }
    if (!resumed) {
      if (!unacknowledged.isEmpty() && unacknowledged.peek().sequence() != sequence + 1) {
        throw new CorruptedFrameException("it forgot what it had acknowledged");
      }
      resumed = true;
      for (Unacknowledged entry : unacknowledged) {
        channel.write(Frames.data(entry.sequence(), entry.message()));
      }
      channel.flush();
      handler.onUp(slot, peer.incarnation());
    }
  }

  private void received(long sequence, ByteBuf frame) {
    if (sequence <= lastReceived) {
      return;
    }
    if (sequence != lastReceived + 1) {
      throw new CorruptedFrameException(
          "message " + sequence + " follows " + lastReceived + ": some are missing");
    }
    lastReceived = sequence;
    ackDue = true;
    handler.onMessage(slot, peer.incarnation(), ByteBuffer.wrap(Frames.rest(frame)));
  }

  /** After a batch of reads: one acknowledgement for all of them. */
  void acknowledge() {
    if (ackDue && channel != null) {
      ackDue = false;
      channel.writeAndFlush(Frames.ack(lastReceived));
    }
  }

  /** Silence of our own: shows that we are there. */
  void ping() {
    if (channel != null) {
      channel.writeAndFlush(Frames.ack(lastReceived));
    }
  }

  /** The peer is none any more. */
  void close() {
    Channel old = channel;
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
