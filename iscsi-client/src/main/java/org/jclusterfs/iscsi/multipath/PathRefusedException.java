package org.jclusterfs.iscsi.multipath;

import org.jclusterfs.iscsi.IscsiException;

/** A path does not belong to its disk and is not used any more. */
public final class PathRefusedException extends IscsiException {
  private static final long serialVersionUID = 1L;

  /** The message names the path and says why. */
  public PathRefusedException(String message) {
    super(message);
  }
}
