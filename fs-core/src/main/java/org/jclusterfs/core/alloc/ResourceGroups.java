package org.jclusterfs.core.alloc;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.jclusterfs.core.cluster.LockCallbacks;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockType;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transactions;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * The resource groups of a volume: chooses the one to allocate from and holds several to free in.
 *
 * <p>A node prefers groups whose locks it masters itself, so that what it creates costs no message,
 * then those that nobody uses, whose master it becomes; it stays with one until it is full.
 * Thread-safe.
 */
public final class ResourceGroups {
  /**
   * Free blocks of each group that only what gives space back may take: an entry in the orphan
   * directory, the split of an extent, so that a full volume can be emptied.
   */
  static final int KEPT_BACK = 16;

  // A node that only spreads its directories leaves most groups to others.
  private static final int SPREAD_SHARE = 4;
  private static final int SPREAD_GROUPS = 64;

  /** Which groups are looked at for space, in this order. */
  private enum Pass {
    /** Mastered here: locks in them cost no message. */
    MASTERED,
    /** Nobody's: this node becomes the master. */
    UNUSED,
    /** Other nodes'. */
    ANY
  }

  private final Geometry geometry;
  private final ClusterLocks locks;
  private final Transactions transactions;
  private final Group[] groups;
  private volatile int current = -1;

  /** Makes the groups of a mounted volume and registers what happens when their locks move. */
  public ResourceGroups(Geometry geometry, ClusterLocks locks, Transactions transactions) {
    this.geometry = geometry;
    this.locks = locks;
    this.transactions = transactions;
    this.groups = new Group[Math.toIntExact(geometry.groupCount())];
    for (int i = 0; i < groups.length; i++) {
      groups[i] = new Group(i, geometry.groupStart(i));
    }
    locks.register(LockType.RESOURCE_GROUP, new Callbacks());
  }

  private final class Callbacks implements LockCallbacks {
    @Override
    public void sync(LockName name, LockMode to) throws IOException {
      transactions.journal().writeBack(groups[name.region()].scope().tag());
    }

    @Override
    public boolean invalidate(LockName name, LockMode from, LockMode to) {
      if (to == LockMode.NL) {
        groups[name.region()].drop();
      }
      return false;
    }
  }

  /** Index of the group that a block lies in: the region of the locks of what is there. */
  public int groupOf(long address) {
    return Math.toIntExact(geometry.groupOf(address));
  }

  /** Whether a block lies in any group: an inode can be nowhere else. */
  public boolean contains(long address) {
    return geometry.isAllocatable(address);
  }

  /**
   * A group to start a new directory in, so that directories spread: one that this node masters, or
   * that nobody uses as long as this node has not taken its share of the volume.
   */
  public int spread() {
    int start = ThreadLocalRandom.current().nextInt(groups.length);
    int mastered = 0;
    for (int i = 0; i < groups.length; i++) {
      mastered += locks.mastersRegion(i) ? 1 : 0;
    }
    boolean mayTake = mastered < Math.min(SPREAD_GROUPS, Math.max(1, groups.length / SPREAD_SHARE));
    for (int i = 0; i < groups.length; i++) {
      int index = (start + i) % groups.length;
      if (groups[index].freeHint() != 0
          && (locks.mastersRegion(index) || mayTake && locks.claimRegion(index))) {
        return index;
      }
    }
    return start;
  }

  /**
   * Holds a group that can give {@code blocks} blocks; none where that is 0.
   *
   * @param hint group to try first: where the file or its directory lies; -1 for none
   * @throws NoSpaceException if no group has that many free
   */
  public HeldGroup reserve(int hint, int blocks) throws IOException, LockUnavailableException {
    return reserve(hint, blocks, KEPT_BACK);
  }

  /**
   * As {@link #reserve} for what space was promised to or what gives space back: takes what is kept
   * back too.
   */
  public HeldGroup reserveLast(int hint, int blocks) throws IOException, LockUnavailableException {
    return reserve(hint, blocks, 0);
  }

  private HeldGroup reserve(int hint, int wanted, int kept)
      throws IOException, LockUnavailableException {
    if (wanted == 0) {
      return HeldGroup.ofNothing();
    }
    int blocks = wanted + kept;
    if (hint >= 0 && locks.mastersRegion(hint)) {
      HeldGroup held = tryHold(groups[hint], blocks);
      if (held != null) {
        return held;
      }
    }
    int start = current;
    if (start >= 0) {
      HeldGroup held = tryHold(groups[start], blocks);
      if (held != null) {
        return held;
      }
    }
    HeldGroup held = null;
    for (Pass pass : Pass.values()) {
      if (held == null) {
        held = firstThatFits(Math.max(start, 0), blocks, pass);
      }
    }
    if (held == null) {
      held = waitForAny(blocks, wanted);
    }
    current = held.index();
    return held;
  }

