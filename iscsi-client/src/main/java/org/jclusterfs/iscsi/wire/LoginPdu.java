package org.jclusterfs.iscsi.wire;

import java.nio.ByteBuffer;

/**
 * Login Request and Login Response (RFC 7143 sections 11.12 and 11.13).
 *
 * <pre>
 *   1 |T|C|.|.|CSG|NSG|   2 Version-max   3 Version-min (response: Version-active)
 *   8 ISID (6)   14 TSIH   20 CID   24 CmdSN | StatSN   28 ExpStatSN | ExpCmdSN
 *  32 MaxCmdSN   36 Status-Class   37 Status-Detail
 * </pre>
 */
public final class LoginPdu {
  /** Stage: SecurityNegotiation. */
  public static final int SECURITY_NEGOTIATION = 0;

  /** Stage: LoginOperationalNegotiation. */
  public static final int OPERATIONAL_NEGOTIATION = 1;

  /** Stage: FullFeaturePhase. */
  public static final int FULL_FEATURE_PHASE = 3;

  private LoginPdu() {}

  /** Writes a Login Request without its DataSegmentLength; version 0, CID 0, TSIH 0. */
  public static void encodeRequest(
      ByteBuffer bhs, boolean transit, int csg, int nsg, long isid, int itt, int cmdSn, int esn) {
    Bhs.begin(
        bhs,
        Opcode.LOGIN_REQUEST,
        true,
        (transit ? Bhs.FINAL : 0) | csg << 2 | (transit ? nsg : 0));
    bhs.putShort(8, (short) (isid >>> 32)).putInt(10, (int) isid);
    bhs.putInt(16, itt).putInt(24, cmdSn).putInt(28, esn);
  }

  /** The T bit. */
  public static boolean transit(ByteBuffer bhs) {
    return Bhs.isFinal(bhs);
  }

  /** The C bit. */
  public static boolean isContinued(ByteBuffer bhs) {
    return (bhs.get(1) & Bhs.CONTINUE) != 0;
  }

  /** Current stage. */
  public static int csg(ByteBuffer bhs) {
    return bhs.get(1) >> 2 & 3;
  }

  /** Next stage, meaningful with T. */
  public static int nsg(ByteBuffer bhs) {
    return bhs.get(1) & 3;
  }

  /** Version-active of a response. */
  public static int versionActive(ByteBuffer bhs) {
    return bhs.get(3) & 0xff;
  }

  /** Target Session Identifying Handle. */
  public static int tsih(ByteBuffer bhs) {
    return bhs.getShort(14) & 0xffff;
  }

  /** Status-Class of a response. */
  public static int statusClass(ByteBuffer bhs) {
    return bhs.get(36) & 0xff;
  }

  /** Status-Detail of a response. */
  public static int statusDetail(ByteBuffer bhs) {
    return bhs.get(37) & 0xff;
  }
}
