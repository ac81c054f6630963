package org.jclusterfs.dlm;

/** A lock of this node, as its requester knows it: what survives the death of its master. */
final class OwnLock {
  final long id;
  final LockName name;
  final LockRange range;
  final long cookie;

  /** Mode held; null while the first request waits. */
  LockMode granted;

  /** Mode asked for; null where nothing is under way. */
  LockMode requested;

  /** Flags of the operation under way. */
  int flags;

  /** Epoch of the region in which the request that waits was sent to its master. */
  long askedIn;

  /** When the operation under way began, in operations of this node. */
  long order;

  /** The operation under way was called off; it may be granted all the same. */
  boolean cancelled;

  /** Strongest mode that the owner was told somebody waits for, since the last change of mode. */
  LockMode told;

  /** The value block, where this lock holds PR or more and knows a valid one; else null. */
  byte[] value;

  /** Generation of the value block when last heard. */
  long generation;

  OwnLock(long id, LockName name, LockRange range, long cookie) {
    this.id = id;
    this.name = name;
    this.range = range;
    this.cookie = cookie;
  }

  LockMessage.Holding toHolding() {
    return new LockMessage.Holding(
        id, name, granted, requested, flags, range, cookie, generation, value);
  }
}
