package org.jclusterfs.dlm.simulation;

import java.nio.ByteBuffer;
import java.util.Map;
import org.jclusterfs.dlm.MessageType;

/**
 * A fault in the protocol, planted between engines that are right: what a message says, or when it
 * comes, is what an engine with that fault would send. The simulation has to find each.
 */
enum Plant {
  NONE,
  /** A move leaves out the requests that wait. */
  WAITERS_FORGOTTEN {
    @Override
    ByteBuffer sent(ByteBuffer message, Map<Object, byte[]> memory) {
      if (MessageType.ofCode(message.get(0)) != MessageType.MOVELOCKS) {
        return message;
      }
      ByteBuffer kept = ByteBuffer.allocate(message.remaining());
      kept.put(slice(message, 0, MessageType.HEADER_SIZE));
      int size = MessageType.MOVELOCKS.bodySize();
      for (int at = MessageType.HEADER_SIZE; at < message.limit(); at += size) {
        boolean waits = message.get(at + GRANTED) == NO_MODE;
        if (!waits) {
          kept.put(slice(message, at, size));
        }
      }
      return kept.flip();
    }
  },
  /** A move sends the first value block that a resource had, and says that it is valid. */
  OLD_VALUE {
    @Override
    ByteBuffer sent(ByteBuffer message, Map<Object, byte[]> memory) {
      if (MessageType.ofCode(message.get(0)) != MessageType.MOVEVALUES) {
        return message;
      }
      int size = MessageType.MOVEVALUES.bodySize();
      for (int at = MessageType.HEADER_SIZE; at < message.limit(); at += size) {
        String name = message.getInt(4) + "/" + message.get(at + 16) + "/" + message.getLong(at);
        byte[] value = new byte[64];
        message.get(at + 20, value);
        byte[] first = memory.putIfAbsent(name, value);
        message.put(at + 17, (byte) 1);
        message.put(at + 20, first == null ? value : first);
      }
      return message;
    }
  },
  /** A master handles what was meant for an earlier epoch. */
  OLD_EPOCH,
  /** A user of a region that moves says it has drained, and has not. */
  DRAINED_TOO_EARLY;

  private static final int GRANTED = 53;
  private static final byte NO_MODE = (byte) 255;

  /** What an engine with this fault sends instead. */
  ByteBuffer sent(ByteBuffer message, Map<Object, byte[]> memory) {
    return message;
  }

  private static ByteBuffer slice(ByteBuffer message, int at, int size) {
    return message.slice(at, size);
  }
}
