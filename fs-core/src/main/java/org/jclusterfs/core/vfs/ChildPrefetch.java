package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * Asks for the locks of a directory's children in advance: who has listed a directory and looks at
 * one of its children that it does not know will look at the next ones too. A directory that was
 * not listed here is used by name, as a store of PHP sessions is, and its children are left to
 * whoever writes in them.
 */
final class ChildPrefetch {

  /** Locks asked for in one step. */
  static final int MOST = 1000;

  // Entries behind the one in hand that are looked through for such locks.
  private static final int LOOKED_AT = 4 * MOST;

  private final VolumeState volume;

  ChildPrefetch(VolumeState volume) {
    this.volume = volume;
  }

  /** To be called before a child's lock is asked for, with the directory's lock held. */
  void before(HeldInode directory, DirectoryTree.Entry child) throws IOException, FsException {
    if (!directory.inode().listed() || !isUnknown(lockOf(child))) {
      return;
    }
    Set<LockName> unknown = new LinkedHashSet<>();
    int[] seen = {0};
    directory
        .entries()
        .list(
            child.cookie() - 1,
            entry -> {
              // A lost child must not break a look at its neighbour.
              if (volume.groups().contains(entry.inode()) && isUnknown(lockOf(entry))) {
                unknown.add(lockOf(entry));
              }
              return unknown.size() < MOST && ++seen[0] < LOOKED_AT;
            });
    if (unknown.size() > 1) {
      volume.locks().prefetch(unknown);
    }
  }

  private LockName lockOf(DirectoryTree.Entry entry) {
    return LockScope.inodeLock(entry.inode(), volume.groups().groupOf(entry.inode()));
  }

  private boolean isUnknown(LockName lock) {
    return volume.locks().cached(lock) == LockMode.NL;
  }
}
