package org.jclusterfs.dlm.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.ScheduledFuture;
import java.security.MessageDigest;
import java.util.concurrent.TimeUnit;

/**
 * Proves this node to the other end and lets it prove itself; nothing else is heard before.
 *
 * <pre>
 *   connecting               accepting
 *   HELLO  →                                         who I am, whom I want, a nonce
 *                            ←  HELLO                the same
 *   PROOF  →                                         HMAC(secret, 1 | HELLO | HELLO)
 *                            ←  PROOF                HMAC(secret, 2 | HELLO | HELLO)
 *   ACK    →                 ←  ACK                  last message received: both resume
 * </pre>
 */
final class HandshakeHandler extends SimpleChannelInboundHandler<ByteBuf> {

  /** What a handshake needs from the transport. */
  interface Host {
    NodeIdentity self();

    byte[] newNonce();

    /** The session with a peer's incarnation, or null where that is not a peer. */
    PeerSession session(int slot, long incarnation);

    LogLimiter log();
  }

  private final Host host;
  private final PeerSession target;
  private byte[] ownHello;
  private byte[] otherHello;
  private PeerSession session;
  private ScheduledFuture<?> timeout;
  private boolean reported;

  private HandshakeHandler(Host host, PeerSession target) {
    this.host = host;
    this.target = target;
  }

  /** For a connection that this node opened. */
  static HandshakeHandler connecting(Host host, PeerSession target) {
    return new HandshakeHandler(host, target);
  }

  /** For a connection that somebody opened to this node. */
  static HandshakeHandler accepting(Host host) {
    return new HandshakeHandler(host, null);
  }

  private boolean isConnecting() {
    return target != null;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    timeout =
        context
            .executor()
            .schedule(
                () -> fail(context, "it did not prove itself in time"),
                WireProtocol.HANDSHAKE_SECONDS,
                TimeUnit.SECONDS);
    if (isConnecting()) {
      session = target;
      sendHello(context);
    }
    context.fireChannelActive();
  }

  private void sendHello(ChannelHandlerContext context) {
    ownHello =
        Hello.of(host.self(), session.slot, session.peer.incarnation(), host.newNonce()).encode();
    context.writeAndFlush(Frames.of(WireProtocol.FRAME_HELLO, ownHello));
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, ByteBuf frame)
      throws HandshakeException {
    int type = frame.readUnsignedByte();
    byte[] body = Frames.rest(frame);
    if (type == WireProtocol.FRAME_HELLO && otherHello == null) {
      onHello(context, body);
    } else if (type == WireProtocol.FRAME_PROOF && otherHello != null) {
      onProof(context, body);
    } else {
      throw new HandshakeException("it sent a frame of type " + type + " in the handshake");
    }
  }

  private void onHello(ChannelHandlerContext context, byte[] body) throws HandshakeException {
    Hello hello = Hello.decode(body);
    hello.checkFor(host.self());
    if (isConnecting()) {
      if (hello.slot() != target.slot || hello.incarnation() != target.peer.incarnation()) {
        throw new HandshakeException("slot " + hello.slot() + " answered for " + target.slot);
      }
      otherHello = body;
      send(context, WireProtocol.DIRECTION_CONNECTING);
    } else {
      session = host.session(hello.slot(), hello.incarnation());
      if (session == null || hello.slot() >= host.self().slot()) {
        throw new HandshakeException(
            "slot " + hello.slot() + " is not known as a peer (yet)", true);
      }
      otherHello = body;
      sendHello(context);
    }
  }

  private byte[] proof(byte direction) {
    return isConnecting()
        ? Hello.proof(host.self().secret(), direction, ownHello, otherHello)
        : Hello.proof(host.self().secret(), direction, otherHello, ownHello);
  }

  private void send(ChannelHandlerContext context, byte direction) {
    context.writeAndFlush(Frames.of(WireProtocol.FRAME_PROOF, proof(direction)));
  }

  private void onProof(ChannelHandlerContext context, byte[] body) throws HandshakeException {
    byte direction =
        isConnecting() ? WireProtocol.DIRECTION_ACCEPTING : WireProtocol.DIRECTION_CONNECTING;
    if (!MessageDigest.isEqual(body, proof(direction))) {
      throw new HandshakeException("it does not know the volume's secret");
    }
    if (session.isClosed()) {
      throw new HandshakeException("slot " + session.slot + " is not a peer any more");
    }
    if (!isConnecting()) {
      send(context, WireProtocol.DIRECTION_ACCEPTING);
    }
    timeout.cancel(false);
    context.pipeline().get(FrameDecoder.class).trust();
    context
        .pipeline()
        .addLast(new IdleStateHandler(WireProtocol.SILENCE_MILLIS, 0, 0, TimeUnit.MILLISECONDS));
    SessionConnection connection = new NettyConnection(context.channel());
    context.pipeline().addLast(new SessionHandler(session, connection, host.log()));
    context.fireUserEventTriggered(Proven.INSTANCE);
    session.attach(connection);
    context.pipeline().remove(this);
  }

  /** Tells the handlers behind that the peer has proved itself. */
  enum Proven {
    INSTANCE
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (timeout != null) {
      timeout.cancel(false);
    }
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof HandshakeException refusal && refusal.isOrdinary()) {
      context.close();
    } else if (cause instanceof HandshakeException || cause instanceof DecoderException) {
      fail(context, cause.getMessage());
    } else {
      context.close();
    }
  }

  private void fail(ChannelHandlerContext context, String reason) {
    if (!reported) {
      reported = true;
      host.log()
          .warn(
              "Refused the connection with "
                  + context.channel().remoteAddress()
                  + " because "
                  + reason);
      context.close().addListener(ChannelFutureListener.CLOSE);
    }
  }
}
