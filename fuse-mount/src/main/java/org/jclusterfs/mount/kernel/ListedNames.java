package org.jclusterfs.mount.kernel;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Which directories' names the kernel may still be taking from replies to READDIRPLUS. It stamps
 * each with the epoch of that moment (Linux 6.18), so an INC_EPOCH that is to drop them has to come
 * after it. Thread-safe.
 *
 * <p>The kernel holds the directory's inode lock, shared, from before the request until it has
 * taken the names. So whatever holds that lock alone comes after them: the requests that change a
 * directory, and FUSE_NOTIFY_INVAL_ENTRY once it returns.
 */
final class ListedNames {

  /** Numbers of a directory's listings: the last one, and the last whose names are taken. */
  private static final class Listings {
    private long told;
    private long taken;
  }

  private final Map<Long, Listings> directories = new HashMap<>();
  private long last;

  /** A listing of a directory is about to be answered with names that the kernel may keep. */
  synchronized void told(long nodeId) {
    Listings listings = directories.computeIfAbsent(nodeId, id -> new Listings());
    if (listings.told == 0) {
      listings.taken = last;
    }
    listings.told = ++last;
  }

  /** Number of a directory's last listing; 0 where the names of all are taken. */
  synchronized long untaken(long nodeId) {
    Listings listings = directories.get(nodeId);
    return listings == null ? 0 : listings.told;
  }

  /** The names of a directory's listings up to this one are taken. */
  synchronized void taken(long nodeId, long listing) {
    Listings listings = directories.get(nodeId);
    if (listings == null) {
      return;
    }
    listings.taken = Math.max(listings.taken, listing);
    if (listings.taken >= listings.told) {
      directories.remove(nodeId);
    }
    notifyAll();
  }

  /** A request is there for which the kernel holds the inode's lock alone. */
  synchronized void locked(long nodeId) {
    if (!directories.isEmpty()) {
      taken(nodeId, last);
    }
  }

  /**
   * Waits until the names of a directory's listings up to this one are taken.
   *
   * @return false where they were not in time
   */
  synchronized boolean awaitTaken(long nodeId, long listing, long nanos) {
    long deadline = System.nanoTime() + nanos;
    boolean interrupted = false;
    while (isUntaken(nodeId, listing)) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        break;
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return !isUntaken(nodeId, listing);
  }

  private boolean isUntaken(long nodeId, long listing) {
    Listings listings = directories.get(nodeId);
    return listings != null && listings.taken < listing;
  }
}
