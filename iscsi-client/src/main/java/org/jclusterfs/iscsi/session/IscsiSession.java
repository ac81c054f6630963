package org.jclusterfs.iscsi.session;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jclusterfs.iscsi.CommandTimeoutException;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.ProtocolException;
import org.jclusterfs.iscsi.SessionClosedException;

/**
 * A session with one target that outlives its connections. A lost connection is made anew with the
 * same ISID, by which the target ends what was left of the old one; then the owner's {@link
 * Preparation} runs, and then the commands that were in flight are sent again in their order, with
 * their time running on. Commands that wait longer than the replacement timeout fail, and so does
 * every later one at once until a connection stands again.
 *
 * <pre>
 *  CONNECTING --logged in--> PREPARING --prepared--> READY --connection lost--> CONNECTING
 *  PREPARING --failed--> CONNECTING          any --close--> CLOSED
 * </pre>
 *
 * <p>Thread-safe. Completions run on an event loop.
 */
public final class IscsiSession implements AutoCloseable {

  static final System.Logger LOG = System.getLogger("org.jclusterfs.iscsi");

  /** Writes of the old connection may still land this long after it ended (seen on tgtd: 10 ms). */
  private static final long SETTLE_MILLIS = 50;

  private static final long TICK_MILLIS = 250;

  /** Whose gate has been closed for so long waits for no answer any more. */
  private static final long PATIENCE_WITH_GATE_NANOS = 1_000_000_000L;

  /** A command that is not answered is aborted so long before its time is over. */
  private static final long MAX_GRACE_NANOS = 5_000_000_000L;

  private static final long MAX_BACKOFF_MILLIS = 2000;
  private static final long LOGOUT_MILLIS = 1000;

  /**
   * Time of the first login after a lost connection; the next have twice that. LIO now and then
   * does not answer one that comes while it still ends the old session, and answers the next.
   */
  private static final long FIRST_LOGIN_NANOS = 2_000_000_000L;

  /** What has to be done on each new connection before commands pass. */
  @FunctionalInterface
  public interface Preparation {

    /**
     * Runs on a thread that may block; may submit commands of {@link
     * ScsiCommand.Priority#PREPARATION} only.
     *
     * @param again false for the first connection of the session
     * @throws IscsiException where the connection is not to be used; it is dropped, and made anew
     *     unless it was the first
     */
    void prepare(boolean again) throws IscsiException;
  }

  private enum State {
    CONNECTING,
    PREPARING,
    READY,
    CLOSED
  }

  private final InitiatorOptions options;
  private final String target;
  private final Connector connector;
  private final EventLoop loop;
  private final Owner owner = new Owner();
  private final ConcurrentLinkedQueue<ScsiCommand> inbox = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final CompletableFuture<Void> loggedOut = new CompletableFuture<>();
  private volatile BooleanSupplier writeGate = () -> true;
  private volatile boolean unitResetAllowed;
  private volatile Preparation preparation = again -> {};
  private volatile ConnectionListener listener = ConnectionListener.NONE;
  private volatile int portalGroup = -1;

  /**
   * Held while somebody logs in under the session's name. LIO hangs for good when two logins of one
   * name come at once by two portals (measured).
   */
  private final ReentrantLock logins = new ReentrantLock();

  private volatile Connection connection;
  private volatile State state = State.CONNECTING;
  private final CountDownLatch closing = new CountDownLatch(1);

  // Owned by the event loop.
  private final ArrayDeque<ScsiCommand> waiting = new ArrayDeque<>();
  private long downSince = System.nanoTime();
  private boolean failFast;
  private long gateClosedAt;
  private IscsiException lastFailure;
  private ScheduledFuture<?> ticks;
  private Thread reconnecting;

  private IscsiSession(InitiatorOptions options, String target, List<Portal> portals) {
    this.options = options;
    this.target = target;
    this.loop = EventLoops.next();
    this.connector = new Connector(options, target, portals, loop);
  }

