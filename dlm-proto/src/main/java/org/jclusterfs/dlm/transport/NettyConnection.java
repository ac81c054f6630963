package org.jclusterfs.dlm.transport;

import io.netty.channel.Channel;
import java.nio.ByteBuffer;

/** A proven TCP connection. Confined to the event loop. */
final class NettyConnection implements SessionConnection {
  private final Channel channel;

  NettyConnection(Channel channel) {
    this.channel = channel;
  }

  @Override
  public void writeData(long sequence, ByteBuffer message) {
    channel.write(Frames.data(sequence, message));
  }

  @Override
  public void writeAck(long sequence) {
    channel.write(Frames.ack(sequence));
  }

  @Override
  public void flush() {
    channel.flush();
  }

  @Override
  public void close() {
    channel.close();
  }
}
