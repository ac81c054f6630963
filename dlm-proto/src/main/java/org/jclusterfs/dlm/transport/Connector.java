package org.jclusterfs.dlm.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;

/**
 * Keeps one peer connected: tries its addresses in turn, waits longer after each failure. Confined
 * to the event loop.
 */
final class Connector {
  private static final long FIRST_BACKOFF_MILLIS = 50;
  private static final long MAX_BACKOFF_MILLIS = 1000;

  private final PeerSession session;
  private final EventLoop loop;
  private final BiFunction<Connector, PeerSession, Bootstrap> bootstrap;
  private long backoff = FIRST_BACKOFF_MILLIS;
  private int attempts;

  Connector(
      PeerSession session,
      EventLoop loop,
      BiFunction<Connector, PeerSession, Bootstrap> bootstrap) {
    this.session = session;
    this.loop = loop;
    this.bootstrap = bootstrap;
  }

  void connect() {
    if (session.isClosed() || session.isConnected() || loop.isShuttingDown()) {
      return;
    }
    Peer peer = session.peer;
    String address = peer.addresses().get(attempts++ % peer.addresses().size());
    bootstrap
        .apply(this, session)
        .connect(new InetSocketAddress(address, peer.port()))
        .addListener(
            (io.netty.channel.ChannelFuture future) -> {
              if (future.isSuccess()) {
                watch(future.channel());
              } else {
                retry();
              }
            });
  }

  private void watch(Channel channel) {
    channel
        .closeFuture()
        .addListener(
            closed -> {
              if (!loop.isShuttingDown()) {
                loop.execute(this::retry);
              }
            });
  }

  /** The peer has proved itself: the next failure is a new one. */
  void proven() {
    backoff = FIRST_BACKOFF_MILLIS;
  }

  private void retry() {
    if (session.isClosed() || loop.isShuttingDown()) {
      return;
    }
    loop.schedule(this::connect, backoff, TimeUnit.MILLISECONDS);
    backoff = Math.min(MAX_BACKOFF_MILLIS, backoff * 2);
  }
}
