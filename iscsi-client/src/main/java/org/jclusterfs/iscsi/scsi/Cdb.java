package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;

/** Command descriptor blocks (SPC-4 section 6, SBC-3 section 5). */
final class Cdb {
  static final int TEST_UNIT_READY = 0x00;
  static final int INQUIRY = 0x12;
  static final int MODE_SENSE_6 = 0x1a;
  static final int READ_CAPACITY_10 = 0x25;
  static final int READ_10 = 0x28;
  static final int WRITE_10 = 0x2a;
  static final int SYNCHRONIZE_CACHE_10 = 0x35;
  static final int UNMAP = 0x42;
  static final int PERSISTENT_RESERVE_IN = 0x5e;
  static final int PERSISTENT_RESERVE_OUT = 0x5f;
  static final int READ_16 = 0x88;
  static final int COMPARE_AND_WRITE = 0x89;
  static final int WRITE_16 = 0x8a;

  /** FUA: the data are on the medium when the command ends, not in a volatile cache. */
  private static final byte FORCE_UNIT_ACCESS = 0x08;

  static final int SYNCHRONIZE_CACHE_16 = 0x91;
  static final int WRITE_SAME_16 = 0x93;
  static final int SERVICE_ACTION_IN_16 = 0x9e;
  static final int REPORT_LUNS = 0xa0;
  static final int MAINTENANCE_IN = 0xa3;

  private static final int READ_CAPACITY_16 = 0x10;
  private static final int REPORT_TARGET_PORT_GROUPS = 0x0a;
  private static final int REPORT_SUPPORTED_OPERATION_CODES = 0x0c;

  private Cdb() {}

  private static ByteBuffer cdb(int length, int opcode) {
    return ByteBuffer.allocate(length).put(0, (byte) opcode);
  }

  static byte[] testUnitReady() {
    return cdb(6, TEST_UNIT_READY).array();
  }

  static byte[] inquiry(int allocationLength) {
    return cdb(6, INQUIRY).putShort(3, (short) allocationLength).array();
  }

  static byte[] inquiryVpd(int page, int allocationLength) {
    return cdb(6, INQUIRY)
        .put(1, (byte) 1)
        .put(2, (byte) page)
        .putShort(3, (short) allocationLength)
        .array();
  }

  /** Without block descriptors. */
  static byte[] modeSense6(int page, int allocationLength) {
    return cdb(6, MODE_SENSE_6)
        .put(1, (byte) 8)
        .put(2, (byte) page)
        .put(4, (byte) allocationLength)
        .array();
  }

  static byte[] readCapacity10() {
    return cdb(10, READ_CAPACITY_10).array();
  }

  static byte[] readCapacity16(int allocationLength) {
    return cdb(16, SERVICE_ACTION_IN_16)
        .put(1, (byte) READ_CAPACITY_16)
        .putInt(10, allocationLength)
        .array();
  }

  static byte[] read16(long lba, int blocks) {
    return cdb(16, READ_16).putLong(2, lba).putInt(10, blocks).array();
  }

  static byte[] write16(long lba, int blocks, boolean durably) {
    return cdb(16, WRITE_16)
        .put(1, durably ? FORCE_UNIT_ACCESS : 0)
        .putLong(2, lba)
        .putInt(10, blocks)
        .array();
  }

  static byte[] read10(long lba, int blocks) {
    return cdb(10, READ_10).putInt(2, (int) lba).putShort(7, (short) blocks).array();
  }

  static byte[] write10(long lba, int blocks, boolean durably) {
    return cdb(10, WRITE_10)
        .put(1, durably ? FORCE_UNIT_ACCESS : 0)
        .putInt(2, (int) lba)
        .putShort(7, (short) blocks)
        .array();
  }

  /** The whole LUN. */
  static byte[] synchronizeCache16() {
    return cdb(16, SYNCHRONIZE_CACHE_16).array();
  }

  /** The whole LUN. */
  static byte[] synchronizeCache10() {
    return cdb(10, SYNCHRONIZE_CACHE_10).array();
  }

  static byte[] unmap(int parameterLength) {
    return cdb(10, UNMAP).putShort(7, (short) parameterLength).array();
  }

  /** One block of data for all of the range. */
  static byte[] writeSame16(long lba, int blocks) {
    return cdb(16, WRITE_SAME_16).putLong(2, lba).putInt(10, blocks).array();
  }

  /** Data: what is to be there, then what is to be written. */
  static byte[] compareAndWrite(long lba, int blocks) {
    return cdb(16, COMPARE_AND_WRITE).putLong(2, lba).put(13, (byte) blocks).array();
  }

  static byte[] reportLuns(int allocationLength) {
    return cdb(12, REPORT_LUNS).putInt(6, allocationLength).array();
  }

  static byte[] persistentReserveIn(int serviceAction, int allocationLength) {
    return cdb(10, PERSISTENT_RESERVE_IN)
        .put(1, (byte) serviceAction)
        .putShort(7, (short) allocationLength)
        .array();
  }

  static byte[] persistentReserveOut(int serviceAction, int type, int parameterLength) {
    return cdb(10, PERSISTENT_RESERVE_OUT)
        .put(1, (byte) serviceAction)
        .put(2, (byte) type)
        .putInt(5, parameterLength)
        .array();
  }

  static byte[] reportSupportedOperationCode(int opcode, int serviceAction, int allocationLength) {
    return cdb(12, MAINTENANCE_IN)
        .put(1, (byte) REPORT_SUPPORTED_OPERATION_CODES)
        .put(2, (byte) 2)
        .put(3, (byte) opcode)
        .putShort(4, (short) serviceAction)
        .putInt(6, allocationLength)
        .array();
  }

  static byte[] reportTargetPortGroups(int allocationLength) {
    return cdb(12, MAINTENANCE_IN)
        .put(1, (byte) REPORT_TARGET_PORT_GROUPS)
        .putInt(6, allocationLength)
        .array();
  }

  /** Name of a command, for messages. */
  static String name(byte[] cdb) {
    switch (cdb[0] & 0xff) {
      case TEST_UNIT_READY:
        return "TEST UNIT READY";
      case INQUIRY:
        return "INQUIRY";
      case MODE_SENSE_6:
        return "MODE SENSE";
      case READ_CAPACITY_10:
      case SERVICE_ACTION_IN_16:
        return "READ CAPACITY";
      case READ_10:
      case READ_16:
        return "READ";
      case WRITE_10:
      case WRITE_16:
        return "WRITE";
      case SYNCHRONIZE_CACHE_10:
      case SYNCHRONIZE_CACHE_16:
        return "SYNCHRONIZE CACHE";
      case UNMAP:
        return "UNMAP";
      case WRITE_SAME_16:
        return "WRITE SAME";
      case COMPARE_AND_WRITE:
        return "COMPARE AND WRITE";
      case REPORT_LUNS:
        return "REPORT LUNS";
      case PERSISTENT_RESERVE_IN:
        return "PERSISTENT RESERVE IN";
      case PERSISTENT_RESERVE_OUT:
        return "PERSISTENT RESERVE OUT";
      case MAINTENANCE_IN:
        return cdb[1] == REPORT_TARGET_PORT_GROUPS
            ? "REPORT TARGET PORT GROUPS"
            : "REPORT SUPPORTED OPERATION CODES";
      default:
        return String.format("command 0x%02x", cdb[0]);
    }
  }
}
