package org.jclusterfs.core.cluster;

import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/** One use of a cluster lock, from its grant to {@link #close()}. */
public interface LockHolder extends AutoCloseable {

  /** The lock held. */
  LockName name();

  /** PR or EX. */
  LockMode mode();

  /**
   * What the last writer told of the state under the lock ({@link LockCallbacks#value}); null where
   * it told nothing, did not live to tell it, or the state may have changed here since. Not to be
   * modified.
   */
  byte[] value();

  /**
   * Held in EX: tells the state under the lock as it is now, for the time when this node does not
   * have it in memory any more. {@link #value} gives it until somebody holds the lock in EX again,
   * and it is what the lock carries where {@link LockCallbacks#value} knows none then.
   */
  void tell(byte[] value);

  /** Ends this use; the node keeps the lock cached. Idempotent. */
  @Override
  void close();
}
