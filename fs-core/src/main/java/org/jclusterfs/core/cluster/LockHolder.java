package org.jclusterfs.core.cluster;

import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/** One use of a cluster lock, from its grant to {@link #close()}. */
public interface LockHolder extends AutoCloseable {

  /** The lock held. */
  LockName name();

  /** PR or EX. */
  LockMode mode();

  /** Ends this use; the node keeps the lock cached. Idempotent. */
  @Override
  void close();
}
