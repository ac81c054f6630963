package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.alloc.HeldGroup;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.InodeValue;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.dlm.LockMode;

/** An inode whose lock an operation holds, with its block in memory. */
final class HeldInode implements AutoCloseable {
  private final VolumeState volume;
  private final Inode inode;
  private final LockHolder holder;
  private final MetaBlock block;
  private HeldInode orphanage;
  private boolean closed;

  private HeldInode(VolumeState volume, Inode inode, LockHolder holder) throws IOException {
    this.volume = volume;
    this.inode = inode;
    this.holder = holder;
    volume.inodes().pin(inode);
    try {
      this.block = load(volume, inode, holder);
      inode.seenAs(isDirectory());
    } catch (IOException | RuntimeException e) {
      inode.unpin();
      holder.close();
      throw e;
    }
  }

  private HeldInode(VolumeState volume, Inode inode, LockHolder holder, MetaBlock block) {
    this.volume = volume;
    this.inode = inode;
    this.holder = holder;
    this.block = block;
  }

  /** Waits for an inode's lock; an inode that is gone is ESTALE. */
  static HeldInode acquire(VolumeState volume, InodeId id, LockMode mode)
      throws IOException, LockUnavailableException, FsException {
    return living(locked(volume, id, mode, false));
  }

  /** As {@link #acquire}, where the number is that of no other inode meanwhile. */
  static HeldInode acquire(VolumeState volume, long number, LockMode mode)
      throws IOException, LockUnavailableException, FsException {
    return acquire(volume, InodeId.ofNumber(number), mode);
  }

  /** The inode that an id names, whether it is still linked or not; ESTALE where it is freed. */
  private static HeldInode locked(VolumeState volume, InodeId id, LockMode mode, boolean pinning)
      throws IOException, LockUnavailableException, FsException {
    Inode inode = find(volume, id.number());
    HeldInode held;
    try {
      LockHolder holder =
          pinning
              ? volume.locks().acquirePinning(inode.lock(), mode)
              : volume.locks().acquire(inode.lock(), mode);
      held = new HeldInode(volume, inode, holder);
    } catch (DamagedBlockException e) {
      throw unlessFreed(volume, id, e);
    }
    boolean same = false;
    try {
      held.require(id);
      same = true;
      return held;
    } finally {
      if (!same) {
        held.close();
      }
    }
  }

  /**
   * The failure of a read of an inode's block, its lock not held any more: whoever has an id only
   * is not told of damage where the inode was freed and its block is used for something else.
   */
  static DamagedBlockException unlessFreed(
      VolumeState volume, InodeId id, DamagedBlockException damage)
      throws IOException, LockUnavailableException, FsException {
    if (id.mayBeGone()) {
      try (HeldGroup group = volume.groups().hold(volume.groups().groupOf(id.number()))) {
        if (!group.isInode(id.number())) {
          throw gone(id);
        }
      }
    }
    return damage;
  }

  /** ESTALE where it is not the inode that an id names. */
  void require(InodeId id) throws FsException {
    if (!id.names(buffer())) {
      throw gone(id);
    }
  }

  static FsException gone(InodeId id) {
    return new FsException(
        FsException.Failure.STALE,
        "inode " + id.number() + " of generation " + id.generation() + " is gone");
  }

  /**
   * As {@link #acquire}, for a use by number that may come after the last name is gone: as long as
   * the inode is not freed it is the one that was looked up, as on a local filesystem. Its orphan
   * directory is then held, too: who frees an inode changes that first.
   */
  static HeldInode acquireUnlessFreed(VolumeState volume, InodeId id, LockMode mode)
      throws IOException, LockUnavailableException, FsException {
    return acquireUnlessFreed(volume, id, mode, LockMode.PR);
  }

  /**
   * As {@link #acquireUnlessFreed(VolumeState, InodeId, LockMode)}, with the mode for the orphan
   * directory ({@link #orphanage}): who changes it asks for it here, before the inode.
   */
  static HeldInode acquireUnlessFreed(
      VolumeState volume, InodeId id, LockMode mode, LockMode orphanageMode)
      throws IOException, LockUnavailableException, FsException {
    return acquireUnlessFreed(volume, id, mode, orphanageMode, false);
  }

  /**
   * As {@link #acquireUnlessFreed(VolumeState, InodeId, LockMode)} with EX, for a truncation: until
   * it is answered the kernel holds back dirty pages of the inode, which it cannot drop then.
   */
  static HeldInode acquireToResize(VolumeState volume, InodeId id)
      throws IOException, LockUnavailableException, FsException {
    return acquireUnlessFreed(volume, id, LockMode.EX, LockMode.PR, true);
  }

  private static HeldInode acquireUnlessFreed(
      VolumeState volume, InodeId id, LockMode mode, LockMode orphanageMode, boolean pinning)
      throws IOException, LockUnavailableException, FsException {
    int slot;
    try (HeldInode held = locked(volume, id, mode, pinning)) {
      if (InodeBlock.linkCount(held.buffer()) > 0) {
        return held.keep();
      }
      slot = InodeBlock.orphanSlot(held.buffer()) - 1;
    }
    long[] directories = volume.orphanDirectories();
    if (slot < 0 || slot >= directories.length) {
      throw gone(id);
    }
    try (HeldInode directory = acquire(volume, directories[slot], orphanageMode);
        HeldInode held = locked(volume, id, mode, pinning)) {
      if (InodeBlock.linkCount(held.buffer()) > 0) {
        // It got its first name meanwhile: it was an O_TMPFILE.
        return held.keep();
      }
      if (InodeBlock.orphanSlot(held.buffer()) - 1 != slot
          || directory.entries().lookup(Orphans.nameOf(id.number())) == null) {
        throw gone(id);
      }
      HeldInode kept = held.keep();
      kept.orphanage = directory.keep();
      return kept;
    }
  }

