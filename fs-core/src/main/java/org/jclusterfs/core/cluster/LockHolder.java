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
   * it told nothing, did not live to tell it, or this node may have changed the state since. Not to
   * be modified.
   */
  byte[] value();

  /** Ends this use; the node keeps the lock cached. Idempotent. */
  @Override
  void close();
}
