package org.jclusterfs.iscsi.wire;

import java.nio.ByteBuffer;

/**
 * SCSI Command (RFC 7143 section 11.3).
 *
 * <pre>
 *   1 |F|R|W|. .|ATTR|   8 LUN   16 Initiator Task Tag   20 Expected Data Transfer Length
 *  24 CmdSN   28 ExpStatSN   32 SCSI CDB (16)
 * </pre>
 */
public final class ScsiCommandPdu {
  /** R: data is expected from the target. */
  public static final int READ = 0x40;

  /** W: data goes to the target. */
  public static final int WRITE = 0x20;

  private static final int SIMPLE = 1;

  private ScsiCommandPdu() {}

  /**
   * Writes the header without its DataSegmentLength.
   *
   * @param flags {@link Bhs#FINAL}, {@link #READ}, {@link #WRITE}
   * @param cdb 6–16 bytes
   */
  public static void encode(
      ByteBuffer bhs, int flags, long lun, int itt, int length, int cmdSn, int esn, byte[] cdb) {
    Bhs.begin(bhs, Opcode.SCSI_COMMAND, false, flags | SIMPLE);
    bhs.putLong(8, lun).putInt(16, itt).putInt(20, length).putInt(24, cmdSn).putInt(28, esn);
    bhs.put(32, cdb);
  }

  /** Expected Data Transfer Length in bytes. */
  public static int expectedDataTransferLength(ByteBuffer bhs) {
    return bhs.getInt(20);
  }

  /** Byte of the CDB. */
  public static int cdb(ByteBuffer bhs, int index) {
    return bhs.get(32 + index) & 0xff;
  }
}
