package org.jclusterfs.dlm.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.dlm.WireException;
import org.jclusterfs.dlm.transport.PeerSession;
import org.jclusterfs.dlm.transport.SessionConnection;

/** One end of a connection, with the frames that are on their way to it. */
final class SimConnection implements SessionConnection {
  /** A frame; an ACK where the message is null. */
  record Frame(long sequence, ByteBuffer message) {}

  final SimNode owner;
  final PeerSession session;
  final List<Frame> arriving = new ArrayList<>();

  /** What was written before the other end was there. */
  final List<Frame> unjoined = new ArrayList<>();

  private final SimNetwork network;
  private SimConnection other;
  private boolean open = true;
  private long lastHeard;

  SimConnection(SimNetwork network, SimNode owner, PeerSession session) {
    this.network = network;
    this.owner = owner;
    this.session = session;
    lastHeard = network.now();
  }

  static void join(SimConnection a, SimConnection b) {
    a.other = b;
    b.other = a;
  }

  SimConnection other() {
    return other;
  }

  boolean isOpen() {
    return open;
  }

  @Override
  public void writeData(long sequence, ByteBuffer message) {
    write(new Frame(sequence, message));
  }

  @Override
  public void writeAck(long sequence) {
    write(new Frame(sequence, null));
  }

  private void write(Frame frame) {
    if (open) {
      network.transmit(this, frame);
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    if (open) {
      network.closing(this);
      end();
    }
  }

  /** It is closed here: by the other end, or with the process. */
  void end() {
    if (open) {
      open = false;
      arriving.clear();
      session.detach(this);
      owner.transport.ended(session);
    }
  }

  /** A batch of frames arrives. */
  void receive(List<Frame> frames) {
    lastHeard = network.now();
    try {
      for (Frame frame : frames) {
        if (frame.message() == null) {
          session.receiveAck(this, frame.sequence());
        } else {
          session.receiveData(this, frame.sequence(), frame.message().duplicate());
        }
      }
      session.acknowledge();
    } catch (WireException e) {
      owner.world.trace(() -> owner.self + " closes a connection: " + e.getMessage());
      close();
    }
  }

  /** Time passes: shows that this end is there, or misses the other. */
  void keepAlive() {
    if (network.now() - lastHeard >= SimNetwork.SILENCE) {
      close();
    } else {
      session.ping();
    }
  }
}
