package org.jclusterfs.iscsi.session;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.LoginException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.login.ChapAlgorithm;
import org.jclusterfs.iscsi.login.LoginNegotiation;
import org.jclusterfs.iscsi.login.LoginObserver;
import org.jclusterfs.iscsi.login.LoginStep;

/**
 * Makes logged-in connections: looks names up, tries the portals in order, follows redirects a few
 * hops, and says in one line why none of it worked. Blocks its caller, never an event loop.
 */
final class Connector {

  private static final System.Logger LOG = System.getLogger("org.jclusterfs.iscsi");
  private static final int MAX_HOPS = 4;

  /**
   * How long a portal that closes the connection before its first answer is asked again. LIO does
   * that for some seconds to a node that logs in again right after it was killed, while it still
   * ends the old session.
   */
  private static final long UNANSWERED_RETRY_NANOS = TimeUnit.SECONDS.toNanos(6);

  private static final long UNANSWERED_PAUSE_MILLIS = 250;

  /** What the question whether it wants CHAP may take of the login's time. */
  private static final long CHAP_QUESTION_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(256 << 10, 1 << 20);

  private volatile InitiatorOptions options;
  private final String target;
  private final List<Portal> portals;
  private final EventLoop loop;
  private final SecureRandom random = new SecureRandom();
  private LoginObserver observer = LoginObserver.NONE;

  /**
   * Makes one.
   *
   * @param target name of the target, or null for discovery
   */
  Connector(InitiatorOptions options, String target, List<Portal> portals, EventLoop loop) {
    this.options = options;
    this.target = target;
    this.portals = portals;
    this.loop = loop;
  }

  /** Sets who is told the steps; before the first connection. */
  void setObserver(LoginObserver next) {
    observer = next;
  }

  EventLoop loop() {
    return loop;
  }

  Isid isid() {
    return options.isid();
  }

  void setLoginTimeout(java.time.Duration most) {
    options =
        options.withTimeouts(
            most, options.commandTimeout(), options.replacementTimeout(), options.pingInterval());
  }

  /** Sets the session's name for the connections from now on. */
  void setIsid(Isid isid) {
    options = options.withIsid(isid);
  }

  /**
   * Connects and logs in within the login timeout.
   *
   * @throws LoginException where the last portal refused; other kinds where none could be reached
   */
  Connection connect(SessionOwner owner) throws IscsiException {
    return connect(owner, options.loginTimeout().toNanos());
  }

  /** As {@link #connect(SessionOwner)} within so many nanoseconds, or the login timeout if less. */
  Connection connect(SessionOwner owner, long within) throws IscsiException {
    long deadline = System.nanoTime() + Math.min(within, options.loginTimeout().toNanos());
    List<String> reasons = new ArrayList<>();
    IscsiException last = null;
    for (int i = 0; i < portals.size(); i++) {
      long left = deadline - System.nanoTime();
      long share = System.nanoTime() + left / (portals.size() - i);
      try {
        return follow(portals.get(i), share, owner);
      } catch (IscsiException e) {
        last = e;
        reasons.add(e.getMessage());
      }
    }
    if (portals.size() == 1) {
      throw last;
    }
    throw new ConnectionLostException(
        "none of " + portals.size() + " portals works: " + String.join("; ", reasons), last);
  }

  private Connection follow(Portal first, long deadline, SessionOwner owner) throws IscsiException {
    Portal portal = first;
    for (int hop = 0; hop <= MAX_HOPS; hop++) {
      Object result =
          hop == 0
              ? loginPatiently(portal, deadline, owner)
              : redirected(first, portal, deadline, owner);
      if (result instanceof Connection) {
        return (Connection) result;
      }
      observer.happened(portal + " redirects to " + result, List.of());
      portal = (Portal) result;
    }
    throw new LoginException(
        (target == null ? "the discovery service" : "target " + target)
            + " redirects from portal to portal without end, from "
            + first
            + " at last to "
            + portal
            + " (status 0101); check its redirection",
        1,
        1);
  }

  /** The user never named that portal, so what fails there is told with who sent us there. */
  private Object redirected(Portal first, Portal portal, long deadline, SessionOwner owner)
      throws IscsiException {
    try {
      return loginPatiently(portal, deadline, owner);
    } catch (IscsiException e) {
      String line =
          (target == null ? "the discovery service" : "target " + target)
              + " at "
              + first
              + " redirects to "
              + portal
              + ", and that fails: "
              + e.getMessage();
      if (e instanceof LoginException) {
        LoginException refused = (LoginException) e;
        throw new LoginException(line, refused.statusClass(), refused.statusDetail());
      }
      throw new ConnectionLostException(line, e);
    }
  }

