package org.jclusterfs.dlm;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Several of the lock engine's messages in one frame: {@link MessageType#BUNDLE}. */
public final class Bundle {

  private Bundle() {}

  /** One message for all of some; the message itself where it is alone. */
  static ByteBuffer of(List<ByteBuffer> messages) {
    if (messages.size() == 1) {
      return messages.get(0);
    }
    int entry = MessageType.BUNDLE.bodySize();
    int size = MessageType.HEADER_SIZE;
    for (ByteBuffer message : messages) {
      size += entry + message.remaining();
    }
    ByteBuffer bundle = ByteBuffer.allocate(size);
    bundle.put(MessageType.TYPE_OFFSET, (byte) MessageType.BUNDLE.code());
    bundle.position(MessageType.HEADER_SIZE);
    for (ByteBuffer message : messages) {
      bundle.putInt(message.remaining()).put(message.duplicate());
    }
    return bundle.flip();
  }

  /**
   * The messages in a frame, in order: those of a bundle, else the frame itself. They share its
   * bytes.
   *
   * @throws WireException if a bundle is malformed, or holds another
   */
  public static List<ByteBuffer> open(ByteBuffer frame) {
    if (!isBundle(frame)) {
      return List.of(frame);
    }
    List<ByteBuffer> messages = new ArrayList<>();
    ByteBuffer rest = frame.duplicate().order(frame.order());
    rest.position(rest.position() + Math.min(rest.remaining(), MessageType.HEADER_SIZE));
    while (rest.hasRemaining()) {
      int length = rest.remaining() < MessageType.BUNDLE.bodySize() ? -1 : rest.getInt();
      if (length < MessageType.HEADER_SIZE || length > rest.remaining()) {
        throw new WireException("A bundle with a message of " + length + " bytes");
      }
      ByteBuffer message = rest.slice(rest.position(), length);
      if (isBundle(message)) {
        throw new WireException("A bundle in a bundle");
      }
      messages.add(message);
      rest.position(rest.position() + length);
    }
    return messages;
  }

  private static boolean isBundle(ByteBuffer frame) {
    return frame.hasRemaining()
        && frame.get(frame.position() + MessageType.TYPE_OFFSET)
            == (byte) MessageType.BUNDLE.code();
  }
}
