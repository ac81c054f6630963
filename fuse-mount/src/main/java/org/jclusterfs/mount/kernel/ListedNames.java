package org.jclusterfs.mount.kernel;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.mount.protocol.Opcode;

/**
 * Listings whose names the kernel may still be taking from a reply to READDIRPLUS. It stamps each
 * name with the epoch of that moment (Linux 6.18), so an INC_EPOCH that is to drop it has to come
 * later. Thread-safe.
 *
 * <p>The kernel does not tell when it is done, but this tells:
 *
 * <ul>
 *   <li>The thread that asked asks for something else, or the open directory is released.
 *   <li>Somebody has the directory's inode lock alone, which the kernel holds shared from before
 *       the request until it has taken the names: a request that changes the directory shows, or
 *       FUSE_NOTIFY_INVAL_ENTRY returns.
 * </ul>
 */
final class ListedNames {

  /** What the kernel may ask for by the thread, or in its name, while it takes names. */
  private static final Set<Integer> MEANWHILE =
      Set.of(Opcode.GETXATTR, Opcode.FORGET, Opcode.BATCH_FORGET, Opcode.INTERRUPT, Opcode.RELEASE);

  private record Listing(long number, long nodeId, int thread) {}

  /** By the handle of the open directory: one is listed by one thread at a time. */
  private final Map<Long, Listing> untaken = new HashMap<>();

  private final Map<Integer, Long> handles = new HashMap<>();
  private long last;
  private volatile boolean any;

  /** A listing is about to be answered with names that the kernel may keep. */
  synchronized void told(long nodeId, long handle, int thread) {
    untaken.put(handle, new Listing(++last, nodeId, thread));
    if (thread != 0) {
      handles.put(thread, handle);
    }
    any = true;
  }

  /** A request of a thread, 0 where it is not known, has come. */
  void asked(int thread, int opcode) {
    if (any && thread != 0 && !MEANWHILE.contains(opcode)) {
      synchronized (this) {
        Long handle = handles.remove(thread);
        Listing listing = handle == null ? null : untaken.get(handle);
        if (listing != null && listing.thread == thread) {
          released(handle);
        }
      }
    }
  }

  /** An open directory is not listed any more. */
  synchronized void released(long handle) {
    Listing listing = untaken.remove(handle);
    if (listing != null) {
      handles.remove(listing.thread, handle);
      any = !untaken.isEmpty();
      notifyAll();
    }
  }

  /** A request is there for which the kernel holds the inode's lock alone. */
  void locked(long nodeId) {
    if (any) {
      taken(nodeId, Long.MAX_VALUE);
    }
  }

  /** The names of a directory's listings up to this one are taken. */
  synchronized void taken(long nodeId, long listing) {
    for (Iterator<Listing> all = untaken.values().iterator(); all.hasNext(); ) {
      Listing one = all.next();
      if (one.nodeId == nodeId && one.number <= listing) {
        all.remove();
        handles.remove(one.thread);
      }
    }
    any = !untaken.isEmpty();
    notifyAll();
  }

  /** Number of the last of a directory's listings whose names may not be taken; 0: none. */
  synchronized long untaken(long nodeId) {
    return untaken.values().stream()
        .filter(listing -> listing.nodeId == nodeId)
        .mapToLong(Listing::number)
        .max()
        .orElse(0);
  }

  /**
   * Waits until the names of a directory's listings up to this one are taken.
   *
   * @return false where they were not in time
   */
  synchronized boolean awaitTaken(long nodeId, long listing, long nanos) {
    long deadline = System.nanoTime() + nanos;
    boolean interrupted = false;
    while (isUntaken(nodeId, listing) && !interrupted) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        return false;
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
    return untaken.values().stream().anyMatch(one -> one.nodeId == nodeId && one.number <= listing);
  }
}
