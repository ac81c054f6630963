package org.jclusterfs.dlm;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A resource at its master: granted locks, conversions and requests that wait, each in order of
 * arrival, and the value block. Here stand the rules of granting:
 *
 * <ul>
 *   <li>a lock is granted only where it conflicts with no granted lock;
 *   <li>conversions come first, those from NL excepted, which queue with the requests because they
 *       give nothing up while they wait; nobody overtakes a conversion or request ahead of him that
 *       he conflicts with, so that a waiting EX is not starved by later PRs;
 *   <li>a node that holds a range in the mode wanted, or a stronger one, by another lock overtakes
 *       waiters: it gains nothing;
 *   <li>a conversion may overtake another one that waits, directly or through others, for the
 *       overtaker itself: waiting for it would never end;
 *   <li>conversions that wait for each other's held modes in a circle are a deadlock; the one that
 *       closed it is denied.
 * </ul>
 */
final class Resource {
  /** No node is known to have held PW or EX. */
  static final int NO_WRITER = -1;

  /** Several nodes, or one not known any more. */
  static final int MANY_WRITERS = -2;

  final LockName name;

  /** Of its region. */
  final long epoch;

  /** Locks that hold a mode, those that wait for a conversion included. */
  final Set<MasterLock> holders = new LinkedHashSet<>();

  /** Waiting conversions from modes above NL. */
  final Set<MasterLock> conversions = new LinkedHashSet<>();

  /** Waiting requests and conversions from NL. */
  final Set<MasterLock> requests = new LinkedHashSet<>();

  /** The value block; null where invalid. */
  byte[] value;

  long generation;

  /** Slot that held PW or EX last, {@link #NO_WRITER} or {@link #MANY_WRITERS}. */
  int lastWriter;

  Resource(LockName name, long epoch, int lastWriter) {
    this.name = name;
    this.epoch = epoch;
    this.lastWriter = lastWriter;
  }

  boolean isUnused() {
    return holders.isEmpty() && requests.isEmpty();
  }

  boolean hasWaiters() {
    return !conversions.isEmpty() || !requests.isEmpty();
  }

  /** Puts a lock whose {@code requested} is set at the end of its queue. */
  void enqueue(MasterLock lock) {
    (lock.granted == null || lock.granted == LockMode.NL ? requests : conversions).add(lock);
  }

  /** Takes a waiting lock out of its queue; what it holds it keeps. */
  void withdraw(MasterLock lock) {
    lock.requested = null;
    conversions.remove(lock);
    requests.remove(lock);
  }

  void remove(MasterLock lock) {
    holders.remove(lock);
    conversions.remove(lock);
    requests.remove(lock);
  }

  /** A granted lock that a lock in a mode conflicts with, or null. */
  MasterLock conflictingHolder(MasterLock lock, LockMode mode) {
    for (MasterLock holder : holders) {
      if (lock.conflicts(mode, holder, holder.granted)) {
        return holder;
      }
    }
    return null;
  }

  /**
   * What keeps a waiting lock from its grant, or null where it may be granted.
   *
   * @param counts which waiting locks count as being ahead; others may be overtaken
   */
  MasterLock obstacle(MasterLock lock, Predicate<MasterLock> counts) {
    MasterLock holder = conflictingHolder(lock, lock.requested);
    if (holder != null) {
      return holder;
    }
    if (ownedAlready(lock)) {
      return null;
    }
    for (MasterLock ahead : conversions) {
      if (ahead == lock) {
        return null;
      }
      if (counts.test(ahead)
          && lock.conflicts(lock.requested, ahead, ahead.requested)
          && !(lock.granted != null && waitsFor(ahead, lock, new HashSet<>()))) {
        return ahead;
      }
    }
    for (MasterLock ahead : requests) {
      if (ahead == lock) {
        return null;
      }
      if (counts.test(ahead) && lock.conflicts(lock.requested, ahead, ahead.requested)) {
        return ahead;
      }
    }
    return null;
  }

  // A node that splits a range, or exchanges a whole lock for ranges, asks for what it holds: those
  // who wait cannot be granted before it lets go of that, which it does only afterwards.
  private boolean ownedAlready(MasterLock lock) {
    for (MasterLock holder : holders) {
      if (holder != lock
          && holder.slot == lock.slot
          && holder.granted.covers(lock.requested)
          && holder.range.covers(lock.range)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a conversion waits for another lock through held modes or the order of arrival. */
  private boolean waitsFor(MasterLock waiter, MasterLock target, Set<MasterLock> seen) {
    boolean ahead = true;
    for (MasterLock other : conversions) {
      if (other == waiter) {
        ahead = false;
        continue;
      }
      boolean waits =
          waiter.conflicts(waiter.requested, other, other.granted)
              || (ahead && waiter.conflicts(waiter.requested, other, other.requested));
      if (waits && (other == target || (seen.add(other) && waitsFor(other, target, seen)))) {
        return true;
      }
    }
    return false;
  }

  /** Whether a conversion waits for the held mode of one that waits, in the end, for its own. */
  boolean inDeadlock(MasterLock lock) {
    return heldModeCycle(lock, lock, new HashSet<>());
  }

  private boolean heldModeCycle(MasterLock from, MasterLock target, Set<MasterLock> seen) {
    for (MasterLock other : conversions) {
      if (from.conflicts(from.requested, other, other.granted)
          && (other.conflicts(other.requested, target, target.granted)
              || (seen.add(other) && heldModeCycle(other, target, seen)))) {
        return true;
      }
    }
    return false;
  }

  /** Grants what a waiting lock asked for. */
  void grant(MasterLock lock) {
    lock.granted = lock.requested;
    lock.requested = null;
    lock.told = null;
    conversions.remove(lock);
    requests.remove(lock);
    holders.add(lock);
  }

  /**
   * The strongest mode that a waiter wants and that conflicts with what a holder holds, or null.
   */
  LockMode wantedFrom(MasterLock holder, Predicate<MasterLock> counts) {
    LockMode wanted = null;
    for (Set<MasterLock> queue : List.of(conversions, requests)) {
      for (MasterLock waiter : queue) {
        if (counts.test(waiter)
            && (wanted == null || waiter.requested.ordinal() > wanted.ordinal())
            && waiter.conflicts(waiter.requested, holder, holder.granted)) {
          wanted = waiter.requested;
        }
      }
    }
    return wanted;
  }

  /** All waiting locks in the order of service; a copy. */
  List<MasterLock> waiters() {
    List<MasterLock> waiters = new ArrayList<>(conversions);
    waiters.addAll(requests);
    return waiters;
  }

  /**
   * A PW or EX holder of the whole resource gives that mode up.
   *
   * @param written new value, or null
   */
  void writerLeaves(int flags, byte[] written) {
    if (written != null || (flags & LockFlags.KEEP_VALUE) == 0) {
      value = written;
      generation++;
    }
  }

  /** The holder in PW or EX of the whole resource, or null. */
  MasterLock writer() {
    for (MasterLock holder : holders) {
      if (holder.isWriter()) {
        return holder;
      }
    }
    return null;
  }
}
