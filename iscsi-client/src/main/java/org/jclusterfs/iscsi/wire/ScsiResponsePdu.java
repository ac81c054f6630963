package org.jclusterfs.iscsi.wire;

import java.nio.ByteBuffer;

/**
 * SCSI Response (RFC 7143 section 11.4).
 *
 * <pre>
 *   1 |1|. .|o|u|O|U|.|   2 Response   3 Status   16 Initiator Task Tag   24 StatSN
 *  28 ExpCmdSN   32 MaxCmdSN   36 ExpDataSN   44 Residual Count
 *  data segment: SenseLength (2), sense data
 * </pre>
 */
public final class ScsiResponsePdu {
  /** U: the target had less to transfer than expected. */
  public static final int UNDERFLOW = 0x02;

  /** O: the target had more to transfer than expected. */
  public static final int OVERFLOW = 0x04;

  private ScsiResponsePdu() {}

  /** Response: 0 the command completed at the target. */
  public static int response(ByteBuffer bhs) {
    return bhs.get(2) & 0xff;
  }

  /** SCSI status. */
  public static int status(ByteBuffer bhs) {
    return bhs.get(3) & 0xff;
  }

  /** ExpDataSN: how many Data-In and R2T PDUs the target sent. */
  public static int expDataSn(ByteBuffer bhs) {
    return bhs.getInt(36);
  }

  /** Residual Count in bytes, meaningful with O or U. */
  public static int residualCount(ByteBuffer bhs) {
    return bhs.getInt(44);
  }
}
