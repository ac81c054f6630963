package org.jclusterfs.dlm.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;

/** A proven connection: hands frames to the session. */
final class SessionHandler extends SimpleChannelInboundHandler<ByteBuf> {
  private final PeerSession session;
  private final LogLimiter log;

  SessionHandler(PeerSession session, LogLimiter log) {
    this.session = session;
    this.log = log;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) {
    session.receive(context.channel(), frame);
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
      } else {
        session.ping();
      }
    } else {
      context.fireUserEventTriggered(event);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    session.detach(context.channel());
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
