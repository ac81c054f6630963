package org.jclusterfs.core.xattr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PosixAclTest {

  /** u::rwx u:33:rw- g::r-x g:44:r-- m::rwx o::--x. */
  private static final byte[] FULL =
      PosixAcls.bytes("u::7", "u:33:6", "g::5", "g:44:4", "m::7", "o::1");

  private static final byte[] PLAIN = PosixAcls.bytes("u::6", "g::4", "o::0");

  @Test
  void whatIsReadIsWrittenAgain() {
    assertArrayEquals(FULL, PosixAcl.parse(FULL).bytes());
    assertArrayEquals(PLAIN, PosixAcl.parse(PLAIN).bytes());
  }

  @Test
  void maskStandsForTheGroupInTheMode() {
    assertEquals(0771, PosixAcl.parse(FULL).permissions());
    assertFalse(PosixAcl.parse(FULL).isMode());
    assertEquals(0640, PosixAcl.parse(PLAIN).permissions());
    assertTrue(PosixAcl.parse(PLAIN).isMode());
  }

  @Test
  void chmodChangesOwnerMaskAndOthersAndNobodyNamed() {
    assertArrayEquals(
        PosixAcls.bytes("u::6", "u:33:6", "g::5", "g:44:4", "m::4", "o::0"),
        PosixAcl.parse(FULL).changedTo(0640).bytes());
    assertArrayEquals(
        PosixAcls.bytes("u::7", "g::5", "o::1"), PosixAcl.parse(PLAIN).changedTo(0751).bytes());
  }

  @Test
  void inheritedListGrantsNoMoreThanTheModeOfTheNewFile() {
    assertArrayEquals(
        PosixAcls.bytes("u::6", "u:33:6", "g::5", "g:44:4", "m::6", "o::0"),
        PosixAcl.parse(FULL).inheritedWith(0666).bytes());
    assertEquals(0660, PosixAcl.parse(FULL).inheritedWith(0666).permissions());
  }

  @Test
  void listsThatAreNoneAreRefused() {
    byte[][] wrong = {
      {},
      new byte[11],
      {1, 0, 0, 0},
      {2, 0, 0, 0},
      PosixAcls.bytes("u::7", "g::5"),
      PosixAcls.bytes("u::7", "u:33:6", "g::5", "o::1"), // somebody named and no mask
      PosixAcls.bytes("g::5", "u::7", "o::1"),
      PosixAcls.bytes("u::7", "u::7", "g::5", "o::1"),
      PosixAcls.bytes("u::7", "u:33:6", "u:33:7", "g::5", "m::7", "o::1"),
      PosixAcls.bytes("u::8", "g::5", "o::1"),
      new byte[PosixAcl.MAX_LENGTH + 4],
    };
    for (byte[] each : wrong) {
      assertThrows(IllegalArgumentException.class, () -> PosixAcl.parse(each));
    }
  }

  @Property(tries = 2000)
  void anyBytesAreReadOrRefused(@ForAll @Size(max = 60) byte[] bytes) {
    try {
      assertArrayEquals(bytes, PosixAcl.parse(bytes).bytes());
    } catch (IllegalArgumentException refused) {
      assertTrue(refused.getMessage().startsWith("an ACL"));
    }
  }

  @Property(tries = 600)
  void afterChmodTheListSaysTheMode(@ForAll @IntRange(max = 0777) int mode) {
    for (byte[] list : new byte[][] {FULL, PLAIN}) {
      assertEquals(mode, PosixAcl.parse(list).changedTo(mode).permissions());
    }
  }
}
