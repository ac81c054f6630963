package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jclusterfs.core.alloc.BlockSource;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.dlm.LockMode;

/** Enters inodes without a name in the slot's orphan directory, and takes them out again. */
final class Orphans {
  private final VolumeState volume;

  Orphans(VolumeState volume) {
    this.volume = volume;
  }

  static byte[] nameOf(long inode) {
    return HexFormat.of().toHexDigits(inode).getBytes(StandardCharsets.US_ASCII);
  }

  static long numberOf(byte[] name) {
    return HexFormat.fromHexDigitsToLong(new String(name, StandardCharsets.US_ASCII));
  }

  /**
   * Holds the orphan directory of this node's slot, where an inode can be entered: what that needs
   * is in memory.
   */
  HeldInode roomFor(HeldInode inode) throws IOException, LockUnavailableException, FsException {
    HeldInode directory = HeldInode.acquire(volume, volume.ownOrphanDirectory(), LockMode.EX);
    boolean room = false;
    try {
      directory.entries().requireRoomFor(nameOf(inode.number()));
      room = true;
      return directory;
    } finally {
      if (!room) {
        directory.close();
      }
    }
  }

  /** Holds the orphan directory of a slot. */
  HeldInode naming(int slot) throws IOException, LockUnavailableException, FsException {
    return HeldInode.acquire(volume, volume.orphanDirectories()[slot], LockMode.EX);
  }

  /** Blocks that {@link #enter} may allocate. */
  static int nodes(HeldInode directory, HeldInode inode) throws IOException, FsException {
    return directory.entries().requireRoomFor(nameOf(inode.number()));
  }

  /** Journal credits of {@link #enter} without the groups' part. */
  static int credits(HeldInode directory) throws FsException {
    return 1 + directory.entries().blocksTouchedByInsert();
  }

  /** Part of the transaction that gives an inode its first name. */
  void leave(Transaction tx, HeldInode directory, HeldInode inode) throws IOException, FsException {
    directory.modify(tx);
    directory.entries().remove(tx, nameOf(inode.number()));
    InodeBlock.orphanSlot(inode.modify(tx), 0);
  }

  /** Part of the transaction that took an inode's last name. */
  void enter(Transaction tx, BlockSource source, HeldInode directory, HeldInode inode)
      throws IOException, FsException {
    DirectoryTree entries = directory.entries();
    directory.modify(tx);
    int type = FileTypes.direntType(InodeBlock.mode(inode.buffer()));
    entries.insert(tx, source, nameOf(inode.number()), inode.number(), type);
    ByteBuffer block = inode.modify(tx);
    InodeBlock.orphanSlot(block, volume.slot() + 1);
  }
}
