package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.dlm.LockMode;

/**
 * The inodes that one listing tells the attributes of. Their locks are held until it is answered,
 * so that what the kernel is told is ordered before any invalidation. Used by one thread.
 */
final class ListedChildren implements AutoCloseable {
  private final VolumeState volume;
  private final ChildPrefetch prefetch;
  private final Map<Long, HeldAttributes> held = new HashMap<>();

  ListedChildren(VolumeState volume, ChildPrefetch prefetch) {
    this.volume = volume;
    this.prefetch = prefetch;
  }

  /** Gets hold of those that can be had soon; the directory's lock is held. */
  void hold(HeldInode directory, List<DirectoryTree.Entry> entries)
      throws FsException, IOException, LockUnavailableException {
    prefetch.await(directory, entries);
    // Only now, and without a wait: nobody waits for a lock while holding those of its peers.
    Map<Inode, LockHolder> locked = new LinkedHashMap<>();
    try {
      for (DirectoryTree.Entry entry : entries) {
        if (volume.groups().contains(entry.inode()) && !held.containsKey(entry.inode())) {
          lock(volume.inodes().get(entry.inode()), locked);
        }
      }
      readMissing(locked);
      for (Inode inode : List.copyOf(locked.keySet())) {
        keep(inode, locked.remove(inode));
      }
    } finally {
      locked.values().forEach(LockHolder::close);
    }
  }

  private void lock(Inode inode, Map<Inode, LockHolder> locked) throws LockUnavailableException {
    // To give a lock away is to wait until the kernel has taken what it was told under it. Lookups
    // of other nodes must not wait for that: they may be what the kernel waits for there.
    boolean alone =
        inode.lookups().get() == 0 && volume.locks().cached(inode.lock()) == LockMode.EX;
    if (!alone && !locked.containsKey(inode)) {
      LockHolder holder = volume.locks().acquireCached(inode.lock(), LockMode.PR);
      if (holder != null) {
        locked.put(inode, holder);
      }
    }
  }

  private void readMissing(Map<Inode, LockHolder> locked) throws IOException {
    List<MetaStore.Wanted> missing = new ArrayList<>();
    locked.forEach(
        (inode, holder) -> {
          if (inode.cachedBlock() == null && HeldInode.told(holder) == null) {
            missing.add(new MetaStore.Wanted(inode.scope(), inode.number()));
          }
        });
    if (!missing.isEmpty()) {
      volume.store().prefetch(missing, InodeBlock.MAGIC);
    }
  }

  /**
   * One that is damaged, or that is gone, must not hide its neighbours: who asks for it is told.
   */
  private void keep(Inode inode, LockHolder holder) throws IOException {
    try {
      held.put(inode.number(), HeldAttributes.of(volume, inode, holder));
    } catch (DamagedBlockException | FsException e) {
      held.remove(inode.number());
    }
  }

  /** One of them; null where it could not be had. */
  HeldAttributes get(long inode) {
    return held.get(inode);
  }

  @Override
  public void close() {
    held.values().forEach(HeldAttributes::close);
  }
}
