package org.jclusterfs.iscsi.session;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.login.LoginNegotiation;
import org.jclusterfs.iscsi.login.LoginStep;
import org.jclusterfs.iscsi.login.NegotiatedParameters;
import org.jclusterfs.iscsi.wire.PduDecoder;
import org.jclusterfs.iscsi.wire.PduEncoder;
import org.jclusterfs.iscsi.wire.PduReceiver;

/** A TCP connection and what runs on it: first a {@link LoginNegotiation}, then the phase. */
final class Connection {

  /** Bound of a Login Response's data segment: RFC 7143's default, doubled for those that pad. */
  private static final int MAX_LOGIN_SEGMENT = 16384;

  private final Channel channel;
  private final Portal portal;
  private final PduDecoder decoder;
  private final PduEncoder encoder;
  private final LoginNegotiation negotiation;
  private final InitiatorOptions options;
  private final SessionOwner owner;
  private final CompletableFuture<LoginStep> outcome = new CompletableFuture<>();
  private volatile FullFeaturePhase phase;

  /** Takes a connected channel without a pipeline. */
  Connection(
      Channel channel,
      Portal portal,
      LoginNegotiation negotiation,
      InitiatorOptions options,
      SessionOwner owner) {
    this.channel = channel;
    this.portal = portal;
    this.negotiation = negotiation;
    this.options = options;
    this.owner = owner;
    encoder = new PduEncoder(channel);
    decoder = new PduDecoder(new LoginReceiver(), MAX_LOGIN_SEGMENT);
    channel.config().setRecvByteBufAllocator(new StraightReceive(decoder));
    decoder.awaitLogin();
  }

  /** Begins the login; the outcome is {@link LoginStep.Done} or {@link LoginStep.Redirect}. */
  CompletableFuture<LoginStep> login() {
    channel
        .eventLoop()
        .execute(
            () -> {
              channel.pipeline().addLast(decoder, new WritabilityHandler());
              if (!channel.isActive()) {
                // The peer closed it before there was a handler to be told.
                outcome.completeExceptionally(closedByPeer());
                return;
              }
              channel.config().setAutoRead(true);
              channel.read();
              send(negotiation.start());
            });
    return outcome;
  }

  LoginNegotiation negotiation() {
    return negotiation;
  }

  /** Set once the login is done. */
  FullFeaturePhase phase() {
    return phase;
  }

  Portal portal() {
    return portal;
  }

  InetAddress localAddress() {
    return ((InetSocketAddress) channel.localAddress()).getAddress();
  }

  /** Logs out and closes, without waiting for either; after the login. */
  void end() {
    channel
        .eventLoop()
        .execute(
            () -> {
              phase.logout();
              channel.close();
            });
  }

  ChannelFuture close() {
    return channel.close();
  }

  /**
   * Closes it so that the kernel sends nothing more of what it has taken (SO_LINGER 0): data that
   * went out late could land after the same command was sent again by another connection. For a
   * path that fell silent: LIO (Linux 6.1) takes no login for minutes after some resets of a
   * connection that works and has commands in flight (measured), and none after a plain close.
   */
  ChannelFuture abort() {
    if (channel.isOpen()) { // it is not where the peer closed it
      try {
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
      } catch (ChannelException e) {
        IscsiSession.LOG.log(System.Logger.Level.DEBUG, "a broken connection takes no option", e);
      }
    }
    return channel.close();
  }

  private static ConnectionLostException closedByPeer() {
    return new ConnectionLostException("the connection was closed");
  }

  private void send(LoginStep.Send step) {
    encoder.send(step.bhs(), step.text());
    encoder.flush();
  }

  private void begin(NegotiatedParameters agreed) {
    decoder.setDigests(agreed.headerDigest(), agreed.dataDigest());
    encoder.setDigests(agreed.headerDigest(), agreed.dataDigest());
    decoder.setMaxDataSegmentLength(options.maxRecvDataSegmentLength());
    phase =
        new FullFeaturePhase(
            agreed,
            encoder,
            owner,
            options.queueDepth(),
            options.pingInterval().toNanos(),
            System.nanoTime());
    decoder.setReceiver(phase);
  }

  private final class LoginReceiver implements PduReceiver {
    @Override
    public ByteBuffer destination(ByteBuffer bhs) {
      return null;
    }

    @Override
    public void received(ByteBuffer bhs, ByteBuffer data) throws IscsiException {
      LoginStep step = negotiation.onResponse(bhs, data);
      if (step instanceof LoginStep.Send) {
        send((LoginStep.Send) step);
        return;
      }
      if (step instanceof LoginStep.Done) {
        begin(((LoginStep.Done) step).parameters());
      }
      outcome.complete(step);
    }

    @Override
    public void receivedAll() {}

    @Override
    public void failed(IscsiException cause) {
      outcome.completeExceptionally(cause);
    }

    @Override
    public void closed() {
      failed(closedByPeer());
    }
  }

  /** Goes on sending when the socket has room again. */
  private final class WritabilityHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      if (phase != null && channel.isWritable()) {
        phase.pump();
      }
    }
  }
}
