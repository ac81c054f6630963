package org.jclusterfs.core.cluster;

import java.io.IOException;

/** The volume, or the slot wanted, is in use by somebody who lives. */
public final class VolumeInUseException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes one whose message names the holders and says what to do. */
  public VolumeInUseException(String message) {
    super(message);
  }
}
