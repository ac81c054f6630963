package org.jclusterfs.iscsi.wire;

import java.nio.ByteBuffer;

/**
 * SCSI Data-Out and Data-In (RFC 7143 section 11.7) and R2T (section 11.8).
 *
 * <pre>
 *   1 |F| (Data-In: |F|A|...|O|U|S|)   3 Status (Data-In with S)   8 LUN   16 Initiator Task Tag
 *  20 Target Transfer Tag   24 StatSN   28 ExpStatSN | ExpCmdSN   32 MaxCmdSN
 *  36 DataSN (R2T: R2TSN)   40 Buffer Offset   44 Residual Count (R2T: Desired Length)
 * </pre>
 */
public final class DataPdu {
  private static final int ACKNOWLEDGE = 0x40;
  private static final int STATUS = 0x01;

  private DataPdu() {}

  /** Writes a Data-Out header without its DataSegmentLength. */
  public static void encodeOut(
      ByteBuffer bhs, boolean last, long lun, int itt, int ttt, int esn, int dataSn, int offset) {
    Bhs.begin(bhs, Opcode.DATA_OUT, false, last ? Bhs.FINAL : 0);
    bhs.putLong(8, lun).putInt(16, itt).putInt(20, ttt).putInt(28, esn);
    bhs.putInt(36, dataSn).putInt(40, offset);
  }

  /** The A bit of a Data-In, legal at ErrorRecoveryLevel above 0 only. */
  public static boolean acknowledge(ByteBuffer bhs) {
    return (bhs.get(1) & ACKNOWLEDGE) != 0;
  }

  /** The S bit of a Data-In: it carries the command's status. */
  public static boolean hasStatus(ByteBuffer bhs) {
    return (bhs.get(1) & STATUS) != 0;
  }

  /** DataSN, or R2TSN. */
  public static int dataSn(ByteBuffer bhs) {
    return bhs.getInt(36);
  }

  /** Buffer Offset in bytes; as unsigned. */
  public static long bufferOffset(ByteBuffer bhs) {
    return bhs.getInt(40) & 0xffff_ffffL;
  }

  /** Desired Data Transfer Length of an R2T in bytes; as unsigned. */
  public static long desiredDataTransferLength(ByteBuffer bhs) {
    return bhs.getInt(44) & 0xffff_ffffL;
  }
}
