package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ProtocolException;

/**
 * How well a unit is reached by the port that a session is logged in to: ALUA's REPORT TARGET PORT
 * GROUPS (SPC-4 section 6.37), looked up by the group that VPD page 83 names. Calls block.
 */
public final class TargetPortGroups {

  private static final int ALLOCATION = 4096;

  /** Bits of the standard INQUIRY data's byte 5. */
  private static final int TPGS_MASK = 0x30;

  private final Lun lun;
  private final int group;

  /** Learns by which group of ports a session reaches its unit. */
  public TargetPortGroups(Lun lun) throws IscsiException {
    this.lun = lun;
    ByteBuffer standard = lun.fetch(Cdb.inquiry(36), 36);
    ByteBuffer identification = lun.fetchIfSupported(Cdb.inquiryVpd(0x83, ALLOCATION), ALLOCATION);
    boolean asymmetric = standard.remaining() > 5 && (standard.get(5) & TPGS_MASK) != 0;
    group = asymmetric && identification != null ? group(identification) : -1;
  }

  /** Number of the group, -1 where the unit tells of none. */
  public int group() {
    return group;
  }

  /** The group's present state. */
  public AccessState state() throws IscsiException {
    if (group < 0) {
      return AccessState.NONE;
    }
    ByteBuffer answer = lun.fetchIfSupported(Cdb.reportTargetPortGroups(ALLOCATION), ALLOCATION);
    return answer == null ? AccessState.NONE : state(answer, group);
  }

  /** The target port group designator (association 1, type 5) of VPD page 83, or -1. */
  static int group(ByteBuffer page) {
    for (int at = 4; at + 4 <= page.remaining(); at += 4 + (page.get(at + 3) & 0xff)) {
      boolean ofPort = (page.get(at + 1) >> 4 & 3) == 1;
      if (ofPort && (page.get(at + 1) & 0xf) == 5 && at + 8 <= page.remaining()) {
        return page.getShort(at + 6) & 0xffff;
      }
    }
    return -1;
  }

  static AccessState state(ByteBuffer answer, int group) throws ProtocolException {
    if (answer.remaining() < 4) {
      throw new ProtocolException("the target's REPORT TARGET PORT GROUPS data are too short");
    }
    int end = (int) Math.min(4 + (answer.getInt(0) & 0xffff_ffffL), answer.remaining());
    for (int at = 4; at + 8 <= end; at += 8 + 4 * (answer.get(at + 7) & 0xff)) {
      if ((answer.getShort(at + 2) & 0xffff) == group) {
        return AccessState.of(answer.get(at) & 0xf);
      }
    }
    return AccessState.UNAVAILABLE;
  }
}
