package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.Timestamps;
import org.jclusterfs.core.txn.Transaction;

/** What a file gives to those who execute it, and loses when its content changes. */
final class Privileges {
  private final VolumeState volume;
  private final XattrOperations xattrs;

  Privileges(VolumeState volume, XattrOperations xattrs) {
    this.volume = volume;
    this.xattrs = xattrs;
  }

  /**
   * The content of a file held EX changes: capabilities go, and with {@link Vfs#CLEAR_SETID} in
   * {@code flags} set-id bits. The kernel above drops the attributes it has, before the answer: it
   * would not of itself look at the mode again after a write, and execute the file with the old
   * one. No page is dropped, so that this waits for nothing.
   */
  void drop(HeldInode held, int flags) throws IOException, LockUnavailableException {
    xattrs.dropCapability(held);
    int mode = InodeBlock.mode(held.buffer());
    int cleared = FileTypes.withoutSetId(mode);
    if (cleared != mode && (flags & Vfs.CLEAR_SETID) != 0) {
      try (Transaction tx = volume.transactions().begin(1)) {
        ByteBuffer block = held.modify(tx);
        InodeBlock.mode(block, cleared);
        Timestamps.changed(block, volume.clock().instant());
        tx.complete();
      }
      volume.kernel().caches().invalidateInode(held.number(), true);
    }
  }
}
