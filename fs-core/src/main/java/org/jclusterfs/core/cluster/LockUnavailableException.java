package org.jclusterfs.core.cluster;

/** A lock was not granted. */
public final class LockUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why a lock was not granted. */
  public enum Reason {
    /** The waiter was called off (EINTR). */
    CANCELLED,
    /** The node left the cluster, was fenced or withdrew (EIO). */
    WITHDRAWN,
    /** Granting would close a cycle of waiters (EDEADLK). */
    DEADLOCK
  }

  private final Reason reason;

  /** Makes one with its reason and a message that names the lock. */
  public LockUnavailableException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
