package org.jclusterfs.iscsi;

/** RESERVATION CONFLICT: somebody's persistent reservation forbids the command; never retried. */
public final class ReservationConflictException extends ScsiException {
  private static final long serialVersionUID = 1L;

  /** Makes one with its message. */
  public ReservationConflictException(String message) {
    super(message, 0x18, 0, 0, 0);
  }
}
