package org.jclusterfs.dlm;

/** Carries messages between the roles of one node and those of others. */
interface Router {

  /** Whether a view is installed, so that regions have masters. */
  boolean hasView();

  /** The slot that masters a region; only where {@link #hasView}. */
  int masterOf(int region);

  /** Delivers within the call where the slot is our own, else encodes and sends. */
  void deliver(int slot, LockMessage message);
}
