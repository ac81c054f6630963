package org.jclusterfs.core.vfs;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.dlm.LockMode;

/**
 * flock(2) over the cluster: LOCK_SH is the flock lock in PR, LOCK_EX in EX, held by the open file
 * description.
 *
 * <p>LOCK_NB has to tell a lock that another node merely keeps cached from one that a process there
 * holds. The cached one is given up within moments once asked for, so a try is a wait of at most
 * {@link #TRY_MILLIS}.
 */
final class LockOperations {
  private static final long TRY_MILLIS = 400;

  private final VolumeState volume;
  private final Set<LockHolder> holders = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "flock-timer");
            thread.setDaemon(true);
            return thread;
          });

  LockOperations(VolumeState volume) {
    this.volume = volume;
  }

  boolean flock(
      OpenFile file, long owner, Vfs.FlockMode mode, boolean wait, Cancellation cancellation)
      throws LockUnavailableException {
    OpenHandle handle = OpenHandle.of(file);
    LockMode wanted = mode == Vfs.FlockMode.EXCLUSIVE ? LockMode.EX : LockMode.PR;
    LockHolder held = handle.flock(owner);
    if (held != null && mode != Vfs.FlockMode.UNLOCK && held.mode() == wanted) {
      return true;
    }
    // As flock(2) says, a conversion gives the old lock up first.
    handle.flock(owner, null);
    if (held != null) {
      holders.remove(held);
      held.close();
    }
    if (mode == Vfs.FlockMode.UNLOCK) {
      return true;
    }
    Inode inode = handle.node();
    LockHolder taken =
        wait
            ? volume.locks().acquire(inode.flockLock(), wanted, cancellation)
            : tryFor(inode, wanted);
    if (taken == null) {
      return false;
    }
    handle.flock(owner, taken);
    holders.add(taken);
    return true;
  }

  private LockHolder tryFor(Inode inode, LockMode wanted) throws LockUnavailableException {
    LockHolder now = volume.locks().tryAcquire(inode.flockLock(), wanted);
    if (now != null || volume.locks().cached(inode.flockLock()).covers(wanted)) {
      return now;
    }
    DeadlineCancellation deadline = new DeadlineCancellation();
    ScheduledFuture<?> end = timer.schedule(deadline::expire, TRY_MILLIS, TimeUnit.MILLISECONDS);
    try {
      return volume.locks().acquire(inode.flockLock(), wanted, deadline);
    } catch (LockUnavailableException e) {
      if (e.reason() == LockUnavailableException.Reason.CANCELLED) {
        return null;
      }
      throw e;
    } finally {
      end.cancel(false);
    }
  }

  /** The last reference of a handle went: its flocks go. */
  void release(OpenFile file) {
    for (LockHolder flock : OpenHandle.of(file).takeFlocks()) {
      holders.remove(flock);
      flock.close();
    }
  }

  /** The mount ends, maybe with files open: every flock goes. */
  void close() {
    timer.shutdownNow();
    holders.forEach(LockHolder::close);
  }
}
