package org.jclusterfs.iscsi.multipath;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.scsi.AccessState;
import org.jclusterfs.iscsi.scsi.Disk;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.scsi.TargetPortGroups;
import org.jclusterfs.iscsi.session.ConnectionListener;

/**
 * One way to the LUN: a portal and a target, a session of its own. Owns the transitions of its
 * {@link PathState}. Thread-safe.
 */
final class Path implements Route, ConnectionListener {

  private static final System.Logger LOG = System.getLogger("org.jclusterfs.iscsi");

  /** Who is told what happens to a path. */
  interface Owner {

    /** The path's state or what it may do has changed. */
    void changed(Path path);

    /** See {@link ConnectionListener#settle}: the path was lost, and is not connected to yet. */
    void settle(Path path);
  }

  private final int number;
  private final Portal portal;
  private final IscsiUrl url;
  private final InitiatorOptions options;
  private final Duration relogin;
  private final Owner owner;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicLong bytesInFlight = new AtomicLong();
  private final AtomicLong errors = new AtomicLong();
  private volatile Lun lun;
  private volatile TargetPortGroups groups;
  private volatile AccessState access = AccessState.NONE;
  private volatile boolean writable = true;
  private volatile PathState state = PathState.CONNECTING;
  private volatile Instant since = Instant.now();
  private volatile String reason = "";
  private volatile long lostAt;
  private volatile boolean inheriting;
  private final ReentrantLock settling = new ReentrantLock();
  private volatile CompletableFuture<Void> settled = CompletableFuture.completedFuture(null);

  /**
   * Makes one that is not connected.
   *
   * @param relogin bound of each login but the first
   */
  Path(int number, IscsiUrl url, InitiatorOptions options, Duration relogin, Owner owner) {
    this.relogin = relogin;
    this.number = number;
    this.portal = url.portals().get(0);
    this.url = url;
    this.options = options;
    this.owner = owner;
  }

  /** Logs in and opens the LUN; the path is not used before {@link #use}. Blocks. */
  Lun connect() throws IscsiException {
    return Lun.open(options, url);
  }

  /** Goes on with an opened LUN: the path is up from now on, as often as it is connected. */
  void use(Lun opened) throws IscsiException {
    groups = new TargetPortGroups(opened);
    access = groups.state();
    lun = opened;
    opened.session().setLoginTimeout(relogin);
    opened.session().setConnectionListener(this).join();
  }

  /**
   * Goes into another state.
   *
   * @param why as people read it, "" where it is for the better
   * @return whether it did: not where it was there, or the table does not lead there
   */
  boolean become(PathState next, String why) {
    synchronized (this) {
      if (!state.mayBecome(next)) {
        return false;
      }
      if (next == PathState.UP) {
        // That the first login worked is no news to who runs mkfs.
        LOG.log(
            state == PathState.CONNECTING ? System.Logger.Level.DEBUG : System.Logger.Level.INFO,
            "path {0} is up",
            this);
      } else if (next == PathState.DOWN) {
        LOG.log(System.Logger.Level.WARNING, "path {0} is down: {1}", this, why);
      } else if (next == PathState.REFUSED) {
        LOG.log(System.Logger.Level.WARNING, why);
      }
      state = next;
      since = Instant.now();
      reason = why;
    }
    owner.changed(this);
    return true;
  }

  @Override
  public void reinstated() {
    settled.complete(null);
  }

  @Override
  public void ready() {
    inheriting = false;
    settled.complete(null);
    become(PathState.UP, "");
  }

  @Override
  public void lost(IscsiException cause) {
    lostAt = System.nanoTime();
    if (!inheriting) {
      settled = new CompletableFuture<>();
    }
    become(PathState.DOWN, cause.getMessage());
  }

  @Override
  public void settle() {
    owner.settle(this);
  }

  /** Held by who ends its lost session at the target. */
  ReentrantLock settling() {
    return settling;
  }

  /** When it was lost last, as {@link System#nanoTime}. */
  long lostAt() {
    return lostAt;
  }

  /** What is to be completed once nothing of its lost connection can land any more. */
  @Override
  public CompletableFuture<Void> settled() {
    return settled;
  }

  /** Asks the target for the state of its group. Blocks. */
  void refreshAccess() throws IscsiException {
    setAccess(groups.state());
  }

  private void setAccess(AccessState next) {
    if (access != next) {
      LOG.log(
          System.Logger.Level.INFO, "path {0}: its ports are {1}, were {2}", this, next, access);
      access = next;
      owner.changed(this);
    }
  }

  boolean isAsymmetric() {
    return groups != null && groups.group() >= 0;
  }

  /** Sets whether the target lets this node write here. */
  void setWritable(boolean may) {
    if (writable != may) {
      LOG.log(
          System.Logger.Level.INFO,
          may ? "path {0} takes writes" : "path {0} takes reads only: RESERVATION CONFLICT",
          this);
      writable = may;
      owner.changed(this);
    }
  }

  /**
   * Swaps session names with a path that is down: logs in as the session that it was, and so gets
   * what that one may. No write is under way here, so nothing has to be settled. Blocks.
   */
  void inherit(Path dead) {
    Isid own = lun.session().isid();
    Isid inherited = dead.lun.session().isid();
    if (!dead.lun.session().rename(own)) {
      return; // it is back
    }
    LOG.log(System.Logger.Level.INFO, "path {0} takes the writes of path {1}", this, dead);
    dead.writable = false;
    inheriting = true; // until then it is not used, so that no write meets a conflict
    writable = true;
    lun.session().setIsid(inherited);
    lun.session().dropConnection("goes on as the session of path " + dead + ", which is lost");
  }

  boolean isWritable() {
    return writable;
  }

  /** Up, and in a state that takes reads and writes. */
  boolean isUsable() {
    return state == PathState.UP && !inheriting && access.priority() > 0;
  }

  PathState state() {
    return state;
  }

  int priority() {
    return access.priority();
  }

  String reason() {
    return reason;
  }

  Portal portal() {
    return portal;
  }

  String target() {
    return url.targets().get(0);
  }

  /** The LUN by this path, null before the first login. */
  Lun lun() {
    return lun;
  }

  @Override
  public Disk disk() {
    return lun;
  }

  @Override
  public void begin(long bytes) {
    inFlight.incrementAndGet();
    bytesInFlight.addAndGet(bytes);
  }

  @Override
  public void end(long bytes) {
    inFlight.decrementAndGet();
    bytesInFlight.addAndGet(-bytes);
  }

  @Override
  public void failed(IscsiException cause) {
    errors.incrementAndGet();
    if (Dispatcher.isFailureOfPort(cause)) {
      setAccess(AccessState.TRANSITIONING); // until the checker asks
    }
  }

  @Override
  public int inFlight() {
    return inFlight.get();
  }

  @Override
  public long bytesInFlight() {
    return bytesInFlight.get();
  }

  PathInfo info(boolean inUse) {
    Lun opened = lun;
    Isid isid = opened == null ? options.isid() : opened.session().isid();
    return new PathInfo(
        number,
        portal,
        target(),
        isid,
        state,
        access,
        access.priority(),
        inUse,
        writable,
        inFlight.get(),
        bytesInFlight.get(),
        errors.get(),
        since,
        reason);
  }

  @Override
  public String toString() {
    return portal + "/" + target();
  }
}
