package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jclusterfs.core.cluster.SlotInfo.Claimant;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.status.ClusterStatus;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;
import org.jclusterfs.dlm.transport.ClusterTransport;
import org.jclusterfs.dlm.transport.NodeIdentity;

/**
 * This process as a member of a volume's cluster, from its slot to its leave.
 *
 * <p>{@link #join} claims a slot and starts the heartbeat; the slot's journal is clean then. {@link
 * #start} waits until the node is in a view and every dead node's journal is replayed; before it
 * returns nothing of the volume may be read or written but the own journal. {@link #close} leaves
 * in order; {@link #withdraw} stops at once and leaves the journal to the peers. Thread-safe.
 */
public final class ClusterNode implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(ClusterNode.class.getName());

  private static final int JOINING_SCAN_MILLIS = 150;
  private static final int MEMBER_SCAN_MILLIS = 400;
  private static final int HAND_OVER_MILLIS = 3000;
  private static final int SCAN_MILLIS_PER_SLOT = 20;

  private final SlotArea area;
  private final SlotClaim claim;
  private final JoinOptions options;
  private final Lease lease;
  private final MembershipDriver membership;
  private final ClusterTransport transport;
  private final HeartbeatWriter heartbeat;
  private final EngineDriver engine;
  private final DlmLocks locks;
  private final NodeRecovery recovery;
  private final ExecutorService workers;
  private final ScheduledThreadPoolExecutor control;
  private final CompletableFuture<Void> admitted = new CompletableFuture<>();
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile Consumer<Throwable> onWithdraw = cause -> {};
  private final LongAdder lockMessages = new LongAdder();
  private volatile Throwable cause;

  private ClusterNode(
      SlotArea area, SlotClaim claim, JoinOptions options, Recovery recovery, SlotChooser chooser) {
    this.area = area;
    this.claim = claim;
    this.options = options;
    SlotInfo info = claim.info();
    int threshold = area.volume().thresholdMillis();
    Member self = new Member(info.slot(), info.incarnation());
    lease = new Lease(threshold);
    area.device().setWriteGate(lease);
    this.recovery = new NodeRecovery(area, info.slot(), recovery, chooser.recovered());
    workers = Executors.newCachedThreadPool(task -> daemon(task, "jclusterfs-recovery"));
    control =
        new ScheduledThreadPoolExecutor(
            1, task -> daemon(task, "jclusterfs-members-" + info.slot()));
    membership =
        new MembershipDriver(
            self,
            threshold,
            lease,
            new MembershipWork(),
            reason -> later(() -> withdraw(new IOException(reason))));
    transport =
        new ClusterTransport(
            new NodeIdentity(
                area.volume().uuid(), info.slot(), info.incarnation(), area.volume().secret()),
            membership);
    engine =
        new EngineDriver(
            info.slot(), this::send, this::rebuilt, broken -> later(() -> withdraw(broken)));
    membership.use(engine, transport);
    locks =
        new DlmLocks(
            engine,
            inode -> (int) Math.max(0, area.volume().geometry().groupOf(inode)),
            lease::mayWrite,
            failure -> later(() -> withdraw(failure)));
    heartbeat =
        new HeartbeatWriter(area, info, membership, fenced -> later(() -> withdraw(fenced)));
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Claims a slot, recovers the volume first where all who had it mounted are dead, and starts the
   * heartbeat.
   *
   * @throws VolumeInUseException if there is no free slot or a tool has the volume
   * @throws IOException with a message for the user, if that was not possible
   */
  public static ClusterNode join(
      BlockDevice device, ClusterVolume volume, JoinOptions options, Recovery recovery)
      throws IOException {
    SlotArea area = new SlotArea(device, volume);
    SlotChooser chooser =
        new SlotChooser(area, options.claimant(List.of(), 0), recovery, options.slot());
    SlotClaim claim = chooser.choose();
    ClusterNode node = new ClusterNode(area, claim, options, recovery, chooser);
    try {
      // First: the lease runs already, and on a busy host it takes its time to listen.
      node.heartbeat.start();
      node.listen();
    } catch (IOException | RuntimeException e) {
      node.endThreads();
      claim.release();
      throw e;
    }
    LOG.log(
        System.Logger.Level.INFO,
        "{0}: claimed slot {1}, fencing by {2}",
        device.description(),
        claim.info().slot(),
        device.fencing().describe());
    return node;
  }

  private void listen() throws IOException {
    String address = options.address();
    // The wildcard: peers reach us by any of the addresses that the descriptor names.
    transport.start(
        address == null ? new InetSocketAddress(0).getAddress() : InetAddress.getByName(address),
        options.port());
    List<String> addresses =
        address != null
            ? List.of(InetAddress.getByName(address).getHostAddress())
            : area.device().localAddresses().stream()
                .map(InetAddress::getHostAddress)
                .distinct()
                .limit(org.jclusterfs.core.format.SlotDescriptor.MAX_ADDRESSES)
                .toList();
    Claimant claimant = options.claimant(addresses, transport.port());
    claim.publish(claimant);
  }

  /** The slot that this node holds, with the place of its journal and its orphan directory. */
  public SlotInfo slot() {
    return claim.info();
  }

  /** The locks; usable from {@link #start} on. */
  public ClusterLocks locks() {
    return locks;
  }

  private void send(int slot, ByteBuffer message) {
    lockMessages.increment();
    transport.send(slot, message);
  }

  /** This node among the others, as it sees them now. */
  public ClusterStatus status() {
    ClusterVolume volume = area.volume();
    View view = membership.view();
    Throwable stopped = cause;
    return new ClusterStatus(
        true,
        slot().slot(),
        stopped == null ? null : String.valueOf(stopped.getMessage()),
        view == null ? 0 : view.number(),
        volume.thresholdMillis(),
        volume.selfStopMillis(),
        volume.beatMillis(),
        area.device().fencing().describe(),
        lockMessages.sum(),
        membership.slots(volume.thresholdMillis()));
  }

  /** The members of the present view by slot; empty before the first. */
  public List<Integer> members() {
    View view = membership.view();
    return view == null ? List.of() : view.members().stream().map(Member::slot).toList();
  }

  /** Sets what is told once, from a thread of its own, if this node has to stop. */
  public void onWithdraw(Consumer<Throwable> listener) {
    onWithdraw = listener;
  }

  /**
   * Enters the cluster and waits until locks are granted.
   *
   * @throws IOException if the cluster does not admit this node in time
   */
  public void start() throws IOException {
    int threshold = area.volume().thresholdMillis();
    control.scheduleWithFixedDelay(
        guarded(membership::tick), 0, Math.max(50, threshold / 12), TimeUnit.MILLISECONDS);
    Thread scanner = daemon(this::scan, "jclusterfs-scan-" + slot().slot());
    scanner.start();
    try {
      admitted.get(2L * threshold + options.joinTimeoutMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException(
          "slot " + slot().slot() + " was not admitted: " + e.getCause().getMessage(),
          e.getCause());
    } catch (TimeoutException e) {
      throw new IOException(
          area.device().description()
              + ": the other nodes did not admit slot "
              + slot().slot()
              + " in time; check that they can be reached ("
              + VolumeUsage.holders(area.slots().stream().filter(s -> !s.isFree()).toList())
              + ")");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while joining the cluster");
    }
  }

  private void scan() {
    while (!ended.get()) {
      try {
        long startedAt = BootClock.nanoTime();
        List<SlotInfo> slots = area.slots();
        membership.scanned(startedAt, slots, area.beats());
      } catch (IOException e) {
        if (!ended.get()) {
          LOG.log(System.Logger.Level.WARNING, "slots cannot be read: {0}", e.getMessage());
        }
      } catch (RuntimeException e) {
        later(() -> withdraw(e));
        return;
      }
      try {
        Thread.sleep(
            admitted.isDone()
                ? scanMillis()
                : Math.min(JOINING_SCAN_MILLIS, area.volume().beatMillis()));
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  // With the engine's mutex held.
  private void rebuilt(long viewNumber) {
    later(() -> membership.engineRecovered(viewNumber));
  }

  /**
   * A joining node waits until the members have seen its slot; so they look more often than they
   * beat, unless there are so many slots that reading them would weigh.
   */
  private int scanMillis() {
    int slots = area.volume().geometry().slotCount();
    return Math.min(
        area.volume().beatMillis(), Math.max(MEMBER_SCAN_MILLIS, slots * SCAN_MILLIS_PER_SLOT));
  }

  private Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        later(() -> withdraw(e));
      }
    };
  }

  private void later(Runnable task) {
    try {
      workers.execute(task);
    } catch (RejectedExecutionException ignored) {
      // The node has ended.
    }
  }

  /** What the membership asks for, each in a thread of its own. */
  private final class MembershipWork implements MembershipDriver.Work {
    @Override
    public void fence(Member victim) {
      later(() -> membership.fenced(victim, recovery.fence(victim)));
    }

    @Override
    public void replay(Member dead) {
      later(() -> membership.replayed(dead, recovery.replay(dead)));
    }

    @Override
    public void unblocked(View view) {
      admitted.complete(null);
      later(recovery::adoptOrphans);
    }

    @Override
    public void publish() {
      heartbeat.hurry();
    }
  }

  /**
   * Stops this node: nothing is written any more, all waiters fail, and the journal is left to a
   * peer. Idempotent.
   */
  public void withdraw(Throwable reason) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    lease.close();
    LOG.log(
        System.Logger.Level.ERROR,
        area.device().description()
            + ": slot "
            + slot().slot()
            + " withdraws: "
            + reason.getMessage()
            + "; operations fail with EIO from now on: unmount and mount again",
        reason instanceof IOException ? null : reason);
    locks.withdraw();
    cause = reason;
    admitted.completeExceptionally(reason);
    Consumer<Throwable> listener = onWithdraw;
    daemon(this::endThreads, "jclusterfs-end").start();
    // Beside it: what the kernel caches is out of date, and must not wait for a silent device.
    daemon(() -> listener.accept(reason), "jclusterfs-withdraw").start();
  }

  /** Why this node withdrew, or null. */
  public Throwable withdrawn() {
    return cause;
  }

  private void endThreads() {
    membership.stop();
    heartbeat.close();
    transport.close();
    control.shutdownNow();
    workers.shutdown();
  }

  /**
   * Gives all locks back, leaves the view and frees the slot, whose journal the caller has made
   * clean. Where the node withdrew, only its threads end.
   */
  @Override
  public void close() throws IOException {
    if (ended.get()) {
      return;
    }
    locks.close();
    if (cause != null) {
      return;
    }
    handOver();
    membership.leave();
    try {
      membership.whenLeft().get(area.volume().thresholdMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | java.util.concurrent.CancellationException e) {
      // Its locks are given back and its slot is freed: the others see that.
      LOG.log(System.Logger.Level.WARNING, "slot {0}: the others did not confirm", slot().slot());
    }
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    // Whoever takes over may read the same journal as soon as this node's slot is free.
    recovery.end();
    endThreads();
    if (!lease.mayWrite()) {
      throw new IOException(
          area.device().description()
              + ": slot "
              + slot().slot()
              + " lost its lease while leaving");
    }
    heartbeat.writeDown();
    claim.release();
  }

  /** Others who use regions that this node masters get them whole; else they would rebuild them. */
  private void handOver() {
    if (membership.view() == null) {
      return;
    }
    try {
      engine.handOver().get(HAND_OVER_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "slot {0}: the others did not take over its lock regions in time and rebuild them",
          slot().slot());
    }
  }

  /** Ends all activity without a word, as a crash does; for tests. */
  void crash() {
    ended.set(true);
    lease.close();
    endThreads();
    locks.withdraw();
  }
}
