package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.InodeValue;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.dlm.LockMode;

/**
 * An inode whose lock an operation holds to look at its attributes. They are what the lock's value
 * tells where the inode's block is not in memory: then nothing is read from the device.
 */
final class HeldAttributes implements AutoCloseable {
  private final VolumeState volume;
  private final Inode inode;
  private final LockHolder holder;
  private final byte[] value;
  private final ByteBuffer buffer;
  private final AccessTimes accessTimes;

  private HeldAttributes(VolumeState volume, Inode inode, LockHolder holder) throws IOException {
    this.volume = volume;
    this.inode = inode;
    this.holder = holder;
    this.accessTimes = volume.accessTimes();
    MetaBlock known = inode.cachedBlock();
    byte[] told = known != null ? null : HeldInode.told(holder);
    if (told != null) {
      value = told;
      buffer = InodeValue.unpack(told);
    } else {
      value = null;
      buffer = HeldInode.load(volume, inode, holder).buffer();
    }
    inode.seenAs(FileTypes.isDirectory(InodeBlock.mode(buffer)));
  }

  /** Waits for an inode's lock; an inode that is gone is ESTALE. */
  static HeldAttributes acquire(VolumeState volume, InodeId id)
      throws IOException, LockUnavailableException, FsException {
    return acquire(volume, id, HeldInode.find(volume, id.number()), LockMode.PR);
  }

  /** As {@link #acquire}, for an open file that may be about to be changed. */
  static HeldAttributes acquireToLook(VolumeState volume, InodeId id)
      throws IOException, LockUnavailableException, FsException {
    Inode inode = HeldInode.find(volume, id.number());
    return acquire(volume, id, inode, HeldInode.modeToLook(volume, inode));
  }

  private static HeldAttributes acquire(VolumeState volume, InodeId id, Inode inode, LockMode mode)
      throws IOException, LockUnavailableException, FsException {
    HeldAttributes held;
    try {
      held = of(volume, inode, volume.locks().acquirePinning(inode.lock(), mode));
    } catch (DamagedBlockException e) {
      throw HeldInode.unlessFreed(volume, id, e);
    }
    if (!id.names(held.buffer)) {
      held.close();
      throw HeldInode.gone(id);
    }
    return held;
  }

  /** Takes over a lock just had, and closes it where this fails. */
  static HeldAttributes of(VolumeState volume, Inode inode, LockHolder holder)
      throws IOException, FsException {
    boolean living = false;
    volume.inodes().pin(inode);
    try {
      HeldAttributes held = new HeldAttributes(volume, inode, holder);
      HeldInode.requireLiving(inode, held.buffer);
      living = true;
      return held;
    } finally {
      if (!living) {
        inode.unpin();
        holder.close();
      }
    }
  }

  Inode inode() {
    return inode;
  }

  Attributes attributes() {
    return FileTypes.attributes(inode.number(), buffer, accessTimes.shown(inode.number(), buffer));
  }

  /** The attributes at their places in an inode's block; there may be nothing else. */
  ByteBuffer buffer() {
    return buffer;
  }

  /** Whether it has extended attributes. */
  boolean hasXattrs() {
    return value != null ? InodeValue.hasXattrs(value) : InodeBlock.xattrBlock(buffer) != 0;
  }

  /** The inode's block: read now where it is not in memory. */
  MetaBlock block() throws IOException {
    return HeldInode.load(volume, inode, holder);
  }

  @Override
  public void close() {
    inode.unpin();
    // Where EX was taken a change is expected: a demotion waits a little for it.
    inode.modified(holder.mode() == LockMode.EX);
    holder.close();
  }
}
