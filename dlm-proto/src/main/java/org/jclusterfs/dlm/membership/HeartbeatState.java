package org.jclusterfs.dlm.membership;

/** What a node says of itself in its heartbeat block; the code on disk is the ordinal. */
public enum HeartbeatState {
  /** Not in the cluster. */
  DOWN,
  /** Waits for admission; with a view number above 0 it is about to form that view. */
  JOINING,
  /** Lives in a view. */
  MEMBER,
  /** Gives its locks back and leaves. */
  LEAVING
}
