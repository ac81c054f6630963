package org.jclusterfs.dlm;

/** Carries messages between the roles of one node and those of others. */
interface Router {

  /**
   * Sends to a region's master, within the call where that is this node. Where it is not known who
   * that is, the message waits; where the master was lost, it is dropped, since what this node
   * holds and waits for will be reported to the next one.
   */
  void toMaster(LockMessage.ToMaster message);

  /** Takes back a request that waits to be sent; false where there is none. */
  boolean takeBack(int region, long lockId);

  /** Sends to a lock's owner as the master of its region, within the call where it is this node. */
  void toOwner(int slot, long epoch, LockMessage.ToOwner message);
}
