package org.jclusterfs.dlm.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Bounds accepted connections that have not proved themselves: a new one beyond the bound costs the
 * oldest its place, so that idle strangers cannot keep peers out. Confined to the event loop.
 */
final class UnprovenConnections {
  private final Deque<Channel> channels = new ArrayDeque<>();

  int size() {
    return channels.size();
  }

  void add(Channel channel) {
    if (channels.size() >= WireProtocol.MAX_UNPROVEN) {
      channels.remove().close();
    }
    channels.add(channel);
    channel.pipeline().addLast(new Watcher());
  }

  private final class Watcher extends ChannelInboundHandlerAdapter {
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event == HandshakeHandler.Proven.INSTANCE) {
        channels.remove(context.channel());
        context.pipeline().remove(this);
      } else {
        context.fireUserEventTriggered(event);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      channels.remove(context.channel());
      context.fireChannelInactive();
    }
  }
}
