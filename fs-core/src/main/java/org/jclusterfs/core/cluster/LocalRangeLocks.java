package org.jclusterfs.core.cluster;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * Byte-range locks among the processes of this node.
 *
 * <p>Waiters are served in order: a range that conflicts with one waited for earlier waits behind
 * it, unless its owner holds ranges of that file already, since the earlier waiter may wait for
 * those. A cycle of owners that wait for each other is refused.
 */
final class LocalRangeLocks implements RangeLocks {

  private static final class Wait {
    final long inode;
    final Range range;
    Waiter.State state = Waiter.State.WAITING;

    Wait(long inode, Range range) {
      this.inode = inode;
      this.range = range;
    }
  }

  private static final class File {
    final PosixRangeTable table = new PosixRangeTable();
    final Deque<Wait> waits = new ArrayDeque<>();
  }

  private final Map<Long, File> files = new HashMap<>();
  private boolean withdrawn;

  /** Adds the files' ranges to a census. */
  synchronized void count(LockCensus census) {
    files.forEach(
        (inode, file) ->
            census.add(
                new LockName(LockType.FCNTL.code(), 0, inode),
                new LockCensus.Sight(LockMode.EX, file.waits.size(), System.nanoTime(), false)));
  }

  @Override
  public boolean lock(long inode, Range range, boolean wait, Cancellation cancellation)
      throws LockUnavailableException {
    Wait entry = new Wait(inode, range);
    synchronized (this) {
      checkWithdrawn(inode);
      File file = files.computeIfAbsent(inode, key -> new File());
      if (mayHave(file, range, null)) {
        file.table.set(range);
        // A write lock turned into a read lock may let others in.
        serve(inode, file);
        return true;
      }
      if (!wait) {
        return false;
      }
      if (closesCycle(file, range)) {
        dropIfEmpty(inode, file);
        throw new LockUnavailableException(
            LockUnavailableException.Reason.DEADLOCK,
            "byte ranges of inode " + inode + ": owners would wait for each other");
      }
      file.waits.add(entry);
    }
    cancellation.onCancel(() -> finish(entry, Waiter.State.CANCELLED));
    await(entry);
    if (cancellation != Cancellation.NEVER) {
      cancellation.onCancel(() -> {});
    }
    switch (entry.state) {
      case GRANTED:
        return true;
      case CANCELLED:
        throw new LockUnavailableException(
            LockUnavailableException.Reason.CANCELLED,
            "byte range of inode " + inode + ": the wait was called off");
      default:
        throw withdrawn(inode);
    }
  }

  private void await(Wait entry) {
    boolean interrupted = false;
    synchronized (this) {
      while (entry.state == Waiter.State.WAITING) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void finish(Wait entry, Waiter.State state) {
    File file = files.get(entry.inode);
    if (entry.state == Waiter.State.WAITING) {
      entry.state = state;
      file.waits.remove(entry);
      notifyAll();
      serve(entry.inode, file);
    }
  }

  private static boolean mayHave(File file, Range range, Wait self) {
    if (file.table.conflict(range) != null) {
      return false;
    }
    if (file.table.hasOwner(range.owner())) {
      return true;
    }
    for (Wait earlier : file.waits) {
      if (earlier == self) {
        return true;
      }
      if (PosixRangeTable.conflicts(earlier.range, range)) {
        return false;
      }
    }
    return true;
  }

  private void serve(long inode, File file) {
    boolean again = true;
    while (again) {
      again = false;
      for (Iterator<Wait> all = file.waits.iterator(); all.hasNext(); ) {
        Wait next = all.next();
        if (mayHave(file, next.range, next)) {
          all.remove();
          file.table.set(next.range);
          next.state = Waiter.State.GRANTED;
          notifyAll();
          again = true;
          break;
        }
      }
    }
    dropIfEmpty(inode, file);
  }

  private void dropIfEmpty(long inode, File file) {
    if (file.table.isEmpty() && file.waits.isEmpty()) {
      files.remove(inode, file);
    }
  }

  /** Follows who waits for whom, over all files, starting from those in the way of a range. */
  private boolean closesCycle(File file, Range range) {
    Set<Long> seen = new HashSet<>();
    Deque<Long> open = new ArrayDeque<>(inTheWay(file, range));
    while (!open.isEmpty()) {
      long owner = open.poll();
      if (owner == range.owner()) {
        return true;
      }
      if (seen.add(owner)) {
        for (File other : files.values()) {
          for (Wait waiting : other.waits) {
            if (waiting.range.owner() == owner) {
              open.addAll(inTheWay(other, waiting.range));
            }
          }
        }
      }
    }
    return false;
  }

  private static List<Long> inTheWay(File file, Range range) {
    List<Long> owners = new ArrayList<>();
    for (Range held : file.table.ranges()) {
      if (PosixRangeTable.conflicts(held, range)) {
        owners.add(held.owner());
      }
    }
    return owners;
  }

  @Override
  public synchronized void unlock(long inode, long owner, long start, long end) {
    File file = files.get(inode);
    if (file != null && file.table.remove(owner, start, end)) {
      serve(inode, file);
    }
  }

  @Override
  public synchronized Range test(long inode, Range range) throws LockUnavailableException {
    checkWithdrawn(inode);
    File file = files.get(inode);
    return file == null ? null : file.table.conflict(range);
  }

  @Override
  public void releaseOwner(long inode, long owner) {
    unlock(inode, owner, 0, Long.MAX_VALUE);
  }

  synchronized void withdraw() {
    withdrawn = true;
    for (File file : files.values()) {
      for (Wait waiting : file.waits) {
        waiting.state = Waiter.State.WITHDRAWN;
      }
      file.waits.clear();
    }
    notifyAll();
  }

  private void checkWithdrawn(long inode) throws LockUnavailableException {
    if (withdrawn) {
      throw withdrawn(inode);
    }
  }

  private static LockUnavailableException withdrawn(long inode) {
    return new LockUnavailableException(
        LockUnavailableException.Reason.WITHDRAWN,
        "byte ranges of inode " + inode + ": this node left the cluster");
  }
}
