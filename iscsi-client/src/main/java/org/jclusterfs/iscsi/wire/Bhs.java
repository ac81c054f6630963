package org.jclusterfs.iscsi.wire;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The fields that Basic Header Segments have in common (RFC 7143 section 11.2.1). Accessors take a
 * big-endian buffer whose absolute offsets 0–47 are the header.
 *
 * <pre>
 *   0         1          2          3
 *  |.|I| Opcode |F| opcode-specific               |
 *  | TotalAHSLength (words) | DataSegmentLength   |  4
 *  | LUN or opcode-specific (8 bytes)             |  8
 *  | Initiator Task Tag                           | 16
 *  | Target Transfer Tag or opcode-specific       | 20
 *  | CmdSN (initiator) or StatSN (target)         | 24
 *  | ExpStatSN (initiator) or ExpCmdSN (target)   | 28
 *  | opcode-specific or MaxCmdSN (target)         | 32
 *  | opcode-specific                              | 36–47
 * </pre>
 */
public final class Bhs {
  /** Length of a Basic Header Segment in bytes. */
  public static final int LENGTH = 48;

  /** The tag that names no task and no transfer. */
  public static final int RESERVED_TAG = 0xffff_ffff;

  /** F: last PDU of a sequence; T in login PDUs. */
  public static final int FINAL = 0x80;

  /** C: more text follows. */
  public static final int CONTINUE = 0x40;

  private static final int IMMEDIATE = 0x40;

  private Bhs() {}

  /** Clears a header and sets its first two bytes. */
  static void begin(ByteBuffer bhs, int opcode, boolean immediate, int flags) {
    Arrays.fill(bhs.array(), bhs.arrayOffset(), bhs.arrayOffset() + LENGTH, (byte) 0);
    bhs.put(0, (byte) (opcode | (immediate ? IMMEDIATE : 0))).put(1, (byte) flags);
  }

  /** A header to fill, on the heap. */
  public static ByteBuffer allocate() {
    return ByteBuffer.allocate(LENGTH);
  }

  /** Opcode without the I bit. */
  public static int opcode(ByteBuffer bhs) {
    return bhs.get(0) & 0x3f;
  }

  /** The I bit: the command is delivered at once and takes no CmdSN. */
  public static boolean immediate(ByteBuffer bhs) {
    return (bhs.get(0) & IMMEDIATE) != 0;
  }

  /** The second byte. */
  public static int flags(ByteBuffer bhs) {
    return bhs.get(1) & 0xff;
  }

  /** The F bit. */
  public static boolean isFinal(ByteBuffer bhs) {
    return (bhs.get(1) & FINAL) != 0;
  }

  /** TotalAHSLength, converted to bytes. */
  public static int totalAhsLength(ByteBuffer bhs) {
    return (bhs.get(4) & 0xff) * 4;
  }

  /** DataSegmentLength in bytes without padding, 0–2^24-1. */
  public static int dataSegmentLength(ByteBuffer bhs) {
    return bhs.getInt(4) & 0xff_ffff;
  }

  static void dataSegmentLength(ByteBuffer bhs, int length) {
    bhs.putInt(4, length);
  }

  /** The eight LUN bytes. */
  public static long lun(ByteBuffer bhs) {
    return bhs.getLong(8);
  }

  /** Initiator Task Tag. */
  public static int initiatorTaskTag(ByteBuffer bhs) {
    return bhs.getInt(16);
  }

  /** Target Transfer Tag. */
  public static int targetTransferTag(ByteBuffer bhs) {
    return bhs.getInt(20);
  }

  /** CmdSN of an initiator's PDU. */
  public static int cmdSn(ByteBuffer bhs) {
    return bhs.getInt(24);
  }

  /** ExpStatSN of an initiator's PDU. */
  public static int expStatSn(ByteBuffer bhs) {
    return bhs.getInt(28);
  }

  /** StatSN of a target's PDU. */
  public static int statSn(ByteBuffer bhs) {
    return bhs.getInt(24);
  }

  /** ExpCmdSN of a target's PDU. */
  public static int expCmdSn(ByteBuffer bhs) {
    return bhs.getInt(28);
  }

  /** MaxCmdSN of a target's PDU. */
  public static int maxCmdSn(ByteBuffer bhs) {
    return bhs.getInt(32);
  }

  /** Bytes of padding after a segment. */
  public static int padding(int length) {
    return -length & 3;
  }

  /**
   * The eight bytes of a LUN: peripheral device addressing below 256, flat space addressing above
   * (SAM-5 section 4.7).
   *
   * @param lun 0–16383
   */
  public static long encodeLun(int lun) {
    return (lun < 256 ? (long) lun : 0x4000L | lun) << 48;
  }

  /** The number of a LUN's eight bytes, in either addressing. */
  public static int decodeLun(long lun) {
    return (int) (lun >>> 48) & 0x3fff;
  }
}
