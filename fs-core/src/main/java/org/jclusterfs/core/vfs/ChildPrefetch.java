package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * Asks for the locks of a directory's children in advance: who has listed a directory and looks at
 * one of its children that it does not know will look at the next ones too, and so will who has
 * looked at several without opening any. Else a directory is used by name, as a store of PHP
 * sessions is, and its children are left to whoever writes in them.
 */
final class ChildPrefetch {

  /** Locks asked for in one step. */
  static final int MOST = 4000;

  // Entries from the one in hand on that are looked through for such locks.
  private static final int LOOKED_AT = 4 * MOST;

  // Unknown children looked at one after the other, from which on it goes on like that.
  private static final int RUN = 4;

  private static final long PATIENCE_MILLIS = 1_000;
  private static final long IMPATIENT_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final VolumeState volume;
  private volatile long impatientUntil = System.nanoTime();

  ChildPrefetch(VolumeState volume) {
    this.volume = volume;
  }

  /** To be called before a child's lock is asked for, with the directory's lock held. */
  void before(HeldInode directory, DirectoryTree.Entry child) throws IOException, FsException {
    if (!isUnknown(lockOf(child))) {
      return;
    }
    if (directory.inode().listed() || directory.inode().lookedAtUnknownChild() >= RUN) {
      ask(directory, child);
    }
  }

  /** Asks for the locks of a child and of those behind it, then of those before it. */
  private void ask(HeldInode directory, DirectoryTree.Entry child) throws IOException, FsException {
    Set<LockName> unknown = new LinkedHashSet<>();
    int[] left = {LOOKED_AT};
    DirectoryTree.Visitor visitor =
        entry -> {
          // A lost child must not break a look at its neighbour.
          if (volume.groups().contains(entry.inode()) && isUnknown(lockOf(entry))) {
            unknown.add(lockOf(entry));
          }
          return unknown.size() < MOST && --left[0] > 0;
        };
    if (directory.entries().list(child.cookie() - 1, visitor)) {
      directory.entries().list(0, entry -> entry.cookie() < child.cookie() && visitor.entry(entry));
    }
    if (unknown.size() > 1) {
      volume.locks().prefetch(unknown);
    }
  }

  /**
   * Waits for the locks of children of a directory whose lock is held, but not for long: a listing
   * must not hang on an inode that somebody does not give away. While there is such a one nobody
   * waits at all.
   */
  void await(HeldInode directory, List<DirectoryTree.Entry> children)
      throws FsException, IOException, LockUnavailableException {
    boolean asked = false;
    DeadlineCancellation deadline = null;
    for (DirectoryTree.Entry child : children) {
      if (!volume.groups().contains(child.inode()) || !isUnknown(lockOf(child))) {
        continue;
      }
      if (!asked) {
        ask(directory, child);
        asked = true;
      }
      if (System.nanoTime() - impatientUntil < 0) {
        return;
      }
      if (deadline == null) {
        deadline = new DeadlineCancellation();
        CompletableFuture.delayedExecutor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
            .execute(deadline::expire);
      }
      try {
        volume.locks().acquire(lockOf(child), LockMode.PR, deadline).close();
      } catch (LockUnavailableException e) {
        if (e.reason() != LockUnavailableException.Reason.CANCELLED) {
          throw e;
        }
        impatientUntil = System.nanoTime() + IMPATIENT_NANOS;
        return;
      }
    }
  }

  private LockName lockOf(DirectoryTree.Entry entry) {
    return LockScope.inodeLock(entry.inode(), volume.groups().groupOf(entry.inode()));
  }

  private boolean isUnknown(LockName lock) {
    return volume.locks().cached(lock) == LockMode.NL;
  }
}