  private HeldGroup firstThatFits(int start, int blocks, Pass pass)
      throws IOException, LockUnavailableException {
    for (int i = 0; i < groups.length; i++) {
      Group group = groups[(start + i) % groups.length];
      boolean hopeful = group.freeHint() == Group.UNKNOWN || group.freeHint() >= blocks;
      if (hopeful && isOf(pass, group.index())) {
        HeldGroup held = tryHold(group, blocks);
        if (held != null) {
          return held;
        }
      }
    }
    return null;
  }

  private boolean isOf(Pass pass, int group) {
    return switch (pass) {
      case MASTERED -> locks.mastersRegion(group);
      case UNUSED -> locks.claimRegion(group);
      case ANY -> true;
    };
  }

  /** The last resort looks at every group under its lock, however long that takes. */
  private HeldGroup waitForAny(int blocks, int wanted)
      throws IOException, LockUnavailableException {
    for (Group group : groups) {
      HeldGroup held = fitting(group, locks.acquire(group.lock(), LockMode.EX), blocks);
      if (held != null) {
        return held;
      }
    }
    throw new NoSpaceException(wanted);
  }

  private HeldGroup tryHold(Group group, int blocks) throws IOException, LockUnavailableException {
    LockHolder holder = locks.tryAcquire(group.lock(), LockMode.EX);
    return holder == null ? null : fitting(group, holder, blocks);
  }

  private HeldGroup fitting(Group group, LockHolder holder, int blocks) throws IOException {
    MetaStore store = transactions.store();
    boolean fits = false;
    try {
      group.releaseQuarantine(transactions);
      if (group.available(store) < blocks && group.hasQuarantine()) {
        transactions.journal().writeBack(group.scope().tag());
        group.releaseQuarantine(transactions);
      }
      fits = group.available(store) >= blocks;
      return fits ? new HeldGroup(group, holder, store) : null;
    } finally {
      if (!fits) {
        holder.close();
      }
    }
  }

  /** Holds one group, to free blocks in it. */
  public HeldGroup hold(int index) throws LockUnavailableException {
    return new HeldGroup(
        groups[index], locks.acquire(groups[index].lock(), LockMode.EX), transactions.store());
  }

  /**
   * What to trim, in blocks.
   *
   * @param from first block
   * @param to first block behind
   * @param minimum shortest free run that is worth it
   */
  public record TrimRange(long from, long to, long minimum) {}

  /** Number of groups. */
  public int count() {
    return groups.length;
  }

  /**
   * Tells the device which blocks of a group are free.
   *
   * @return how many
   */
  public long trim(int index, BlockDevice device, TrimRange range)
      throws IOException, LockUnavailableException {
    Group group = groups[index];
    if (group.firstBlock() >= range.to()
        || group.firstBlock() + geometry.groupLength(index) <= range.from()) {
      return 0;
    }
    try (LockHolder held = locks.acquire(group.lock(), LockMode.EX)) {
      group.releaseQuarantine(transactions);
      if (group.hasQuarantine()) {
        transactions.journal().writeBack(group.scope().tag());
        group.releaseQuarantine(transactions);
      }
      return new GroupTrim(group, transactions.store(), device, range).run();
    }
  }

  /** Whether freeing in a group would need no other node. */
  public boolean cachedExclusively(int index) {
    return locks.cached(groups[index].lock()) == LockMode.EX;
  }

  /** Holds several groups in the lock order, to free blocks in them. */
  public HeldGroups holdAll(Collection<Integer> indexes) throws LockUnavailableException {
    List<HeldGroup> held = new ArrayList<>();
    try {
      for (int index : new TreeSet<>(indexes)) {
        held.add(hold(index));
      }
      return new HeldGroups(this, held);
    } catch (LockUnavailableException | RuntimeException e) {
      held.forEach(HeldGroup::close);
      throw e;
    }
  }

  /**
   * Free blocks of the volume.
   *
   * @param all with those kept back for what gives space back
   * @param available those that files can take
   */
  public record Free(long all, long available) {}

  /** Free blocks of the whole volume as far as this node knows without asking the others. */
  public Free freeBlocks() throws IOException {
    return new FreeSpace(groups, locks, transactions.store(), geometry).count();
  }

  /** Blocks of all groups. */
  public long totalBlocks() {
    long total = 0;
    for (int i = 0; i < groups.length; i++) {
      total += geometry.groupLength(i);
    }
    return total;
  }
}
