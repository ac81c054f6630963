package org.jclusterfs.dlm.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jclusterfs.dlm.Bundle;
import org.jclusterfs.dlm.Grant;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;
import org.jclusterfs.dlm.View;
import org.jclusterfs.dlm.membership.Heartbeat;

/**
 * A fault in the protocol, planted between parts that are right: what a message says, or when it
 * comes, or what a node is told, is what it would be with that fault. The simulation has to find
 * each; docs/dlm-testing.md tells by what.
 */
enum Plant {
  NONE,

  // ---- moves of regions

  /** A move leaves out the requests that wait. */
  WAITERS_FORGOTTEN {
    @Override
    ByteBuffer changed(ClusterSimulation world, SimNode from, int to, ByteBuffer message) {
      return type(message) == MessageType.MOVELOCKS
          ? entries(message, at -> message.get(at + 53) != NO_MODE)
          : message;
    }
  },
  /** A move sends the first value block that a resource had, and says that it is valid. */
  OLD_VALUE_MOVED {
    @Override
    ByteBuffer changed(ClusterSimulation world, SimNode from, int to, ByteBuffer message) {
      if (type(message) != MessageType.MOVEVALUES) {
        return message;
      }
      int size = MessageType.MOVEVALUES.bodySize();
      for (int at = MessageType.HEADER_SIZE; at < message.limit(); at += size) {
        byte[] value = new byte[64];
        message.get(at + 20, value);
        String name =
            message.getInt(Messages.REGION)
                + "/"
                + message.get(at + 16)
                + "/"
                + message.getLong(at);
        Object first = world.plantMemory.putIfAbsent(name, value);
        message.put(at + 17, (byte) 1);
        message.put(at + 20, first == null ? value : (byte[]) first);
      }
      return message;
    }
  },
  /** A master handles what was meant for an earlier epoch. */
  OLD_EPOCH_ACCEPTED {
    @Override
    void arriving(SimNode at, Member from, ByteBuffer message) {
      if (message.get(0) <= MessageType.CANCEL.code()) {
        Long epoch = at.engine.masteredRegions().get(message.getInt(Messages.REGION));
        if (epoch != null) {
          message.putLong(Messages.EPOCH, epoch);
        }
      }
    }
  },
  /** A user of a region that moves says that it has drained, and has not. */
  DRAINED_TOO_EARLY {
    @Override
    void send(ClusterSimulation world, SimNode from, int to, ByteBuffer message) {
      if (type(message) == MessageType.DRAINED) {
        from.transport.send(to, message);
      } else {
        world.after(15_000_000, () -> world.on(from, () -> from.transport.send(to, message)));
      }
    }
  },
  /** The directory appoints whoever asks, though the region has a master. */
  TWO_MASTERS {
    @Override
    ByteBuffer changed(ClusterSimulation world, SimNode from, int to, ByteBuffer message) {
      if (type(message) == MessageType.OWNER) {
        message.putShort(MessageType.HEADER_SIZE, (short) to);
      }
      return message;
    }
  },

  // ---- locks

  /** A master calls nobody back. */
  BLOCKING_LOST {
    @Override
    ByteBuffer changed(ClusterSimulation world, SimNode from, int to, ByteBuffer message) {
      return type(message) == MessageType.BLOCKING ? null : message;
    }
  },
  /** A value block stays valid though the last holder of EX has died with it. */
  VALUE_VALID_AFTER_DEATH {
    @Override
    Grant granted(ClusterSimulation world, AppLock lock, Grant grant) {
      byte[] last = (byte[]) world.plantMemory.get(lock.name);
      if (grant.value() != null || last == null) {
        return grant;
      }
      return new Grant(grant.mode(), last, grant.valueGeneration(), grant.fromAnotherNode());
    }

    @Override
    void wroteValue(ClusterSimulation world, AppLock lock, byte[] value) {
      world.plantMemory.put(lock.name, value);
    }
  },

  // ---- the transport

  /** A message that came twice is handled twice. */
  MESSAGE_HANDLED_TWICE {
    @Override
    int times(ClusterSimulation world) {
      return world.random.nextInt(50) == 0 ? 2 : 1;
    }
  },
  /** What a broken connection had not delivered is not sent again. */
  MESSAGE_LOST {
    @Override
    int times(ClusterSimulation world) {
      return world.random.nextInt(50) == 0 ? 0 : 1;
    }
  },

  // ---- views

  /** What members said in an older view counts for the new one. */
  STALE_VIEW_ACCEPTED {
    @Override
    void arriving(SimNode at, Member from, ByteBuffer message) {
      MessageType type = type(message);
      if (type == MessageType.REPORTED || type == MessageType.RECLAIMED) {
        at.world.plantMemory.put(at.self + " " + from + " " + type.code(), message.duplicate());
      }
    }

    @Override
    void installed(SimNode node, View view) {
      for (MessageType type : List.of(MessageType.REPORTED, MessageType.RECLAIMED)) {
        for (Member member : view.members()) {
          Object heard = node.world.plantMemory.get(node.self + " " + member + " " + type.code());
          if (heard != null) {
            ByteBuffer message = Messages.copy((ByteBuffer) heard);
            node.engine.receive(member, message.putLong(Messages.VIEW, view.number()));
          }
        }
      }
    }
  },
  /** After a split each part takes itself for the larger one. */
  QUORUM_UNCHECKED {
    @Override
    List<Heartbeat> scanned(SimNode node, List<Heartbeat> beats) {
      BitSet own = node.membership.connected();
      own.set(node.self.slot());
      List<Heartbeat> changed = new ArrayList<>();
      for (Heartbeat beat : beats) {
        BitSet connected = (BitSet) beat.connected().clone();
        connected.and(own.get(beat.slot()) ? own : new BitSet());
        changed.add(
            new Heartbeat(
                beat.slot(),
                beat.incarnation(),
                beat.sequence(),
                beat.state(),
                beat.view(),
                connected));
      }
      return changed;
    }
  },

