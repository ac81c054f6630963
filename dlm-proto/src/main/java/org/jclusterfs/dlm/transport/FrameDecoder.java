package org.jclusterfs.dlm.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.List;

/** Cuts the stream into frames (without their length field), bounded by what the peer may send. */
final class FrameDecoder extends ByteToMessageDecoder {
  private int limit = WireProtocol.MAX_FRAME_UNPROVEN;

  /** The peer has proved itself: longer frames are accepted. */
  void trust() {
    limit = WireProtocol.MAX_FRAME;
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    if (in.readableBytes() < WireProtocol.LENGTH_SIZE) {
      return;
    }
    int length = in.getInt(in.readerIndex());
    if (length < 1 || length > limit) {
      in.skipBytes(in.readableBytes());
      throw new CorruptedFrameException(
          "a frame of " + Integer.toUnsignedString(length) + " bytes, at most " + limit);
    }
    if (in.readableBytes() >= WireProtocol.LENGTH_SIZE + length) {
      in.skipBytes(WireProtocol.LENGTH_SIZE);
      out.add(in.readRetainedSlice(length));
    }
  }
}
