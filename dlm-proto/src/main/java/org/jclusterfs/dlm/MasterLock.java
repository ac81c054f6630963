package org.jclusterfs.dlm;

/** A lock of any node as the master of its resource knows it. */
final class MasterLock {
  final Resource resource;
  final int slot;
  final long id;
  final LockRange range;
  final long cookie;

  /** Mode held; null while the first request waits. */
  LockMode granted;

  /** Mode asked for; null where nothing is under way. */
  LockMode requested;

  /** Flags of the operation under way. */
  int flags;

  /** The operation under way was called off while the region moved. */
  boolean cancelled;

  /** Strongest mode that the holder was told somebody waits for, since its last change of mode. */
  LockMode told;

  MasterLock(Resource resource, int slot, long id, LockRange range, long cookie) {
    this.resource = resource;
    this.slot = slot;
    this.id = id;
    this.range = range;
    this.cookie = cookie;
  }

  /** Whether this lock in one mode and another in its mode may not be granted together. */
  boolean conflicts(LockMode mode, MasterLock other, LockMode otherMode) {
    return this != other
        && !mode.compatibleWith(otherMode)
        && range.overlaps(other.range)
        && !(slot == other.slot && !(range.isWhole() && other.range.isWhole()));
  }

  boolean isWriter() {
    return granted != null && granted.covers(LockMode.PW) && range.isWhole();
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }
}