  // ---- recovery

  /** A dead node is taken for fenced at once. */
  FENCE_SKIPPED {
    @Override
    boolean skipsFences() {
      return true;
    }
  },
  /** A fence is reported while the command is on its way. */
  FENCE_REPORTED_EARLY {
    @Override
    boolean reportsFencesEarly() {
      return true;
    }
  },
  /** A fenced node registers again, and its writes pass. */
  FENCED_NODE_WRITES {
    @Override
    boolean fencedNodeWrites() {
      return true;
    }
  },
  /** Locks are granted before the journals of the dead are replayed. */
  GRANTED_BEFORE_REPLAY {
    @Override
    void installed(SimNode node, View view) {
      node.engine.unblock(view.number());
    }
  },
  /** A survivor leaves out every other lock that it holds in a region whose master died. */
  RECLAIM_INCOMPLETE {
    @Override
    ByteBuffer changed(ClusterSimulation world, SimNode from, int to, ByteBuffer message) {
      return type(message) == MessageType.RECLAIM
          ? entries(message, at -> world.random.nextBoolean())
          : message;
    }
  },
  /** A master reports only half of its regions in a new view. */
  REPORT_INCOMPLETE {
    @Override
    ByteBuffer changed(ClusterSimulation world, SimNode from, int to, ByteBuffer message) {
      return type(message) == MessageType.MASTERED
          ? entries(message, at -> world.random.nextBoolean())
          : message;
    }
  },

  // ---- the lease

  /** A node that stood still goes on writing: nobody looks at the lease. */
  LEASE_UNCHECKED {
    @Override
    boolean ignoresLease() {
      return true;
    }
  };

  private static final byte NO_MODE = (byte) 255;

  /** Which entries of a message to keep. */
  private interface Entries {
    boolean keeps(int offset);
  }

  private static MessageType type(ByteBuffer message) {
    return Messages.type(message);
  }

  private static ByteBuffer entries(ByteBuffer message, Entries entries) {
    int size = type(message).bodySize();
    ByteBuffer kept = ByteBuffer.allocate(message.remaining());
    kept.put(message.slice(0, MessageType.HEADER_SIZE));
    for (int at = MessageType.HEADER_SIZE; at < message.limit(); at += size) {
      if (entries.keeps(at)) {
        kept.put(message.slice(at, size));
      }
    }
    return kept.flip();
  }

  // ---- hooks; the messages are copies that begin at 0

  /** What a node sends instead of a message; null for nothing. */
  ByteBuffer changed(ClusterSimulation world, SimNode from, int to, ByteBuffer message) {
    return message;
  }

  void send(ClusterSimulation world, SimNode from, int to, ByteBuffer message) {
    from.transport.send(to, message);
  }

  /** Changes a message that arrives. */
  void arriving(SimNode at, Member from, ByteBuffer message) {}

  /** How often a message that arrives is handled. */
  int times(ClusterSimulation world) {
    return 1;
  }

  Grant granted(ClusterSimulation world, AppLock lock, Grant grant) {
    return grant;
  }

  void wroteValue(ClusterSimulation world, AppLock lock, byte[] value) {}

  List<Heartbeat> scanned(SimNode node, List<Heartbeat> beats) {
    return beats;
  }

  boolean skipsFences() {
    return false;
  }

  boolean reportsFencesEarly() {
    return false;
  }

  boolean fencedNodeWrites() {
    return false;
  }

  /** A node's engine has installed a view. */
  void installed(SimNode node, View view) {}

  boolean ignoresLease() {
    return false;
  }

  // ---- where the simulation passes messages through

  final void sends(ClusterSimulation world, SimNode from, int to, ByteBuffer frame) {
    if (this == NONE) {
      from.transport.send(to, frame);
      return;
    }
    for (ByteBuffer message : Bundle.open(frame)) {
      ByteBuffer changed = changed(world, from, to, Messages.copy(message));
      if (changed != null) {
        send(world, from, to, changed);
      }
    }
  }

  final List<ByteBuffer> received(SimNode at, Member from, ByteBuffer frame) {
    if (this == NONE) {
      return List.of(frame);
    }
    List<ByteBuffer> messages = new ArrayList<>();
    for (ByteBuffer message : Bundle.open(frame)) {
      ByteBuffer copy = Messages.copy(message);
      arriving(at, from, copy);
      for (int i = times(at.world); i > 0; i--) {
        messages.add(copy.duplicate());
      }
    }
    return messages;
  }
}
