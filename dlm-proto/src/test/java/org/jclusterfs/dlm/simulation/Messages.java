package org.jclusterfs.dlm.simulation;

import java.nio.ByteBuffer;
import java.util.StringJoiner;
import org.jclusterfs.dlm.Bundle;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;

/** Looks into messages. */
final class Messages {
  static final int REGION = 4;
  static final int VIEW = 8;
  static final int EPOCH = 16;

  private Messages() {}

  static MessageType type(ByteBuffer message) {
    return MessageType.ofCode(message.get(message.position()));
  }

  /** A copy that begins at 0. */
  static ByteBuffer copy(ByteBuffer message) {
    return ByteBuffer.allocate(message.remaining()).put(message.duplicate()).flip();
  }

  static void count(ByteBuffer frame, Statistics statistics) {
    for (ByteBuffer message : Bundle.open(frame)) {
      switch (type(message)) {
        case MOVE -> statistics.add(Statistics.Kind.MOVES);
        case RECLAIM -> statistics.add(Statistics.Kind.RECLAIMS);
        default -> {}
      }
    }
  }

  static String describe(Member from, Member to, ByteBuffer frame) {
    StringJoiner text = new StringJoiner(" + ", from + " > " + to + " ", "");
    for (ByteBuffer message : Bundle.open(frame)) {
      int at = message.position();
      text.add(
          type(message)
              + " region "
              + message.getInt(at + REGION)
              + " view "
              + message.getLong(at + VIEW)
              + " epoch "
              + message.getLong(at + EPOCH)
              + (message.remaining() >= MessageType.HEADER_SIZE + 8
                  ? " first " + message.getLong(at + MessageType.HEADER_SIZE)
                  : ""));
    }
    return text.toString();
  }
}
