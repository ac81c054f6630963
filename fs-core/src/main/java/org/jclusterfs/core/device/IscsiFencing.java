package org.jclusterfs.core.device;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.scsi.PersistentReservations;
import org.jclusterfs.iscsi.scsi.PersistentReservations.FullStatus;
import org.jclusterfs.iscsi.scsi.PersistentReservations.Reservation;

/**
 * Fencing by persistent reservations of type 7: each node registers its key, and a key that is
 * preempted takes the right to write with it.
 *
 * <p>tgtd needs care (measured): it lacks PREEMPT AND ABORT, a new session is unregistered while
 * its old key stays listed, writes of a preempted node land for up to 10 ms more, and it must not
 * be made to preempt the registration that holds the reservation.
 *
 * <p>So does LIO (measured): it lists registrations by session, but keeps the right to write by
 * initiator name. What a killed daemon left registered keeps a new mount of its host from writing
 * while it holds the reservation, and takes the new mount's right along when it is preempted; the
 * new one then registers anew, see {@link #conflicted}. And a new registration would let an old
 * daemon write again that was stopped and fenced, see {@link InitiatorLock}.
 */
final class IscsiFencing implements Fencing {

  private static final System.Logger LOG = System.getLogger(IscsiFencing.class.getName());
  private static final int TYPE = PersistentReservations.WRITE_EXCLUSIVE_ALL_REGISTRANTS;
  private static final int ATTEMPTS = 5;
  private static final Path LOCKS = Path.of("/run/lock/jclusterfs");

  /** Five times what tgtd's writes in flight were seen to land late, in milliseconds. */
  private static final long WINDOW_MILLIS = 50;

  /** How long fencing is tried before the caller is told; a reconnect must fit in. */
  private static final long FENCE_NANOS = 30_000_000_000L;

  /** Vendor identification of tgtd, whose reservations do not stop UNMAP and WRITE SAME. */
  private static final String TGT = "IET";

  private final Lun lun;
  private final PersistentReservations reservations;
  private final boolean isTgt;
  private final AtomicBoolean checking = new AtomicBoolean();
  private volatile boolean aborts;
  private volatile FenceCheck fenceCheck;
  private volatile boolean fenced;
  private volatile String reason = "another node fenced this one";
  private volatile boolean registered;
  private final String initiator;
  private final Object renewals = new Object();
  private CompletableFuture<Boolean> renewal;
  private InitiatorLock lock;
  private long ownKey;

  IscsiFencing(Lun lun, String initiator) throws IOException {
    this.lun = lun;
    this.initiator = initiator;
    this.reservations = lun.reservations();
    isTgt = lun.inquiry().vendor().equals(TGT);
    // tgtd lists PREEMPT AND ABORT among its commands and then refuses it
    aborts = !isTgt && !Boolean.FALSE.equals(reservations.supportsPreemptAndAbort());
    lun.setPreemptionListener(this::somebodyPreempted);
  }

  /**
   * The target says that somebody was preempted: looks, on a thread of its own, whether it was this
   * node. Without that a node that only reads would learn it by its next write.
   */
  private void somebodyPreempted() {
    if (registered && !fenced && checking.compareAndSet(false, true)) {
      Thread thread = new Thread(this::checkRegistration, "iscsi-fence-check");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void checkRegistration() {
    try {
      boolean there = isListed(ownKey());
      FenceCheck check = fenceCheck;
      if (registered && (!there || check != null && !lun.preparing(check::stillMember))) {
        preempted();
      }
    } catch (Exception e) {
      // The write that meets the conflict, or the next connection's check, tells the same.
      LOG.log(System.Logger.Level.WARNING, "cannot check the registration: " + e.getMessage());
    } finally {
      checking.set(false);
    }
  }

  private synchronized long ownKey() {
    return ownKey;
  }

  void setFenceCheck(FenceCheck check) {
    fenceCheck = check;
  }

  boolean isFenced() {
    return fenced;
  }

  /** Why this node may not write any more, as a clause. */
  String reason() {
    return reason;
  }

  boolean isRegistered() {
    return registered;
  }

  boolean coversUnmap() {
    return !isTgt;
  }

  /**
   * A write met RESERVATION CONFLICT although this node is registered: it was fenced, or its right
   * went with another registration of its initiator name and is had again by registering anew.
   * Completes, on a thread of its own, with whether the write may be tried again.
   */
  CompletableFuture<Boolean> conflicted() {
    CompletableFuture<Boolean> result;
    // Never the monitor of this: an event loop may be here, and commands go on under that one.
    synchronized (renewals) {
      if (renewal != null && !renewal.isDone()) {
        return renewal;
      }
      result = new CompletableFuture<>();
      renewal = result;
    }
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(renew());
              } catch (Exception e) {
                LOG.log(System.Logger.Level.WARNING, "cannot register anew", e);
                result.completeExceptionally(e);
              }
            },
            "iscsi-register");
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  private synchronized boolean renew() throws Exception {
    if (!registered || fenced) {
      return false;
    }
    if (!reservations.readKeys().contains(ownKey) || !isStillMember()) {
      preempted();
      return false;
    }
    if (mayWrite()) {
      return true; // another conflict's renewal was in time for this one too
    }
    // From here until the fence block is read again the node stands there as a fenced one does.
    reservations.register(ownKey, 0);
    claim(ownKey);
    if (!isStillMember()) {
      preempted();
      reservations.register(ownKey, 0);
      return false;
    }
    boolean may = mayWrite();
    if (may) {
      LOG.log(
          System.Logger.Level.INFO,
          "registered anew: another registration of {0} was removed",
          initiator);
    }
    return may;
  }

