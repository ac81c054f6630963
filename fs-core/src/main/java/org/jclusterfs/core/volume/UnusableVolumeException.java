package org.jclusterfs.core.volume;

import java.io.IOException;

/** The device holds no volume that this version can use. */
public final class UnusableVolumeException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Why a volume cannot be used. */
  public enum Reason {
    /** No superblock where one should be: another filesystem, or none. */
    NOT_A_VOLUME,
    /** A superblock is there, but damaged. */
    DAMAGED,
    /** Made by a version whose format or features this one does not know. */
    UNSUPPORTED
  }

  private final Reason reason;

  /** Makes one whose message names the device and says what to do. */
  public UnusableVolumeException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
