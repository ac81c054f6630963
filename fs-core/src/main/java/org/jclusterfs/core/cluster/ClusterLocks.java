package org.jclusterfs.core.cluster;

import java.util.Collection;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * Glock-style cluster locks: a node keeps the mode it was granted until another node asks for a
 * conflicting one, and in between grants holders locally without a message.
 *
 * <p>A lock is also a reader-writer lock between the threads of this node: any number of PR holders
 * or one EX holder. Holders are not reentrant and not bound to a thread. Waiters are served in
 * order. Only the modes PR and EX are asked for by holders. Thread-safe.
 *
 * <p>Locks are taken in the order rename, parent, child, peers by number, resource group (by
 * index), transaction; nobody waits for one inside an open transaction.
 */
public interface ClusterLocks extends AutoCloseable {

  /** Registers what is to happen when locks of a type change hands; once per type, before use. */
  void register(LockType type, LockCallbacks callbacks);

  /**
   * Waits for a lock.
   *
   * @throws LockUnavailableException if this node left the cluster or the waiter was cancelled
   */
  default LockHolder acquire(LockName name, LockMode mode) throws LockUnavailableException {
    return acquire(name, mode, Cancellation.NEVER);
  }

  /** As {@link #acquire(LockName, LockMode)}, for waiters that may be interrupted by a signal. */
  LockHolder acquire(LockName name, LockMode mode, Cancellation cancellation)
      throws LockUnavailableException;

  /**
   * Takes a lock only if that needs no wait for another holder (it may cost a message); null where
   * it would wait.
   */
  LockHolder tryAcquire(LockName name, LockMode mode) throws LockUnavailableException;

  /**
   * Takes a lock that this node has cached in a mode that covers {@code mode}, if that needs
   * neither a message nor a wait; null otherwise.
   */
  LockHolder acquireCached(LockName name, LockMode mode) throws LockUnavailableException;

  /**
   * Takes a lock for a request that the kernel cannot drop its caches without: one that pins pages,
   * or asks for attributes or a name, which an invalidation must not overtake. While the lock is
   * being demoted and the callbacks run, such a holder is still served under the old mode;
   * otherwise as {@link #acquire(LockName, LockMode)}. The callback {@link
   * LockCallbacks#invalidate} runs again when such holders came while it ran.
   */
  LockHolder acquirePinning(LockName name, LockMode mode) throws LockUnavailableException;

  /** The mode that this node has cached now: NL where none. A hint unless the caller holds it. */
  LockMode cached(LockName name);

  /**
   * Gives a cached lock back as soon as nobody here uses it, as if another node had asked; a hint.
   */
  default void giveBack(LockName name) {}

  /**
   * Asks for PR on locks that will be used soon, all in one message, without waiting; a hint. Those
   * that are used or cached here stay as they are.
   */
  default void prefetch(Collection<LockName> names) {}

  /** Counters since the mount. */
  LockStatistics statistics();

  /** Counts the locks as they are now. */
  LockCensus census();

  /** Messages about locks that this node has sent to others since it joined. */
  default long messagesSent() {
    return 0;
  }

  /** Whether this node is the master of the region, so that its locks cost no message. */
  boolean mastersRegion(int region);

  /**
   * Becomes the master of a region if nobody is; may wait for an answer of another node.
   *
   * @return whether this node is its master now
   */
  boolean claimRegion(int region);

  /** fcntl(2) byte-range locks over the cluster. */
  RangeLocks ranges();

  /** Gives every lock back (callbacks run); nothing can be acquired afterwards. */
  @Override
  void close();
}
