package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jclusterfs.core.alloc.HeldGroup;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.inode.Removal;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.core.xattr.XattrStore;
import org.jclusterfs.dlm.LockMode;

/**
 * Frees inodes that lost their last name, in the background, once no node has them open.
 *
 * <p>Who holds an inode's open lock EX knows that nobody has it open. An inode is freed only after
 * its block without links is in place on the device: whoever still knows its number finds it gone,
 * and never an older state.
 */
final class Reclaimer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Reclaimer.class.getName());
  private static final long FIRST_DELAY_MILLIS = 100;
  private static final long LONGEST_DELAY_MILLIS = 10_000;
  private static final long RETRY_MILLIS = 10;
  private static final long OPEN_LOCK_MILLIS = 300;
  private static final long NOBODY = 0;
  private static final int LONGEST_DRAIN = 10;

  private final VolumeState volume;
  private final Orphans orphans;
  private final DelayQueue<Task> queue = new DelayQueue<>();

  /** Orphans that this node had open when it came to free them, with their slots. */
  private final Map<Long, Integer> openOrphans = new ConcurrentHashMap<>();

  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "reclaim-timer");
            thread.setDaemon(true);
            return thread;
          });
  private final Thread worker = new Thread(this::work, "reclaim");
  private final AtomicInteger pending = new AtomicInteger();
  private final AtomicLong added = new AtomicLong();
  private final AtomicLong pendingBlocks = new AtomicLong();
  private volatile boolean stopping;

  Reclaimer(VolumeState volume, Orphans orphans) {
    this.volume = volume;
    this.orphans = orphans;
    worker.setDaemon(true);
  }

  private static final class Task implements Delayed {
    private final long number;
    private final int slot;
    private final long blocks;
    private final long delayMillis;
    private final long due;

    /**
     * A task.
     *
     * @param slot the one whose orphan directory names the inode
     * @param blocks what will be free for sure, for statfs
     */
    Task(long number, int slot, long blocks, long delayMillis) {
      this.number = number;
      this.slot = slot;
      this.blocks = blocks;
      this.delayMillis = delayMillis;
      this.due = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(delayMillis);
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(due - ((Task) other).due, 0);
    }

    Task now() {
      return new Task(number, slot, blocks, 0);
    }

    /** Some other node may have it open: for how long nobody knows. */
    Task later() {
      return new Task(
          number, slot, 0, Math.min(LONGEST_DELAY_MILLIS, Math.max(RETRY_MILLIS, 2 * delayMillis)));
    }
  }

  void start() {
    worker.start();
  }

  /** An inode lost its last name just now; the caller has its lock. */
  void enqueue(HeldInode inode) {
    long blocks = inode.inode().opens() > 0 ? 0 : 1 + InodeBlock.blocks(inode.buffer());
    added.incrementAndGet();
    add(new Task(inode.number(), volume.slot(), blocks, FIRST_DELAY_MILLIS));
  }

  /** Blocks that unlinked inodes have which are about to be freed. */
  long pendingBlocks() {
    return pendingBlocks.get();
  }

  /** Inodes that wait to be freed; those open on this node not counted. */
  int pending() {
    return pending.get();
  }

  /** How often an inode came to those that wait. */
  long added() {
    return added.get();
  }

  /**
   * The last open of an inode ended on this node.
   *
   * @param orphanSlot the slot whose orphan directory names it where it has no name left, as far as
   *     the inode's block in memory tells; else -1
   */
  void lastClosed(Inode inode, int orphanSlot) {
    Integer met = openOrphans.remove(inode.number());
    int slot = orphanSlot < 0 && met != null ? met : orphanSlot;
    if (slot >= 0) {
      added.incrementAndGet();
      add(new Task(inode.number(), slot, 0, 0));
    }
  }

  /** An {@link #adopt} will follow for sure: the end of the mount waits for it. */
  void expectAdoption() {
    pending.incrementAndGet();
  }

  /** Takes over what an orphan directory names: after a crash, or of a slot that died. */
  void adopt(int slot) throws IOException, LockUnavailableException, FsException {
    try {
      addNamed(slot);
    } finally {
      pending.decrementAndGet();
    }
  }

  private void addNamed(int slot) throws IOException, LockUnavailableException, FsException {
    List<Long> found = new ArrayList<>();
    try (HeldInode directory =
        HeldInode.acquire(volume, volume.orphanDirectories()[slot], LockMode.PR)) {
      directory
          .entries()
          .list(
              0,
              entry -> {
                found.add(Orphans.numberOf(entry.name()));
                return true;
              });
    }
    found.forEach(number -> add(new Task(number, slot, 0, FIRST_DELAY_MILLIS)));
  }

  /** Frees now what can be freed of this node's own orphans. */
  void drain(long millis) {
    drain(millis, List.of());
  }

  /**
   * Frees now what can be freed: the mount ends.
   *
   * @param millis gives up when nothing was freed for so long
   * @param unheld slots that no node holds: who recovered one may have died before it adopted all
   */
  void drain(long millis, List<Integer> unheld) {
    try {
      // What this node had open until now waits for no release any more.
      addNamed(volume.slot());
      for (int slot : unheld) {
        addNamed(slot);
      }
    } catch (IOException | LockUnavailableException | FsException e) {
      LOG.log(System.Logger.Level.WARNING, "unlinked inodes stay for the next mount: " + e);
      return;
    }
    long patience = TimeUnit.MILLISECONDS.toNanos(millis);
    long end = System.nanoTime() + LONGEST_DRAIN * patience;
    long deadline = System.nanoTime() + patience;
    int fewest = pending.get();
    while (pending.get() > 0 && System.nanoTime() < Math.min(end, deadline)) {
      if (pending.get() < fewest) {
        fewest = pending.get();
        deadline = System.nanoTime() + patience;
      }
      try {
        hasten();
        TimeUnit.MILLISECONDS.sleep(5);
      } catch (IOException e) {
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** Lets nothing wait any longer that need not. */
  void hasten() throws IOException {
    volume.transactions().journal().writeBackAll();
    for (Task task : queue.toArray(new Task[0])) {
      if (queue.remove(task)) {
        queue.add(task.now());
      }
    }
  }

  private void add(Task task) {
    pending.incrementAndGet();
    pendingBlocks.addAndGet(task.blocks);
    queue.add(task);
  }

  private void work() {
    while (!stopping) {
      try {
        Task task = queue.take();
        pendingBlocks.addAndGet(-task.blocks);
        try {
          if (task.number != NOBODY && !reclaim(task.number, task.slot)) {
            add(task.later());
          }
        } finally {
          pending.decrementAndGet();
        }
      } catch (InterruptedException e) {
        return;
      } catch (FsException | LockUnavailableException | IOException | RuntimeException e) {
        if (!stopping) {
          LOG.log(System.Logger.Level.WARNING, "an unlinked inode stays for now: " + e, e);
        }
      }
    }
  }

  /**
   * Frees one inode; false where somebody has it open or it is too early. Whether it is an orphan
   * still its directory tells: what was freed may be data by now, or another inode.
   */
  private boolean reclaim(long number, int slot)
      throws IOException, LockUnavailableException, FsException {
    Inode inode = volume.inodes().get(number);
    if (isOpenHere(inode, slot)) {
      return true;
    }
    if (!volume.transactions().journal().isWrittenBack(inode.scope().tag())) {
      return false;
    }
    try (LockHolder open = exclusiveOpen(inode)) {
      if (open == null) {
        return isOpenHere(inode, slot);
      }
      // Before the use ends: who opens an inode that is made at this number is not to do it in EX.
      volume.locks().giveBack(inode.openLock());
      try (HeldInode directory = orphans.naming(slot)) {
        free(directory, inode, slot);
      }
    }
    return true;
  }

  /** If so, the last release comes back to it. */
  private boolean isOpenHere(Inode inode, int slot) {
    if (inode.opens() == 0) {
      return false;
    }
    openOrphans.put(inode.number(), slot);
    return inode.opens() > 0 || openOrphans.remove(inode.number()) == null;
  }

  private LockHolder exclusiveOpen(Inode inode) throws LockUnavailableException {
    LockHolder now = volume.locks().tryAcquire(inode.openLock(), LockMode.EX);
    if (now != null || inode.opens() > 0 || stopping) {
      return now;
    }
    DeadlineCancellation deadline = new DeadlineCancellation();
    var end = timer.schedule(deadline::expire, OPEN_LOCK_MILLIS, TimeUnit.MILLISECONDS);
    try {
      return volume.locks().acquire(inode.openLock(), LockMode.EX, deadline);
    } catch (LockUnavailableException e) {
      if (e.reason() == LockUnavailableException.Reason.CANCELLED) {
        return null;
      }
      throw e;
    } finally {
      end.cancel(false);
    }
  }

  private void free(HeldInode directory, Inode inode, int slot)
      throws IOException, LockUnavailableException, FsException {
    byte[] name = Orphans.nameOf(inode.number());
    DirectoryTree entries = directory.entries();
    if (entries.lookup(name) == null) {
      return;
    }
    try (HeldInode held =
        HeldInode.of(volume, inode, volume.locks().acquire(inode.lock(), LockMode.EX))) {
      if (InodeBlock.linkCount(held.buffer()) != 0
          || InodeBlock.orphanSlot(held.buffer()) != slot + 1) {
        return;
      }
      removeContent(held);
      try (HeldGroup group = volume.groups().hold(inode.region());
          Transaction tx =
              volume.transactions().begin(2 + entries.blocksTouchedByInsert() + group.credits(1))) {
        directory.modify(tx);
        entries.remove(tx, name);
        long version = held.block().version();
        tx.free(inode.scope(), inode.number());
        group.freeInode(tx, inode.number(), version);
        tx.complete();
      }
      inode.drop();
    }
  }

  private void removeContent(HeldInode held)
      throws IOException, LockUnavailableException, FsException {
    Inode inode = held.inode();
    XattrStore xattrs = new XattrStore(held.block(), inode.scope(), volume.store());
    volume.space().removeNodes(inode, xattrs.planFreeAll());
    if (held.isDirectory()) {
      boolean complete = false;
      while (!complete) {
        Removal removal = held.entries().planFreeAll();
        complete = removal.complete();
        volume.space().removeNodes(inode, removal);
      }
    } else {
      volume.space().removeAll(inode);
    }
  }

  @Override
  public void close() {
    stopping = true;
    // No interrupt: it would end an operation half way.
    add(new Task(NOBODY, 0, 0, 0));
    try {
      worker.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    timer.shutdownNow();
  }
}
