package org.jclusterfs.core.cluster;

import org.jclusterfs.dlm.LockMode;

/**
 * What the {@link ModeAuthority} tells a {@link Glock}.
 *
 * @param kind what happened
 * @param mode GRANTED: the mode granted; BLOCKING: the mode that another node waits for; else null
 * @param external GRANTED: another node may have written under the lock meanwhile
 * @param value GRANTED: the lock's value where it is valid; else null
 */
record LockEvent(Kind kind, LockMode mode, boolean external, byte[] value) {

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

  static LockEvent granted(LockMode mode, boolean external, byte[] value) {
    return new LockEvent(Kind.GRANTED, mode, external, value);
  }

  static LockEvent blocking(LockMode wanted) {
    return new LockEvent(Kind.BLOCKING, wanted, false, null);
  }

  static final LockEvent DENIED = new LockEvent(Kind.DENIED, null, false, null);
  static final LockEvent CANCELLED = new LockEvent(Kind.CANCELLED, null, false, null);
}
