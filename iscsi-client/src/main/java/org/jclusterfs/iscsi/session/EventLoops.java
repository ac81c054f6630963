package org.jclusterfs.iscsi.session;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;

/**
 * The event loops that all sessions of the process share: epoll where it is to be had, else NIO.
 */
final class EventLoops {
  static {
    // Netty would take SLF4J where some library brought its interface, which then tells users on
    // stderr that nothing is behind it.
    InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
  }

  private static final int THREADS = 2;
  private static final boolean EPOLL = Epoll.isAvailable();
  private static final EventLoopGroup GROUP =
      new MultiThreadIoEventLoopGroup(
          THREADS,
          new DefaultThreadFactory("iscsi", true),
          EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());

  private EventLoops() {}

  static EventLoop next() {
    return GROUP.next();
  }

  static Class<? extends SocketChannel> channelType() {
    return EPOLL ? EpollSocketChannel.class : NioSocketChannel.class;
  }
}