  /** The orphan directory that names it, held with it; null where it has a name. */
  HeldInode orphanage() {
    return orphanage;
  }

  /** This lock again, for a caller that closes what it is given; this one is closed already. */
  private HeldInode keep() {
    HeldInode kept = new HeldInode(volume, inode, holder, block);
    closed = true;
    return kept;
  }

  /** As {@link #acquire}, for a use that looks at an open file and may be about to change it. */
  static HeldInode acquireToLook(VolumeState volume, long number)
      throws IOException, LockUnavailableException, FsException {
    LockMode mode = modeToLook(volume, find(volume, number));
    HeldInode held = acquire(volume, number, mode);
    if (mode == LockMode.EX) {
      held.inode.modified(true); // as good as: a demotion waits a little for it
    }
    return held;
  }

  /**
   * PR, or EX where a change is going to follow by all that is known. Many programs read what they
   * then write, and by way of PR a file that nodes change in turn would have to be asked for twice
   * each time.
   */
  static LockMode modeToLook(VolumeState volume, Inode inode) {
    return inode.writeOpens() > 0
            && volume.locks().cached(inode.lock()) == LockMode.NL
            && inode.expectsChangeAfterLook()
        ? LockMode.EX
        : LockMode.PR;
  }

  /**
   * As {@link #acquire}, for a request without which the kernel cannot drop its caches: one that
   * pins pages, or that looks at names.
   */
  static HeldInode acquirePinning(VolumeState volume, InodeId id, LockMode mode)
      throws IOException, LockUnavailableException, FsException {
    return living(locked(volume, id, mode, true));
  }

  /** As {@link #acquirePinning}, where the number is that of no other inode meanwhile. */
  static HeldInode acquirePinning(VolumeState volume, long number, LockMode mode)
      throws IOException, LockUnavailableException, FsException {
    return acquirePinning(volume, InodeId.ofNumber(number), mode);
  }

  /** Takes over a lock just had, whether the inode is still linked or not. */
  static HeldInode of(VolumeState volume, Inode inode, LockHolder holder) throws IOException {
    return new HeldInode(volume, inode, holder);
  }

  /** What the lock's value tells of the attributes; null where it tells nothing. */
  static byte[] told(LockHolder holder) {
    byte[] value = holder.value();
    return value != null && InodeValue.isValid(value) ? value : null;
  }

  /**
   * The inode's block, read now where it is not in memory. One that is read has to be the state
   * that the lock's value tells: by that operations may have been answered before.
   *
   * @throws DamagedBlockException if it is not, or is damaged
   */
  static MetaBlock load(VolumeState volume, Inode inode, LockHolder holder) throws IOException {
    MetaBlock known = inode.cachedBlock();
    if (known != null) {
      return known;
    }
    MetaBlock block = inode.block(volume.store());
    byte[] told = told(holder);
    if (told != null && !InodeValue.tells(told, block.buffer())) {
      inode.forgetBlock();
      throw new DamagedBlockException(
          inode.number(), "it is not the state that its last writer announced");
    }
    return block;
  }

  static Inode find(VolumeState volume, long number) throws FsException {
    if (!volume.groups().contains(number)) {
      throw new FsException(FsException.Failure.STALE, "no inode can be at block " + number);
    }
    return volume.inodes().get(number);
  }

  private static HeldInode living(HeldInode held) throws FsException {
    boolean living = false;
    try {
      requireLiving(held.inode, held.buffer());
      living = true;
      return held;
    } finally {
      if (!living) {
        held.close();
      }
    }
  }

  static void requireLiving(Inode inode, ByteBuffer attributes) throws FsException {
    if (InodeBlock.linkCount(attributes) == 0 && inode.opens() == 0) {
      throw new FsException(FsException.Failure.STALE, "inode " + inode.number() + " was removed");
    }
  }

  Inode inode() {
    return inode;
  }

  long number() {
    return inode.number();
  }

  ByteBuffer buffer() {
    return block.buffer();
  }

  LockMode mode() {
    return holder.mode();
  }

  /**
   * Whether the node has EX, whatever this use asked for: nobody else has anything till its end.
   */
  boolean isExclusive() {
    return holder.mode() == LockMode.EX || volume.locks().cached(inode.lock()) == LockMode.EX;
  }

  boolean isDirectory() {
    return FileTypes.isDirectory(InodeBlock.mode(buffer()));
  }

  /** The entries; the inode is a directory. */
  DirectoryTree entries() throws FsException {
    if (!isDirectory()) {
      throw new FsException(
          FsException.Failure.NOT_DIRECTORY, "inode " + number() + " is not a directory");
    }
    return new DirectoryTree(block, inode.scope(), volume.store(), volume.hashKey());
  }

  /** Announces a change of the inode's block in a transaction. */
  ByteBuffer modify(Transaction tx) {
    tx.modify(block);
    inode.changedIn(tx.sequence());
    volume.accessTimes().changing(number(), buffer());
    return buffer();
  }

  MetaBlock block() {
    return block;
  }

  Attributes attributes() {
    return FileTypes.attributes(number(), buffer(), volume.accessTimes().shown(number(), buffer()));
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    inode.unpin();
    if (holder.mode() == LockMode.PR) {
      inode.modified(false);
    }
    holder.close();
    if (orphanage != null) {
      orphanage.close();
    }
  }
}
