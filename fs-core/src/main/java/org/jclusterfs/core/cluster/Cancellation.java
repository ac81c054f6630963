package org.jclusterfs.core.cluster;

/** Lets a waiter be called off, as a signal to the waiting process does. Thread-safe. */
public interface Cancellation {

  /** Never cancelled. */
  Cancellation NEVER = action -> {};

  /**
   * Runs an action when the wait is called off; at once where that has happened already. At most
   * one action is registered at a time; a later one replaces it.
   */
  void onCancel(Runnable action);
}
