package org.jclusterfs.dlm.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Connections between this node and its peers, one per pair: the lower slot connects, both prove
 * that they know the volume's secret. A message handed to {@link #send} reaches the same
 * incarnation of the peer once and in order, over reconnects too, or never if that incarnation or
 * this one dies.
 *
 * <p>One event loop serves all connections: messages are small, and all state is confined to it.
 *
 * <p>Thread-safe; no method but {@link #start} and {@link #close} waits.
 */
public final class ClusterTransport implements AutoCloseable {
  private record Outgoing(int slot, ByteBuffer message) {}

  private static final int CONNECT_TIMEOUT_MILLIS = 3000;

  static {
    // Netty would take SLF4J where some library brought its interface, with nothing behind it.
    InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
  }

  private final NodeIdentity self;
  private final TransportHandler handler;
  private final boolean epoll = Epoll.isAvailable();
  private final EventLoopGroup group;
  private final EventLoop loop;
  private final LogLimiter log = new LogLimiter(System::nanoTime);
  private final UnprovenConnections unproven = new UnprovenConnections();
  private final SecureRandom random = new SecureRandom();
  private final Map<Integer, PeerSession> sessions = new HashMap<>();
  private final Queue<Outgoing> outgoing = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean sendScheduled = new AtomicBoolean();
  private final HandshakeHandler.Host host = new Host();
  private volatile Channel server;

  /** Makes a transport that is not started. */
  public ClusterTransport(NodeIdentity self, TransportHandler handler) {
    if (self.secret().length != 32) {
      throw new IllegalArgumentException("The volume's secret has 32 bytes");
    }
    this.self = self;
    this.handler = handler;
    DefaultThreadFactory threads = new DefaultThreadFactory("jclusterfs-dlm-net", true);
    group =
        new MultiThreadIoEventLoopGroup(
            1, threads, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    loop = group.next();
  }

  /**
   * Listens.
   *
   * @param port TCP port; 0 for any
   * @throws IOException if the address cannot be bound
   */
  public void start(InetAddress bindAddress, int port) throws IOException {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(group)
            .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 256)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new FrameDecoder());
                    channel.pipeline().addLast(HandshakeHandler.accepting(host));
                    unproven.add(channel);
                  }
                })
            .bind(new InetSocketAddress(bindAddress, port))
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "Cannot listen on "
              + bindAddress.getHostAddress()
              + " port "
              + port
              + ": "
              + bound.cause().getMessage(),
          bound.cause());
    }
    server = bound.channel();
  }

  /** The port it listens on. */
  public int port() {
    return ((InetSocketAddress) server.localAddress()).getPort();
  }

  /**
   * Replaces the set of peers, by slot. A peer no longer named, or named with another incarnation,
   * is disconnected and what was queued for it dropped. Peers not named are refused.
   */
  public void setPeers(Map<Integer, Peer> peers) {
    Map<Integer, Peer> wanted = new HashMap<>(peers);
    wanted.remove(self.slot());
    for (Map.Entry<Integer, Peer> entry : wanted.entrySet()) {
      if (entry.getValue().addresses().isEmpty()) {
        throw new IllegalArgumentException("Slot " + entry.getKey() + " has no address");
      }
    }
    onLoop(() -> replacePeers(wanted));
  }

  private void onLoop(Runnable task) {
    try {
      loop.execute(task);
    } catch (RejectedExecutionException ignored) {
      // closed: there is nobody to send to any more
    }
  }

  private void replacePeers(Map<Integer, Peer> wanted) {
    for (PeerSession session : Map.copyOf(sessions).values()) {
      Peer peer = wanted.get(session.slot);
      if (peer == null || peer.incarnation() != session.peer.incarnation()) {
        sessions.remove(session.slot);
        session.close();
      }
    }
    wanted.forEach(
        (slot, peer) -> {
          if (!sessions.containsKey(slot)) {
            PeerSession session = new PeerSession(slot, peer, handler);
            sessions.put(slot, session);
            if (self.slot() < slot) {
              new Connector(session, loop, this::bootstrap).connect();
            }
          }
        });
  }

  private Bootstrap bootstrap(Connector connector, PeerSession session) {
    return new Bootstrap()
        .group(group)
        .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new FrameDecoder());
                channel.pipeline().addLast(HandshakeHandler.connecting(host, session));
                channel.pipeline().addLast(new ProvenListener(connector));
              }
            });
  }

  private static final class ProvenListener extends ChannelInboundHandlerAdapter {
    private final Connector connector;

    ProvenListener(Connector connector) {
      this.connector = connector;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event == HandshakeHandler.Proven.INSTANCE) {
        connector.proven();
        context.pipeline().remove(this);
      } else {
        context.fireUserEventTriggered(event);
      }
    }
  }

  /**
   * Queues a message; never blocks. Dropped where the slot is not a peer. The buffer must not be
   * changed afterwards.
   *
   * @throws IllegalArgumentException if it does not fit a frame
   */
  public void send(int slot, ByteBuffer message) {
    if (message.remaining() > WireProtocol.MAX_FRAME - 64) {
      throw new IllegalArgumentException("A message of " + message.remaining() + " bytes");
    }
    outgoing.add(new Outgoing(slot, message));
    if (sendScheduled.compareAndSet(false, true)) {
      onLoop(this::sendAll);
    }
  }

  private void sendAll() {
    sendScheduled.set(false);
    Set<PeerSession> touched = new LinkedHashSet<>();
    for (Outgoing next = outgoing.poll(); next != null; next = outgoing.poll()) {
      PeerSession session = sessions.get(next.slot());
      if (session != null) {
        session.send(next.message());
        touched.add(session);
      }
    }
    touched.forEach(PeerSession::flush);
  }

  /** What the handshakes see of this transport; used on the event loop. */
  private final class Host implements HandshakeHandler.Host {
    @Override
    public NodeIdentity self() {
      return self;
    }

    @Override
    public byte[] newNonce() {
      byte[] nonce = new byte[WireProtocol.NONCE_SIZE];
      random.nextBytes(nonce);
      return nonce;
    }

    @Override
    public PeerSession session(int slot, long incarnation) {
      PeerSession session = sessions.get(slot);
      return session != null && session.peer.incarnation() == incarnation ? session : null;
    }

    @Override
    public LogLimiter log() {
      return log;
    }
  }

  /** Closes the current connections; they are opened again. For tests of reconnecting. */
  void breakConnections() {
    loop.submit(
            () ->
                sessions.values().stream()
                    .filter(PeerSession::isConnected)
                    .forEach(session -> session.connection().close()))
        .awaitUninterruptibly();
  }

  /** Strangers connected at the moment. For tests. */
  int unprovenConnections() {
    return loop.submit(unproven::size).awaitUninterruptibly().getNow();
  }

  /** Lines logged about strangers so far. For tests. */
  long logLines() {
    return loop.submit(log::lines).awaitUninterruptibly().getNow();
  }

  /** Closes all connections and threads. Idempotent. */
  @Override
  public void close() {
    onLoop(
        () -> {
          sendAll();
          sessions.values().forEach(PeerSession::close);
          sessions.clear();
        });
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
