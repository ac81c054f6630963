package org.jclusterfs.core.cluster;

import org.jclusterfs.dlm.LockMode;

/**
 * What the {@link ModeAuthority} tells a {@link Glock}.
 *
 * @param kind what happened
 * @param mode GRANTED: the mode granted; BLOCKING: the mode that another node waits for; else null
 * @param external GRANTED: another node may have written under the lock meanwhile
 */
record LockEvent(Kind kind, LockMode mode, boolean external) {

  enum Kind {
    /** The request was granted. */
    GRANTED,
    /** The request would have had to wait. */
    DENIED,
    /** The request was called off. */
    CANCELLED,
    /** Another node waits for a mode that conflicts with ours. */
    BLOCKING
  }

  static LockEvent granted(LockMode mode, boolean external) {
    return new LockEvent(Kind.GRANTED, mode, external);
  }

  static LockEvent blocking(LockMode wanted) {
    return new LockEvent(Kind.BLOCKING, wanted, false);
  }

  static final LockEvent DENIED = new LockEvent(Kind.DENIED, null, false);
  static final LockEvent CANCELLED = new LockEvent(Kind.CANCELLED, null, false);
}
