package org.jclusterfs.core.cluster;

import java.util.concurrent.locks.LockSupport;
import org.jclusterfs.dlm.LockMode;

/** A thread in the queue of a {@link Glock}. The state changes once, under the lock's monitor. */
final class Waiter {

  enum State {
    WAITING,
    GRANTED,
    DENIED,
    CANCELLED,
    WITHDRAWN
  }

  final LockMode mode;
  final boolean pinning;
  final boolean tryOnly;
  final long since = System.nanoTime();

  /** Set on a denied try: a user on this node is in the way. */
  boolean usedHere;

  private final Thread thread = Thread.currentThread();
  private volatile State state = State.WAITING;

  Waiter(LockMode mode, boolean pinning, boolean tryOnly) {
    this.mode = mode;
    this.pinning = pinning;
    this.tryOnly = tryOnly;
  }

  State state() {
    return state;
  }

  void finish(State outcome) {
    state = outcome;
    LockSupport.unpark(thread);
  }

  /** Parks the thread that made this waiter until it is finished; keeps its interrupt for later. */
  State await() {
    boolean interrupted = false;
    while (state == State.WAITING) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return state;
  }
}
