package org.jclusterfs.dlm.simulation;

import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.dlm.LockRange;

/** A lock as the application that uses it sees it. */
final class AppLock {
  final SimNode owner;
  final long id;
  final LockName name;
  final LockRange range;

  /** Null before the first grant. */
  LockMode held;

  /** Mode asked for, null where nothing is under way. */
  LockMode pending;

  /** The last operation was called off. */
  boolean cancelled;

  /** It is to be given back soon. */
  boolean releasing;

  /** Writes under way to what it protects: it is not given up or weakened before they are done. */
  int writes;

  /** Another node was granted a conflicting mode, since this one's node may not write any more. */
  boolean superseded;

  AppLock(SimNode owner, long id, LockName name, LockRange range) {
    this.owner = owner;
    this.id = id;
    this.name = name;
    this.range = range;
  }

  /** Whether it protects writes of a block and of the value block. */
  boolean isWriter() {
    return held != null && held.covers(LockMode.PW) && range.isWhole();
  }

  boolean conflictsWith(AppLock other) {
    return held != null
        && other.held != null
        && !held.compatibleWith(other.held)
        && range.overlaps(other.range);
  }

  @Override
  public String toString() {
    return owner.self + " " + id + " " + name + " " + range + " " + held + "->" + pending;
  }
}