  /**
   * Logs in, again for a while where the portal hangs up before it has said anything. LIO does that
   * too where it wants CHAP and none was offered; so it is asked once whether it does.
   */
  private Object loginPatiently(Portal portal, long deadline, SessionOwner owner)
      throws IscsiException {
    long patience = Math.min(deadline, System.nanoTime() + UNANSWERED_RETRY_NANOS);
    LoginException wantsChap = null;
    boolean asked = options.chap() != null;
    while (true) {
      try {
        return login(portal, deadline, Offer.USUAL, owner);
      } catch (UnansweredException e) {
        if (wantsChap != null) {
          throw wantsChap;
        }
        if (System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(UNANSWERED_PAUSE_MILLIS) > patience) {
          throw e;
        }
        try {
          Thread.sleep(UNANSWERED_PAUSE_MILLIS);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw e;
        }
      }
      if (!asked) {
        asked = true;
        long within = Math.min(deadline, System.nanoTime() + CHAP_QUESTION_NANOS);
        wantsChap = askWhetherItWantsChap(portal, within, owner);
      }
    }
  }

  /** Its refusal to go on without CHAP, or null where it does not say that it wants CHAP. */
  private LoginException askWhetherItWantsChap(Portal portal, long deadline, SessionOwner owner) {
    observer.happened("asking whether it wants CHAP", List.of());
    try {
      Object result = login(portal, deadline, Offer.TO_ASK_FOR_CHAP, owner);
      if (result instanceof Connection) {
        ((Connection) result).close();
      }
    } catch (LoginException e) {
      return e.statusClass() == 0 ? e : null;
    } catch (IscsiException e) {
      LOG.log(System.Logger.Level.DEBUG, e.getMessage());
    }
    return null;
  }

  /** What a login offers to prove itself by. */
  private enum Offer {
    /** All algorithms where there are credentials, and none where there are not. */
    USUAL,
    /** The same with one algorithm. */
    MD5_ALONE,
    /** Nothing, in spite of credentials. */
    NO_CHAP,
    /** CHAP without credentials, to be told whether it is wanted. */
    TO_ASK_FOR_CHAP
  }

  /** The portal closed the connection before it answered the first login request. */
  private static final class UnansweredException extends ConnectionLostException {
    private static final long serialVersionUID = 1L;

    UnansweredException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** A connection, or the portal to which the target redirects. */
  private Object login(Portal portal, long deadline, Offer offer, SessionOwner owner)
      throws IscsiException {
    LoginNegotiation negotiation =
        new LoginNegotiation(
            offer == Offer.NO_CHAP ? options.withChap(null) : options,
            target,
            portal,
            offer == Offer.MD5_ALONE ? List.of(ChapAlgorithm.MD5) : List.of(ChapAlgorithm.values()),
            random);
    negotiation.setObserver(observer);
    if (offer == Offer.TO_ASK_FOR_CHAP) {
      negotiation.offerChapAlone();
    }
    Channel channel = tcp(portal, deadline).channel();
    observer.happened("connected to " + portal + " from " + local(channel), List.of());
    Connection connection = new Connection(channel, portal, negotiation, options, owner);
    boolean keep = false;
    try {
      LoginStep step = await(connection.login(), deadline);
      if (step instanceof LoginStep.Redirect) {
        return ((LoginStep.Redirect) step).portal();
      }
      keep = true;
      return connection;
    } catch (TimeoutException e) {
      throw new ConnectionLostException(
          portal
              + " accepts connections but stays silent: the login"
              + (target == null ? "" : " to target " + target)
              + " waited "
              + options.loginTimeout().toSeconds()
              + " s for "
              + negotiation.awaiting()
              + "; check that this is the port of an iSCSI target that runs",
          e);
    } catch (IscsiException e) {
      IscsiException inWords = inWords(portal, negotiation, e);
      if (offer == Offer.USUAL && options.chap() != null && negotiation.mayWorkWithMd5Alone(e)) {
        observer.happened(
            "that failed at CHAP and may be for the list of algorithms: once more with MD5 alone",
            List.of());
        return login(portal, deadline, Offer.MD5_ALONE, owner);
      } else if (offer != Offer.NO_CHAP && negotiation.mayWorkWithoutChap(e)) {
        observer.happened(
            "that failed at CHAP, which the target may not want: once more without it", List.of());
        try {
          return login(portal, deadline, Offer.NO_CHAP, owner);
        } catch (IscsiException withoutChap) {
          throw inWords;
        }
      }
      throw inWords;
    } finally {
      if (!keep) {
        connection.close();
      }
    }
  }

