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
import org.jclusterfs.core.format.InodeValue;
import org.jclusterfs.core.txn.MetaBlock;
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
   * Notes that an operation uses an inode, until {@link Inode#unpin}: its object stays in the
   * table, and what it has in memory is not taken away. The operation has the inode's lock.
   */
  public void pin(Inode inode) {
    inodes.compute(
        inode.number(),
        (number, known) -> {
          inode.pin();
          if (known == null) {
            fading.remove(number);
          }
          return inode;
        });
  }

  /**
   * Lets the caches of some unused, clean inodes go, and the inodes that nobody knows any more. No
   * other node is asked for anything. Objects stay while a kernel refers to them or a thread may
   * hold them: only the memory behind them goes. Of what the node holds EX the attributes are left
   * with the lock.
   */
  public void sweep(ClusterLocks locks, Transactions transactions) {
    for (Reference<?> ended = gone.poll(); ended != null; ended = gone.poll()) {
      fading.remove(((Fading) ended).number, ended);
    }
    int budget = SWEEP;
    Iterator<Inode> all = inodes.values().iterator();
    while (budget > 0 && all.hasNext()) {
      Inode inode = all.next();
      boolean cached = inode.cachedBlock() != null;
      if (inode.opens() > 0 || !cached && inode.lookups().get() > 0) {
        continue;
      }
      if (cached) {
        budget--;
        if (locks.cached(inode.lock()) == LockMode.EX
            && !dropExclusive(inode, locks, transactions)) {
          return;
        }
      }
      inodes.computeIfPresent(inode.number(), (number, known) -> release(known, transactions));
    }
  }

  /** Drops what is cached under EX; false where the node left the cluster. */
  private static boolean dropExclusive(Inode inode, ClusterLocks locks, Transactions transactions) {
    try (LockHolder holder = locks.tryAcquire(inode.lock(), LockMode.EX)) {
      MetaBlock block = inode.cachedBlock();
      if (holder != null && block != null && isClean(inode, transactions)) {
        holder.tell(InodeValue.pack(block.buffer()));
        inode.drop();
      }
      return true;
    } catch (LockUnavailableException e) {
      return false;
    }
  }

  private static boolean isClean(Inode inode, Transactions transactions) {
    return !inode.data().isBusy() && transactions.journal().isWrittenBack(inode.scope().tag());
  }

  /** Part of a change of the table, so that no operation begins to use the inode meanwhile. */
  private Inode release(Inode inode, Transactions transactions) {
    if (inode.isInUse() || !isClean(inode, transactions)) {
      return inode;
    }
    inode.drop();
    if (inode.lookups().get() > 0) {
      return inode;
    }
    fading.put(inode.number(), new Fading(inode, gone));
    return null;
  }
}
