package org.jclusterfs.iscsi.multipath;

/** What a path has to do. */
public interface PathLoad {

  /** Requests under way. */
  int inFlight();

  /** Bytes that these move. */
  long bytesInFlight();
}
