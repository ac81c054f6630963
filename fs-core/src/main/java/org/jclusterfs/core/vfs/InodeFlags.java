package org.jclusterfs.core.vfs;

import java.io.IOException;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.inode.Timestamps;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.dlm.LockMode;

/**
 * Inode flags as chattr(1) sets them. The kernel knows nothing of them on a FUSE mount, so all that
 * ext4 and the kernel above it refuse is refused here, under the inode's lock: on every node at
 * once. What asks whether something is permitted throws EPERM where it is not.
 */
final class InodeFlags {
  /** What a new inode takes over from its directory. */
  private static final int INHERITED =
      InodeBlock.FLAG_SYNC
          | InodeBlock.FLAG_DIRSYNC
          | InodeBlock.FLAG_NODUMP
          | InodeBlock.FLAG_NOATIME;

  private static final int PROTECTING = InodeBlock.FLAG_IMMUTABLE | InodeBlock.FLAG_APPEND;

  private InodeFlags() {}

  /** Flags that an inode of this type can have. */
  static int allowed(int mode) {
    if (FileTypes.isDirectory(mode)) {
      return InodeBlock.KNOWN_FLAGS;
    }
    return FileTypes.isRegular(mode)
        ? InodeBlock.KNOWN_FLAGS & ~InodeBlock.DIRECTORY_FLAGS
        : InodeBlock.SPECIAL_FLAGS;
  }

  /** Flags of an inode newly made in a directory. */
  static int inherited(HeldInode parent, int mode) {
    return InodeBlock.flags(parent.buffer()) & INHERITED & allowed(mode);
  }

  private static void refuse(HeldInode inode, int flags) throws FsException {
    int set = InodeBlock.flags(inode.buffer()) & flags;
    if (set != 0) {
      throw new FsException(
          Failure.NOT_PERMITTED,
          "inode "
              + inode.number()
              + ((set & InodeBlock.FLAG_IMMUTABLE) != 0 ? " is immutable" : " is append-only"));
    }
  }

  /** Names may be added to a directory, content to a file: it is not immutable. */
  static void requireMutable(HeldInode inode) throws FsException {
    refuse(inode, InodeBlock.FLAG_IMMUTABLE);
  }

  /**
   * Attributes may be changed, content given up, names given: neither immutable nor append-only.
   */
  static void requireFree(HeldInode inode) throws FsException {
    refuse(inode, PROTECTING);
  }

  /** A name may be taken out of a directory, as unlink and rename do. */
  static void requireRemovable(HeldInode directory, HeldInode inode) throws FsException {
    requireFree(directory);
    requireFree(inode);
  }

  /** It may be opened with these flags of open(2). */
  static void requireOpenable(HeldInode inode, int flags) throws FsException {
    boolean truncates = (flags & OpenHandle.O_TRUNC) != 0;
    if (OpenHandle.writes(flags) || truncates) {
      requireMutable(inode);
    }
    boolean appends = (flags & OpenHandle.O_APPEND) != 0;
    if (truncates || OpenHandle.writes(flags) && !appends) {
      refuse(inode, InodeBlock.FLAG_APPEND);
    }
  }

  /**
   * Bytes may be written. A description that was opened before the file became append-only may go
   * on; one that was opened to append may not end that by fcntl(2), and a mapping may not change
   * what is there.
   */
  static void requireWritable(HeldInode inode, OpenFile file, int flags, boolean writeBack)
      throws FsException {
    requireMutable(inode);
    boolean openedToAppend = (file.flags() & OpenHandle.O_APPEND) != 0;
    boolean appends = !writeBack && (flags & OpenHandle.O_APPEND) != 0;
    if (!appends && (writeBack || openedToAppend)) {
      refuse(inode, InodeBlock.FLAG_APPEND);
    }
  }

  /** Attributes may be changed so: the times of an append-only file may be set to now. */
  static void requireChangeable(HeldInode inode, AttributeChange change) throws FsException {
    requireMutable(inode);
    boolean now =
        change.accessTime() == AttributeChange.NOW && change.modifyTime() == AttributeChange.NOW;
    boolean times = change.accessTime() != null || change.modifyTime() != null;
    boolean others =
        change.mode() != null
            || change.uid() != null
            || change.gid() != null
            || change.size() != null;
    if (others || times && !now) {
      refuse(inode, InodeBlock.FLAG_APPEND);
    }
  }

  /** Space may be given and taken so: fallocate(2) with its mode. */
  static void requireAllocatable(HeldInode inode, boolean onlyGrows) throws FsException {
    requireMutable(inode);
    if (!onlyGrows) {
      refuse(inode, InodeBlock.FLAG_APPEND);
    }
  }

  /**
   * Commits what an operation has changed where the flags ask for that; its transaction has ended,
   * the locks are held still.
   */
  static void commitWhereAsked(VolumeState volume, HeldInode... changed) throws IOException {
    for (HeldInode inode : changed) {
      int asking =
          inode.isDirectory()
              ? InodeBlock.FLAG_SYNC | InodeBlock.FLAG_DIRSYNC
              : InodeBlock.FLAG_SYNC;
      if ((InodeBlock.flags(inode.buffer()) & asking) != 0) {
        volume.transactions().journal().commit(inode.inode().lastSequence());
      }
    }
  }

  /** Sets those flags that {@code mask} names to what they are in {@code flags}. */
  static void set(VolumeState volume, InodeId id, int mask, int flags)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    Inode inode = HeldInode.find(volume, id.number());
    if ((mask & flags & PROTECTING) != 0 && inode.kernelMayHavePages()) {
      // What was stored through a mapping until now is written; nothing later will be.
      volume.kernel().caches().invalidateInode(inode.number(), false);
    }
    try (HeldInode held = HeldInode.acquire(volume, id, LockMode.EX)) {
      int before = InodeBlock.flags(held.buffer());
      int after = before & ~mask | flags & mask;
      if ((after & ~allowed(InodeBlock.mode(held.buffer()))) != 0) {
        throw new FsException(
            Failure.NOT_SUPPORTED,
            "flags 0x" + Integer.toHexString(after) + " on inode " + id.number());
      }
      if (after == before) {
        return;
      }
      if ((before & after & InodeBlock.FLAG_IMMUTABLE) != 0) {
        requireMutable(held);
      }
      try (Transaction tx = volume.transactions().begin(1)) {
        InodeBlock.flags(held.modify(tx), after);
        Timestamps.changed(held.buffer(), volume.clock().instant());
        tx.complete();
      }
      commitWhereAsked(volume, held);
    }
  }
}
