package org.jclusterfs.core.cluster;

import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * What differs per lock type when a lock changes its mode on this node, as gfs2's glops table has
 * it. Called from demotion threads, one call per lock at a time, never with a holder of the lock
 * active except pinning ones. An implementation waits for I/O, never for a cluster lock of a type
 * that comes before its own in the lock order, and never for a transaction handle that waits for
 * this lock.
 */
public interface LockCallbacks {

  /** Callbacks of a lock under which nothing is cached. */
  LockCallbacks NONE = new LockCallbacks() {};

  /**
   * Many EX locks of this type are about to be demoted: what {@link #sync} does for each is better
   * begun for all at once here. Neither waits for a cluster lock.
   *
   * @throws java.io.IOException as for {@link #sync}
   */
  default void syncMany() throws java.io.IOException {}

  /**
   * Before EX is demoted to {@code to}: everything dirty under the lock goes to its place on the
   * device (transactions committed, data written, metadata in place). Runs before {@link
   * #invalidate}, and once more after it if that produced writes (kernel write-back).
   *
   * @throws java.io.IOException if the device failed; the node then withdraws
   */
  default void sync(LockName name, LockMode to) throws java.io.IOException {}

  /**
   * Before the mode drops from {@code from} to {@code to}: caches that the new mode does not permit
   * go, the kernel's too, but for what pinning holders use. {@code to} is PR or NL.
   *
   * @return whether dirty state may have appeared meanwhile, so that {@link #sync} must run again
   */
  default boolean invalidate(LockName name, LockMode from, LockMode to) {
    return false;
  }

  /**
   * The mode drops to {@code to} now, and no holder is left, pinning ones included: what they may
   * have used until now goes.
   */
  default void forget(LockName name, LockMode to) {}

  /**
   * What the lock carries to the nodes that read under it, where EX is demoted to PR: called last,
   * when everything is in its place, and again if something changed after all.
   *
   * @return {@link org.jclusterfs.dlm.LockEngine#VALUE_SIZE} bytes that tell the state under the
   *     lock; null: nothing is told
   */
  default byte[] value(LockName name) {
    return null;
  }

  /**
   * Whether a demotion that another node asked for may still be delayed because the last use
   * modified something; at most 20 ms after the grant.
   */
  default boolean busy(LockName name) {
    return false;
  }
}