  /**
   * Logs in.
   *
   * @param target the target's name
   * @param portals tried in this order, now and at each reconnect
   * @throws IscsiException within the login timeout: one line that says who refused what and what
   *     to check
   */
  public static IscsiSession open(InitiatorOptions options, String target, List<Portal> portals)
      throws IscsiException {
    IscsiSession session = new IscsiSession(options, target, portals);
    try {
      session.establish(false, Long.MAX_VALUE);
    } catch (IscsiException e) {
      session.close();
      throw e;
    }
    session.ticks =
        session.loop.scheduleAtFixedRate(
            session::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    return session;
  }

  /** Sets what runs on each later connection before commands pass. */
  public void setPreparation(Preparation next) {
    preparation = next;
  }

  /** Sets the gate asked for each command that changes the medium when it is put on the wire. */
  public void setWriteGate(BooleanSupplier gate) {
    writeGate = gate;
  }

  /**
   * Allows LOGICAL UNIT RESET for commands that ABORT TASK does not end; off by default. Only for
   * units that nobody else uses: a reset ends the commands of all initiators, without a word to
   * them where the target reports no aborted tasks (TAS), and LIO's unit hangs for good where one
   * of them left an R2T unanswered.
   */
  public void setUnitResetAllowed(boolean allowed) {
    unitResetAllowed = allowed;
  }

  /**
   * Sets who is told of the connection; is told at once where there is one that takes commands.
   *
   * @return completes when that is done
   */
  public CompletableFuture<Void> setConnectionListener(ConnectionListener next) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    loop.execute(
        () -> {
          listener = next;
          if (state == State.READY) {
            next.ready();
          }
          done.complete(null);
        });
    return done;
  }

  /** The session's name beside the initiator's. */
  public Isid isid() {
    return connector.isid();
  }

  /** Tag of the portal group of the last login, -1 where the target did not say. */
  public int portalGroup() {
    return portalGroup;
  }

