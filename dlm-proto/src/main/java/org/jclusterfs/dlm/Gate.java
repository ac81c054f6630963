package org.jclusterfs.dlm;

/**
 * What a master may grant.
 *
 * <pre>
 *   state       event                      next
 *   REBUILDING  all members have reported  BLOCKED
 *   BLOCKED     unblock of this view       OPEN
 *   any         a newer view is installed  REBUILDING
 * </pre>
 */
enum Gate {
  /** Members still report what they hold. */
  REBUILDING {
    @Override
    boolean passes(MasterLock lock) {
      return false;
    }
  },
  /** Dead nodes' journals are being replayed. */
  BLOCKED {
    @Override
    boolean passes(MasterLock lock) {
      return lock.has(LockFlags.RECOVERY);
    }
  },
  /** Ordinary service. */
  OPEN {
    @Override
    boolean passes(MasterLock lock) {
      return true;
    }
  };

  /** Whether a waiting lock may be served, counted as being ahead and heard by holders. */
  abstract boolean passes(MasterLock lock);
}