  private IscsiException inWords(Portal portal, LoginNegotiation negotiation, IscsiException e) {
    if (e instanceof ConnectionLostException) {
      String line =
          portal
              + " closed the connection during the login"
              + (target == null ? "" : " to target " + target)
              + ", before "
              + negotiation.awaiting()
              + (options.chap() == null
                  ? "; check that this is an iSCSI port; the target may want CHAP: write a line"
                      + " 'TARGET USER SECRET' to the secrets file, or look at its log"
                  : "; check that this is an iSCSI port, check the CHAP user and secret, and look"
                      + " at the target's log");
      return negotiation.isUnanswered()
          ? new UnansweredException(line, e)
          : new ConnectionLostException(line, e);
    }
    String message = e.getMessage();
    if (message.contains(portal.toString())) {
      return e;
    }
    String line =
        "login to " + (target == null ? "" : target + " at ") + portal + " failed: " + message;
    return e instanceof LoginException
        ? new LoginException(
            line, ((LoginException) e).statusClass(), ((LoginException) e).statusDetail())
        : new org.jclusterfs.iscsi.ProtocolException(line, e);
  }

  private ChannelFuture tcp(Portal portal, long deadline) throws IscsiException {
    IscsiException last = null;
    InetAddress[] addresses = resolve(portal, deadline);
    for (int i = 0; i < addresses.length; i++) {
      long left = (deadline - System.nanoTime()) / (addresses.length - i);
      int millis = (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(left) * 2 / 3);
      ChannelFuture connected =
          bootstrap(millis).connect(new InetSocketAddress(addresses[i], portal.port()));
      connected.awaitUninterruptibly();
      if (connected.isSuccess()) {
        return connected;
      }
      last = unreachable(portal, addresses[i], connected.cause());
    }
    throw last;
  }

  private static String local(Channel channel) {
    InetSocketAddress address = (InetSocketAddress) channel.localAddress();
    if (address == null) {
      return "an address that it has no more"; // the peer has closed it already
    }
    return new Portal(address.getAddress().getHostAddress(), address.getPort()).toString();
  }

  private static IscsiException unreachable(Portal portal, InetAddress address, Throwable cause) {
    String where =
        portal + (portal.host().equals(address.getHostAddress()) ? "" : " (" + address + ")");
    if (cause instanceof io.netty.channel.ConnectTimeoutException) {
      return new ConnectionLostException(
          where + " does not answer; check the address, the network and its firewalls", cause);
    }
    if (String.valueOf(cause.getMessage()).contains("refused")) {
      return new ConnectionLostException(
          where
              + " refused the connection: no iSCSI target listens there; check that it runs, and"
              + " the port",
          cause);
    }
    if (String.valueOf(cause.getMessage()).contains("reset")) {
      return new ConnectionLostException(
          where
              + " took the connection and ended it at once; check that this is the port of an iSCSI"
              + " target, and what stands between",
          cause);
    }
    return new ConnectionLostException(
        where
            + " cannot be reached: "
            + cause.getMessage()
            + "; check the address, the network and its routes",
        cause);
  }

  private Bootstrap bootstrap(int connectMillis) {
    return new Bootstrap()
        .group(loop)
        .channel(EventLoops.channelType())
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.SO_KEEPALIVE, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis)
        // Netty's default allocator makes, and clears, buffers of this size anew for each read
        .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
        .option(ChannelOption.AUTO_READ, false)
        .handler(new Silent());
  }

  /** Keeps Netty from warning about a connection that breaks before it has a pipeline. */
  private static final class Silent extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  private InetAddress[] resolve(Portal portal, long deadline) throws IscsiException {
    InetAddress literal = NetUtil.createInetAddressFromIpAddressString(portal.host());
    if (literal != null) {
      return new InetAddress[] {literal};
    }
    CompletableFuture<InetAddress[]> lookup = new CompletableFuture<>();
    // The JDK's lookup blocks for as long as the resolver likes; its thread is left behind then.
    Thread thread =
        new Thread(
            () -> {
              try {
                lookup.complete(InetAddress.getAllByName(portal.host()));
              } catch (UnknownHostException e) {
                lookup.completeExceptionally(
                    new ConnectionLostException(
                        "the name '"
                            + portal.host()
                            + "' is not known (DNS, /etc/hosts); check its spelling",
                        e));
              }
            },
            "iscsi-lookup");
    thread.setDaemon(true);
    thread.start();
    try {
      InetAddress[] addresses = await(lookup, deadline);
      if (!portal.host().equals(addresses[0].getHostAddress())) {
        observer.happened(
            "found " + portal.host() + " at " + Arrays.toString(addresses), List.of());
      }
      return addresses;
    } catch (TimeoutException e) {
      throw new ConnectionLostException(
          "looking up the name '" + portal.host() + "' takes too long; check the DNS servers", e);
    }
  }

  private static <T> T await(CompletableFuture<T> future, long deadline)
      throws IscsiException, TimeoutException {
    try {
      return future.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw IscsiException.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IscsiException("interrupted", e);
    }
  }
}
