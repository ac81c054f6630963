package org.jclusterfs.dlm.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;

/** Makes frames: length (4), type (1), body. */
final class Frames {
  private Frames() {}

  static ByteBuf of(int type, byte[] body) {
    return Unpooled.buffer(WireProtocol.LENGTH_SIZE + 1 + body.length)
        .writeInt(1 + body.length)
        .writeByte(type)
        .writeBytes(body);
  }

  static ByteBuf ack(long sequence) {
    return Unpooled.buffer(WireProtocol.LENGTH_SIZE + 9)
        .writeInt(9)
        .writeByte(WireProtocol.FRAME_ACK)
        .writeLong(sequence);
  }

  static ByteBuf data(long sequence, ByteBuffer message) {
    ByteBuf head =
        Unpooled.buffer(WireProtocol.LENGTH_SIZE + 9)
            .writeInt(9 + message.remaining())
            .writeByte(WireProtocol.FRAME_DATA)
            .writeLong(sequence);
    return Unpooled.wrappedBuffer(head, Unpooled.wrappedBuffer(message.duplicate()));
  }

  static byte[] rest(ByteBuf in) {
    byte[] bytes = new byte[in.readableBytes()];
    in.readBytes(bytes);
    return bytes;
  }
}
