package org.jclusterfs.core.device;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.multipath.PathRefusedException;
import org.jclusterfs.iscsi.scsi.Disk;
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
 *
 * <p>With several paths the key is registered on each before its first request, at reconnects too,
 * and a path on which a key that another one registered is not seen is refused: its target keeps
 * reservations of its own, so a node that is fenced by one path could write by the other. Of the
 * sessions of one initiator name LIO lets only that one write that holds the reservation, if any of
 * them does: each path is probed, and those that may not write are left to reads.
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

  private final Disk disk;
  private final IscsiUrl url;
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
  private final List<InitiatorLock> locks = new ArrayList<>();
  private long ownKey;

  IscsiFencing(Disk disk, IscsiUrl url, String initiator) throws IOException {
    this.disk = disk;
    this.url = url;
    this.initiator = initiator;
    isTgt = disk.inquiry().vendor().equals(TGT);
    // tgtd lists PREEMPT AND ABORT among its commands and then refuses it
    aborts = !isTgt && !Boolean.FALSE.equals(reservations().supportsPreemptAndAbort());
    disk.setPreparation(this::connected);
    disk.nexuses().forEach(nexus -> nexus.setPreemptionListener(this::somebodyPreempted));
  }

  /** A nexus that is connected; one that may write where there is one. */
  private Lun nexus() throws IscsiException {
    List<Lun> all = disk.nexuses();
    if (all.isEmpty()) {
      throw new ConnectionLostException("no path to the LUN is up");
    }
    return all.get(0);
  }

  private PersistentReservations reservations() throws IscsiException {
    return nexus().reservations();
  }

  /** All keys, by whatever path tells them. */
  private List<Long> readKeys() throws IscsiException {
    ConnectionLostException last = new ConnectionLostException("no path to the LUN is up");
    for (Lun nexus : disk.nexuses()) {
      try {
        return nexus.reservations().readKeys();
      } catch (ConnectionLostException e) {
        last = e;
      }
    }
    throw last;
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
      boolean there = isListed(readKeys(), ownKey());
      if (registered && (!there || !isStillMember())) {
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
    if (!readKeys().contains(ownKey) || !isStillMember()) {
      preempted();
      return false;
    }
    if (mayWriteBySome()) {
      return true; // another conflict's renewal was in time for this one too, or another path may
    } else if (disk.inheritRight()) {
      return true; // and the command waits until a path has it
    }
    for (Lun nexus : disk.nexuses()) {
      if (renew(nexus)) {
        return true;
      } else if (fenced) {
        return false;
      }
    }
    return false;
  }

  private boolean renew(Lun nexus) throws Exception {
    // From here until the fence block is read again the node stands there as a fenced one does.
    unregister(nexus, ownKey);
    claim(nexus, ownKey);
    if (!isStillMember()) {
      preempted();
      unregister(nexus, ownKey);
      return false;
    }
    boolean may = mayWriteBySome();
    if (may) {
      LOG.log(
          System.Logger.Level.INFO,
          "registered anew: another registration of {0} was removed",
          initiator);
    }
    return may;
  }

  private static void unregister(Lun nexus, long key) throws IscsiException {
    try {
      nexus.reservations().register(key, 0);
    } catch (ReservationConflictException e) {
      LOG.log(System.Logger.Level.DEBUG, "it was not registered", e);
    }
  }

  private boolean isStillMember() throws Exception {
    FenceCheck check = fenceCheck;
    return check == null || disk.preparing(nexus(), check::stillMember);
  }

  /** Probes all paths; tells whether one may write. */
  private boolean mayWriteBySome() throws IscsiException {
    boolean some = false;
    for (Lun nexus : disk.nexuses()) {
      some |= mayWrite(nexus);
    }
    return some;
  }

  private boolean mayWrite(Lun nexus) throws IscsiException {
    boolean may = true;
    try {
      nexus.probeWrite();
    } catch (ReservationConflictException e) {
      may = false;
    } catch (ConnectionLostException e) {
      if (!disk.hasSeveralPaths()) {
        throw e;
      }
      return false; // it is probed when it is back
    }
    disk.setWritable(nexus, may);
    return may;
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
    if (locks.isEmpty() && !isTgt) {
      for (String target : url.targets()) {
        InitiatorLock lock = InitiatorLock.take(LOCKS, initiator, target, url.lun());
        if (lock != null) {
          locks.add(lock);
        }
      }
    }
    Lun first = nexus();
    claim(first, key);
    for (long other : first.reservations().readKeys()) {
      if (other != key && other >>> 48 == slot) {
        first.reservations().register(key, 0);
        return false;
      }
    }
    first.learnCaching();
    ownKey = key;
    registered = true;
    for (Lun nexus : disk.nexuses()) {
      if (nexus != first) {
        registerToo(nexus, first, key);
      }
    }
    if (disk.hasSeveralPaths()) {
      mayWriteBySome();
    }
    return true;
  }

  /** Registers by another path than the first. */
  private void registerToo(Lun nexus, Lun first, long key) throws IscsiException {
    try {
      if (nexus.reservations().readKeys().contains(key)) {
        claim(nexus, key);
        nexus.learnCaching();
      } else {
        disk.refuse(nexus, notSeen(first));
      }
    } catch (ConnectionLostException e) {
      LOG.log(System.Logger.Level.DEBUG, "registers when it is connected again", e);
    }
  }

  private static String notSeen(Lun by) {
    return "a reservation key that was registered by "
        + by.session().where()
        + " is not seen there: its target keeps keys of its own, and a node that was fenced by one"
        + " path could write by the other; give the targets that share them only";
  }

  @Override
  public void requireWritable() throws IOException {
    if (!mayWriteBySome()) {
      throw blocked(null);
    }
  }

  /** Registers the key on a nexus once and sees to it that the reservation is held. */
  private void claim(Lun nexus, long key) throws IscsiException {
    PersistentReservations reservations = nexus.reservations();
    reservations.registerAndIgnore(key);
    // With several paths the key stands there once for each; what ended sessions left beside them
    // harms nobody, since it is preempted with the rest, and goes when the node unregisters.
    if (!disk.hasSeveralPaths() && Collections.frequency(reservations.readKeys(), key) > 1) {
      dropGhosts(reservations, key);
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
   * Removes the registrations under our key but that of one nexus: those that ended sessions left,
   * and other paths'. For a moment the node stands there under another one of the same slot;
   * whoever preempts the first meanwhile has marked the fence block before, and that is read
   * afterwards.
   */
  private void dropGhosts(PersistentReservations reservations, long key) throws IscsiException {
    long other = key ^ 1;
    reservations.register(key, other);
    takeReservationOver(reservations, other);
    reservations.preempt(other, key, TYPE);
    reservations.register(other, key);
  }

  @Override
  public synchronized void unregister(int slot, long key) throws IOException {
    if (!registered || key != ownKey) {
      return;
    }
    registered = false;
    Lun last = nexus();
    try {
      if (Collections.frequency(last.reservations().readKeys(), key) > 1) {
        dropGhosts(last.reservations(), key);
      }
      last.reservations().register(key, 0);
    } catch (ReservationConflictException e) {
      LOG.log(System.Logger.Level.INFO, "the registration was gone already");
    }
    for (Lun nexus : disk.nexuses()) {
      if (nexus != last) {
        unregister(nexus, key); // where the above could not
      }
    }
  }

  /** Whether the fence block names this node; false also where that cannot be read. */
  private boolean isMarkedFenced(Lun nexus) {
    FenceCheck check = fenceCheck;
    try {
      return check != null && !disk.preparing(nexus, check::stillMember);
    } catch (Exception e) {
      LOG.log(System.Logger.Level.DEBUG, "the fence block cannot be read", e);
      return false;
    }
  }

  /** Runs on each connection of a path before its commands pass. */
  private void connected(Lun nexus, boolean again) throws IscsiException {
    nexus.setPreemptionListener(this::somebodyPreempted);
    long key;
    synchronized (this) {
      key = registered ? ownKey : 0;
    }
    if (key == 0 || fenced) {
      return;
    }
    if (!isListed(nexus, key)) {
      Lun other = seenBy(nexus, key);
      if (other != null && !isListed(nexus, key)) {
        throw new PathRefusedException(
            "path " + nexus.session().where() + " is refused: " + notSeen(other));
      } else if (other == null && disk.capacity().writeCache()) {
        // A preempted node gets here too.
        if (!isMarkedFenced(nexus)) {
          reason =
              "the target has lost this node's registration: it was restarted, and writes that it"
                  + " had acknowledged may have gone with its cache";
        }
        LOG.log(System.Logger.Level.ERROR, "this node must not write any more: " + reason);
        fenced = true;
        return;
      }
    }
    claim(nexus, key);
    FenceCheck check = fenceCheck;
    boolean member;
    try {
      member = check == null || disk.preparing(nexus, check::stillMember);
    } catch (Exception e) {
      throw IscsiBlockDevice.unwrap(e);
    }
    if (!member) {
      LOG.log(System.Logger.Level.ERROR, "this node was fenced while it was not connected");
      fenced = true;
      nexus.reservations().register(key, 0);
    } else if (disk.hasSeveralPaths()) {
      nexus.learnCaching();
      mayWrite(nexus);
    }
  }

  /** Another path that sees our registration, or null. */
  private Lun seenBy(Lun nexus, long key) {
    for (Lun other : disk.nexuses()) {
      try {
        if (other != nexus && isListed(other, key)) {
          return other;
        }
      } catch (IscsiException e) {
        LOG.log(System.Logger.Level.DEBUG, "cannot be asked", e);
      }
    }
    return null;
  }

  private static boolean isListed(Lun nexus, long key) throws IscsiException {
    return isListed(nexus.reservations().readKeys(), key);
  }

  /** Whether the target knows our key, or the other one that it has for a moment. */
  private static boolean isListed(List<Long> keys, long key) {
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
        if (readKeys().contains(victim.key())) {
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
      all = locks.isEmpty() ? null : reservations().readFullStatus();
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
        for (Lun nexus : disk.nexuses()) {
          nexus.session().resumeAs(each.isid());
          return true;
        }
      }
    }
    return false;
  }

  private void preempt(long own, long victim) throws IscsiException {
    PersistentReservations reservations = reservations();
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
    takeReservationOver(reservations, own);
    reservations.preempt(own, victim, TYPE);
  }

  /**
   * Makes this node the one that holds the reservation for all. tgtd frees a preempted registration
   * even where it is the holder's, and goes on using it: the next node to register is then told
   * that somebody reserved the LUN by type 0. For the moment between the two commands nodes that
   * were fenced before could write.
   */
  private void takeReservationOver(PersistentReservations reservations, long own)
      throws IscsiException {
    if (isTgt) {
      reservations.release(own, TYPE);
      reservations.reserve(own, TYPE);
    }
  }

  private boolean isVerified(long own, long victim) throws IOException {
    List<Long> keys = readKeys();
    if (keys.contains(victim)) {
      return false;
    }
    Reservation held = reservations().readReservation();
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
    return readKeys().stream().filter(key -> key >>> 48 == slot).distinct().toList();
  }

  /** Lets other processes of this host have the initiator name; after the session's end. */
  synchronized void close() {
    locks.forEach(InitiatorLock::close);
    locks.clear();
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
