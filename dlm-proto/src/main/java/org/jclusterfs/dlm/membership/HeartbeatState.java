package org.jclusterfs.dlm.membership;

/** What a node says of itself in its heartbeat block; the code on disk is the ordinal. */
public enum HeartbeatState {
  /** Not in the cluster. */
  DOWN,
  /** Waits for admission; its view number is the highest that it has heard of. */
  JOINING,
  /** Lives in a view. */
  MEMBER,
  /** Gives its locks back and leaves. */
  LEAVING,
  /** Is about to form a cluster whose views begin above its view number. */
  FORMING
}