  /**
   * Ends at the target what is left of this session's lost connection, by a portal that works: logs
   * in there under this session's name, by which the target ends the old connection with all its
   * tasks (RFC 7143 section 6.3.5), and out again. Blocks.
   *
   * @param portal another portal of the target
   * @param within bound of it
   * @return false where that portal belongs to another portal group, whose sessions are others
   * @throws IscsiException where the login failed
   */
  public boolean endBy(Portal portal, java.time.Duration within) throws IscsiException {
    try {
      if (!logins.tryLock(within.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new ConnectionLostException("a login of the session itself is under way");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IscsiException("interrupted", e);
    }
    try {
      // Where it is connected again its own login has done it.
      return connection != null
          || Reinstatement.end(
              options.withIsid(isid()), target, portal, within, portalGroup, EventLoops.next());
    } finally {
      logins.unlock();
    }
  }

  /**
   * Gives a session that is not connected another name, for its next login. Waits for a login that
   * is under way.
   *
   * @return false where it is connected, and keeps its name
   */
  public boolean rename(Isid isid) {
    logins.lock();
    try {
      if (connection != null) {
        return false;
      }
      connector.setIsid(isid);
      return true;
    } finally {
      logins.unlock();
    }
  }

  /** Sets the bound of later logins. */
  public void setLoginTimeout(java.time.Duration most) {
    connector.setLoginTimeout(most);
  }

  /** The target's name. */
  public String target() {
    return target;
  }

  /** Local address of the present connection, or null while there is none. */
  public InetAddress localAddress() {
    Connection present = connection;
    return present == null ? null : present.localAddress();
  }

  /** The portal of the present connection, or null while there is none. */
  public Portal portal() {
    Connection present = connection;
    return present == null ? null : present.portal();
  }

  /** Target and, while there is a connection, portal; for messages. */
  public String where() {
    Portal present = portal();
    return target + (present == null ? "" : " at " + present);
  }

  /** How the present login proved who both are, in words; null while there is none. */
  public String authentication() {
    Connection present = connection;
    return present == null ? null : present.negotiation().authentication();
  }

  /** What the present login agreed on, for people to read; null while there is none. */
  public org.jclusterfs.iscsi.login.NegotiatedParameters agreed() {
    Connection present = connection;
    return present == null ? null : present.phase().agreed();
  }

  /** Hands a command over; its completion is called in any case. */
  public void submit(ScsiCommand command) {
    if (command.deadline == 0) {
      long time = options.commandTimeout().toNanos();
      command.deadline = System.nanoTime() + time;
      command.grace = Math.min(time / 4, MAX_GRACE_NANOS);
    }
    inbox.add(command);
    if (scheduled.compareAndSet(false, true)) {
      try {
        loop.execute(this::drain);
      } catch (java.util.concurrent.RejectedExecutionException e) {
        FullFeaturePhase.fail(command, closed());
      }
    }
  }

  /** Hands a command over after a while, in milliseconds. */
  public void submitLater(ScsiCommand command, int millis) {
    if (millis == 0) {
      submit(command);
    } else {
      loop.schedule(() -> submit(command), millis, TimeUnit.MILLISECONDS);
    }
  }

  /**
   * Goes on as another session of this initiator: logs in again by that ISID, by which the target
   * ends what is left of it (RFC 7143 section 6.3.5) and takes this session for its I_T nexus. The
   * one that it was has to be dead.
   */
  public void resumeAs(Isid isid) {
    setIsid(isid);
    dropConnection();
  }

  /** Sets the name for the next login; the present connection stays. */
  public void setIsid(Isid isid) {
    connector.setIsid(isid);
  }

  /** Drops the present connection as a fault would, to be made anew. */
  public void dropConnection() {
    dropConnection("dropped by its owner");
  }

  /** The same for a reason, as users read it. */
  public void dropConnection(String reason) {
    loop.execute(
        () -> {
          if (connection != null) {
            connection.phase().failed(new ConnectionLostException(reason));
          }
        });
  }

  private void drain() {
    scheduled.set(false);
    FullFeaturePhase phase = connection == null ? null : connection.phase();
    for (ScsiCommand next = inbox.poll(); next != null; next = inbox.poll()) {
      if (state == State.CLOSED) {
        FullFeaturePhase.fail(next, closed());
      } else if (phase != null
          && (state == State.READY || state == State.PREPARING && next.isForPreparation())) {
        phase.submit(next);
      } else if (next.isForPreparation() || failFast) {
        FullFeaturePhase.fail(next, down());
      } else {
        waiting.addLast(next);
      }
    }
    if (phase != null) {
      phase.pump();
    }
  }

  private void tick() {
    long now = System.nanoTime();
    if (connection != null) {
      connection.phase().tick(now);
    }
    boolean abandoned = isAbandoned(now);
    if (abandoned && state == State.READY && connection.phase().isWaiting()) {
      connection.phase().failed(new ConnectionLostException("this node may not write any more"));
    }
    if (state != State.READY && !failFast) {
      failFast = abandoned || now - downSince >= options.replacementTimeout().toNanos();
    }
    waiting.removeIf(
        command -> {
          boolean expired = command.deadline - now <= 0;
          if (expired || failFast) {
            FullFeaturePhase.fail(command, expired ? expired() : down());
          }
          return expired || failFast;
        });
  }

  /**
   * Whether the write gate has been closed for a while. Who may not write has stopped for good, and
   * its users must not hang on a target that does not answer.
   */
  private boolean isAbandoned(long now) {
    if (writeGate.getAsBoolean()) {
      gateClosedAt = 0;
      return false;
    }
    if (gateClosedAt == 0) {
      gateClosedAt = now;
    }
    return now - gateClosedAt >= PATIENCE_WITH_GATE_NANOS;
  }

  private CommandTimeoutException expired() {
    return new CommandTimeoutException(
        "target "
            + target
            + " did not answer within "
            + options.commandTimeout().toSeconds()
            + " s"
            + because());
  }

  private ConnectionLostException down() {
    return new ConnectionLostException("target " + target + " cannot be reached" + because());
  }

  private String because() {
    return lastFailure == null ? "" : ": " + lastFailure.getMessage();
  }

  private SessionClosedException closed() {
    return new SessionClosedException("the session with target " + target + " is closed");
  }

  /** Makes, prepares and installs a connection; on a thread that may block. */
  private void establish(boolean again, long within) throws IscsiException {
    Connection fresh;
    logins.lock();
    try {
      fresh = connect(within);
    } finally {
      logins.unlock();
    }
    boolean good = false;
    try {
      if (again) {
        Thread.sleep(SETTLE_MILLIS);
        listener.reinstated();
      }
      preparation.prepare(again);
      onLoop(() -> goOn(fresh));
      good = true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IscsiException("interrupted", e);
    } finally {
      if (!good) {
        loop.execute(() -> discard(fresh));
      }
    }
  }

  /** Logs in and takes the connection for the session's. */
  private Connection connect(long within) throws IscsiException {
    Connection fresh = connector.connect(owner, within);
    boolean installed = false;
    try {
      onLoop(
          () -> {
            if (state == State.CLOSED) {
              throw closed();
            } else if (fresh.phase().isFailed()) {
              throw new ConnectionLostException("the connection broke right after the login");
            }
            connection = fresh;
            state = State.PREPARING;
          });
      installed = true;
      return fresh;
    } finally {
      if (!installed) {
        loop.execute(() -> discard(fresh));
      }
    }
  }

  private void goOn(Connection fresh) throws IscsiException {
    if (connection != fresh || state != State.PREPARING) {
      throw state == State.CLOSED ? closed() : down();
    }
    state = State.READY;
    failFast = false;
    lastFailure = null;
    portalGroup = fresh.phase().agreed().targetPortalGroupTag();
    listener.ready();
    waiting.forEach(fresh.phase()::submit);
    waiting.clear();
    fresh.phase().pump();
  }

  private void discard(Connection fresh) {
    fresh.close();
    if (connection == fresh) {
      connection = null;
      state = state == State.CLOSED ? state : State.CONNECTING;
      fresh.phase().abandon().forEach(command -> FullFeaturePhase.fail(command, down()));
    }
  }

  private interface LoopAction {
    void run() throws IscsiException;
  }

  private void onLoop(LoopAction action) throws IscsiException {
    CompletableFuture<Void> done = new CompletableFuture<>();
    loop.execute(
        () -> {
          try {
            action.run();
            done.complete(null);
          } catch (IscsiException | RuntimeException e) {
            done.completeExceptionally(e);
          }
        });
    try {
      done.get();
    } catch (ExecutionException e) {
      throw IscsiException.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IscsiException("interrupted", e);
    }
  }

  private void reconnect() {
    long backoff = 100;
    long within = FIRST_LOGIN_NANOS;
    while (state != State.CLOSED) {
      listener.settle();
      try {
        establish(true, within);
        LOG.log(System.Logger.Level.INFO, "connected to target {0} again", target);
        return;
      } catch (IscsiException e) {
        loop.execute(() -> lastFailure = e);
        LOG.log(System.Logger.Level.DEBUG, "no connection to target " + target, e);
      }
      try {
        if (closing.await(backoff, TimeUnit.MILLISECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      backoff = Math.min(MAX_BACKOFF_MILLIS, backoff * 2);
      within *= 2; // the login timeout bounds it
    }
  }

  /** Logs out, if the target answers within a second, and fails what is in flight. */
  @Override
  public void close() {
    if (loop.inEventLoop()) {
      throw new IllegalStateException("a session is not closed on its event loop");
    }
    CompletableFuture<Thread> begun = new CompletableFuture<>();
    loop.execute(
        () -> {
          boolean ready = connection != null && !connection.phase().isFailed();
          state = State.CLOSED;
          if (ready) {
            connection.phase().logout();
          } else {
            loggedOut.complete(null);
          }
          begun.complete(reconnecting);
        });
    try {
      loggedOut.get(LOGOUT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException ignored) {
      // the target will notice the end of the connection
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    endReconnecting(begun.join());
    CompletableFuture<Void> done = new CompletableFuture<>();
    loop.execute(() -> shutDown(done));
    done.join();
  }

  /**
   * Waits for a login that is under way: at the target it could come after that of another session
   * of this name, which it would end.
   */
  private void endReconnecting(Thread thread) {
    closing.countDown();
    if (thread == null || thread == Thread.currentThread()) {
      return;
    }
    try {
      thread.join(LOGOUT_MILLIS);
      thread.interrupt();
      thread.join(LOGOUT_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void shutDown(CompletableFuture<Void> done) {
    if (ticks != null) {
      ticks.cancel(false);
    }
    List<ScsiCommand> left = new ArrayList<>(waiting);
    waiting.clear();
    Connection last = connection;
    connection = null;
    if (last == null) {
      left.forEach(command -> FullFeaturePhase.fail(command, closed()));
      done.complete(null);
      return;
    }
    left.addAll(last.phase().abandon());
    // Buffers go back to their owners only once the channel let go of them.
    last.close()
        .addListener(
            closing ->
                loop.execute(
                    () -> {
                      left.forEach(command -> FullFeaturePhase.fail(command, closed()));
                      done.complete(null);
                    }));
  }

  private final class Owner implements SessionOwner {

    @Override
    public boolean mayWrite() {
      return writeGate.getAsBoolean();
    }

    @Override
    public boolean mayResetUnits() {
      return unitResetAllowed;
    }

    @Override
    public void connectionFailed(FullFeaturePhase phase, IscsiException cause) {
      Connection lost = connection;
      if (lost == null || lost.phase() != phase) {
        return; // not installed yet: establish() sees that it failed
      }
      (phase.fellSilent() ? lost.abort() : lost.close())
          .addListener(closing -> loop.execute(() -> lost(lost, cause)));
    }

    private void lost(Connection lost, IscsiException cause) {
      loggedOut.complete(null);
      if (connection != lost || state == State.CLOSED) {
        return;
      }
      boolean wasReady = state == State.READY;
      connection = null;
      state = State.CONNECTING;
      lastFailure = cause;
      List<ScsiCommand> commands = lost.phase().abandon();
      if (wasReady) {
        downSince = System.nanoTime();
        failFast = options.replacementTimeout().isZero();
        LOG.log(
            System.Logger.Level.WARNING,
            "lost the connection to target "
                + target
                + ", "
                + commands.size()
                + (failFast ? " commands were under way: " : " commands will be sent again: ")
                + cause.getMessage());
        listener.lost(cause);
      }
      requeue(commands);
      if (wasReady) {
        reconnecting = new Thread(IscsiSession.this::reconnect, "iscsi-reconnect");
        reconnecting.setDaemon(true);
        reconnecting.start();
      }
    }

    private void requeue(List<ScsiCommand> commands) {
      long now = System.nanoTime();
      ArrayDeque<ScsiCommand> later = new ArrayDeque<>(waiting);
      waiting.clear();
      for (ScsiCommand command : commands) {
        if (command.endsWithItsConnection() || command.deadline - now <= 0) {
          FullFeaturePhase.fail(command, command.endsWithItsConnection() ? down() : expired());
        } else if (failFast) {
          FullFeaturePhase.fail(command, down());
        } else {
          command.reset();
          waiting.addLast(command);
        }
      }
      waiting.addAll(later);
    }

    @Override
    public void loggedOut(FullFeaturePhase phase) {
      loggedOut.complete(null);
    }

    @Override
    public void textReceived(FullFeaturePhase phase, ByteBuffer data, boolean last, int ttt) {
      phase.failed(new ProtocolException("the target sent text that nobody asked for"));
    }
  }
}