  private boolean isStillMember() throws Exception {
    FenceCheck check = fenceCheck;
    return check == null || lun.preparing(check::stillMember);
  }

  private boolean mayWrite() throws IscsiException {
    try {
      lun.probeWrite();
      return true;
    } catch (ReservationConflictException e) {
      return false;
    }
  }

  /** What a write that was refused and could not be had by registering anew stands for. */
  WritesBlockedException blocked(Throwable cause) {
    return new WritesBlockedException(
        "the target does not let this mount write beside another one of the same initiator name, "
            + initiator
            + ", that is alive or not fenced yet; give each mount on a host a name of its own (-o"
            + " initiator=IQN) and let it in by the target's access list",
        cause);
  }

  /** The registration is gone. */
  void preempted() {
    if (!fenced) {
      LOG.log(System.Logger.Level.ERROR, "this node was fenced: its registration was preempted");
      fenced = true;
    }
  }

  @Override
  public synchronized boolean register(int slot, long key) throws IOException {
    if (key == 0 || key >>> 48 != slot) {
      throw new IllegalArgumentException("the key of slot " + slot + " does not name it");
    }
    if (lock == null && !isTgt) {
      lock = InitiatorLock.take(LOCKS, initiator, lun.session().target(), lun.number());
    }
    claim(key);
    for (long other : reservations.readKeys()) {
      if (other != key && other >>> 48 == slot) {
        reservations.register(key, 0);
        return false;
      }
    }
    lun.learnCaching();
    ownKey = key;
    registered = true;
    return true;
  }

  @Override
  public void requireWritable() throws IOException {
    if (!mayWrite()) {
      throw blocked(null);
    }
  }

  /** Registers the key once and sees to it that the reservation is held. */
  private void claim(long key) throws IscsiException {
    reservations.registerAndIgnore(key);
    if (Collections.frequency(reservations.readKeys(), key) > 1) {
      dropGhosts(key);
    }
    for (int attempt = 1; ; attempt++) {
      Reservation held = reservations.readReservation();
      if (held != null && held.type() == TYPE) {
        return;
      } else if (held != null) {
        throw new IscsiException(
            String.format(
                "somebody else holds the LUN reserved (type %d, key %x); no cluster of ours does"
                    + " that: find out who it is, or remove it with 'iscsi keys --clear'",
                held.type(), held.key()));
      }
      try {
        reservations.reserve(key, TYPE);
      } catch (ReservationConflictException e) {
        if (attempt == ATTEMPTS) {
          throw e; // lost the race against another node again and again: it releases, too
        }
      }
    }
  }

  /**
   * Removes registrations that ended sessions left under our key. For a moment the node stands
   * there under another one of the same slot; whoever preempts the first meanwhile has marked the
   * fence block before, and that is read afterwards.
   */
  private void dropGhosts(long key) throws IscsiException {
    long other = key ^ 1;
    reservations.register(key, other);
    takeReservationOver(other);
    reservations.preempt(other, key, TYPE);
    reservations.register(other, key);
  }

  @Override
  public synchronized void unregister(int slot, long key) throws IOException {
    if (!registered || key != ownKey) {
      return;
    }
    registered = false;
    try {
      if (Collections.frequency(reservations.readKeys(), key) > 1) {
        dropGhosts(key);
      }
      reservations.register(key, 0);
    } catch (ReservationConflictException e) {
      LOG.log(System.Logger.Level.INFO, "the registration was gone already");
    }
  }

  /** Runs after each reconnect, before commands pass. */
  void connectedAgain(boolean again) throws IscsiException {
    long key;
    synchronized (this) {
      key = registered ? ownKey : 0;
    }
    if (key == 0 || fenced) {
      return;
    }
    if (lun.capacity().writeCache() && !isListed(key)) {
      // A preempted node gets here too; its fence block would tell the same.
      reason =
          "the target has lost this node's registration: it was restarted, and writes that it had"
              + " acknowledged may have gone with its cache";
      LOG.log(System.Logger.Level.ERROR, "this node must not write any more: " + reason);
      fenced = true;
      return;
    }
    claim(key);
    FenceCheck check = fenceCheck;
    if (check == null) {
      return;
    }
    boolean member;
    try {
      member = lun.preparing(check::stillMember);
    } catch (Exception e) {
      throw IscsiBlockDevice.unwrap(e);
    }
    if (!member) {
      LOG.log(System.Logger.Level.ERROR, "this node was fenced while it was not connected");
      fenced = true;
      reservations.register(key, 0);
    }
  }

