package org.jclusterfs.core.inode;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Iterator;
import java.util.concurrent.ConcurrentHashMap;
import org.jclusterfs.core.alloc.ResourceGroups;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.txn.Transactions;
import org.jclusterfs.dlm.LockMode;

/**
 * The inodes that this node has in memory. Thread-safe.
 *
 * <p>There is never more than one object for a number, since what is cached and who has it open
 * hangs on it: an inode that is let go stays known for as long as some thread or handle refers to
 * it.
 */
public final class InodeTable {
  /** Inodes in memory past which unused ones are let go. */
  private static final int SOFT_LIMIT = 60_000;

  private static final int SWEEP = 6_000;

  private final ConcurrentHashMap<Long, Inode> inodes = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Long, Fading> fading = new ConcurrentHashMap<>();
  private final ReferenceQueue<Inode> gone = new ReferenceQueue<>();
  private final ResourceGroups groups;
  private final DataCache memory;
  private final BlockDevice device;

  private static final class Fading extends WeakReference<Inode> {
    private final long number;

    Fading(Inode inode, ReferenceQueue<Inode> gone) {
      super(inode, gone);
      this.number = inode.number();
    }
  }

  /** Makes an empty table. */
  public InodeTable(ResourceGroups groups, DataCache memory, BlockDevice device) {
    this.groups = groups;
    this.memory = memory;
    this.device = device;
  }

  /** The inode with a number, in memory from now on; whether it exists on disk is not looked at. */
  public Inode get(long number) {
    Inode inode = inodes.get(number);
    return inode != null ? inode : inodes.computeIfAbsent(number, this::revive);
  }

  private Inode revive(long number) {
    Fading reference = fading.remove(number);
    Inode known = reference == null ? null : reference.get();
    return known != null ? known : new Inode(number, groups.groupOf(number), memory, device);
  }

  /** The inode if it is in memory, else null. */
  public Inode peek(long number) {
    Inode inode = inodes.get(number);
    return inode != null || !fading.containsKey(number) ? inode : get(number);
  }

  /** All of them, weakly consistent. */
  public Iterable<Inode> all() {
    return inodes.values();
  }

  /** Whether a sweep would help. */
  public boolean isFull() {
    return inodes.size() > SOFT_LIMIT;
  }

  /**
   * Lets the caches of some unused, clean inodes go. Their objects stay while a kernel refers to
   * them or a thread may hold them: only the memory behind them goes.
   */
  public void sweep(ClusterLocks locks, Transactions transactions) {
    for (Reference<?> ended = gone.poll(); ended != null; ended = gone.poll()) {
      fading.remove(((Fading) ended).number, ended);
    }
    int budget = SWEEP;
    Iterator<Inode> all = inodes.values().iterator();
    while (budget > 0 && all.hasNext()) {
      Inode inode = all.next();
      if (inode.opens() > 0 || inode.cachedBlock() == null && !isForgotten(inode, locks)) {
        continue;
      }
      budget--;
      try (LockHolder holder =
          locks.cached(inode.lock()) == LockMode.NL
              ? null
              : locks.tryAcquire(inode.lock(), LockMode.EX)) {
        if (holder != null
            && !inode.data().isDirty()
            && transactions.journal().isWrittenBack(inode.scope().tag())) {
          inode.drop();
          if (inode.lookups().get() == 0) {
            inodes.computeIfPresent(inode.number(), this::letGo);
          }
        }
      } catch (LockUnavailableException e) {
        return;
      }
    }
  }

  /** Whether an inode whose block was never read can be let go: the kernel knows it no more. */
  private static boolean isForgotten(Inode inode, ClusterLocks locks) {
    return inode.lookups().get() == 0 && locks.cached(inode.lock()) != LockMode.NL;
  }

  private Inode letGo(long number, Inode inode) {
    fading.put(number, new Fading(inode, gone));
    return null;
  }
}
