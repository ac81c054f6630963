package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.jclusterfs.iscsi.ProtocolException;
import org.junit.jupiter.api.Test;

/** ALUA: which group a port belongs to, and what state a group is in. */
class TargetPortGroupsTest {

  private static ByteBuffer hex(String bytes) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(bytes.replace(" ", "")));
  }

  @Test
  void groupOfThePortIsFoundAmongOtherDesignators() {
    ByteBuffer page =
        hex(
            "0083 0024"
                + "0103 0008 5000000000000001" // the unit's NAA
                + "5194 0004 00000001" // relative target port 1
                + "5195 0004 00000102" // target port group 258
                + "5306 0000");
    assertEquals(258, TargetPortGroups.group(page));
    assertEquals(-1, TargetPortGroups.group(hex("0083 000c 0103 0008 5000000000000001")));
    assertEquals(-1, TargetPortGroups.group(hex("0083 0008 5195 0004 0000"))); // cut short
  }

  @Test
  void stateOfOurGroupIsFoundAmongOthers() throws Exception {
    ByteBuffer answer =
        hex(
            "0000001c"
                + "00ff 0001 0000 0002 00000001 00000002" // optimized, two ports
                + "81ff 0002 0000 0001 00000003"); // preferred, non-optimized
    assertEquals(AccessState.OPTIMIZED, TargetPortGroups.state(answer, 1));
    assertEquals(AccessState.NON_OPTIMIZED, TargetPortGroups.state(answer, 2));
    assertEquals(AccessState.UNAVAILABLE, TargetPortGroups.state(answer, 3));
    assertThrows(ProtocolException.class, () -> TargetPortGroups.state(hex("00"), 1));
  }

  @Test
  void statesAreKnownByTheirCodesAndOnlyThoseThatTakeCommandsHaveAPriority() {
    int[] codes = {0x0, 0x1, 0x2, 0x3, 0x4, 0xe, 0xf, 0x7};
    int[] priorities = {50, 10, 0, 0, 5, 0, 0, 0};
    for (int i = 0; i < codes.length; i++) {
      assertEquals(priorities[i], AccessState.of(codes[i]).priority(), "code " + codes[i]);
    }
    assertTrue(AccessState.NONE.priority() > 0);
  }
}