  /** Whether the target knows our key, or the other one that it has for a moment. */
  private boolean isListed(long key) throws IscsiException {
    List<Long> keys = reservations.readKeys();
    return keys.contains(key) || keys.contains(key ^ 1);
  }

  @Override
  public void fence(Victim victim) throws IOException {
    long own;
    synchronized (this) {
      own = ownKey;
      if (!registered || fenced) {
        throw new IOException("a node that is not registered cannot fence another");
      }
    }
    if (victim.key() == own) {
      throw new IllegalArgumentException("a node does not fence itself");
    }
    IOException last = null;
    boolean takenOver = false;
    long end = System.nanoTime() + FENCE_NANOS;
    while (last == null || System.nanoTime() - end < 0) {
      try {
        if (reservations.readKeys().contains(victim.key())) {
          preempt(own, victim.key());
        }
        pause();
        if (isVerified(own, victim.key())) {
          return;
        }
        last = new IOException("the victim's key is still registered");
      } catch (ReservationConflictException e) {
        last = e;
        // Once: until the new login has registered, what is sent meanwhile meets conflicts too.
        takenOver = takenOver || takeNexusOver(victim.key());
        for (int i = 0; i < 10; i++) {
          pause();
        }
      } catch (IscsiException e) {
        // A silent victim can cost us our own connection (LIO): look at the keys once it is back.
        last = e;
        for (int i = 0; i < 10; i++) {
          pause();
        }
      }
    }
    throw new IOException(
        String.format(
            "slot %d (key %x) could not be fenced: %s",
            victim.slot(), victim.key(), last.getMessage()),
        last);
  }

  /**
   * The victim holds the reservation under our initiator name, and LIO lets nothing pass that could
   * end that. Its process is dead, or it could not have our lock: we log in again as the session
   * that it was, and the registration that follows each login replaces its key by ours.
   */
  private boolean takeNexusOver(long victim) {
    List<FullStatus> all;
    try {
      all = lock == null ? null : reservations.readFullStatus();
    } catch (IscsiException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot read whose registrations there are", e);
      return false;
    }
    if (all == null) {
      return false;
    }
    for (FullStatus each : all) {
      if (each.key() == victim && each.initiator().equals(initiator) && each.isid() != null) {
        LOG.log(
            System.Logger.Level.INFO,
            "the fenced node holds the reservation under our initiator name: logging in as its"
                + " session, {0}",
            each.isid());
        lun.session().resumeAs(each.isid());
        return true;
      }
    }
    return false;
  }

  private void preempt(long own, long victim) throws IscsiException {
    if (aborts) {
      try {
        reservations.preemptAndAbort(own, victim, TYPE);
        return;
      } catch (ScsiException e) {
        if (!e.isUnsupported()) {
          throw e;
        }
        aborts = false;
      }
    }
    takeReservationOver(own);
    reservations.preempt(own, victim, TYPE);
  }

  /**
   * Makes this node the one that holds the reservation for all. tgtd frees a preempted registration
   * even where it is the holder's, and goes on using it: the next node to register is then told
   * that somebody reserved the LUN by type 0. For the moment between the two commands nodes that
   * were fenced before could write.
   */
  private void takeReservationOver(long own) throws IscsiException {
    if (isTgt) {
      reservations.release(own, TYPE);
      reservations.reserve(own, TYPE);
    }
  }

  private boolean isVerified(long own, long victim) throws IOException {
    List<Long> keys = reservations.readKeys();
    if (keys.contains(victim)) {
      return false;
    }
    Reservation held = reservations.readReservation();
    if (held == null || held.type() != TYPE) {
      throw new IOException(
          "the LUN is not reserved any more, so the fenced node may write; somebody cleared the"
              + " reservation");
    }
    if (!keys.contains(own)) {
      if (keys.contains(own ^ 1)) {
        return false; // a login of ours registers just now
      }
      preempted();
      throw new IOException("this node itself was fenced");
    }
    return true;
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(WINDOW_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public List<Long> keysOf(int slot) throws IOException {
    return reservations.readKeys().stream().filter(key -> key >>> 48 == slot).distinct().toList();
  }

  /** Lets other processes of this host have the initiator name; after the session's end. */
  synchronized void close() {
    if (lock != null) {
      lock.close();
      lock = null;
    }
  }

  @Override
  public String describe() {
    if (aborts && !isTgt) {
      return "SCSI-3 persistent reservations (PREEMPT AND ABORT)";
    }
    return "SCSI-3 persistent reservations, PREEMPT only: weaker, since the target has no PREEMPT"
        + " AND ABORT; writes of a fenced node may land for some milliseconds, which are waited"
        + " out"
        + (isTgt ? "; discard is off, for reservations do not stop it there" : "");
  }

  @Override
  public boolean supportsCluster() {
    return true;
  }
}
