package org.jclusterfs.dlm.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;
import java.nio.ByteBuffer;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A proven connection: reads frames and hands them to the session. */
final class SessionHandler extends SimpleChannelInboundHandler<ByteBuf> {
  private final PeerSession session;
  private final SessionConnection connection;
  private final LogLimiter log;
  private Future<?> pings;

  SessionHandler(PeerSession session, SessionConnection connection, LogLimiter log) {
    this.session = session;
    this.connection = connection;
    this.log = log;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) {
    int type = frame.readUnsignedByte();
    if (frame.readableBytes() < Long.BYTES
        || (type == WireProtocol.FRAME_ACK && frame.readableBytes() != Long.BYTES)) {
      throw new CorruptedFrameException("a frame without a sequence number");
    }
    long sequence = frame.readLong();
    if (type == WireProtocol.FRAME_ACK) {
      session.receiveAck(connection, sequence);
    } else if (type == WireProtocol.FRAME_DATA) {
      session.receiveData(connection, sequence, ByteBuffer.wrap(Frames.rest(frame)));
    } else {
      throw new CorruptedFrameException("a frame of type " + type + " after the handshake");
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    session.acknowledge();
    context.fireChannelReadComplete();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof IdleStateEvent idle) {
      if (idle.state() == IdleState.READER_IDLE) {
        context.close();
      }
    } else {
      context.fireUserEventTriggered(event);
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    // Also while much is sent: only so is it noticed that the other end misses something.
    pings =
        context
            .executor()
            .scheduleWithFixedDelay(
                session::ping,
                WireProtocol.PING_MILLIS,
                WireProtocol.PING_MILLIS,
                TimeUnit.MILLISECONDS);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    pings.cancel(false);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    session.detach(connection);
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof java.io.IOException)) {
      log.warn("Connection to slot " + session.slot + " closed: " + cause.getMessage());
    }
    context.close();
  }
}
