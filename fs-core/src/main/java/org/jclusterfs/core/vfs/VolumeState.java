package org.jclusterfs.core.vfs;

import java.time.Clock;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jclusterfs.core.alloc.ResourceGroups;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.inode.FileContent;
import org.jclusterfs.core.inode.FileSpace;
import org.jclusterfs.core.inode.InodeTable;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transactions;

/**
 * What the operations of one mount share.
 *
 * @param root number of the root directory
 * @param slot this node's slot
 * @param orphanDirectories inode number of each slot's orphan directory
 * @param hashKey SipHash key of the directories
 * @param readOnly whether nothing may be changed; a remount changes it
 */
record VolumeState(
    long root,
    int slot,
    long[] orphanDirectories,
    byte[] hashKey,
    AtomicBoolean readOnly,
    Clock clock,
    ClusterLocks locks,
    Transactions transactions,
    ResourceGroups groups,
    InodeTable inodes,
    FileContent content,
    FileSpace space,
    BlockDevice device,
    KernelLink kernel,
    AccessTimes accessTimes) {

  MetaStore store() {
    return transactions.store();
  }

  long ownOrphanDirectory() {
    return orphanDirectories[slot];
  }

  void requireWritable() throws FsException {
    if (readOnly.get()) {
      throw new FsException(FsException.Failure.READ_ONLY, "the volume is mounted read-only");
    }
  }
}
