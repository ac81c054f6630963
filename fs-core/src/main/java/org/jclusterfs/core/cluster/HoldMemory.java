package org.jclusterfs.core.cluster;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jclusterfs.dlm.LockName;

/**
 * The contended locks of which the last hold was in vain: nobody here used the lock before it was
 * given away. Such a lock is given away at once, until somebody here comes for it while it goes. So
 * a lock that one process takes through two nodes in turn changes hands without a pause, and one
 * that processes of both nodes use all the time stays a little with each. Bounded: what was in vain
 * longest ago is forgotten. Thread-safe; its monitor is a leaf.
 */
final class HoldMemory {

  static final int CAPACITY = 4096;

  private final Map<LockName, Boolean> vain =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<LockName, Boolean> eldest) {
          return size() > CAPACITY;
        }
      };

  /** Whether a hold is worth its time, as far as is known. */
  synchronized boolean mayHold(LockName name) {
    return vain.get(name) == null;
  }

  /** A hold ended. */
  synchronized void ended(LockName name, boolean used) {
    if (used) {
      vain.remove(name);
    } else {
      vain.put(name, true);
    }
  }

  /** Somebody here wants a lock that is being given away: it should have been held. */
  synchronized void missed(LockName name) {
    vain.remove(name);
  }
}
