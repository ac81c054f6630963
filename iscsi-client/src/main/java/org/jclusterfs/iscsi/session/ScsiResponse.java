package org.jclusterfs.iscsi.session;

/**
 * How a SCSI command ended at the target.
 *
 * @param status SAM status code
 * @param sense sense data, empty without
 * @param transferred bytes of data moved: the expected length less the residual of an underflow
 */
public record ScsiResponse(int status, byte[] sense, int transferred) {

  /** Status: GOOD. */
  public static final int GOOD = 0x00;

  /** Status: CHECK CONDITION. */
  public static final int CHECK_CONDITION = 0x02;

  /** Status: BUSY. */
  public static final int BUSY = 0x08;

  /** Status: RESERVATION CONFLICT. */
  public static final int RESERVATION_CONFLICT = 0x18;

  /** Status: TASK SET FULL. */
  public static final int TASK_SET_FULL = 0x28;

  /** Status: TASK ABORTED. */
  public static final int TASK_ABORTED = 0x40;

  static final byte[] NO_SENSE = new byte[0];
}
