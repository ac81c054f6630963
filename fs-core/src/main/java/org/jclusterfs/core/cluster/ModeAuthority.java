package org.jclusterfs.core.cluster;

import org.jclusterfs.dlm.LockMode;

/**
 * Where the modes that this node caches come from: nobody but itself, or the lock manager.
 *
 * <p>Methods never block and may be called with a {@link Glock} monitor held; so answers never come
 * from within a call but through {@link GlockTable#post}. There is at most one request under way
 * per lock.
 */
interface ModeAuthority {

  /** How far a request goes. */
  enum Effort {
    /** Waits in line; others are asked to give way. */
    WAIT,
    /** Granted if nobody uses the lock; others that only cache it are asked to give way. */
    TRY,
    /** Granted only if it is compatible with what is granted now; nobody is asked. */
    INSTANT
  }

  /**
   * Asks for a higher mode than the one held. Answered by {@link LockEvent.Kind#GRANTED}, {@link
   * LockEvent.Kind#DENIED} (not for WAIT) or {@link LockEvent.Kind#CANCELLED}.
   */
  void request(Glock lock, LockMode held, LockMode wanted, Effort effort);

  /** Tries to call the request under way off; it is answered in any case. */
  void cancel(Glock lock);

  /** Runs something that asks for or lowers many locks, as one step; it must not wait. */
  default void together(Runnable action) {
    action.run();
  }

  /**
   * Lowers the mode; NL forgets the lock. Holds at once from this node's view.
   *
   * @param value from EX to PR: the lock's value from now on; null: it has none, as after any other
   *     end of EX
   */
  void lower(Glock lock, LockMode held, LockMode to, byte[] value);
}
